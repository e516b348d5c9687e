"""The memory vendor's objects, field by field, and the default rules between them and the canonical model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.core.protocols import Target
from mapping.contract import Deletes, SchemaField, Uniqueness
from mapping.model import ActivityKind, Direction, Kind, Stage
from mapping.rules import EntityRules, ParticipantRules

EXTERNAL_ID = "concord_id"

PARTICIPANT_REF = "join(':', ['memory', _record.account, value])"


def _named(object_name: str) -> str:
    # The account is part of the name, so that record 7 of one world is never taken for record 7 of another.
    return f"join(':', ['memory', account, '{object_name}', id])"


def _fields(*fields: SchemaField) -> Mapping[str, SchemaField]:
    return {field.name: field for field in fields}


STAGES = tuple(stage.value for stage in Stage)

FIELDS: Mapping[str, Mapping[str, SchemaField]] = {
    "people": _fields(
        SchemaField("given_name", length=80),
        SchemaField("family_name", length=80),
        SchemaField("display_name", computed=True, writable=False),
        SchemaField("email", "email"),
        SchemaField("phone", "phone"),
        SchemaField("job_title", length=80),
        SchemaField("company", length=200),
        SchemaField("birth_date", "date"),
        SchemaField("city", length=80),
        SchemaField("country", length=2),
        SchemaField("language", length=16),
        SchemaField("stage", "enum", options=STAGES),
        SchemaField("newsletter", "boolean"),
        SchemaField("lifetime_value", "number"),
        SchemaField("notes", length=2000),
    ),
    "companies": _fields(
        SchemaField("name", required=True, length=200),
        SchemaField("domain", length=200),
        SchemaField("email", "email"),
        SchemaField("phone", "phone"),
        SchemaField("industry", length=80),
        SchemaField("employees", "integer"),
        SchemaField("city", length=80),
        SchemaField("country", length=2),
        SchemaField("website", length=400),
    ),
    "meetings": _fields(
        SchemaField("uid", unique=True),
        SchemaField("title"),
        SchemaField("starts_at", "datetime"),
        SchemaField("ends_at", "datetime"),
        SchemaField("location"),
        SchemaField("description"),
        SchemaField("status"),
        SchemaField("attendees", label="A list of {name, email, answer}"),
    ),
    "orders": _fields(
        SchemaField("number", unique=True),
        SchemaField("placed_at", "datetime"),
        SchemaField("paid_at", "datetime"),
        SchemaField("status"),
        SchemaField("currency", length=3),
        SchemaField("total", "number"),
        SchemaField("refunded", "number"),
        SchemaField("name"),
        SchemaField("email", "email"),
        SchemaField("phone", "phone"),
        SchemaField("lines", label="A list of {title, sku, quantity, price}"),
    ),
    "activities": _fields(
        SchemaField("kind", "enum", required=True, options=tuple(kind.value for kind in ActivityKind)),
        SchemaField("title", length=400),
        SchemaField("text", length=10_000),
        SchemaField("at", "datetime"),
        SchemaField("ends_at", "datetime"),
        SchemaField("direction", "enum", options=tuple(direction.value for direction in Direction)),
        SchemaField("status", length=80),
        SchemaField("location", length=400),
        SchemaField("url", length=2000),
    ),
    "notes": _fields(
        SchemaField("title", length=400), SchemaField("text", length=10_000), SchemaField("at", "datetime")
    ),
}

PEOPLE = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        fields={
            "ids": f"[{_named('people')}]",
            "given_name": "properties.given_name",
            "family_name": "properties.family_name",
            "email": "properties.email",
            "phone": "properties.phone",
            "job_title": "properties.job_title",
            "company": "properties.company",
            "birth_date": "properties.birth_date",
            "address.locality": "properties.city",
            "address.country": "properties.country",
            "language": "properties.language",
            "stage": "properties.stage",
            "email_consent": "properties.newsletter",
            "notes": "properties.notes",
            "custom.lifetime_value": "properties.lifetime_value",
            "created_at": "created_at",
            "updated_at": "updated_at",
        },
    ),
    EntityRules(
        name="newsletter",
        kind=Kind.CONSENT,
        when="properties.newsletter != `null`",
        fields={
            "key": f"join(':', [{_named('people')}, 'newsletter'])",
            "purpose": "'marketing_email'",
            "granted": "properties.newsletter",
            "at": "updated_at",
        },
        participants=(ParticipantRules(role="subject", email="properties.email", ids=(f"[{_named('people')}]",)),),
    ),
)

COMPANIES = (
    EntityRules(
        name="company",
        kind=Kind.ORGANIZATION,
        fields={
            "ids": f"[{_named('companies')}]",
            "name": "properties.name",
            "domain": "properties.domain",
            "email": "properties.email",
            "phone": "properties.phone",
            "industry": "properties.industry",
            "employees": "properties.employees",
            "address.locality": "properties.city",
            "address.country": "properties.country",
            "website": "properties.website",
            "created_at": "created_at",
            "updated_at": "updated_at",
        },
    ),
)

MEETINGS = (
    EntityRules(
        name="meeting",
        kind=Kind.ACTIVITY,
        fields={
            "key": "join(':', ['ical', properties.uid])",
            "activity": "'meeting'",
            "at": "properties.starts_at",
            "ends_at": "properties.ends_at",
            "title": "properties.title",
            "text": "properties.description",
            "location": "properties.location",
            "status": "properties.status",
        },
        participants=(
            ParticipantRules(role="attendee", each="properties.attendees", name="name", email="email", answer="answer"),
        ),
    ),
    EntityRules(
        name="attendee",
        kind=Kind.PERSON,
        each="properties.attendees",
        part="lower(email)",
        when="email",
        fields={"name": "name", "email": "email"},
        founding=False,
    ),
)

ORDERS = (
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        fields={
            "key": f"{_named('orders')}",
            "number": "properties.number",
            "at": "properties.placed_at",
            "paid_at": "properties.paid_at",
            "status": "properties.status",
            "currency": "properties.currency",
            "total": "properties.total",
            "refunded": "properties.refunded",
            "lines": "properties.lines",
        },
        participants=(
            ParticipantRules(role="buyer", name="properties.name", email="properties.email", phone="properties.phone"),
        ),
    ),
    EntityRules(
        name="buyer",
        kind=Kind.PERSON,
        when="properties.email || properties.phone",
        fields={"name": "properties.name", "email": "properties.email", "phone": "properties.phone"},
    ),
)

ACTIVITIES = (
    EntityRules(
        name="activity",
        kind=Kind.ACTIVITY,
        fields={
            "key": _named("activities"),
            "activity": "properties.kind",
            "at": "properties.at",
            "ends_at": "properties.ends_at",
            "title": "properties.title",
            "text": "properties.text",
            "direction": "properties.direction",
            "status": "properties.status",
            "location": "properties.location",
            "url": "properties.url",
        },
        participants=(
            ParticipantRules(role="person", each="refs.person", ids=(PARTICIPANT_REF,)),
            ParticipantRules(role="company", each="refs.company", ids=(PARTICIPANT_REF,)),
        ),
    ),
)

NOTES = (
    EntityRules(
        name="note",
        kind=Kind.ACTIVITY,
        fields={
            "key": _named("notes"),
            "activity": "'note'",
            "at": "properties.at",
            "title": "properties.title",
            "text": "properties.text",
        },
        participants=(
            ParticipantRules(role="person", each="refs.person", ids=(PARTICIPANT_REF,)),
            ParticipantRules(role="company", each="refs.company", ids=(PARTICIPANT_REF,)),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one stream behaves. Together they show every kind of stream a real vendor has.

    ``sliced``: one slice a team. ``patches``: increments carry only what changed. ``windowed``, ``listed`` and
    ``fetched``: whether ``window``, ``ids`` and ``get`` are there.
    """

    name: str
    rules: tuple[EntityRules, ...]
    deletes: Deletes
    sliced: bool = False
    patches: bool = False
    windowed: bool = True
    listed: bool = True
    fetched: bool = True
    parents: tuple[str, ...] = ()
    target: str = ""


SHAPES = (
    Shape("people", PEOPLE, Deletes.NATIVE, sliced=True, target="people"),
    Shape("companies", COMPANIES, Deletes.NATIVE, patches=True, windowed=False, target="companies"),
    Shape("meetings", MEETINGS, Deletes.SWEEP, windowed=False),
    Shape("orders", ORDERS, Deletes.NONE, listed=False, fetched=False, parents=("people",)),
    Shape("activities", ACTIVITIES, Deletes.NATIVE, target="activities"),
    Shape("notes", NOTES, Deletes.SWEEP, windowed=False, target="notes"),
)


def targets(settle_seconds: float) -> tuple[Target, ...]:
    """What can be written, companies before people before what points at them."""
    refs = {"person": "people", "company": "companies"}
    return (
        Target(
            object="companies",
            kind=Kind.ORGANIZATION,
            batch_size=50,
            uniqueness=Uniqueness.MATCH_ONLY,
            match_on=("domain", "email"),
            settle_seconds=settle_seconds,
            fields={
                "name": "name",
                "domain": "domain",
                "email": "email",
                "phone": "phone",
                "industry": "industry",
                "employees": "employees",
                "city": "address.locality",
                "country": "address.country",
                "website": "website",
            },
        ),
        Target(
            object="people",
            kind=Kind.PERSON,
            batch_size=100,
            uniqueness=Uniqueness.EXTERNAL_ID,
            external_id=EXTERNAL_ID,
            match_on=("email", "phone"),
            settle_seconds=settle_seconds,
            depends_on=("companies",),
            refs={"company": "companies"},
            fields={
                "given_name": "given_name",
                "family_name": "family_name",
                "email": "email",
                "phone": "phone",
                "job_title": "job_title",
                "company": "company",
                "birth_date": "birth_date",
                "city": "address.locality",
                "country": "address.country",
                "language": "language",
                "stage": "stage",
            },
        ),
        Target(
            object="activities",
            kind=Kind.ACTIVITY,
            batch_size=100,
            uniqueness=Uniqueness.EXTERNAL_ID,
            external_id=EXTERNAL_ID,
            settle_seconds=settle_seconds,
            depends_on=("people", "companies"),
            refs=refs,
            fields={
                "kind": "activity",
                "title": "title",
                "text": "text",
                "at": "at",
                "ends_at": "ends_at",
                "direction": "direction",
                "status": "status",
                "location": "location",
                "url": "url",
            },
        ),
        Target(
            object="notes",
            kind=Kind.ORDER,
            batch_size=20,
            uniqueness=Uniqueness.NONE,
            settle_seconds=settle_seconds,
            depends_on=("people", "companies"),
            refs=refs,
            fields={"title": "concat(['Order', number])", "text": "concat([status, total, currency])", "at": "at"},
        ),
    )
