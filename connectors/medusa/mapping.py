"""Medusa's customers, orders and draft orders as raw records, and the default field rules for customers.

Amounts are numbers of the currency's main unit. Where Medusa shows the exact decimal beside (``raw_amount``), that is
taken; a sum that it shows as a number only goes by the shortest text of that number, never by binary arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.core import shops
from connectors.core.shops import Json, bare, plain
from mapping.contract import RawRecord, Schema

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
SENT = frozenset({"fulfilled", "shipped", "delivered"})


def schema(fields: str) -> Schema:
    """What is asked for, as it stands in a record."""
    return Schema.read_only(*dict.fromkeys(name.removeprefix("*").split(".")[0] for name in fields.split(",")))


def customer(row: Json) -> RawRecord:
    """A customer with ``_address``, that for bills, else that for parcels, else the first, and ``_company``. Raises
    RecordError."""
    place = shops.chosen(row.get("addresses"), "is_default_billing", "is_default_shipping")
    address, name = _address(place), row.get("company_name") or place.get("company")
    company = shops.employer("medusa", row.get("id"), name, address)
    return shops.record(row, {"_address": address, "_company": company}, (), "updated_at", "created_at")


def order(row: Json) -> RawRecord:
    """An order with what it says in canonical words (see connectors/core/shops.py). Raises RecordError."""
    with shops.readable(row):
        payments = [each for some in row.get("payment_collections") or () for each in some.get("payments") or ()]
        told = [_payment(each, row) for each in payments]
        body = {"_order": _order(row, told), **shops.payments(told), **_parties(row, placed=True)}
    parts = [*payments, *(each for one in payments for each in one.get("refunds") or ())]
    return shops.record(row, body, parts, "updated_at", "created_at")


def draft(row: Json) -> RawRecord:
    """A draft of an order. Raises RecordError."""
    with shops.readable(row):
        told = {"at": row["created_at"], "stage": row["status"], "total": plain(_number(row["total"]))}
        body = {"_cart": bare({**_named(row, "draft_order"), **told}), **_parties(row, placed=False)}
    return shops.record(row, body, (), "updated_at", "created_at")


def _named(row: Json, kind: str) -> dict[str, Any]:
    number, currency = row.get("display_id"), str(row.get("currency_code") or "").upper()
    told = {"number": None if number is None else str(number), "status": row.get("status"), "currency": currency}
    return {"key": f"medusa:{kind}:{row['id']}", **told}


def _order(row: Json, payments: Sequence[Json]) -> dict[str, Any]:
    """A refund lowers the order's total over there, by a credit line. Subtotal, shipping and tax add up to what was
    charged."""
    received = [each for each in payments if each["received"]]
    paid, due = shops.paid(received), _number(row["total"])
    shipping, tax = _number(row["shipping_subtotal"]), _number(row["tax_total"])
    sent = [each for each in row.get("fulfillments") or () if not each.get("canceled_at")]
    dates = [each.get("delivered_at") or each.get("shipped_at") or each.get("created_at") for each in sent]
    return bare(
        {
            **_named(row, "order"),
            **shops.charged(due, paid, payments),
            "at": row["created_at"],
            "subtotal": plain(max(due, paid) - shipping - tax),
            "shipping": plain(shipping),
            "tax": plain(tax),
            "discount": plain(_number(row.get("discount_subtotal") or 0)),
            "paid_at": max(each["at"] for each in received) if received and paid >= due else None,
            "fulfilled_at": max(filter(None, dates), default=None) if row.get("fulfillment_status") in SENT else None,
            "cancelled_at": row.get("canceled_at"),
            "lines": [_line(each) for each in row.get("items") or ()],
        }
    )


def _line(item: Json) -> dict[str, Any]:
    return shops.line(
        item.get("title"), item.get("variant_sku"), _number(item["quantity"]), _number(item["unit_price"])
    )


def _payment(payment: Json, order: Json) -> dict[str, Any]:
    data, captures = payment.get("data") or {}, payment.get("captures") or ()
    charge = data.get("latest_charge")
    failed = bool(payment.get("canceled_at")) and not captures
    return shops.payment(
        "medusa",
        order,
        payment["id"],
        str((charge.get("id") if isinstance(charge, Mapping) else charge) or data.get("id") or ""),
        own=failed or bool(captures),  # one that is authorized only has brought nothing yet
        received=bool(captures),
        at=max((each["created_at"] for each in captures), default=payment["created_at"]),
        currency=str(payment.get("currency_code") or order.get("currency_code") or "").upper(),
        total=plain(sum((_exact(each) for each in captures), Decimal(0)) if captures else _exact(payment)),
        refunds=[_refund(each) for each in payment.get("refunds") or ()],
        method=payment.get("provider_id"),
        failed=failed,
    )


def _refund(refund: Json) -> dict[str, Any]:
    reason = (refund.get("refund_reason") or {}).get("label") or refund.get("note")
    return shops.refund("medusa", refund["id"], refund["created_at"], _exact(refund), reason)


def _parties(row: Json, *, placed: bool) -> dict[str, Any]:
    """Who bought. A guest's record there holds the e-mail address and no name: that is told by the order only."""
    place, known = row.get("billing_address") or {}, row.get("customer") or {}
    email, id_ = row.get("email") or known.get("email"), row.get("customer_id")
    given, family = (place.get(each) or known.get(each) for each in ("first_name", "last_name"))
    phone, ids = place.get("phone") or known.get("phone"), [f"medusa:customer:{id_}"] if id_ else []
    reached = {"email": email, "phone": phone, "ids": ids}
    told: dict[str, Any] = {"_buyer": bare({"name": " ".join(filter(None, (given, family))), **reached})}
    company = place.get("company") or known.get("company_name")
    told["_company"] = shops.employer("medusa", id_, company, _address(place)) if placed and id_ else {}
    if placed and email and not (known.get("has_account") or known.get("first_name") or known.get("last_name")):
        name = {"given_name": given, "family_name": family, "company": company, "source": "medusa"}
        told["_guest"] = bare({**name, **reached, "address": _address(place)})
        told["_guest_company"] = {} if known.get("company_name") else told["_company"]
    return told


def _address(place: Json) -> dict[str, Any]:
    told = {"locality": place.get("city"), "region": place.get("province"), "postal_code": place.get("postal_code")}
    told |= {"country": str(place.get("country_code") or "").upper(), "phone": place.get("phone")}
    return shops.address(place.get("address_1"), place.get("address_2"), **told)


def _exact(told: Json) -> Decimal:
    raw = told.get("raw_amount") or {}
    return Decimal(str(raw["value"])) if "value" in raw else _number(told["amount"])


def _number(told: Any) -> Decimal:
    """Of a JSON number its shortest text: 19.98 is 19.98, whatever a float makes of it."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        raise TypeError("no amount")
    return Decimal(str(told))


CUSTOMERS = shops.customers(
    "medusa",
    {
        "given_name": "first_name",
        "family_name": "last_name",
        "email": "email",
        "phone": "phone",
        "created_at": "date(created_at)",
        "updated_at": "date(updated_at)",
        "custom": "metadata",
    },
)
