"""Vendure's customers and orders as raw records, and the default field rules for them.

Amounts are whole numbers of the shop's smallest unit. How many decimals that stands for is the shop's own setting
(``moneyStrategyPrecision``), the same for every currency: with two, ten thousand yen are 1000000.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.core import shops
from connectors.core.shops import Json, bare, plain
from mapping.contract import RawRecord

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


def customer(row: Json) -> RawRecord:
    """A customer with ``_address``, the one that bills go to, else the one for parcels, else the first, and
    ``_company``. Raises RecordError."""
    place = shops.chosen(row.get("addresses"), "defaultBillingAddress", "defaultShippingAddress")
    address = _address(place)
    company = shops.employer("vendure", row["id"], place.get("company"), address)
    return shops.record(row, {"_address": address, "_company": company}, (), "updatedAt", "createdAt")


def order(row: Json) -> RawRecord:
    """An order with what it says in canonical words (see connectors/core/shops.py). Raises RecordError.

    A seller's part of an order is the order itself once more, and says nothing.
    """
    told: dict[str, Any] = {}
    with shops.readable(row):
        payments = [_payment(each, row) for each in row.get("payments") or ()]
        placed, buyer = row.get("orderPlacedAt"), row.get("customer") or {}
        if row.get("type") != "Seller" and (placed or buyer):
            told = {"_order" if placed else "_cart": _sale(row, payments), **shops.payments(payments)}
            told |= _parties(row, buyer) if buyer else {}
    parts = [each for payment in row.get("payments") or () for each in (payment, *(payment.get("refunds") or ()))]
    return shops.record(row, told, parts, "updatedAt", "createdAt")


def _sale(row: Json, payments: Sequence[Json]) -> dict[str, Any]:
    """The order or cart. Cancelling or changing an order lowers its total over there, beside the refund for it."""
    due, paid = _amount(row, row["totalWithTax"]), shops.paid(one for one in payments if one["status"] in RECEIVED)
    charged, state, code = shops.charged(due, paid, payments), row.get("state"), row.get("code")
    told = {"number": code, "status": state, "currency": row.get("currencyCode"), "total": charged["total"]}
    if not row.get("orderPlacedAt"):
        made = {"key": f"vendure:cart:{row['id']}", "at": row.get("createdAt"), "title": code, "stage": state}
        return bare({**told, **made, "won": False if state == "Cancelled" else None})
    sums = {
        "subtotal": _decimal(row, row["subTotal"]),
        "shipping": _decimal(row, row["shipping"]),
        "tax": _decimal(row, int(row["totalWithTax"]) - int(row["total"])),
        "discount": _decimal(row, -sum(int(each["amount"]) for each in row.get("discounts") or ())),
        "lines": [_line(each, row) for each in row.get("lines") or ()],
        "custom": {**(row.get("customFields") or {}), **charged["custom"]},
    }
    key = {"key": f"vendure:order:{row['id']}", "at": row["orderPlacedAt"]}
    return bare({**told, **key, **charged, **sums, **_dates(row, paid >= due)})


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
    place, id_ = row.get("billingAddress") or {}, buyer["id"]
    full = " ".join(filter(None, (buyer.get("firstName"), buyer.get("lastName")))) or place.get("fullName")
    reached = {"email": buyer["emailAddress"], "phone": buyer.get("phoneNumber") or place.get("phoneNumber")}
    told = {"_buyer": bare({"name": full, **reached, "ids": [f"vendure:customer:{id_}"]})}
    return told | {"_company": shops.employer("vendure", id_, place.get("company"), _address(place))}


def _payment(payment: Json, order: Json) -> dict[str, Any]:
    return shops.payment(
        "vendure",
        order,
        payment["id"],
        str(payment.get("transactionId") or ""),
        own=payment["state"] in RECEIVED | FAILED,
        at=payment["createdAt"],
        currency=order.get("currencyCode"),
        total=_decimal(order, payment["amount"]),
        refunds=[
            shops.refund("vendure", each["id"], each["createdAt"], _amount(order, each["total"]), each.get("reason"))
            for each in payment.get("refunds") or ()
            if each["state"] == "Settled"
        ],
        method=payment.get("method"),
        status=payment["state"],
        failed=payment["state"] in FAILED,
    )


def _line(line: Json, order: Json) -> dict[str, Any]:
    """What was ordered; a line that is cancelled keeps the number it had."""
    variant = line.get("productVariant") or {}
    quantity = Decimal(max(int(line["quantity"]), int(line.get("orderPlacedQuantity") or 0)))
    return shops.line(variant.get("name"), variant.get("sku"), quantity, _amount(order, line["unitPrice"]))


def _address(place: Json) -> dict[str, Any]:
    country = place.get("countryCode") or (place.get("country") or {}).get("code")
    told = {"locality": place.get("city"), "region": place.get("province"), "country": country}
    told |= {"postal_code": place.get("postalCode"), "phone": place.get("phoneNumber")}
    return shops.address(place.get("streetLine1"), place.get("streetLine2"), **told)


def _amount(order: Json, minor: Any) -> Decimal:
    return Decimal(str(minor)).scaleb(-int(order["_places"]))


def _decimal(order: Json, minor: Any) -> str:
    return plain(_amount(order, minor))


CUSTOMERS = shops.customers(
    "vendure",
    {
        "given_name": "firstName",
        "family_name": "lastName",
        "honorific_prefix": "title",
        "email": "emailAddress",
        "phone": "phoneNumber",
        "created_at": "date(createdAt)",
        "updated_at": "date(updatedAt)",
        "custom": "customFields",
    },
)
