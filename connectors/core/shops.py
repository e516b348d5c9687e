"""What shops have in common: an order in canonical words, its payments, and who bought.

A vendor's mapping works out what an order says (``told``), for amounts and states need more than a path; the rules here
read it from there, field by field, so that whoever runs the hub may lay their own over any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mapping import moments
from mapping.contract import RawRecord, RemoteId
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

Json = Mapping[str, Any]

ENVELOPE = ("_order", "_cart", "_payments", "_buyer", "_guest", "_company", "_guest_company")
"""The keys under which a record says what the rules read.

``_buyer`` and ``_company`` are whom an order names. ``_guest`` and ``_guest_company`` make profiles of them, and are
for those alone of whom the shop keeps no record: one profile an order would be, for who buys often, more than the
identity of a customer takes (``max_group``), and tells nothing that the customer's own record does not.
"""
SERVICES = {"ch_": "stripe:charge", "py_": "stripe:charge", "pi_": "stripe:payment_intent"}
_PLACE = ("street", "locality", "region", "postal_code", "country")
_SUMS = ("total", "subtotal", "tax", "shipping", "discount", "refunded")
_DATES = ("at", "paid_at", "fulfilled_at", "cancelled_at")


def _read(at: str, names: Iterable[str], dates: Iterable[str] = ()) -> dict[str, str]:
    return {name: f"{at}.{name}" for name in names} | {name: f"date({at}.{name})" for name in dates}


def addressed(at: str) -> dict[str, str]:
    """The fields of an address that lies at a key in canonical words."""
    return {f"address.{name}": f"{at}.{name}" for name in _PLACE}


_PARTIES = (
    ParticipantRules("buyer", name="_buyer.name", email="_buyer.email", phone="_buyer.phone", ids=("_buyer.ids",)),
    ParticipantRules("company", name="_company.name", ids=("_company.ids",)),
)
_TOLD = ("key", "number", "title", "status", "currency")
_PERSON = ("given_name", "family_name", "name", "email", "phone", "phones", "company", "ids")


def company(at: str) -> EntityRules:
    """The company that lies at a key in canonical words."""
    told = {**_read(at, ("name", "tax_id", "ids")), **addressed(f"{at}.address")}
    return EntityRules(name="company", kind=Kind.ORGANIZATION, when=at, fields=told)


ORDERS = (
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        when="_order",
        fields=_read("_order", (*_TOLD, *_SUMS, "refunds", "payments", "lines", "test", "custom"), _DATES),
        participants=_PARTIES,
    ),
    EntityRules(
        # A sale in the making: a cart that was left, a draft.
        name="cart",
        kind=Kind.DEAL,
        when="_cart",
        fields=_read("_cart", (*_TOLD, "total", "stage", "pipeline", "won", "test"), ("at",)),
        participants=_PARTIES,
    ),
    EntityRules(
        name="payment",
        kind=Kind.PAYMENT,
        each="_payments",
        part="key",
        fields={
            name: name
            for name in ("key", "number", "status", "currency", "total", "refunded", "refunds", "method", "failed")
        }
        | {"at": "date(at)", "pays": "pays", "test": "test"},
        participants=(ParticipantRules("buyer", email="_record._buyer.email", ids=("_record._buyer.ids",)),),
    ),
    EntityRules(
        name="buyer",
        kind=Kind.PERSON,
        when="_guest",
        fields={**_read("_guest", (*_PERSON, "source")), **addressed("_guest.address"), "stage": "'customer'"},
    ),
    company("_guest_company"),
)


def payment_key(number: str, otherwise: str) -> tuple[str, bool]:
    """The key of a payment by the number that a payment service gave it, and whether it is ours to tell of.

    It is not where the service keeps it by another key that is not known here: an intent of Stripe's is not its charge.
    """
    service = SERVICES.get(number[:3])
    return (f"{service}:{number}", not service.endswith("intent")) if service else (otherwise, True)


def payments(told: Sequence[Json]) -> dict[str, Any]:
    """What payments add to the record of an order. Each is a payment's fields, and ``own`` (see ``payment_key``)."""
    kept = [{name: value for name, value in each.items() if name != "own"} for each in told if each["own"]]
    return {"_payments": kept} if kept else {}


def record(row: Json, more: Json, parts: Iterable[Json], *, updated: str, created: str) -> RawRecord:
    """The row with what was worked out beside it, dated by its own last change or that of one of its parts: under
    ``updated``, else ``created``. Raises RecordError where one of them cannot be read."""
    id_ = RemoteId(str(row["id"]))
    dates = [moments.moment(each.get(updated) or each.get(created)) for each in (row, *parts)]
    if not all(isinstance(each, datetime) for each in dates):
        raise RecordError(f"a record without a readable {updated}", remote_id=id_)
    changed = max(each.astimezone(UTC) for each in dates if isinstance(each, datetime))
    return RawRecord(id_, bare({**row, **more}), changed_at=changed)


def chosen(addresses: Iterable[Any], *marks: str) -> Json:
    """The first address that bears the first of the marks that any bears, else the first; an empty one for none."""
    known = [each for each in addresses if isinstance(each, Mapping)]
    marked = (each for mark in marks for each in known if each.get(mark))
    return next(marked, next(iter(known), {}))


def plain(amount: Decimal) -> str:
    """An amount as text without an exponent."""
    return format(amount, "f")


def total(amounts: Iterable[Json], name: str = "amount") -> str:
    """The sum of what each says under a name, as decimal text."""
    return plain(sum((Decimal(each[name]) for each in amounts), Decimal(0)))


def bare(told: Json) -> dict[str, Any]:
    """What is told, without what is empty."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}
