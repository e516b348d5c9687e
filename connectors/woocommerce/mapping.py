"""WooCommerce's orders and customers as raw records, and in canonical words: the default field rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

from connectors.core import amounts, payment_keys, shop_rules, timestamps
from connectors.core.shop_rules import Billing, Json
from connectors.core.shops import bare, readable
from mapping.model import Kind
from mapping.rules import EntityRules

ORDER_FIELDS = (
    *("id", "parent_id", "number", "created_via", "version", "status", "currency", "prices_include_tax"),
    *("date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "date_paid", "date_paid_gmt"),
    *("date_completed", "date_completed_gmt", "discount_total", "discount_tax", "shipping_total", "shipping_tax"),
    *("cart_tax", "total", "total_tax", "customer_id", "customer_note", "billing", "shipping", "payment_method"),
    *("payment_method_title", "transaction_id", "meta_data", "line_items", "tax_lines", "shipping_lines"),
    *("fee_lines", "coupon_lines", "refunds"),
)
"""What is kept of an order. Not its ``order_key``, by which whoever has it may see and pay it, nor from where and with
which browser it was sent."""
CUSTOMER_FIELDS = (
    *("id", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "email", "first_name"),
    *("last_name", "role", "username", "billing", "shipping", "is_paying_customer", "meta_data"),
)
ATTRIBUTION = "_wc_order_attribution_"
"""What an order's metadata on where the buyer came from begins with (WooCommerce 8.5 and later)."""
TAX_NUMBERS = (
    *("_billing_vat_number", "billing_vat_number", "_vat_number", "vat_number", "_billing_eu_vat_number"),
    *("_billing_vat", "billing_vat", "_billing_tax_id", "billing_tax_id", "_billing_company_vat_id"),
)
"""The names under which plugins for company buyers keep the tax number; WooCommerce itself has none."""


def instant(row: Json) -> datetime | None:
    """When a record last changed, None where that is not known. Raises RecordError where it cannot be read."""
    return timestamps.changed(row, "date_modified_gmt") if row.get("date_modified_gmt") else None


def customer(row: Json) -> dict[str, Any]:
    """The record of a user. Raises RecordError where its parts cannot be read."""
    with readable(row, "a customer whose parts are not what WooCommerce sends"):
        meta = _meta(row)
        body = {**_kept(row, CUSTOMER_FIELDS), **shop_rules.buyer(row.get("billing") or {}, map(meta.get, TAX_NUMBERS))}
        return {**body, "_key": f"woocommerce:customer:{row['id']}", "_rest": _rest(row, meta)}


def order(row: Json, refunds: Sequence[Json] = ()) -> dict[str, Any]:
    """The record of an order; ``refunds`` are those of its own listing, which tells when they were.

    Raises RecordError where its parts or amounts cannot be read.
    """
    with readable(row, "an order whose parts are not what WooCommerce sends"):
        key, meta, billing = f"woocommerce:order:{row['id']}", _meta(row), row.get("billing") or {}
        sold = (*row["line_items"], *(row.get("fee_lines") or ()))
        return {
            **_kept(row, ORDER_FIELDS),
            **shop_rules.buyer(billing, map(meta.get, TAX_NUMBERS)),
            "_key": key,
            "_lines": list(_lines(row)),
            "_subtotal": amounts.total(one["total"] for one in sold),
            **shop_rules.refunds("woocommerce", _refunds(row, {one["id"]: one for one in refunds})),
            **_paid(row, meta),
            "_test": meta.get("_wcpay_mode") == "test",
            **shop_rules.guest(row, key, billing),
            "_rest": _rest(row, meta),
        }


def _refunds(row: Json, dated: Mapping[int, Json]) -> Iterator[tuple[int, str | None, Decimal, str | None]]:
    for one in row.get("refunds") or ():
        at = dated.get(one["id"], {}).get("date_created_gmt")
        yield one["id"], f"{at}Z" if at else None, abs(amounts.decimal(one["total"])), one.get("reason")


def _rest(row: Json, meta: Mapping[str, Any]) -> dict[str, Any]:
    """What stays as ``custom``: WordPress keeps what begins with an underscore from its own pages, too."""
    coupons = [one["code"] for one in row.get("coupon_lines") or ()]
    rest = {"coupons": coupons, "created_via": row.get("created_via"), "note": row.get("customer_note")}
    rest.update({name.removeprefix(ATTRIBUTION): meta[name] for name in meta if name.startswith(ATTRIBUTION)})
    return bare({**rest, **{name: meta[name] for name in meta if not name.startswith("_")}})


def _lines(row: Json) -> Iterator[dict[str, Any]]:
    """What was bought and what was added to it, without tax; the price of one before any discount.

    Counted from the line's amount, which is a text, since ``price`` is a binary fraction in JSON.
    """
    for one in row["line_items"]:
        whole = one.get("subtotal") or one["total"]
        title, sku = unescape(one.get("name") or ""), one.get("sku") or None
        yield {"title": title, "sku": sku, "quantity": one["quantity"], "price": amounts.each(whole, one["quantity"])}
    for one in row.get("fee_lines") or ():
        yield {"title": unescape(one.get("name") or ""), "quantity": 1, "price": one["total"]}


def _paid(row: Json, meta: Mapping[str, Any]) -> dict[str, Any]:
    told = [row.get("transaction_id"), *(meta.get(name) for name in payment_keys.PLUGIN_FIELDS)]
    paid, failed = bool(row.get("date_paid_gmt")), row.get("status") == "failed" and bool(row.get("payment_method"))
    return shop_rules.paid_by("woocommerce", row, told, row["total"], paid=paid, failed=failed)


def _meta(row: Json) -> dict[str, Any]:
    return {str(one["key"]): one.get("value") for one in row.get("meta_data") or ()}


def _kept(row: Json, fields: Sequence[str]) -> dict[str, Any]:
    """The documented fields; of the metadata what is public, or read by a rule here."""
    read, meta = {*payment_keys.PLUGIN_FIELDS, *TAX_NUMBERS, "_wcpay_mode"}, row.get("meta_data") or ()
    told = [(one, str(one["key"])) for one in meta]
    kept = [one for one, key in told if key in read or not key.startswith("_") or key.startswith(ATTRIBUTION)]
    return {**{name: row[name] for name in fields if row.get(name) is not None}, "meta_data": kept}


BILLING = Billing("billing", ("address_1", "address_2"), "city", "state", "postcode", "country")
_PERSON = {
    **shop_rules.person("woocommerce", BILLING),
    "emails": "[email, billing.email][?@]",
    "stage": "(is_paying_customer && 'customer') || `null`",
    "created_at": "date(date_created_gmt)",
    "updated_at": "date(date_modified_gmt)",
    "custom": "_rest",
}
_STAFF = "contains(['administrator', 'shop_manager', 'editor', 'author', 'contributor'], role || '')"

CUSTOMERS = (
    EntityRules(name="person", kind=Kind.PERSON, when=f"!{_STAFF}", fields=_PERSON),
    # Somebody who works on the site, and no customer for that.
    EntityRules(name="colleague", kind=Kind.PERSON, when=_STAFF, fields=_PERSON, founding=False),
    shop_rules.company(BILLING, f"_company && !{_STAFF}"),
)
ORDERS = shop_rules.order_rules(
    "woocommerce",
    BILLING,
    {
        **{name: name for name in ("number", "status", "currency", "total")},
        "at": "date(date_created_gmt)",
        "subtotal": "_subtotal",
        "tax": "total_tax",
        "shipping": "shipping_total",
        "discount": "discount_total",
        "paid_at": "date(date_paid_gmt)",
        "fulfilled_at": "date(date_completed_gmt)",
        # WooCommerce does not keep when an order was cancelled.
        "cancelled_at": "(status == 'cancelled' && date(date_modified_gmt)) || `null`",
    },
    draft="status == 'checkout-draft'",
    paid="date(date_paid_gmt)",
    method="payment_method_title || payment_method",
)
