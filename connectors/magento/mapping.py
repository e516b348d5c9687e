"""Magento's records in canonical words: what the rules read beside the vendor's fields, and the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.core import shops
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

Json = Mapping[str, Any]

PLACES = Decimal("0.0001")
"""Magento keeps amounts with four places; what else a JSON number shows is noise of binary fractions."""
REFUNDED, PAID, CANCELLED = 2, 2, 3
"""States of credit memos (2) and of invoices (2, 3)."""
_NAME = "concat([customer_firstname, customer_middlename, customer_lastname])"


def _address(at: str) -> dict[str, str]:
    return {
        "address.street": f"join(', ', {at}.street)",
        "address.locality": f"{at}.city",
        "address.region": f"{at}.region.region || {at}.region",
        "address.postal_code": f"{at}.postcode",
        "address.country": f"{at}.country_id",
    }


_ORDER_ADDRESS = {**_address("billing_address"), "address.region": "billing_address.region"}
_BUYER = ParticipantRules(
    "buyer", name=_NAME, email="customer_email", phone="billing_address.telephone", ids=("_buyer",)
)

CUSTOMERS = (
    EntityRules(
        name="customer",
        kind=Kind.PERSON,
        fields={
            "ids": "[join(':', ['magento', 'customer', id])]",
            "email": "email",
            "given_name": "firstname",
            "additional_name": "middlename",
            "family_name": "lastname",
            "honorific_prefix": "prefix",
            "honorific_suffix": "suffix",
            "birth_date": "dob",
            "phone": "_billing.telephone",
            "phones": "addresses[].telephone",
            "company": "_billing.company",
            "job_title": "extension_attributes.company_attributes.job_title",
            **_address("_billing"),
            "address.region": "_billing.region.region",
            "email_consent": "extension_attributes.is_subscribed",
            "created_at": "_created_at",
            "updated_at": "_updated_at",
            "source": "'magento'",
            "custom.group_id": "group_id",
        },
    ),
    EntityRules(
        name="company",
        kind=Kind.ORGANIZATION,
        when="_billing.company && (_tax_id || _company)",
        fields={"name": "_billing.company", "tax_id": "_tax_id", "ids": "_company"},
    ),
)
ORDERS = (
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        fields={
            "key": "_key",
            "number": "increment_id",
            "at": "_created_at",
            "status": "status",
            "currency": "order_currency_code",
            **{name: f"_{name}" for name in ("total", "subtotal", "tax", "shipping", "discount", "refunded")},
            **{
                name: f"_{name}" for name in ("refunds", "payments", "paid_at", "fulfilled_at", "cancelled_at", "lines")
            },
            "custom.store": "store_name",
            "custom.coupon": "coupon_code",
            "custom.base_currency": "base_currency_code",
            "custom.base_total": "_base_total",
            "custom.purchase_order": "payment.po_number",
        },
        participants=(_BUYER,),
    ),
    EntityRules(
        name="payment",
        kind=Kind.PAYMENT,
        when="_payment",
        fields={
            "key": "_payment",
            "at": "_paid_at || _created_at",
            "currency": "order_currency_code",
            "total": "_paid",
            "refunded": "_refunded",
            "method": "payment.method",
            "pays": "[_key]",
        },
        participants=(_BUYER,),
    ),
    EntityRules(
        name="buyer",
        kind=Kind.PERSON,
        when="_guest",
        fields={
            "given_name": "customer_firstname || billing_address.firstname",
            "family_name": "customer_lastname || billing_address.lastname",
            "email": "customer_email",
            "phone": "billing_address.telephone",
            "company": "billing_address.company",
            **_ORDER_ADDRESS,
            "stage": "'customer'",
            "source": "'magento'",
        },
    ),
    EntityRules(
        name="company",
        kind=Kind.ORGANIZATION,
        when="_company_name && (_tax_id || _company)",
        fields={"name": "_company_name", "tax_id": "_tax_id", "ids": "_company", **_ORDER_ADDRESS},
    ),
)
INVOICES = (
    EntityRules(
        name="invoice",
        kind=Kind.INVOICE,
        fields={
            "key": "join(':', ['magento', 'invoice', entity_id])",
            "number": "increment_id",
            "at": "_created_at",
            "currency": "order_currency_code",
            "total": "_total",
            "status": "_status",
            "paid_at": "_paid_at",
            "cancelled_at": "_cancelled_at",
            "bills": "[join(':', ['magento', 'order', order_id])]",
        },
        participants=(ParticipantRules("buyer", email="_of.customer_email", ids=("_buyer",)),),
    ),
)
CARTS = (
    EntityRules(
        name="cart",
        kind=Kind.DEAL,
        when="_open",
        fields={
            "key": "join(':', ['magento', 'cart', id])",
            "at": "_created_at",
            "title": "items[0].name",
            "pipeline": "'Carts'",
            "stage": "'open'",
            "currency": "currency.quote_currency_code",
            "total": "_total",
            "custom.items": "items_count",
        },
        participants=(ParticipantRules("buyer", email="customer.email || billing_address.email", ids=("_buyer",)),),
    ),
)


def amount(value: Any) -> Decimal | None:
    """An amount as the shop keeps it; None for none. Raises RecordError for what is no number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RecordError("an amount that is no number")
    try:
        found = Decimal(repr(value) if isinstance(value, float) else value).quantize(PLACES)
    except InvalidOperation:
        raise RecordError("an amount that is no number") from None
    if not found.is_finite():
        raise RecordError("an amount that is no number")
    return found


def text(value: Decimal | None) -> str | None:
    """The amount with two places, or with as many as it needs."""
    if value is None:
        return None
    short = value.normalize()
    exponent = short.as_tuple().exponent
    return f"{short if isinstance(exponent, int) and exponent < -2 else value.quantize(Decimal('0.01')):f}"


def instant(value: Any) -> str | None:
    """A time as the shop tells it (UTC, without saying so) as an instant; None for none and for its time zero.

    Raises RecordError for what is no time.
    """
    if value is None or str(value).startswith("0000-00-00"):
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).isoformat()
    except (TypeError, ValueError):
        raise RecordError("a time that is not written as Magento writes times") from None


def customer(found: Json) -> dict[str, Any]:
    """What the rules read of a customer beside its own fields."""
    addresses = found.get("addresses") or ()
    billing = next((one for one in addresses if one.get("default_billing")), addresses[0] if addresses else {})
    of_company = (found.get("extension_attributes") or {}).get("company_attributes") or {}
    return {
        "_billing": billing,
        "_tax_id": billing.get("vat_id") or found.get("taxvat"),
        "_company": _ids("company", of_company.get("company_id")),
    }


def order(found: Json) -> dict[str, Any]:
    """What the rules read of an order beside its own fields; its ``credit_memos`` lie beside it.

    Amounts are those of the order's own currency, in which the customer saw them and agreed to them; what they were in
    the shop's base currency stands beside.
    """
    billing, attributes = found.get("billing_address") or {}, found.get("extension_attributes") or {}
    of_company = attributes.get("company_order_attributes") or {}
    total, paid, discount = (amount(found.get(name)) for name in ("grand_total", "total_paid", "discount_amount"))
    memos = [one for one in found.get("credit_memos", ()) if one.get("state") == REFUNDED]
    guest = bool(found.get("customer_is_guest")) or not found.get("customer_id")
    settled = bool(paid) and paid is not None and total is not None and paid >= total
    base = found.get("base_currency_code") != found.get("order_currency_code")
    return {
        "_key": f"magento:order:{found['entity_id']}",
        **{
            f"_{name}": text(amount(found.get(field)))
            for name, field in (("total", "grand_total"), ("subtotal", "subtotal"), ("tax", "tax_amount"))
        },
        "_shipping": text(amount(found.get("shipping_amount"))),
        "_discount": text(abs(discount)) if discount is not None else None,  # Magento tells it as less than nothing
        "_refunded": text(amount(found.get("total_refunded"))),
        "_refunds": [_refund(one) for one in memos],
        "_paid": text(paid),
        "_base_total": text(amount(found.get("base_grand_total"))) if base else None,
        "_paid_at": (_since(found, "processing", "complete") or instant(found["created_at"])) if settled else None,
        "_fulfilled_at": _since(found, "complete"),
        "_cancelled_at": _since(found, "canceled") or instant(found["updated_at"]) if _is(found, "canceled") else None,
        "_lines": [_line(one) for one in found["items"] if not one.get("parent_item_id")],
        "_guest": guest and bool(found.get("customer_email") or billing.get("telephone")),
        "_buyer": [] if guest else _ids("customer", found["customer_id"]),
        "_company": _ids("company", of_company.get("company_id")),
        "_company_name": of_company.get("company_name") or (billing.get("company") if guest else None),
        "_tax_id": billing.get("vat_id") or found.get("customer_taxvat"),
        **_paying(found, paid),
    }


def invoice(found: Json) -> dict[str, Any]:
    """What the rules read of an invoice beside its own fields; its order's buyer lies under ``_of``."""
    state = found.get("state")
    return {
        "_total": text(amount(found.get("grand_total"))),
        "_status": {1: "open", PAID: "paid", CANCELLED: "canceled"}.get(state) if isinstance(state, int) else None,
        "_paid_at": instant(found["created_at"]) if state == PAID else None,
        "_cancelled_at": instant(found["updated_at"]) if state == CANCELLED else None,
        "_buyer": _ids("customer", (found.get("_of") or {}).get("customer_id")),
    }


def cart(found: Json) -> dict[str, Any]:
    """What the rules read of a cart beside its own fields. One that became an order is no sale in the making."""
    who, items = found.get("customer") or {}, found.get("items") or ()
    known = bool(who.get("id") or who.get("email") or (found.get("billing_address") or {}).get("email"))
    prices = [(amount(one.get("price")), amount(one.get("qty"))) for one in items]
    total = sum((price * quantity for price, quantity in prices if price and quantity), Decimal(0))
    return {
        "_open": known and found.get("is_active") is True and bool(items),
        "_total": text(total.quantize(PLACES)),
        "_buyer": _ids("customer", who.get("id")),
    }


def _ids(kind: str, number: Any) -> list[str]:
    return [f"magento:{kind}:{number}"] if number else []


def _refund(memo: Json) -> dict[str, Any]:
    return {
        "key": f"magento:creditmemo:{memo['entity_id']}",
        "at": instant(memo["created_at"]),
        "amount": text(amount(memo["grand_total"])),
    }


def _line(item: Json) -> dict[str, Any]:
    told = {"title": item.get("name"), "sku": item["sku"], "quantity": _plain(amount(item.get("qty_ordered")))}
    return {name: one for name, one in {**told, "price": text(amount(item.get("price")))}.items() if one is not None}


def _plain(value: Decimal | None) -> str | None:
    return f"{value.normalize():f}" if value is not None else None


def _is(found: Json, state: str) -> bool:
    return state in (found.get("state"), found.get("status"))


def _since(found: Json, *statuses: str) -> str | None:
    """When the order first had one of the statuses, by its history."""
    history: Iterable[Json] = found.get("status_histories") or ()
    times = [instant(one.get("created_at")) for one in history if one.get("status") in statuses]
    return min((time for time in times if time), default=None)


def _paying(found: Json, paid: Decimal | None) -> dict[str, Any]:
    """What paid it: by Stripe's own key where the payment method is Stripe's and told its id, else by ours."""
    payment = found.get("payment") or {}
    # Magento writes what it did behind the id: ch_…-capture.
    told = str(payment.get("last_trans_id") or "").partition("-")[0] if "stripe" in str(payment.get("method")) else ""
    ours = f"magento:payment:{payment.get('entity_id')}" if payment.get("entity_id") and paid else ""
    key, own = shops.payment_key(told, ours)
    return {"_payments": [key] if key else [], "_payment": key if own and paid and key else None}


def keep(found: Json, hidden: Sequence[str]) -> dict[str, Any]:
    """The record without what is secret or nobody's business; of a payment only how and by which transaction."""
    kept = {name: value for name, value in found.items() if name not in hidden}
    if isinstance(payment := found.get("payment"), Mapping):
        kept["payment"] = {name: payment.get(name) for name in ("entity_id", "method", "last_trans_id", "po_number")}
    return kept
