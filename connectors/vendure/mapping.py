"""Vendure's customers and orders as raw records, and the default field rules for them.

Amounts are whole numbers of the shop's smallest unit. How many decimals that stands for is the shop's own setting
(``moneyStrategyPrecision``), the same for every currency: with two, ten thousand yen are 1000000.
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

_CUSTOMER = "id createdAt updatedAt title firstName lastName emailAddress phoneNumber user { id }"
_PLACE = "fullName company streetLine1 streetLine2 city province postalCode phoneNumber"
CUSTOMER = f"""{_CUSTOMER} groups {{ name }}
 addresses {{ id {_PLACE} country {{ code }} defaultShippingAddress defaultBillingAddress }}"""
ORDER = f"""id createdAt updatedAt code type state active orderPlacedAt currencyCode couponCodes
 customer {{ {_CUSTOMER} }}
 shippingAddress {{ {_PLACE} countryCode }} billingAddress {{ {_PLACE} countryCode }}
 lines {{ quantity orderPlacedQuantity unitPrice productVariant {{ sku name }} }} discounts {{ amount }}
 subTotal shipping total totalWithTax
 payments {{ id createdAt updatedAt method amount state transactionId
 refunds {{ id createdAt total state reason transactionId }} }} fulfillments {{ updatedAt state }}"""
IDS = "id updatedAt"
NAMES = {
    "customers": "id createdAt updatedAt title firstName lastName emailAddress phoneNumber user groups addresses",
    "orders": "id createdAt updatedAt code type state active orderPlacedAt currencyCode couponCodes customer"
    " shippingAddress billingAddress lines discounts subTotal shipping total totalWithTax payments fulfillments",
}
RECEIVED, FAILED = frozenset({"Settled"}), frozenset({"Cancelled", "Declined", "Error"})
"""States of payments; one that is authorized only has brought nothing yet."""
FULFILLED = frozenset({"Shipped", "Delivered"})


def schema(stream: str) -> Schema:
    """The fields that are read of each record; ``customFields`` holds those that the configuration names."""
    names = (*NAMES[stream].split(), "customFields")
    return Schema({name: SchemaField(name, writable=False) for name in names})


def customer(row: Json) -> RawRecord:
    """A customer with ``_address``, the one that bills go to, else the one for parcels, else the first, and
    ``_company``. Raises RecordError."""
    place = shops.chosen(row.get("addresses") or (), "defaultBillingAddress", "defaultShippingAddress")
    return _record(row, {"_address": _address(place), "_company": _company(row["id"], place)}, ())


def order(row: Json) -> RawRecord:
    """An order with what it says in canonical words (see connectors/core/shops.py). Raises RecordError.

    A seller's part of an order is the order itself once more, and says nothing.
    """
    try:
        payments = [_payment(each, row) for each in row.get("payments") or ()]
        placed, buyer = row.get("orderPlacedAt"), row.get("customer") or {}
        told: dict[str, Any] = {}
        if row.get("type") != "Seller" and (placed or buyer):
            told = {"_order" if placed else "_cart": _sale(row, payments), **shops.payments(payments)}
            told |= _parties(row, buyer) if buyer else {}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise RecordError("the amounts of the order cannot be read", remote_id=str(row.get("id") or "")) from None
    parts = [each for payment in row.get("payments") or () for each in (payment, *(payment.get("refunds") or ()))]
    return _record(row, told, parts)


def _sale(row: Json, payments: Sequence[Json]) -> dict[str, Any]:
    """The order or cart. Cancelling or changing an order lowers its total over there, beside the refund that is given
    for it; ``total`` is what was charged, so that total less refunds is what the shop kept."""
    settled = [each for each in payments if each["status"] in RECEIVED]
    paid, due = sum((Decimal(each["total"]) for each in settled), Decimal(0)), _amount(row, row["totalWithTax"])
    placed, state, code = row.get("orderPlacedAt"), row.get("state"), row.get("code")
    told = {"number": code, "status": state, "currency": row.get("currencyCode"), "total": shops.plain(max(due, paid))}
    if not placed:
        won = False if state == "Cancelled" else None
        made = {"key": f"vendure:cart:{row['id']}", "at": row.get("createdAt"), "title": code, "stage": state}
        return shops.bare({**told, **made, "won": won})
    refunds = [each for payment in payments for each in payment["refunds"]]
    current = {"current_total": shops.plain(due)} if due < paid else {}
    sums = {
        "subtotal": _decimal(row, row["subTotal"]),
        "shipping": _decimal(row, row["shipping"]),
        "tax": _decimal(row, int(row["totalWithTax"]) - int(row["total"])),
        "discount": _decimal(row, -sum(int(each["amount"]) for each in row.get("discounts") or ())),
        "refunded": shops.total(refunds),
        "refunds": refunds,
        "payments": [each["key"] for each in payments if not each["failed"]],
        "lines": [_line(each, row) for each in row.get("lines") or ()],
        "custom": {**(row.get("customFields") or {}), **current},
    }
    key = {"key": f"vendure:order:{row['id']}", "at": placed}
    return shops.bare({**told, **key, **sums, **_dates(row, paid >= due)})


def _dates(row: Json, paid: bool) -> dict[str, Any]:
    payments = [str(each["updatedAt"]) for each in row.get("payments") or () if each["state"] in RECEIVED]
    sent = [str(each["updatedAt"]) for each in row.get("fulfillments") or () if each.get("state") in FULFILLED]
    return {
        "paid_at": max(payments, default=row.get("orderPlacedAt")) if paid else None,
        "fulfilled_at": max(sent, default=None) if row.get("state") in FULFILLED else None,
        "cancelled_at": row.get("updatedAt") if row.get("state") == "Cancelled" else None,
    }


def _parties(row: Json, buyer: Json) -> dict[str, Any]:
    """Who bought. Whoever has no account is a customer there all the same, with name and address."""
    place, ids = row.get("billingAddress") or {}, [f"vendure:customer:{buyer['id']}"]
    reached = {"phone": buyer.get("phoneNumber") or place.get("phoneNumber"), "ids": ids}
    full = " ".join(filter(None, (buyer.get("firstName"), buyer.get("lastName")))) or place.get("fullName")
    told: dict[str, Any] = {"_buyer": shops.bare({"name": full, "email": buyer["emailAddress"], **reached})}
    return told | {"_company": _company(buyer["id"], place)}


def _payment(payment: Json, order: Json) -> dict[str, Any]:
    number = str(payment.get("transactionId") or "")
    key, own = shops.payment_key(number, f"vendure:payment:{payment['id']}")
    refunds = [
        shops.bare(
            {
                "key": f"vendure:refund:{each['id']}",
                "at": each["createdAt"],
                "amount": _decimal(order, each["total"]),
                "reason": each.get("reason"),
            }
        )
        for each in payment.get("refunds") or ()
        if each["state"] == "Settled"
    ]
    return {
        "key": key,
        "own": own and payment["state"] in RECEIVED | FAILED,
        "at": payment["createdAt"],
        "number": number or None,
        "currency": order.get("currencyCode"),
        "total": _decimal(order, payment["amount"]),
        "refunds": refunds,
        "refunded": shops.total(refunds),
        "method": payment.get("method"),
        "status": payment["state"],
        "failed": payment["state"] in FAILED,
        "pays": [f"vendure:order:{order['id']}"],
    }


def _line(line: Json, order: Json) -> dict[str, Any]:
    """What was ordered; a line that is cancelled keeps the number it had."""
    variant = line.get("productVariant") or {}
    quantity = max(int(line["quantity"]), int(line.get("orderPlacedQuantity") or 0))
    price = _decimal(order, line["unitPrice"])
    return shops.bare(
        {"title": variant.get("name"), "sku": variant.get("sku"), "quantity": str(quantity), "price": price}
    )


def _company(customer: Any, place: Json) -> dict[str, Any]:
    """The company on an address. It has no number of its own there: it goes by that of the customer."""
    if not place.get("company"):
        return {}
    return {"name": place["company"], "ids": [f"vendure:company:{customer}"], "address": _address(place)}


def _address(place: Json) -> dict[str, Any]:
    street = ", ".join(filter(None, (place.get("streetLine1"), place.get("streetLine2"))))
    country = place.get("countryCode") or (place.get("country") or {}).get("code")
    told = {"street": street, "locality": place.get("city"), "region": place.get("province"), "country": country}
    return shops.bare(told | {"postal_code": place.get("postalCode"), "phone": place.get("phoneNumber")})


def _amount(order: Json, minor: Any) -> Decimal:
    return Decimal(str(minor)).scaleb(-int(order["_places"]))


def _decimal(order: Json, minor: Any) -> str:
    return shops.plain(_amount(order, minor))


_record = partial(shops.record, updated="updatedAt", created="createdAt")

CUSTOMERS = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        fields={
            "given_name": "firstName",
            "family_name": "lastName",
            "honorific_prefix": "title",
            "email": "emailAddress",
            "phone": "phoneNumber || _address.phone",
            "phones": "[_address.phone][?@]",
            **shops.addressed("_address"),
            "company": "_company.name",
            "ids": "[join(':', ['vendure:customer', id])]",
            "tags": "groups[].name",
            "created_at": "date(createdAt)",
            "updated_at": "date(updatedAt)",
            "source": "'vendure'",
            "custom": "customFields",
        },
    ),
    shops.company("_company"),
)
