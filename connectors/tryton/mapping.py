"""Tryton's records in canonical words: the default field rules."""

from __future__ import annotations

from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules


def _named(prefix: str, value: str = "id") -> str:
    return f"join('', ['tryton:{prefix}:', {value}])"


def _reached(*types: str) -> str:
    kinds = " || ".join(f"type == '{kind}'" for kind in types)
    return f"contact_mechanisms[?active && ({kinds})].value"


_PHONES = _reached("phone", "mobile")
_PROFILE = {
    "ids": f"[{_named('party')}]",
    "name": "name",
    "email": f"{_reached('email')} | [0]",
    "emails": _reached("email"),
    "phone": f"{_PHONES} | [0]",
    "phones": _PHONES,
    "website": f"{_reached('website')} | [0]",
    "address.street": "addresses[?active] | [0].street",
    "address.locality": "addresses[?active] | [0].city",
    "address.region": "addresses[?active] | [0].subdivision.name",
    "address.postal_code": "addresses[?active] | [0].postal_code",
    "address.country": "addresses[?active] | [0].country.code",
    "tax_id": "tax_identifier.code",
    "language": "lang.code",
    "tags": "categories[].rec_name",
    "created_at": "create_date",
    "updated_at": "write_date || create_date",
}
PARTIES = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        when="_sort == 'person' && !_ours",
        fields={
            **_PROFILE,
            "given_name": "first_name(name)",
            "family_name": "last_name(name)",
            "company": "_employer",
            "source": "'tryton'",
        },
    ),
    EntityRules(
        name="organization",
        kind=Kind.ORGANIZATION,
        when="_sort == 'organization' && !_ours",
        fields=_PROFILE,
    ),
)


def _party(role: str, field: str = "party") -> ParticipantRules:
    return ParticipantRules(
        role=role,
        name=f"{field}.name",
        email=f"{field}.email",
        phone=f"{field}.phone || {field}.mobile",
        ids=(_named("party", f"{field}.id"),),
    )


_BUYERS = (
    _party("customer"),
    _party("payer", "invoice_party"),
    _party("recipient", "shipment_party"),
    ParticipantRules(role="contact", each="[contact][?type == 'email']", name="name", email="value"),
)
_LINES = (
    "lines[?type == 'line'].{title: description || product.rec_name, sku: product.code, quantity: quantity,"
    " price: unit_price}"
)
_MONEY = {"currency": "currency.code", "number": "number", "status": "state"}
_EARLY = '`["draft", "quotation"]`'

SALES = (
    EntityRules(
        name="quotation",
        kind=Kind.DEAL,
        when=f"contains({_EARLY}, state)",
        fields={
            **_MONEY,
            "key": _named("quotation"),
            "at": "sale_date || create_date",
            "total": "total_amount",
            "title": "description || reference",
            "text": "comment",
            "stage": "state",
        },
        participants=_BUYERS,
    ),
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        when=f"!contains({_EARLY}, state)",
        fields={
            **_MONEY,
            "key": _named("sale"),
            "at": "sale_date || create_date",
            "total": "total_amount",
            "subtotal": "untaxed_amount",
            "tax": "tax_amount",
            "title": "description || reference",
            "text": "comment",
            # Cancelling is the last thing that happens to a sale, and Tryton keeps no date of its own for it.
            "cancelled_at": "(state == 'cancelled') && (write_date || create_date) || `null`",
            "lines": _LINES,
        },
        participants=_BUYERS,
    ),
)


def _invoice(name: str, kind: str, role: str) -> EntityRules:
    return EntityRules(
        name=name,
        kind=Kind.INVOICE,
        when=f"type == '{kind}'",
        fields={
            **_MONEY,
            "key": _named("invoice"),
            "at": "invoice_date || create_date",
            "total": "total_amount",
            "title": "description || reference",
            "text": "comment",
            "due_on": "min(lines_to_pay[].maturity_date) || `null`",
            "paid_at": "(state == 'paid') && reconciled || `null`",
            "bills": f"sales[].{_named('sale')}",
        },
        participants=(_party(role),),
    )


_ORIGIN = "split(line.move_origin, ',')[1]"
INVOICES = (_invoice("invoice", "out", "customer"), _invoice("bill", "in", "supplier"))
PAYMENTS = (
    EntityRules(
        name="payment",
        kind=Kind.PAYMENT,
        when="kind == 'receivable'",
        fields={
            **_MONEY,
            "key": _named("payment"),
            "at": "date || create_date",
            "total": "amount",
            "method": "journal.name",
            # The text is called description in 7.0 and reference in 8.2.
            "title": "description || reference",
            # The line to pay is one of the move that an invoice has posted (account.move.line, ``move_origin``).
            "pays": (
                "line.move_origin && starts_with(line.move_origin, 'account.invoice,')"
                f" && [{_named('invoice', _ORIGIN)}] || `null`"
            ),
        },
        participants=(_party("payer"),),
    ),
)
