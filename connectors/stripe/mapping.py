"""Stripe's objects as raw records, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.stripe import amounts
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

Json = Mapping[str, Any]

LIVE = ("active", "past_due")
ENDED = ("canceled", "incomplete_expired", "unpaid")
OF_A_PERSON = frozenset({"br_cpf"})
"""Kinds of tax number that people have; the others are those of businesses."""
RETURNED = ("pending", "requires_action", "succeeded")
"""Refunds that have gone out or will; failed and cancelled ones have not."""


def _address(at: str) -> dict[str, str]:
    return {
        "address.street": f"{at}.[line1, line2] | [?@] | join(', ', @)",
        "address.locality": f"{at}.city",
        "address.region": f"{at}.state",
        "address.postal_code": f"{at}.postal_code",
        "address.country": f"{at}.country",
    }


_CUSTOMER = ("join(':', ['stripe', 'customer', customer])",)

CUSTOMERS = (
    EntityRules(
        name="customer",
        kind=Kind.PERSON,
        fields={
            "ids": "_ids",
            "name": "!_company && name || `null`",
            "email": "email",
            "phone": "phone",
            "company": "_company && name || `null`",
            **_address("address"),
            "language": "preferred_locales[0]",
            "notes": "description",
            "created_at": "_at",
            "source": "'stripe'",
            "custom": "metadata",
        },
    ),
    EntityRules(
        name="company",
        kind=Kind.ORGANIZATION,
        when="_company && name",
        fields={"name": "name", "tax_id": "_tax_id", **_address("address")},
    ),
)
CHARGES = (
    EntityRules(
        name="payment",
        kind=Kind.PAYMENT,
        fields={
            "key": "join(':', ['stripe', 'charge', id])",
            "number": "id",
            "at": "_at",
            "total": "_total",
            "refunded": "_refunded",
            "refunds": "_refunds",
            "currency": "upper(currency)",
            "status": "status",
            "method": "payment_method_details.type",
            "title": "description",
            "failed": "_failed",
            "test": "_test",
            "pays": "_pays",
            "aliases": "_aliases",
            "custom.failure": "failure_code",
            "custom.disputed": "disputed",
            "custom.metadata": "metadata",
        },
        participants=(
            ParticipantRules(
                "payer",
                name="billing_details.name",
                email="billing_details.email || receipt_email",
                phone="billing_details.phone",
                ids=_CUSTOMER,
            ),
        ),
    ),
    EntityRules(
        name="payer",
        kind=Kind.PERSON,
        when="_guest",
        fields={
            "name": "billing_details.name",
            "email": "billing_details.email || receipt_email",
            "phone": "billing_details.phone",
            **_address("billing_details.address"),
            "source": "'stripe'",
        },
    ),
)
INVOICES = (
    EntityRules(
        name="invoice",
        kind=Kind.INVOICE,
        when="status != 'draft'",
        fields={
            "key": "join(':', ['stripe', 'invoice', id])",
            "number": "number",
            "at": "_at",
            "total": "_total",
            "currency": "upper(currency)",
            "status": "status",
            "title": "description",
            "due_on": "_due_on",
            "paid_at": "_paid_at",
            "cancelled_at": "_cancelled_at",
            "payments": "_payments",
            "test": "_test",
            "custom.subscription": "subscription",
            "custom.metadata": "metadata",
        },
        participants=(
            ParticipantRules(
                "buyer", name="customer_name", email="customer_email", phone="customer_phone", ids=_CUSTOMER
            ),
        ),
    ),
)
SUBSCRIPTIONS = (
    EntityRules(
        name="subscription",
        kind=Kind.DEAL,
        fields={
            "key": "join(':', ['stripe', 'subscription', id])",
            "number": "id",
            "at": "_at",
            "title": "description || items.data[0].price.nickname",
            "total": "_total",
            "currency": "upper(currency)",
            "status": "status",
            "pipeline": "'Subscriptions'",
            "stage": "status",
            "won": "_won",
            "test": "_test",
            "custom.interval": "items.data[0].price.recurring.interval",
            "custom.ended_at": "_ended_at",
            "custom.metadata": "metadata",
        },
        participants=(ParticipantRules("buyer", ids=_CUSTOMER),),
    ),
)


def customer(found: Json) -> dict[str, Any]:
    """What the rules read of a customer beside its own fields: whether it is a company, and its tax number."""
    numbers = [one for one in found.get("tax_ids", {}).get("data", ()) if one["type"] not in OF_A_PERSON]
    return {
        "_ids": [f"stripe:customer:{found['id']}"],
        "_company": bool(numbers),
        "_tax_id": numbers[0]["value"] if numbers else None,
    }


def charge(found: Json) -> dict[str, Any]:
    """What the rules read of a charge beside its own fields; its ``disputes`` lie beside it."""
    currency, intent, invoice = found["currency"], found.get("payment_intent"), found.get("invoice")
    amount, billing = amounts.decimal(found["amount"], currency), found["billing_details"]
    back = [amounts.decimal(found["amount_refunded"], currency)]
    if found["captured"] and found["status"] == "succeeded":
        # What was authorised and never captured has gone back, whether or not Stripe counts it as refunded.
        uncaptured = amounts.decimal(found["amount"] - found.get("amount_captured", found["amount"]), currency)
        back = [max(one for one in (*back, uncaptured) if one is not None)]
    refunds = [_refund(one) for one in found.get("refunds", {}).get("data", ()) if one.get("status") in RETURNED]
    lost = [one for one in found.get("disputes", ()) if one["status"] == "lost"]
    return {
        "_total": f"{amount:f}",
        "_refunded": amounts.total([*back, *(amounts.decimal(one["amount"], one["currency"]) for one in lost)]),
        "_refunds": [*refunds, *(_dispute(one) for one in lost)],
        "_failed": found["status"] != "succeeded" or not found["captured"],
        "_pays": [f"stripe:invoice:{invoice}"] if invoice else [],
        "_aliases": [f"stripe:payment_intent:{intent}"] if intent else [],
        "_guest": not found.get("customer")
        and bool(billing.get("email") or found.get("receipt_email") or billing.get("phone")),
        "payment_method_details": {"type": (found.get("payment_method_details") or {}).get("type")},
    }


def _refund(found: Json, kind: str = "refund", why: str = "") -> dict[str, Any]:
    told = {
        "key": f"stripe:{kind}:{found['id']}",
        "at": instant(found["created"]),
        "amount": amounts.text(found["amount"], found["currency"]),
        "reason": why or found.get("reason"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _dispute(found: Json) -> dict[str, Any]:
    return _refund(found, "dispute", f"dispute: {found['reason']}")


def invoice(found: Json) -> dict[str, Any]:
    """What the rules read of an invoice beside its own fields."""
    moments = {name: instant(at) for name, at in (found.get("status_transitions") or {}).items()}
    charge, intent, due = found.get("charge"), found.get("payment_intent"), instant(found.get("due_date"))
    paid_by = [f"stripe:charge:{charge}"] if charge else [f"stripe:payment_intent:{intent}"] if intent else []
    return {
        "_at": moments.get("finalized_at") or instant(found["created"]),
        "_total": amounts.text(found["total"], found["currency"]),
        "_due_on": due[:10] if due else None,
        "_paid_at": moments.get("paid_at"),
        "_cancelled_at": moments.get("voided_at") or moments.get("marked_uncollectible_at"),
        "_payments": paid_by,
    }


def subscription(found: Json) -> dict[str, Any]:
    """What the rules read of a subscription beside its own fields."""
    items, status = found["items"]["data"], found["status"]
    whole = bool(items) and not found["items"].get("has_more")
    return {
        "_total": amounts.total(_price(item, found["currency"]) for item in items) if whole else None,
        "_won": True if status in LIVE else False if status in ENDED else None,
        "_ended_at": instant(found.get("ended_at")),
    }


def _price(item: Json, currency: str) -> Any:
    """What one item costs in a period; None where that hangs on what is used."""
    price = item["price"]
    unit = amounts.decimal(price.get("unit_amount_decimal") or price.get("unit_amount"), currency)
    return None if unit is None or item.get("quantity") is None else (unit * item["quantity"]).normalize()


def instant(second: Any) -> str | None:
    """Seconds since 1970 as a text; None for none. Raises RecordError for what is no whole number."""
    if second is None:
        return None
    if isinstance(second, bool) or not isinstance(second, int):
        raise RecordError("a time that is no whole number of seconds")
    return datetime.fromtimestamp(second, UTC).isoformat()
