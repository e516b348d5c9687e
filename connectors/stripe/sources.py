"""What is read of Stripe: for each stream its list, the events that tell of its objects, and what is stored of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.stripe import mapping
from connectors.stripe.mapping import Json, instant
from mapping.contract import RawRecord, RemoteId, Schema, SchemaField
from mapping.errors import RecordError
from mapping.rules import EntityRules

HIDDEN = ("receipt_url", "hosted_invoice_url", "invoice_pdf", "source", "sources", "default_source")
"""Left out of what is stored: links that open a receipt to anybody, anew with every answer, and data of cards."""


@dataclass(frozen=True, slots=True)
class Source:
    """How one stream is read: its list and what it is asked for, the events that tell of its objects by the key under
    which they name the object, its rules, and what is made of an object."""

    path: str
    rules: tuple[EntityRules, ...]
    shape: Callable[[Json], dict[str, Any]]
    names: Sequence[str]
    events: Mapping[str, str]
    expand: tuple[str, ...] = ()
    asked: Mapping[str, str] | None = None

    @property
    def deleted(self) -> bool:
        """Whether such objects can be deleted at all: customers, and drafts of invoices."""
        return any(name == f"{self.path[:-1]}.deleted" for name in self.events)

    def record(self, found: Json) -> RawRecord:
        """The object as a record. Raises RecordError where it cannot be read.

        Stripe's objects have neither a version nor the time of their last change: a digest tells two states apart, and
        the one that was fetched last is the later one.
        """
        identity = str(found.get("id") or "")
        kept = {name: value for name, value in found.items() if name not in HIDDEN}
        try:
            told = (
                kept | {"_test": found["livemode"] is False, "_at": instant(int(found["created"]))} | self.shape(kept)
            )
        except RecordError as wrong:
            raise RecordError(str(wrong), remote_id=identity) from None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
            raise RecordError(f"it is of another shape ({type(wrong).__name__})", remote_id=identity) from None
        body = {name: value for name, value in told.items() if value not in (None, [], {})}
        digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        return RawRecord(RemoteId(identity), body, version=digest)

    def schema(self) -> Schema:
        """The fields of the objects, as far as rules use them or an admin may."""
        return Schema({name: SchemaField(name, writable=False) for name in self.names})


_GENERAL = ("id", "created", "livemode", "metadata", "description", "currency", "customer", "status")
_CUSTOMER = ("name", "email", "phone", "address", "shipping", "preferred_locales", "tax_ids")
_CHARGE = (
    *("amount", "amount_captured", "amount_refunded", "billing_details", "captured", "disputed", "disputes", "paid"),
    *("failure_code", "invoice", "payment_intent", "payment_method_details", "receipt_email", "refunds"),
)
_INVOICE = (
    *("amount_due", "charge", "customer_email", "customer_name", "customer_phone", "due_date", "number"),
    *("payment_intent", "status_transitions", "subscription", "total"),
)
_SUBSCRIPTION = ("cancel_at", "current_period_end", "ended_at", "items", "start_date")


def _events(prefix: str, key: str, *names: str) -> dict[str, str]:
    return {f"{prefix}.{name}": key for name in names}


SOURCES: Mapping[str, Source] = {
    "customers": Source(
        "customers",
        mapping.CUSTOMERS,
        mapping.customer,
        (*_GENERAL, *_CUSTOMER),
        _events("customer", "id", "created", "deleted", "updated")
        | _events("customer.tax_id", "customer", "created", "deleted", "updated"),
        expand=("tax_ids",),
    ),
    "charges": Source(
        "charges",
        mapping.CHARGES,
        mapping.charge,
        (*_GENERAL, *_CHARGE),
        _events("charge", "id", "captured", "expired", "failed", "pending", "refunded", "succeeded", "updated")
        | _events("charge.dispute", "charge", "closed", "created", "funds_reinstated", "funds_withdrawn", "updated")
        | {"charge.refund.updated": "charge", "refund.created": "charge", "refund.updated": "charge"},
        expand=("refunds",),
    ),
    "invoices": Source(
        "invoices",
        mapping.INVOICES,
        mapping.invoice,
        (*_GENERAL, *_INVOICE),
        _events("invoice", "id", "created", "deleted", "updated", "sent", "finalized", "finalization_failed", "voided")
        | _events("invoice", "id", "paid", "payment_succeeded", "payment_failed", "payment_action_required")
        | _events("invoice", "id", "marked_uncollectible"),
    ),
    "subscriptions": Source(
        "subscriptions",
        mapping.SUBSCRIPTIONS,
        mapping.subscription,
        (*_GENERAL, *_SUBSCRIPTION),
        _events("customer.subscription", "id", "created", "deleted", "updated", "paused", "resumed", "trial_will_end")
        | _events("customer.subscription", "id", "pending_update_applied", "pending_update_expired"),
        asked={"status": "all"},  # otherwise the list leaves out those that were cancelled
    ),
}


def concerns(event: str, told: Json) -> tuple[str, str] | None:
    """The stream and the id of the record that an event of this type, with this object, is about."""
    for stream, source in SOURCES.items():
        if event in source.events:
            identity = told.get(source.events[event])
            # A refund or a dispute may name its charge whole.
            identity = identity.get("id") if isinstance(identity, Mapping) else identity
            return (stream, str(identity)) if identity else None
    return None
