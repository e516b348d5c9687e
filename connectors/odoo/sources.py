"""What each stream reads: its model, which of its records, and what is read along with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.odoo import mapping
from mapping.rules import EntityRules

Row = Mapping[str, Any]
ACTIVE = ("active", "=", True)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Values read from what a link leads to, since a link itself shows an id and a name only."""

    field: str
    model: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Records that hang on one of the stream's. A change to one need not move the ``write_date`` of what it hangs on:
    an attendee's answer is written to the attendee alone (calendar.attendee, ``do_accept``)."""

    field: str
    model: str
    parent: str
    fields: tuple[str, ...]
    lookups: tuple[Lookup, ...] = ()


def _shown(row: Row) -> bool:
    return row.get("active") is not False


@dataclass(frozen=True, slots=True)
class Source:
    """One stream. ``kept`` narrows the model to records that the stream is about, ``live`` to those that are not
    archived, as a domain; ``is_live`` says the same of a record. ``computed`` are fields to read though they are not
    stored."""

    stream: str
    model: str
    rules: tuple[EntityRules, ...]
    kept: tuple[Any, ...] = ()
    live: tuple[Any, ...] = ()
    is_live: Callable[[Row], bool] = _shown
    lines: tuple[Lines, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    computed: tuple[str, ...] = ()


def _standing(row: Row) -> bool:
    """A lost lead is archived with a probability of zero (crm.lead, ``action_set_lost``): it is lost, not gone."""
    return row.get("active") is not False or not row.get("probability")


_COUNTRY = Lookup("country_id", "res.country", ("code",))
_STATE = Lookup("state_id", "res.country.state", ("name",))

PARTNERS = Source(
    stream="partners",
    model="res.partner",
    rules=mapping.PARTNERS,
    live=(ACTIVE,),
    lookups=(_COUNTRY, _STATE, Lookup("category_id", "res.partner.category", ("name",))),
)
ORDERS = Source(
    stream="orders",
    model="sale.order",
    rules=mapping.ORDERS,
    lines=(
        Lines(
            "order_line",
            "sale.order.line",
            "order_id",
            ("name", "product_id", "product_uom_qty", "price_unit", "price_subtotal", "display_type"),
            (Lookup("product_id", "product.product", ("default_code",)),),
        ),
    ),
)
CUSTOMER_BILLS = ("out_invoice", "out_refund")
SUPPLIER_BILLS = ("in_invoice", "in_refund")


def invoices(supplier_bills: bool) -> Source:
    """Customers' invoices and credit notes; with ``supplier_bills`` also the ones that suppliers sent."""
    wanted = (*CUSTOMER_BILLS, *(SUPPLIER_BILLS if supplier_bills else ()))
    return Source(
        stream="invoices",
        model="account.move",
        rules=mapping.INVOICES,
        kept=(("move_type", "in", list(wanted)),),
    )


LEADS = Source(
    stream="leads",
    model="crm.lead",
    rules=mapping.LEADS,
    live=("|", ACTIVE, ("probability", "=", 0)),
    is_live=_standing,
    lookups=(_COUNTRY, _STATE, Lookup("tag_ids", "crm.tag", ("name",))),
)
EVENTS = Source(
    stream="events",
    model="calendar.event",
    rules=mapping.EVENTS,
    live=(ACTIVE,),
    lines=(
        Lines(
            "attendee_ids",
            "calendar.attendee",
            "event_id",
            ("common_name", "email", "partner_id", "state"),
        ),
    ),
    computed=("partner_id",),
)


def sources(supplier_bills: bool) -> Sequence[Source]:
    """All streams."""
    return (PARTNERS, ORDERS, invoices(supplier_bills), LEADS, EVENTS)
