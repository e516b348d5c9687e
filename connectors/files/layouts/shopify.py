"""Shopify's customer and order exports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.files.layouts.layout import Cells, FileFacts, Layout, Shaped, identity_of, rest, split_list
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

# Shopify keeps spreadsheets from mangling ids, zips and phones by an apostrophe in front. Names may begin with one of
# their own ('t Hooft), so only these columns are freed of it.
_PROTECTED = re.compile(r"(^|\s)(ID|Id|Zip|Phone)$")
_BIRTH_DATE = "(customer.metafields.facts.birth_date)"

_CUSTOMER: dict[str, tuple[str, ...]] = {
    "Customer ID": (),
    "First Name": (),
    "Last Name": (),
    "Email": (),
    "Accepts Email Marketing": ("Accepts Marketing",),
    "Accepts SMS Marketing": (),
    "Default Address Company": ("Company",),
    "Default Address Address1": ("Address1",),
    "Default Address Address2": ("Address2",),
    "Default Address City": ("City",),
    "Default Address Province Code": ("Province Code",),
    "Default Address Country Code": ("Country Code",),
    "Default Address Zip": ("Zip",),
    "Default Address Phone": (),
    "Phone": (),
    "Note": (),
    "Tags": (),
}

_ADDRESS = {
    "address.street": "_street",
    "address.locality": '"Default Address City"',
    "address.region": '"Default Address Province Code"',
    "address.postal_code": '"Default Address Zip"',
    "address.country": '"Default Address Country Code"',
}


def _freed(cells: dict[str, Any]) -> dict[str, Any]:
    return {
        name: cell.removeprefix("'") if isinstance(cell, str) and _PROTECTED.search(name) else cell
        for name, cell in cells.items()
    }


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _customer(raw: dict[str, Any], facts: FileFacts) -> Shaped:
    cells = _freed(raw)
    birthday = next((name for name in cells if name.endswith(_BIRTH_DATE)), "")
    identity = (
        cells.get("Customer ID")
        or cells.get("Email", "").casefold()
        or cells.get("Phone")
        or identity_of(cells, "First Name", "Last Name", "Default Address Company", "Default Address Address1")
    )
    body: dict[str, Any] = dict(cells)
    body["_rest"] = rest(cells, _CUSTOMER, birthday)
    body["_street"] = _joined(cells.get("Default Address Address1", ""), cells.get("Default Address Address2", ""))
    body["_phones"] = [cells[name] for name in ("Phone", "Default Address Phone") if cells.get(name)]
    body["_tags"] = split_list(cells.get("Tags", ""), ",")
    if birthday:
        body["_birth_date"] = cells[birthday]
    body["_consent"] = facts.reference("shopify", "consent", identity)
    if "Customer ID" in cells:
        body["_ids"] = [facts.reference("shopify", "customer", cells["Customer ID"])]
    if cells.get("Total Orders", "0") not in ("0", ""):
        body["_stage"] = "customer"
    return Shaped(identity, body)


def _consent(column: str, purpose: str) -> EntityRules:
    return EntityRules(
        name=purpose,
        kind=Kind.CONSENT,
        when=f'"{column}"',
        fields={
            "key": f"join(':', [_consent, '{purpose}'])",
            "purpose": f"'{purpose}'",
            "granted": f'bool("{column}")',
            "source": "'shopify'",
        },
        participants=(ParticipantRules("subject", email="Email", phone="_phones[0]", ids=("_ids",)),),
    )


SHOPIFY_CUSTOMERS = Layout(
    stream="shopify_customers",
    title="Shopify customers",
    columns=_CUSTOMER,
    telling=("Total Spent", "Total Orders"),
    recognises=lambda header, rows: {"Email", "Accepts Email Marketing", "Total Spent"} <= header,
    shape=_customer,
    rules=(
        EntityRules(
            name="person",
            kind=Kind.PERSON,
            fields={
                "given_name": '"First Name"',
                "family_name": '"Last Name"',
                "email": "Email",
                "phone": "_phones[0]",
                "phones": "_phones",
                "company": '"Default Address Company"',
                **_ADDRESS,
                "birth_date": "_birth_date",
                "tags": "_tags",
                "notes": "Note",
                "ids": "_ids",
                "stage": "_stage",
                "email_consent": 'bool("Accepts Email Marketing")',
                "sms_consent": 'bool("Accepts SMS Marketing")',
                "source": "'shopify'",
                "custom": "_rest",
            },
        ),
        _consent("Accepts Email Marketing", "marketing_email"),
        _consent("Accepts SMS Marketing", "marketing_sms"),
    ),
)

_ORDER: dict[str, tuple[str, ...]] = {
    "Name": (),
    "Email": (),
    "Phone": (),
    "Financial Status": (),
    "Paid at": (),
    "Fulfilled at": ("Fulfillment Date",),
    "Accepts Marketing": (),
    "Currency": (),
    "Subtotal": (),
    "Shipping": (),
    "Taxes": (),
    "Total": (),
    "Discount Amount": (),
    "Created at": (),
    "Cancelled at": ("Canceled at",),
    "Refunded Amount": (),
    "Id": (),
    "Lineitem quantity": (),
    "Lineitem name": (),
    "Lineitem price": (),
    "Lineitem sku": (),
    "Billing Name": (),
    "Billing Street": (),
    "Billing Company": (),
    "Billing City": (),
    "Billing Zip": (),
    "Billing Province": (),
    "Billing Country": (),
    "Billing Phone": (),
    "Shipping Name": (),
    "Shipping Phone": (),
}


# What Shopify exports of a payment has changed its name and form more than once. Only an id that is unmistakably one of
# Stripe's is taken for a payment's key; Stripe's ids begin with the kind of object (docs.stripe.com/api, 2026-11-29).
_PAYMENT = ("Payment ID", "Payment Reference", "Payment References")
_STRIPE = re.compile(r"(?<![A-Za-z0-9_])(ch|py|pi)_[A-Za-z0-9]{8,}")
_OBJECTS = {"ch": "charge", "py": "charge", "pi": "payment_intent"}


def _payments(cells: Cells) -> list[str]:
    """The keys of the payments at Stripe that the order names."""
    found = [match for name in _PAYMENT for match in _STRIPE.finditer(cells.get(name, ""))]
    return list(dict.fromkeys(f"stripe:{_OBJECTS[match[1]]}:{match[0]}" for match in found))


def _order_continues(opening: Cells, row: Cells) -> bool:
    return row.get("Name", opening.get("Name")) == opening.get("Name")


def _lines(rows: Sequence[Cells]) -> list[Cells]:
    """The line items. Exact duplicate rows occur as an export fault, but two equal items of one order look the same:
    the order's own subtotal decides which it is, and without one the duplicates go."""
    opening = rows[0]
    kept = [row for place, row in enumerate(rows) if place == 0 or row != opening]
    distinct = [{name: cell for name, cell in row.items() if name.startswith("Lineitem ")} for row in kept]
    unique = [line for place, line in enumerate(distinct) if line not in distinct[:place]]
    return distinct if len(unique) < len(distinct) and _adds_up(distinct, opening) else unique


def _adds_up(lines: Sequence[Cells], order: Cells) -> bool:
    try:
        total = sum(Decimal(line["Lineitem price"]) * Decimal(line.get("Lineitem quantity", "1")) for line in lines)
        subtotal, discount = Decimal(order["Subtotal"]), Decimal(order.get("Discount Amount", "0"))
        return any(abs(total - wanted) <= Decimal("0.01") for wanted in (subtotal, subtotal + discount))
    except (KeyError, InvalidOperation):
        return False


def _order(raw: dict[str, Any], facts: FileFacts) -> Shaped:
    rows = [_freed(row) for row in raw["_rows"]]
    cells = rows[0]
    if not (cells.keys() & {"Total", "Created at", "Id", "Financial Status"}):
        raise RecordError("a line item without the order that it belongs to")
    identity = cells.get("Id") or cells.get("Name") or ""
    if not identity:
        raise RecordError("the columns 'Id' and 'Name' are empty")
    body: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("Lineitem ")}
    body["lines"] = _lines(rows)
    body["_rest"] = {name: cell for name, cell in rest(cells, _ORDER).items() if not name.startswith("Lineitem ")}
    body["_key"] = facts.reference("shopify", "order", identity)
    body["_payments"] = _payments(cells)
    body["_name"] = cells.get("Billing Name") or cells.get("Shipping Name")
    body["_phone"] = next((cells[n] for n in ("Phone", "Billing Phone", "Shipping Phone") if cells.get(n)), None)
    if not cells.get("Email") and not body["_phone"] and body["_name"]:
        # A buyer who left nothing but a name is known by this order alone.
        body["_ids"] = [facts.reference("shopify", "order", identity)]
    body["_buyer"] = bool(cells.get("Email") or body["_phone"] or body["_name"])
    return Shaped(identity, body)


SHOPIFY_ORDERS = Layout(
    stream="shopify_orders",
    title="Shopify orders",
    columns=_ORDER,
    recognises=lambda header, rows: {"Name", "Lineitem name", "Lineitem quantity", "Total"} <= header,
    continues=_order_continues,
    shape=_order,
    rules=(
        EntityRules(
            name="order",
            kind=Kind.ORDER,
            fields={
                "key": "_key",
                "number": "Name",
                "at": 'date("Created at")',
                "status": '"Financial Status"',
                "currency": "Currency",
                "total": 'number("Total")',
                "subtotal": 'number("Subtotal")',
                "tax": 'number("Taxes")',
                "shipping": 'number("Shipping")',
                "discount": 'number("Discount Amount")',
                "refunded": 'number("Refunded Amount")',
                "paid_at": 'date("Paid at")',
                "fulfilled_at": 'date("Fulfilled at")',
                "cancelled_at": 'date("Cancelled at")',
                "payments": "_payments",
                "lines": 'lines[].{title: "Lineitem name", sku: "Lineitem sku",'
                ' quantity: "Lineitem quantity", price: "Lineitem price"}',
                "custom": "_rest",
            },
            participants=(ParticipantRules("buyer", name="_name", email="Email", phone="_phone", ids=("_ids",)),),
        ),
        EntityRules(
            name="buyer",
            kind=Kind.PERSON,
            when="_buyer",
            fields={
                "name": "_name",
                "email": "Email",
                "phone": "_phone",
                "company": '"Billing Company"',
                "address.street": '"Billing Street"',
                "address.locality": '"Billing City"',
                "address.region": '"Billing Province"',
                "address.postal_code": '"Billing Zip"',
                "address.country": '"Billing Country"',
                "ids": "_ids",
                "email_consent": 'bool("Accepts Marketing")',
                "stage": "'customer'",
                "source": "'shopify'",
            },
        ),
    ),
)
