"""Medusa's customers, orders and draft orders as raw records, and the default field rules for customers.

Amounts are numbers of the currency's main unit. Where Medusa shows the exact decimal beside (``raw_amount``), that is
taken; a sum that it shows as a number only goes by the shortest text of that number, never by binary arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.core import shops
from mapping.contract import RawRecord, Schema, SchemaField
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules

Json = Mapping[str, Any]

CUSTOMER = (
    "id,email,first_name,last_name,phone,company_name,has_account,metadata,created_at,updated_at,*addresses,groups.name"
)
DRAFT = (
    "id,display_id,status,currency_code,email,customer_id,created_at,updated_at,canceled_at,total,tax_total,"
    "discount_subtotal,shipping_subtotal,credit_line_total,metadata,*customer,*billing_address,items.id,items.title,"
    "items.variant_sku,items.quantity,items.unit_price"
)
_PAYMENTS = "payment_collections.payments"
ORDER = (
    f"{DRAFT},fulfillment_status,*fulfillments,*{_PAYMENTS},*{_PAYMENTS}.captures,*{_PAYMENTS}.refunds,"
    f"{_PAYMENTS}.refunds.refund_reason.label"
)
NAMES = {
    "customers": "id email first_name last_name phone company_name has_account metadata created_at updated_at addresses"
    " groups",
    "orders": "id display_id status currency_code email customer_id created_at updated_at canceled_at total tax_total"
    " discount_subtotal shipping_subtotal credit_line_total metadata customer billing_address items fulfillment_status"
    " fulfillments payment_collections",
}
NAMES["draft_orders"] = NAMES["orders"]
SENT = frozenset({"fulfilled", "shipped", "delivered"})


def schema(stream: str) -> Schema:
    """The fields that are read of each record."""
    return Schema({name: SchemaField(name, writable=False) for name in NAMES[stream].split()})


def customer(row: Json) -> RawRecord:
    """A customer with ``_address``, that for bills, else that for parcels, else the first, and ``_company``. Raises
    RecordError."""
    place = shops.chosen(row.get("addresses") or (), "is_default_billing", "is_default_shipping")
    company = row.get("company_name") or place.get("company")
    return _record(row, {"_address": _address(place), "_company": _company(row.get("id"), company, place)}, ())


def order(row: Json) -> RawRecord:
    """An order with what it says in canonical words (see connectors/core/shops.py). Raises RecordError."""
    try:
        payments = [each for some in row.get("payment_collections") or () for each in some.get("payments") or ()]
        told = [_payment(each, row) for each in payments]
        body = {"_order": _order(row, told), **shops.payments(told), **_parties(row, placed=True)}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise _unreadable(row) from None
    return _record(row, body, [*payments, *(each for one in payments for each in one.get("refunds") or ())])


def draft(row: Json) -> RawRecord:
    """A draft of an order. Raises RecordError."""
    try:
        told = {"at": row["created_at"], "stage": row["status"], "total": shops.plain(_number(row["total"]))}
        body = {"_cart": shops.bare({**_named(row, "draft_order"), **told}), **_parties(row, placed=False)}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise _unreadable(row) from None
    return _record(row, body, ())


def _named(row: Json, kind: str) -> dict[str, Any]:
    number, currency = row.get("display_id"), str(row.get("currency_code") or "").upper()
    told = {"number": None if number is None else str(number), "status": row.get("status"), "currency": currency}
    return {"key": f"medusa:{kind}:{row['id']}", **told}


def _order(row: Json, payments: Sequence[Json]) -> dict[str, Any]:
    """A refund lowers the order's total over there, by a credit line; ``total`` is what was charged, so that total less
    refunds is what the shop kept. ``subtotal``, ``shipping`` and ``tax`` add up to it."""
    received = [each for each in payments if each["received"]]
    paid, due = sum((Decimal(each["total"]) for each in received), Decimal(0)), _number(row["total"])
    total, shipping, tax = max(due, paid), _number(row["shipping_subtotal"]), _number(row["tax_total"])
    refunds = [each for payment in payments for each in payment["refunds"]]
    sent = [each for each in row.get("fulfillments") or () if not each.get("canceled_at")]
    dates = [each.get("delivered_at") or each.get("shipped_at") or each.get("created_at") for each in sent]
    return shops.bare(
        {
            **_named(row, "order"),
            "at": row["created_at"],
            "total": shops.plain(total),
            "subtotal": shops.plain(total - shipping - tax),
            "shipping": shops.plain(shipping),
            "tax": shops.plain(tax),
            "discount": shops.plain(_number(row.get("discount_subtotal") or 0)),
            "refunded": shops.total(refunds),
            "refunds": refunds,
            "payments": [each["key"] for each in payments if not each["failed"]],
            "paid_at": max(each["at"] for each in received) if received and paid >= due else None,
            "fulfilled_at": max(filter(None, dates), default=None) if row.get("fulfillment_status") in SENT else None,
            "cancelled_at": row.get("canceled_at"),
            "lines": [_line(each) for each in row.get("items") or ()],
            "custom": {"current_total": shops.plain(due)} if due < paid else {},
        }
    )


def _line(item: Json) -> dict[str, Any]:
    amounts = {"quantity": item["quantity"], "price": item["unit_price"]}
    told = {name: shops.plain(_number(value)) for name, value in amounts.items()}
    return shops.bare({"title": item.get("title"), "sku": item.get("variant_sku"), **told})


def _payment(payment: Json, order: Json) -> dict[str, Any]:
    data, captures = payment.get("data") or {}, payment.get("captures") or ()
    charge = data.get("latest_charge")
    number = str((charge.get("id") if isinstance(charge, Mapping) else charge) or data.get("id") or "")
    key, own = shops.payment_key(number, f"medusa:payment:{payment['id']}")
    refunds = [_refund(each) for each in payment.get("refunds") or ()]
    taken = sum((_exact(each) for each in captures), Decimal(0))
    failed = bool(payment.get("canceled_at")) and not captures
    return {
        "key": key,
        # One that is authorized only has brought nothing yet.
        "own": own and (failed or bool(captures)),
        "received": bool(captures),
        "at": max((each["created_at"] for each in captures), default=payment["created_at"]),
        "number": number or None,
        "currency": str(payment.get("currency_code") or order.get("currency_code") or "").upper(),
        "total": shops.plain(taken if captures else _exact(payment)),
        "refunds": refunds,
        "refunded": shops.total(refunds),
        "method": payment.get("provider_id"),
        "failed": failed,
        "pays": [f"medusa:order:{order['id']}"],
    }


def _refund(refund: Json) -> dict[str, Any]:
    reason = (refund.get("refund_reason") or {}).get("label") or refund.get("note")
    told = {"key": f"medusa:refund:{refund['id']}", "at": refund["created_at"], "reason": reason}
    return shops.bare({**told, "amount": shops.plain(_exact(refund))})


def _parties(row: Json, *, placed: bool) -> dict[str, Any]:
    """Who bought. A guest's record there holds the e-mail address and no name: that is told by the order only."""
    place, known = row.get("billing_address") or {}, row.get("customer") or {}
    email, id_ = row.get("email") or known.get("email"), row.get("customer_id")
    given, family = (place.get(each) or known.get(each) for each in ("first_name", "last_name"))
    reached = {"email": email, "phone": place.get("phone") or known.get("phone")}
    reached |= {"ids": [f"medusa:customer:{id_}"] if id_ else []}
    told: dict[str, Any] = {"_buyer": shops.bare({"name": " ".join(filter(None, (given, family))), **reached})}
    company = place.get("company") or known.get("company_name")
    told["_company"] = _company(id_, company, place) if placed and id_ else {}
    if placed and email and not (known.get("has_account") or known.get("first_name") or known.get("last_name")):
        name = {"given_name": given, "family_name": family, "company": company, "source": "medusa"}
        told["_guest"] = shops.bare({**name, **reached, "address": _address(place)})
        told["_guest_company"] = {} if known.get("company_name") else told["_company"]
    return told


def _company(customer: Any, company: Any, place: Json) -> dict[str, Any]:
    """The company has no number of its own there: it goes by that of the customer."""
    ids = [f"medusa:company:{customer}"]
    return {"name": company, "ids": ids, "address": _address(place)} if company else {}


def _address(place: Json) -> dict[str, Any]:
    street = ", ".join(filter(None, (place.get("address_1"), place.get("address_2"))))
    told = {"street": street, "locality": place.get("city"), "region": place.get("province")}
    told |= {"postal_code": place.get("postal_code"), "country": str(place.get("country_code") or "").upper()}
    return shops.bare(told | {"phone": place.get("phone")})


def _exact(told: Json) -> Decimal:
    raw = told.get("raw_amount") or {}
    return Decimal(str(raw["value"])) if "value" in raw else _number(told["amount"])


def _number(told: Any) -> Decimal:
    """Of a JSON number its shortest text: 19.98 is 19.98, whatever a float makes of it."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        raise TypeError("no amount")
    return Decimal(str(told))


def _unreadable(row: Json) -> RecordError:
    return RecordError("the amounts of the order cannot be read", remote_id=str(row.get("id") or ""))


_record = partial(shops.record, updated="updated_at", created="created_at")

CUSTOMERS = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        fields={
            "given_name": "first_name",
            "family_name": "last_name",
            "email": "email",
            "phone": "phone || _address.phone",
            "phones": "[_address.phone][?@]",
            **shops.addressed("_address"),
            "company": "_company.name",
            "ids": "[join(':', ['medusa:customer', id])]",
            "tags": "groups[].name",
            "created_at": "date(created_at)",
            "updated_at": "date(updated_at)",
            "source": "'medusa'",
            "custom": "metadata",
        },
    ),
    shops.company("_company"),
)
