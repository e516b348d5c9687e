"""Stripe's payments export. Card data is dropped before anything is stored."""

from __future__ import annotations

from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, plain_number, required, rest
from connectors.files.layouts.person import filled
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": (),
    "Created (UTC)": ("Created date (UTC)", "Created"),
    "Amount": (),
    "Amount Refunded": (),
    "Currency": (),
    "Status": (),
    "Description": (),
    "Customer ID": (),
    "Customer Email": (),
    "Payment Source Type": (),
}
_CARD = "card "
_FAILED = frozenset({"failed", "canceled"})
_LINKS = {"PaymentIntent ID": "payment_intent", "Invoice ID": "invoice"}
"""Columns that an admin may add to the export: the payment's other name, and what it pays."""


def _payment(raw: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = required(raw, "id")
    cells = {name: cell for name, cell in raw.items() if not name.casefold().startswith(_CARD)}
    customer = cells.get("Customer ID")
    body: dict[str, Any] = dict(cells)
    body.update(
        filled(
            _rest=rest(cells, _COLUMNS),
            _currency=cells.get("Currency", "").upper(),
            _total=plain_number(cells.get("Amount", "")),
            _refunded=plain_number(cells.get("Amount Refunded", "")),
            _status=cells.get("Status", "").casefold(),
            _failed=cells.get("Status", "").casefold() in _FAILED,
            _test=cells.get("Mode", "").casefold() == "test",
            _ids=[f"stripe:customer:{customer}"] if customer else [],
        )
    )
    # One payment may be known by its intent alone: the export of all payments lists those that were never charged so.
    # Stripe's ids are unique over all accounts, so no ``system`` is put in: a shop names the payment by the plain key.
    body["_key"] = f"stripe:{'payment_intent' if identity.startswith('pi_') else 'charge'}:{identity}"
    for column, kind in _LINKS.items():
        if cells.get(column):
            body[f"_{kind}"] = [f"stripe:{kind}:{cells[column]}"]
    return Shaped(identity, body)


STRIPE_PAYMENTS = Layout(
    stream="stripe_payments",
    title="Stripe payments",
    columns=_COLUMNS,
    telling=("Captured", "Seller Message"),
    recognises=lambda header, rows: (
        {"id", "Created (UTC)", "Amount", "Currency", "Status"} <= header
        and bool(header & {"Customer ID", "Customer Email", "Captured", "Seller Message"})
    ),
    shape=_payment,
    rules=(
        EntityRules(
            name="payment",
            kind=Kind.PAYMENT,
            fields={
                "key": "_key",
                "number": "id",
                "at": 'date("Created (UTC)")',
                "total": "_total",
                "refunded": "_refunded",
                "currency": "_currency",
                "status": "_status",
                "failed": "_failed || `null`",
                "test": "_test || `null`",
                "aliases": "_payment_intent",
                "pays": "_invoice",
                "method": '"Payment Source Type"',
                "title": "Description",
                "custom": "_rest",
            },
            participants=(ParticipantRules("payer", email='"Customer Email"', ids=("_ids",)),),
        ),
        EntityRules(
            name="payer",
            kind=Kind.PERSON,
            when='"Customer Email"',
            fields={"email": '"Customer Email"', "ids": "_ids", "source": "'stripe'"},
        ),
    ),
)
