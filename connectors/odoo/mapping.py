"""Odoo's records in canonical words: the default field rules."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules


def _lookup(value: str, table: Mapping[str, object]) -> str:
    return f"lookup({value}, `{json.dumps(table)}`)"


def _named(kind: str, value: str = "id") -> str:
    return f"join(':', ['odoo:{kind}', {value}])"


def _when(condition: str, value: str) -> str:
    """The value where the condition holds, nothing elsewhere (a bare ``&&`` would give ``false``)."""
    return f"({condition}) && {value} || `null`"


def _addresses(field: str) -> dict[str, str]:
    """One field may hold several addresses, which Odoo writes with commas (mail, ``email_split``)."""
    every = f"split(replace({field}, ';', ','), ',')"
    return {"email": f"email_normalized || {every}[0]", "emails": f"{every}[1:]"}


_ADDRESS = {
    "address.street": "join(', ', [street, street2][?@])",
    "address.locality": "city",
    "address.region": "joined.state_id.name",
    "address.postal_code": "zip",
    "address.country": "joined.country_id.code",
}
_REACHED = {
    "phone": "phone(phone, joined.country_id.code)",
    "phones": "[phone(mobile, joined.country_id.code)][?@]",
    "website": "website",
    "job_title": "function",
    **_ADDRESS,
}
_DATED = {"created_at": "date(create_date)", "updated_at": "date(write_date)"}
_OWNED = {"owner": "user_id[1]", **_DATED}

_PARTY = {
    **_REACHED,
    **_OWNED,
    **_addresses("email"),
    "ids": f"[{_named('partner')}]",
    "name": "name",
    "language": "lang",
    "tags": "joined.category_id[].name",
    "notes": "comment",
    "stage": _lookup("to_string(customer_rank > `0`)", {"true": "customer"}),
}
_PERSON = {
    **_PARTY,
    "company": "commercial_company_name || company_name || parent_id[1]",
    # Odoo copies the company's number to everybody in it: it would make one person of them all.
    "tax_id": _when("!parent_id && vat && vat != '/'", "vat"),
}
PARTNERS = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        when="!is_company && (!type || type == 'contact') && partner_share != `false`",
        fields=_PERSON,
    ),
    EntityRules(
        # The partner of an internal user (res.partner, ``partner_share``): somebody of ours, and no customer.
        name="colleague",
        kind=Kind.PERSON,
        when="!is_company && (!type || type == 'contact') && partner_share == `false`",
        fields=_PERSON,
        founding=False,
    ),
    EntityRules(
        # An invoice or delivery address is a place and seldom somebody; what it says may still help to know who is who.
        name="address",
        kind=Kind.PERSON,
        when="!is_company && type && type != 'contact'",
        fields=_PERSON,
        founding=False,
    ),
    EntityRules(
        name="company",
        kind=Kind.ORGANIZATION,
        when="is_company",
        fields={
            **{name: expression for name, expression in _PARTY.items() if name != "job_title"},
            "tax_id": _when("vat && vat != '/'", "vat"),
        },
    ),
)

_PARTNER = (_named("partner", "partner_id[0]"),)
_BUYER = ParticipantRules(role="buyer", ids=_PARTNER)
_MONEY = {"currency": "currency_id[1]", "total": "amount_total"}
_ORDER_NAME = "join('', ['odoo:order-name:', company_id[0], ':'])"
"""An invoice names its orders by their numbers, which are a company's own (sale.order, ``_create_invoices``)."""
_ORIGINS = f"split(join('', [{_ORDER_NAME}, replace(invoice_origin, ', ', join('', [',', {_ORDER_NAME}]))]), ',')"
ORDERS = (
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        when="contains(['sale', 'done', 'cancel'], state)",
        fields={
            **_MONEY,
            "key": _named("order"),
            "aliases": f"[join('', [{_ORDER_NAME}, name])][?@]",
            "at": "date(date_order)",
            "number": "name",
            "status": "state",
            "subtotal": "amount_untaxed",
            "tax": "amount_tax",
            "cancelled_at": _when("state == 'cancel'", "date(write_date)"),
            "lines": (
                "joined.order_line[?!display_type].{title: name, sku: joined.product_id.default_code,"
                " quantity: product_uom_qty, price: price_unit}"
            ),
        },
        participants=(_BUYER,),
    ),
    EntityRules(
        name="quotation",
        kind=Kind.DEAL,
        when="contains(['draft', 'sent'], state)",
        fields={
            **_MONEY,
            "key": _named("quotation"),
            "at": "date(create_date)",
            "title": "name",
            "number": "name",
            "status": "state",
            "stage": "state",
            "closes_on": "validity_date",
        },
        participants=(_BUYER,),
    ),
)

INVOICES = (
    EntityRules(
        name="invoice",
        kind=Kind.INVOICE,
        when="state != 'draft'",
        fields={
            "key": _named("invoice"),
            "at": "date(invoice_date || create_date)",
            "number": _when("name != '/'", "name"),
            "title": "ref",
            "status": "(state == 'posted' && payment_state) || state",
            "currency": "currency_id[1]",
            # Signed: a credit note, and a supplier's bill, take away.
            "total": "amount_total_in_currency_signed",
            "due_on": "invoice_date_due",
            "cancelled_at": _when("state == 'cancel'", "date(write_date)"),
            # The orders by their names, and of a credit note the invoice that it takes back (``_reverse_moves``).
            "bills": f"[{_ORIGINS}, [{_named('invoice', 'reversed_entry_id[0]')}]][] | [?@]",
        },
        participants=(
            ParticipantRules(role="buyer", ids=(_when("starts_with(move_type, 'out_')", _PARTNER[0]),)),
            ParticipantRules(role="supplier", ids=(_when("starts_with(move_type, 'in_')", _PARTNER[0]),)),
        ),
    ),
)

_OF_LEAD = _when("!partner_id", _named("lead"))
"""What a lead says of a person has no record of its own; once a partner is linked, the partner speaks."""
_ASKING = ParticipantRules(
    role="contact",
    name="contact_name",
    email="email_normalized || email_from",
    phone="phone(phone, joined.country_id.code)",
    ids=(_named("partner", "partner_id[0]"), _OF_LEAD),
)
LEADS = (
    EntityRules(
        name="lead",
        kind=Kind.ACTIVITY,
        when="type == 'lead'",
        fields={
            "key": _named("lead"),
            "activity": "'lead'",
            "at": "date(create_date)",
            "title": "name",
            "text": "description",
            "status": "stage_id[1]",
            "channel": "source_id[1] || medium_id[1]",
            "campaign": "campaign_id[1]",
        },
        participants=(_ASKING,),
    ),
    EntityRules(
        name="opportunity",
        kind=Kind.DEAL,
        when="type == 'opportunity'",
        fields={
            "key": _named("opportunity"),
            "at": "date(create_date)",
            "title": "name",
            "text": "description",
            "status": "stage_id[1]",
            "stage": "stage_id[1]",
            "pipeline": "team_id[1]",
            "total": "expected_revenue",
            "currency": "company_currency[1]",
            "closes_on": "date_deadline",
            # Releases without won_status compute it so (crm_enterprise, ``_compute_won_status``).
            "won": _lookup(
                "won_status || (!active && 'lost') || (probability == `100` && 'won') || 'pending'",
                {"won": True, "lost": False},
            ),
        },
        participants=(_ASKING,),
    ),
    EntityRules(
        name="contact",
        kind=Kind.PERSON,
        when="!partner_id && (email_from || phone)",
        fields={
            **_REACHED,
            **_OWNED,
            **_addresses("email_from"),
            "ids": f"[{_named('lead')}]",
            "name": "contact_name",
            "company": "partner_name",
            "tags": "joined.tag_ids[].name",
            "stage": "'lead'",
            "source": "source_id[1]",
        },
    ),
)

EVENTS = (
    EntityRules(
        name="meeting",
        kind=Kind.ACTIVITY,
        fields={
            # Odoo gives a meeting no iCalendar UID; where it comes from Outlook, it kept the one from there. The
            # occurrences of a series share theirs, so they go by their own ids.
            "key": (
                "(ms_universal_event_id && !recurrency && join(':', ['ical', ms_universal_event_id]))"
                f" || {_named('event')}"
            ),
            "activity": "'meeting'",
            "at": "date((allday && start_date) || start)",
            # Of whole days Odoo names the last one, at six in the evening. A meeting ends with the midnight after it,
            # and that is when it is noon twelve hours further west.
            "ends_at": "date((allday && join('', [stop_date, 'T12:00:00-12:00'])) || stop)",
            "all_day": "allday",
            "title": "name",
            "text": "description",
            "location": "location",
            "url": "videocall_location",
        },
        participants=(
            ParticipantRules(role="organizer", name="user_id[1]", ids=(_named("partner", "partner_id[0]"),)),
            ParticipantRules(
                role="attendee",
                each="joined.attendee_ids",
                name="common_name",
                email="email",
                ids=(_named("partner", "partner_id[0]"),),
                answer=_lookup(
                    "state",
                    {
                        "accepted": "accepted",
                        "declined": "declined",
                        "tentative": "tentative",
                        "needsAction": "needs-action",
                    },
                ),
            ),
        ),
    ),
)
