"""HubSpot's objects in canonical words, and canonical records in HubSpot's: the default field rules, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping

from connectors.core.protocols import Target
from mapping.contract import Uniqueness
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

BATCH = 100
SETTLE_SECONDS = 15.0
"""How long the search index is taken to lag behind a write; the vendor says "a few moments" (search guide)."""

_STAGES = {
    "subscriber": "subscriber",
    "lead": "lead",
    "marketingqualifiedlead": "qualified",
    "salesqualifiedlead": "qualified",
    "opportunity": "opportunity",
    "customer": "customer",
    "evangelist": "customer",
}
_STAGES_BACK = {
    "subscriber": "subscriber",
    "lead": "lead",
    "qualified": "marketingqualifiedlead",
    "opportunity": "opportunity",
    "customer": "customer",
    "former": "other",
}


def _lookup(value: str, table: Mapping[str, object]) -> str:
    return f"lookup({value}, `{json.dumps(table)}`)"


def _named(prefix: str, value: str = "id") -> str:
    return f"join('', ['{prefix}:', {value}])"


_ADDRESS = {
    "address.street": "properties.address",
    "address.locality": "properties.city",
    "address.region": "properties.state",
    "address.postal_code": "properties.zip",
    "address.country": "properties.country",
}
_PROFILE = {
    **_ADDRESS,
    "phone": "properties.phone",
    "website": "properties.website",
    "language": "properties.hs_language",
    "stage": _lookup("properties.lifecyclestage", _STAGES),
    "owner": "properties.hubspot_owner_id",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}
_CONTACTS = ParticipantRules(role="contact", each="associations.contacts", ids=(_named("hubspot:contact", "value"),))
_COMPANIES = ParticipantRules(role="company", each="associations.companies", ids=(_named("hubspot:company", "value"),))
_LINKED = (_CONTACTS, _COMPANIES)


def _activity(kind: str, key: str, **fields: str) -> dict[str, str]:
    return {"key": key, "activity": f"'{kind}'", "at": "properties.hs_timestamp || createdAt", **fields}


def _natural(prefix: str, value: str, otherwise: str) -> str:
    """A natural key where the record carries one, so that a mail or meeting seen elsewhere too is one fact."""
    return f"({value} && {_named(prefix, value)}) || {_named(otherwise)}"


CONTACTS = EntityRules(
    name="contact",
    kind=Kind.PERSON,
    fields={
        **_PROFILE,
        "ids": f"[{_named('hubspot:contact')}]",
        "given_name": "properties.firstname",
        "family_name": "properties.lastname",
        "honorific_prefix": "properties.salutation",
        "email": "properties.email",
        "emails": "split(properties.hs_additional_emails, ';')",
        "phones": "[properties.mobilephone][?@]",
        "company": "properties.company",
        "job_title": "properties.jobtitle",
        "birth_date": "properties.date_of_birth",
        "source": "properties.hs_analytics_source",
        "notes": "properties.message",
        # Opted out is a refusal; not opted out is no consent.
        "email_consent": _lookup("properties.hs_email_optout", {"true": False}),
    },
)
COMPANIES = EntityRules(
    name="company",
    kind=Kind.ORGANIZATION,
    fields={
        **_PROFILE,
        "ids": f"[{_named('hubspot:company')}]",
        "name": "properties.name",
        "domain": "properties.domain",
        "industry": "properties.industry",
        "employees": "number(properties.numberofemployees)",
        "notes": "properties.description",
    },
)
DEALS = EntityRules(
    name="deal",
    kind=Kind.DEAL,
    fields={
        "key": _named("hubspot:deal"),
        "at": "properties.createdate || createdAt",
        "title": "properties.dealname",
        "text": "properties.description",
        "status": "properties.dealstage",
        "stage": "properties.dealstage",
        "pipeline": "properties.pipeline",
        "total": "properties.amount",
        "currency": "properties.deal_currency_code",
        "closes_on": "date(properties.closedate)",
        "won": "bool(properties.hs_is_closed_won)",
    },
    participants=_LINKED,
)
TICKETS = EntityRules(
    name="ticket",
    kind=Kind.TICKET,
    fields={
        "key": _named("hubspot:ticket"),
        "at": "properties.createdate || createdAt",
        "title": "properties.subject",
        "text": "properties.content",
        "status": "properties.hs_pipeline_stage",
        "priority": "lower(properties.hs_ticket_priority)",
        "channel": "lower(properties.source_type)",
        "closed_at": "properties.closed_date",
    },
    participants=_LINKED,
)
EMAILS = EntityRules(
    name="email",
    kind=Kind.ACTIVITY,
    fields=_activity(
        "email",
        _natural("mail", "replace(replace(properties.hs_email_message_id, '<', ''), '>', '')", "hubspot:email"),
        title="properties.hs_email_subject",
        text="properties.hs_email_text",
        status="lower(properties.hs_email_status)",
        direction=_lookup("properties.hs_email_direction", {"INCOMING_EMAIL": "in", "EMAIL": "out"}),
    ),
    participants=(
        ParticipantRules(role="from", email="properties.hs_email_from_email"),
        ParticipantRules(role="to", each="split(properties.hs_email_to_email, ';')", email="value"),
        *_LINKED,
    ),
)
MEETINGS = EntityRules(
    name="meeting",
    kind=Kind.ACTIVITY,
    fields=_activity(
        "meeting",
        _natural("ical", "properties.hs_i_cal_uid", "hubspot:meeting"),
        at="properties.hs_meeting_start_time || properties.hs_timestamp || createdAt",
        title="properties.hs_meeting_title",
        text="properties.hs_meeting_body",
        status="lower(properties.hs_meeting_outcome)",
        ends_at="properties.hs_meeting_end_time",
        location="properties.hs_meeting_location",
        url="properties.hs_meeting_external_url",
    ),
    participants=_LINKED,
)
CALLS = EntityRules(
    name="call",
    kind=Kind.ACTIVITY,
    fields=_activity(
        "call",
        _named("hubspot:call"),
        title="properties.hs_call_title",
        text="properties.hs_call_body",
        status="lower(properties.hs_call_status)",
        direction=_lookup("properties.hs_call_direction", {"INBOUND": "in", "OUTBOUND": "out"}),
    ),
    participants=_LINKED,
)
NOTES = EntityRules(
    name="note",
    kind=Kind.ACTIVITY,
    fields=_activity("note", _named("hubspot:note"), text="properties.hs_note_body"),
    participants=_LINKED,
)

_WRITTEN_ADDRESS = {
    "address": "address.street",
    "city": "address.locality",
    "state": "address.region",
    "zip": "address.postal_code",
    "country": "address.country",
    "phone": "phone",
    "website": "website",
    "lifecyclestage": _lookup("stage", _STAGES_BACK),
}
_SUMMED_UP = "concat([summary || title, url])"
"""The summary is the hub's one line on a fact; of activities and surveys it already holds the text's first line."""
_TOUCHED = {"contact": "contacts", "company": "companies"}


def _addressed(role: str) -> str:
    return f"participants[?role=='{role}' && email].{{email: email}}"


_HEADERS = (
    f"({_addressed('from')} | [0]) && "
    f"to_string({{from: {_addressed('from')} | [0], to: {_addressed('to')}, cc: {_addressed('cc')}}})"
)
"""From these HubSpot fills the sender and the recipients that it shows, which cannot be written (emails guide)."""


def _engagement(object_type: str, kind: Kind, fields: Mapping[str, str], activities: tuple[str, ...] = ()) -> Target:
    return Target(
        object=object_type,
        kind=kind,
        batch_size=BATCH,
        uniqueness=Uniqueness.EXTERNAL_ID,
        external_id="concord_key",
        settle_seconds=SETTLE_SECONDS,
        depends_on=("companies", "contacts"),
        activities=activities,
        refs=_TOUCHED,
        fields={"hs_timestamp": "at", **fields},
        demands=("hs_timestamp",),  # "Required" in the guides of notes, calls, emails and meetings, not in the schema
    )


TARGETS = (
    Target(
        object="companies",
        kind=Kind.ORGANIZATION,
        batch_size=BATCH,
        uniqueness=Uniqueness.EXTERNAL_ID,
        external_id="concord_id",
        match_on=("domain",),
        settle_seconds=SETTLE_SECONDS,
        fields={"name": "name", "domain": "domain", "numberofemployees": "employees", **_WRITTEN_ADDRESS},
    ),
    Target(
        object="contacts",
        kind=Kind.PERSON,
        batch_size=BATCH,
        uniqueness=Uniqueness.EXTERNAL_ID,
        external_id="concord_id",
        match_on=("email",),
        settle_seconds=SETTLE_SECONDS,
        depends_on=("companies",),
        refs={"company": "companies"},
        fields={
            "email": "email",
            "firstname": "given_name",
            "lastname": "family_name",
            "company": "company",
            "jobtitle": "job_title",
            **_WRITTEN_ADDRESS,
        },
    ),
    _engagement(
        "emails",
        Kind.ACTIVITY,
        {
            "hs_email_subject": "title",
            "hs_email_text": "text",
            "hs_email_headers": _HEADERS,
            "hs_email_direction": _lookup("direction", {"in": "INCOMING_EMAIL", "out": "EMAIL"}),
            "hs_email_status": "'SENT'",
        },
        ("email",),
    ),
    _engagement(
        "meetings",
        Kind.ACTIVITY,
        {
            "hs_meeting_title": "title",
            "hs_meeting_body": "text",
            "hs_meeting_start_time": "at",
            "hs_meeting_end_time": "ends_at",
            "hs_meeting_location": "location",
            "hs_meeting_external_url": "url",
            "hs_meeting_outcome": _lookup(
                "status", {"cancelled": "CANCELED", "canceled": "CANCELED", "no_show": "NO_SHOW"}
            ),
        },
        ("meeting",),
    ),
    _engagement(
        "calls",
        Kind.ACTIVITY,
        {
            "hs_call_title": "title",
            "hs_call_body": "text",
            "hs_call_direction": _lookup("direction", {"in": "INBOUND", "out": "OUTBOUND"}),
            "hs_call_status": "'COMPLETED'",
        },
        ("call",),
    ),
    _engagement(
        "notes",
        Kind.ACTIVITY,
        {"hs_note_body": f"(text && concat([title, text, url])) || {_SUMMED_UP}"},
        ("message", "form", "lead", "visit", "note", "task", "other"),
    ),
    *(
        _engagement("notes", kind, {"hs_note_body": "concat([summary || title, text, url])"})
        for kind in (Kind.ORDER, Kind.INVOICE, Kind.PAYMENT, Kind.DEAL, Kind.TICKET)
    ),
    _engagement(
        "notes",
        Kind.SURVEY,
        {"hs_note_body": f"(text && concat([survey, score, text, url])) || {_SUMMED_UP}"},
    ),
    _engagement("notes", Kind.CONSENT, {"hs_note_body": _SUMMED_UP}),
)
"""What is written, in order. Facts without an activity object of their own go out as notes, one target a kind."""
