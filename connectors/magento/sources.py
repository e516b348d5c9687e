"""What is read of Magento: for each stream its search, what its records lack and where that is, and what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.magento import mapping
from connectors.magento.mapping import Json, instant
from connectors.magento.search import Filter, identity
from mapping.contract import RawRecord, RemoteId, Schema, SchemaField
from mapping.errors import RecordError
from mapping.rules import EntityRules

HIDDEN = ("confirmation", "protect_code", "remote_ip", "x_forwarded_for", "rp_token")
"""Left out of what is stored: codes that open an account or an order, and addresses of computers."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Records of another search that belong to those of a page: those whose ``field`` names the ``of`` of a record.

    They are put under ``name``, as a list or the one there is. Asked for only where ``needed`` says so of a record.
    """

    path: str
    field: str
    of: str
    name: str
    fields: str
    needed: Callable[[Json], bool] = lambda found: True
    single: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """How one stream is read. ``key`` is the name of the id in its records, ``filters`` what is always asked for."""

    path: str
    key: str
    rules: tuple[EntityRules, ...]
    shape: Callable[[Json], dict[str, Any]]
    names: Sequence[str]
    filters: tuple[Filter, ...] = ()
    beside: Beside | None = None

    def record(self, found: Json) -> RawRecord:
        """The record as it is stored. Raises RecordError where it cannot be read."""
        number = identity(found, self.key)
        kept = mapping.keep(found, HIDDEN)
        try:
            times = {f"_{name}": instant(found.get(name)) for name in ("created_at", "updated_at")}
            body = kept | times | self.shape(kept)
        except RecordError as wrong:
            raise RecordError(str(wrong), remote_id=str(number or "")) from None
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise RecordError(f"it is of another shape ({type(wrong).__name__})", remote_id=str(number or "")) from None
        if not number:
            raise RecordError("a record without an id")
        told = {name: value for name, value in body.items() if value not in (None, [], {})}
        at = datetime.fromisoformat(times["_updated_at"]) if times["_updated_at"] else None
        return RawRecord(RemoteId(str(number)), told, changed_at=at)

    def schema(self) -> Schema:
        """The fields of the records, as far as rules use them or an admin may."""
        return Schema({name: SchemaField(name, writable=False) for name in self.names})


_TIMES = ("created_at", "updated_at")
_CUSTOMER = (
    *("id", "group_id", "email", "firstname", "middlename", "lastname", "prefix", "suffix", "dob", "gender", "taxvat"),
    *("store_id", "website_id", "created_in", "addresses", "extension_attributes", "custom_attributes", *_TIMES),
)
_ORDER = (
    *("entity_id", "increment_id", "state", "status", "store_name", "coupon_code", "customer_id", "customer_email"),
    *("customer_firstname", "customer_middlename", "customer_lastname", "customer_is_guest", "customer_taxvat"),
    *("order_currency_code", "base_currency_code", "grand_total", "base_grand_total", "subtotal", "tax_amount"),
    *("shipping_amount", "discount_amount", "total_paid", "total_refunded", "items", "billing_address", "payment"),
    *("status_histories", "extension_attributes", "credit_memos", *_TIMES),
)
_INVOICE = ("entity_id", "increment_id", "order_id", "state", "grand_total", "order_currency_code", *_TIMES)
_CART = (
    *("id", "is_active", "items", "items_count", "items_qty", "customer", "billing_address", "currency"),
    *("customer_is_guest", "reserved_order_id", "store_id", *_TIMES),
)

SOURCES: Mapping[str, Source] = {
    "customers": Source("customers/search", "id", mapping.CUSTOMERS, mapping.customer, _CUSTOMER),
    "orders": Source(
        "orders",
        "entity_id",
        mapping.ORDERS,
        mapping.order,
        _ORDER,
        beside=Beside(
            "creditmemos",
            "order_id",
            "entity_id",
            "credit_memos",
            "entity_id,order_id,increment_id,state,grand_total,created_at",
            needed=lambda found: bool(found.get("total_refunded")),
        ),
    ),
    "invoices": Source(
        "invoices",
        "entity_id",
        mapping.INVOICES,
        mapping.invoice,
        _INVOICE,
        beside=Beside("orders", "entity_id", "order_id", "_of", "entity_id,customer_id,customer_email", single=True),
    ),
    "carts": Source(
        # Of most carts somebody only looked at a shop; what is emptied again is found by a sweep.
        "carts/search",
        "id",
        mapping.CARTS,
        mapping.cart,
        _CART,
        filters=(Filter("items_count", 0, "gt"),),
    ),
}
