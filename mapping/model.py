"""The canonical customer model: profiles that are resolved, facts that attach to them.

Field names follow schema.org and OIDC usage; phones are E.164, countries ISO 3166-1 alpha-2, currencies ISO 4217,
instants aware UTC, money decimal. Whatever has no canonical home survives under ``custom``.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mapping.normalize import to_utc

Instant = Annotated[datetime, AfterValidator(to_utc)]

# Validators are built when somebody first asks for one: the engine reads only the fields off the models, and every
# process that resolves would wait for them.
STRICT = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)


class Kind(StrEnum):
    """The kinds of entity. The first two are profiles (resolved to customers), the others are facts."""

    PERSON = "person"
    ORGANIZATION = "organization"
    ACTIVITY = "activity"
    ORDER = "order"
    INVOICE = "invoice"
    PAYMENT = "payment"
    DEAL = "deal"
    TICKET = "ticket"
    CONSENT = "consent"
    SURVEY = "survey"
    CAMPAIGN = "campaign"


PROFILES = frozenset({Kind.PERSON, Kind.ORGANIZATION})


class Stage(StrEnum):
    """Where a customer stands in the lifecycle, in order."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    QUALIFIED = "qualified"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    FORMER = "former"


class ActivityKind(StrEnum):
    """What sort of contact an activity was."""

    EMAIL = "email"
    CALL = "call"
    MEETING = "meeting"
    MESSAGE = "message"
    FORM = "form"
    LEAD = "lead"
    VISIT = "visit"
    NOTE = "note"
    TASK = "task"
    OTHER = "other"


class Direction(StrEnum):
    """Who began: ``in`` from the customer, ``out`` from us."""

    IN = "in"
    OUT = "out"


class Record(BaseModel):
    """The common form of everything canonical."""

    model_config = STRICT

    custom: dict[str, Any] = Field(default_factory=dict)


class Address(BaseModel):
    """A postal address; survives as a whole."""

    model_config = STRICT

    street: str | None = None
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Participant(BaseModel):
    """Somebody a fact names: a reference, never a customer id. ``ids`` are ``system:value`` texts.

    ``own`` is true in what this participant's own calendar says; the fact itself does not carry it.
    """

    model_config = STRICT

    role: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    ids: tuple[str, ...] = ()
    answer: str | None = None
    own: bool = False


class Profile(Record):
    """What a person and an organization share. ``ids`` are ``system:value`` texts that name this profile elsewhere."""

    name: str | None = None
    email: str | None = None
    emails: tuple[str, ...] = ()
    phone: str | None = None
    phones: tuple[str, ...] = ()
    address: Address | None = None
    website: str | None = None
    tax_id: str | None = None
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    stage: Stage | None = None
    language: str | None = None
    notes: str | None = None
    owner: str | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Person(Profile):
    """A human being. ``birth_date`` may lack the year: then it is ``--MM-DD``."""

    given_name: str | None = None
    additional_name: str | None = None
    family_name: str | None = None
    honorific_prefix: str | None = None
    honorific_suffix: str | None = None
    nickname: str | None = None
    birth_date: str | None = None
    job_title: str | None = None
    department: str | None = None
    company: str | None = None
    email_consent: bool | None = None
    sms_consent: bool | None = None
    source: str | None = None


class Organization(Profile):
    """A company or other body."""

    legal_name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None


class Fact(Record):
    """Something that happened. ``key`` is its natural key: the same fact seen in two places carries the same key.

    ``sequence``, ``revised_at`` and ``derived`` say how much one sighting's word counts beside another's
    (mapping/sightings.py) and are no part of the fact: the number of a meeting's revision, when this copy was last
    revised, and whether it was only worked out from a series.
    """

    key: str
    at: Instant | None = None
    participants: tuple[Participant, ...] = ()
    title: str | None = None
    text: str | None = None
    url: str | None = None
    status: str | None = None
    sequence: int | None = None
    revised_at: Instant | None = None
    derived: bool = False


class Activity(Fact):
    """An email, call, meeting, lead and the like."""

    activity: ActivityKind
    direction: Direction | None = None
    ends_at: Instant | None = None
    all_day: bool = False
    location: str | None = None
    thread: str | None = None
    campaign: str | None = None
    channel: str | None = None
    answers: dict[str, str] = Field(default_factory=dict)


class Line(BaseModel):
    """One line of an order or invoice."""

    model_config = STRICT

    title: str | None = None
    sku: str | None = None
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None


class Refund(BaseModel):
    """Money that went back for an order or a payment. ``key`` tells it from the other refunds of the same fact."""

    model_config = STRICT

    key: str
    at: Instant | None = None
    amount: Decimal | None = None
    reason: str | None = None


class MoneyFact(Fact):
    """A fact with an amount. ``test`` is true for what only tried the system out and moved no money. ``aliases`` are
    other keys that facts linked with it may name it by (``stripe:payment_intent:pi_1``)."""

    number: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    test: bool = False
    aliases: tuple[str, ...] = ()


class Order(MoneyFact):
    """A purchase. ``status`` is the vendor's word, ``paid_at`` and ``cancelled_at`` say what matters.

    ``refunded`` is all that went back, whether or not ``refunds`` lists it piece by piece. ``payments`` are the keys of
    the payments that paid it.
    """

    subtotal: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    refunded: Decimal | None = None
    paid_at: Instant | None = None
    fulfilled_at: Instant | None = None
    cancelled_at: Instant | None = None
    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    payments: tuple[str, ...] = ()


class Invoice(MoneyFact):
    """A bill. ``bills`` are the keys of the orders that it asks money for, ``payments`` those of what paid it. One
    below zero is a credit note; ``bills`` may then name the invoice that it takes back, too."""

    due_on: date | None = None
    paid_at: Instant | None = None
    cancelled_at: Instant | None = None
    bills: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()


class Payment(MoneyFact):
    """Money received; ``refunded`` is what went back. ``failed`` is true where none came.

    ``pays`` are the keys of the orders and invoices that it is for. A payment that a shop tells of carries the key that
    the payment service gives it (``stripe:charge:ch_1``), so that what both tell of is one fact.
    """

    refunded: Decimal | None = None
    method: str | None = None
    failed: bool = False
    pays: tuple[str, ...] = ()
    refunds: tuple[Refund, ...] = ()


class Deal(MoneyFact):
    """A sale in the making."""

    stage: str | None = None
    pipeline: str | None = None
    closes_on: date | None = None
    won: bool | None = None


class Ticket(Fact):
    """A help-desk case."""

    priority: str | None = None
    closed_at: Instant | None = None
    channel: str | None = None


class Consent(Fact):
    """What somebody allowed or withdrew. ``purpose`` such as ``marketing_email``; ``granted`` False withdraws."""

    purpose: str
    granted: bool
    source: str | None = None


class Survey(Fact):
    """An answer such as NPS or CSAT."""

    survey: str
    score: Decimal | None = None


class Campaign(Fact):
    """Spend and reach of a campaign on a day."""

    channel: str | None = None
    currency: str | None = None
    spend: Decimal | None = None
    impressions: int | None = None
    clicks: int | None = None


MODELS: dict[Kind, type[Record]] = {
    Kind.PERSON: Person,
    Kind.ORGANIZATION: Organization,
    Kind.ACTIVITY: Activity,
    Kind.ORDER: Order,
    Kind.INVOICE: Invoice,
    Kind.PAYMENT: Payment,
    Kind.DEAL: Deal,
    Kind.TICKET: Ticket,
    Kind.CONSENT: Consent,
    Kind.SURVEY: Survey,
    Kind.CAMPAIGN: Campaign,
}
