"""What shops have in common: an order in canonical words, its payments, and who bought.

A vendor's mapping works out what an order says (``told``), for amounts and states need more than a path; the rules here
read it from there, field by field, so that whoever runs the hub may lay their own over any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.core.amounts import LARGEST
from connectors.core.payment_keys import stripe_charge, stripe_intent
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


def customers(shop: str, told: Mapping[str, str]) -> tuple[EntityRules, ...]:
    """Rules for a customer and the company that the customer buys for, which lie at ``_address`` and ``_company``
    beside what is told in the shop's own words."""
    person = {
        **told,
        "phone": f"{told['phone']} || _address.phone",
        "phones": "[_address.phone][?@]",
        **addressed("_address"),
        "company": "_company.name",
        "ids": f"[join(':', ['{shop}:customer', id])]",
        "tags": "groups[].name",
        "source": f"'{shop}'",
    }
    return EntityRules(name="person", kind=Kind.PERSON, fields=person), company("_company")


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
    intent = stripe_intent([number])
    return intent or stripe_charge([number]) or otherwise, not intent


def payment(shop: str, order: Json, id_: str, number: str, *, own: bool, **told: Any) -> dict[str, Any]:
    """What a record says of one of an order's payments: ``told``, ``refunds`` among it, and what follows from it.

    ``number`` is what the payment service calls it, ``own`` whether it has come to something that can be told of.
    """
    key, ours = payment_key(number, f"{shop}:payment:{id_}")
    known = {"key": key, "own": ours and own, "number": number or None, "pays": [f"{shop}:order:{order['id']}"]}
    return {**known, **told, "refunded": total(told["refunds"])}


def refund(shop: str, id_: str, at: str, amount: Decimal, reason: str | None) -> dict[str, Any]:
    """What an order and its payment say of a refund."""
    return bare({"key": f"{shop}:refund:{id_}", "at": at, "amount": plain(amount), "reason": reason})


def line(title: str | None, sku: str | None, quantity: Decimal, price: Decimal) -> dict[str, Any]:
    """What an order says of one of its lines."""
    return bare({"title": title, "sku": sku, "quantity": plain(quantity), "price": plain(price)})


def paid(received: Iterable[Json]) -> Decimal:
    """What payments that brought something came to."""
    return Decimal(total(received, "total"))


def charged(due: Decimal, paid: Decimal, payments: Sequence[Json]) -> dict[str, Any]:
    """What an order with these payments says of money, where a shop lowers the order's own total, ``due``, beside the
    refund that is given for it: ``total`` is what was charged, so that total less refunds is what the shop kept."""
    refunds = [each for payment in payments for each in payment["refunds"]]
    return {
        "total": plain(max(due, paid)),
        "refunded": total(refunds),
        "refunds": refunds,
        "payments": [each["key"] for each in payments if not each["failed"]],
        "custom": {"current_total": plain(due)} if due < paid else {},
    }


def payments(told: Sequence[Json]) -> dict[str, Any]:
    """What payments add to the record of an order. Each is a payment's fields, and ``own`` (see ``payment_key``)."""
    kept = [{name: value for name, value in each.items() if name != "own"} for each in told if each["own"]]
    return {"_payments": kept} if kept else {}


def plain(amount: Decimal) -> str:
    """An amount as text without an exponent. Raises ValueError for what is no amount of money."""
    if not amount.is_finite() or not -LARGEST < amount.adjusted() < LARGEST:
        raise ValueError("an amount that is no number")
    return format(amount, "f")


def total(amounts: Iterable[Json], name: str = "amount") -> str:
    """The sum of what each says under a name, as decimal text."""
    return plain(sum((Decimal(each[name]) for each in amounts), Decimal(0)))


def bare(told: Json) -> dict[str, Any]:
    """What is told, without what is empty."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def address(*street: str | None, **parts: str | None) -> dict[str, Any]:
    """An address in canonical words, as ``addressed`` reads it, with the lines of its street as one."""
    return bare({"street": ", ".join(filter(None, street)), **parts})


def chosen(addresses: Any, *marks: str) -> Json:
    """Of a customer's addresses the one that bears the first of the marks, else the next; else the first of all."""
    found = [each for each in addresses if isinstance(each, Mapping)] if isinstance(addresses, list) else []
    return next((each for mark in marks for each in found if each.get(mark)), next(iter(found), {}))


def employer(shop: str, customer: Any, name: Any, address: Json) -> dict[str, Any]:
    """The company that a customer buys for, where it has no number of its own: it goes by that of the customer."""
    return {"name": name, "ids": [f"{shop}:company:{customer}"], "address": address} if name else {}


@contextmanager
def readable(row: Json, otherwise: str = "the amounts of the order cannot be read") -> Iterator[None]:
    """Raises RecordError, saying what is wrong otherwise, where the row is not of the shape that the block expects."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise RecordError(otherwise, remote_id=str(row.get("id") or "")) from None


def record(row: Json, told: Json, parts: Iterable[Json], *dated: str) -> RawRecord:
    """The row with what is told, changed when the row or one of its parts last was: at the first field of ``dated``
    that each has. Raises RecordError where that cannot be read."""
    id_ = RemoteId(str(row["id"]))
    found = [moments.moment(next(filter(None, map(each.get, dated)), None)) for each in (row, *parts)]
    times = [each.astimezone(UTC) for each in found if isinstance(each, datetime)]
    if len(times) < len(found):
        raise RecordError(f"a record without a readable {dated[0]}", remote_id=id_)
    return RawRecord(id_, bare({**row, **told}), changed_at=max(times))
