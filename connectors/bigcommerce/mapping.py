"""BigCommerce's orders and customers as raw records, and in canonical words: the default field rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.core import amounts, shop_rules, timestamps
from connectors.core.shop_rules import Billing, Json, full_name
from connectors.core.shops import bare, readable
from mapping.model import Kind
from mapping.rules import EntityRules

INCOMPLETE, PENDING, REFUNDED, CANCELLED, DECLINED, PARTLY_REFUNDED = 0, 1, 4, 5, 6, 14
"""``status_id`` of an order ("Get All Order Statuses")."""
PAID_STATUSES = frozenset({2, 3, REFUNDED, 8, 9, 10, 11, PARTLY_REFUNDED})
"""Statuses that an order has once it was paid: shipped (2, 3, 9), awaiting fulfilment or pick-up (11, 8), completed."""
PAID = frozenset({"captured", "paid", "partially refunded", "refunded"})
ORDER_FIELDS = (
    *("id", "status_id", "status", "customer_id", "customer_message", "date_created", "date_modified", "date_shipped"),
    *("default_currency_code", "currency_code", "subtotal_ex_tax", "subtotal_inc_tax", "total_ex_tax", "total_inc_tax"),
    *("total_tax", "shipping_cost_ex_tax", "handling_cost_ex_tax", "wrapping_cost_ex_tax", "discount_amount"),
    *("coupon_discount", "store_credit_amount", "gift_certificate_amount", "payment_method", "payment_provider_id"),
    *("payment_status", "order_source", "channel_id", "external_source", "external_order_id", "customer_locale"),
    *("is_email_opt_in", "is_deleted", "billing_address", "consignments", "fees", "items_total", "items_shipped"),
)
"""What is kept of an order: not from where it was sent (``ip_address``), nor what the staff noted."""
TOLD_BESIDE = ("customer_message", "order_source", "external_source", "external_order_id", "channel_id")
"""What stays with an order as ``custom``."""
CUSTOMER_FIELDS = (
    *("id", "email", "first_name", "last_name", "company", "phone", "notes", "customer_group_id", "date_created"),
    *("date_modified", "tax_exempt_category", "addresses", "origin_channel_id", "channel_ids"),
)


def instant(row: Json) -> datetime:
    """When a record last changed. Raises RecordError where that cannot be read."""
    return timestamps.changed(row, "date_modified")


def is_refunded(row: Json) -> bool:
    """Whether something may have gone back: the order's own ``refunded_amount`` is always 0."""
    return row.get("status_id") in (REFUNDED, PARTLY_REFUNDED) or "refunded" in str(row.get("payment_status"))


def customer(row: Json) -> dict[str, Any]:
    """The record of a customer. Raises RecordError where its parts cannot be read."""
    with readable(row, "a customer whose parts are not what BigCommerce sends"):
        address: Json = next(iter(row.get("addresses") or ()), {})
        told = {"_name": full_name(row), "_company": row.get("company") or address.get("company")}
        told["_address"] = {**address, "phone": row.get("phone")}
        key = f"bigcommerce:customer:{row['id']}"
        return {**_kept(row, CUSTOMER_FIELDS), "_key": key, **bare(told)}


def order(row: Json, refunds: Sequence[Json]) -> dict[str, Any]:
    """The record of an order and its refunds. Raises RecordError where its parts or amounts cannot be read."""
    with readable(row, "an order whose parts are not what BigCommerce sends"):
        key, billing = f"bigcommerce:order:{row['id']}", row.get("billing_address") or {}
        back = [(one["id"], one.get("created"), one["total_amount"], one.get("reason")) for one in refunds]
        amounts.total((row["total_inc_tax"], row.get("subtotal_ex_tax"), row.get("total_tax")))  # refuses what is none
        return {
            **_kept(row, ORDER_FIELDS),
            **_paid(row),
            "_key": key,
            **shop_rules.buyer(billing),
            "_lines": [*_lines(row.get("consignments")), *_fees(row.get("fees"))],
            **shop_rules.refunds("bigcommerce", back),
            "_shipping": amounts.total(row.get(f"{one}_cost_ex_tax") for one in ("shipping", "handling", "wrapping")),
            "_discount": amounts.total((row.get("discount_amount"), row.get("coupon_discount"))),
            "_test": row.get("payment_method") == "Test Payment Gateway",
            "_rest": {name: row[name] for name in TOLD_BESIDE if row.get(name)},
            **shop_rules.guest(row, key, billing),
        }


def _lines(part: Any) -> Iterator[dict[str, Any]]:
    """The lines of all consignments: parcels, pick-ups, downloads and gift certificates each have theirs."""
    if isinstance(part, list):
        for one in part:
            yield from _lines(one)
    elif isinstance(part, Mapping):
        for name, value in part.items():
            if name == "line_items" and isinstance(value, list):
                for one in value:
                    if one.get("quantity") is not None:
                        price = amounts.written(amounts.decimal(one.get("price_ex_tax")))
                        quantity = amounts.written(amounts.decimal(one["quantity"]))
                        yield {"title": one["name"], "sku": one.get("sku"), "quantity": quantity, "price": price}
            else:
                yield from _lines(value)


def _fees(part: Any) -> Iterator[dict[str, Any]]:
    """What was added to the goods; a mere address, as the API gives it unasked, holds none."""
    for one in part if isinstance(part, list) else ():
        price = amounts.written(amounts.decimal(one.get("cost_ex_tax")))
        yield {"title": one.get("display_name_customer") or one.get("type"), "quantity": 1, "price": price}


def _paid(row: Json) -> dict[str, Any]:
    """Whether the order was paid, and what by: an order names the payment's id at its provider, and no time."""
    told, status = str(row.get("payment_status") or "").lower(), row.get("status_id")
    paid = told in PAID or (not told and status in PAID_STATUSES)
    failed = not paid and (told == "declined" or status == DECLINED)
    ids, total = [row.get("payment_provider_id")], row["total_inc_tax"]
    return {"_is_paid": paid, **shop_rules.paid_by("bigcommerce", row, ids, total, paid=paid, failed=failed)}


def _kept(row: Json, fields: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in fields if row.get(name) not in (None, "")}


BILLING = Billing("billing_address", ("street_1", "street_2"), "city", "state", "zip", "country_iso2")
ADDRESS = Billing("_address", ("address1", "address2"), "city", "state_or_province", "postal_code", "country_code")
CUSTOMERS = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        fields={
            **shop_rules.person("bigcommerce", ADDRESS),
            "phones": "addresses[].phone",
            "notes": "notes",
            "created_at": "date(date_created)",
            "updated_at": "date(date_modified)",
        },
    ),
    shop_rules.company(ADDRESS),
)
ORDERS = shop_rules.order_rules(
    "bigcommerce",
    BILLING,
    {
        "number": "id",
        "status": "status",
        "currency": "default_currency_code",
        "total": "total_inc_tax",
        "at": "date(date_created)",
        "subtotal": "subtotal_ex_tax",
        "tax": "total_tax",
        "shipping": "_shipping",
        "discount": "_discount",
        # BigCommerce tells neither when an order was paid nor when it was cancelled.
        "paid_at": "(_is_paid && date(date_created)) || `null`",
        "fulfilled_at": "date(date_shipped)",
        "cancelled_at": f"(status_id == `{CANCELLED}` && date(date_modified)) || `null`",
    },
    # "Pending" is a checkout that was begun and not completed; one that was paid all the same is an order.
    draft=f"status_id == `{INCOMPLETE}` || (status_id == `{PENDING}` && !_is_paid)",
    paid="date(date_created)",
    method="payment_method",
)
