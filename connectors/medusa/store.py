"""A Medusa in memory: its customers, orders and drafts, with the sums that the real one gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

Record = dict[str, Any]

PLACE = ("company", "first_name", "last_name", "address_1", "address_2", "city", "province", "postal_code", "phone")
LEEDS = {
    "first_name": "Ada",
    "last_name": "Castro",
    "address_1": "3 High Street",
    "city": "Leeds",
    "country_code": "gb",
}


class InvalidDataError(Exception):
    """What is asked is refused; the argument is the message."""


@dataclass
class Store:
    """One shop. Prices are net, in the currency's main unit; ``tax`` is a share in hundredths. Times have milliseconds,
    as Medusa shows them."""

    id: str = "store_01SANDBOX"
    currency: str = "gbp"
    tax: int = 20
    now: Callable[[], datetime] = utc_now
    customers: dict[str, Record] = field(default_factory=dict)
    orders: dict[str, Record] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def register(
        self, email: str, first: str = "Ada", last: str = "Castro", *, account: bool = True, **more: Any
    ) -> str:
        """A new customer; the id."""
        made = self._dated("cus")
        told = {"email": email, "first_name": first, "last_name": last, "phone": None, "company_name": None}
        kept: Record = {"has_account": account, "metadata": None, "created_by": None, "addresses": [], "groups": []}
        self.customers[made["id"]] = {**made, **told, **kept, **more}
        return str(made["id"])

    def settle_at(self, customer: str, place: Mapping[str, Any]) -> None:
        """An address of a customer, for bills. The customer's ``updated_at`` stays as it is."""
        told = {**dict.fromkeys(PLACE), **place, **self._dated("cuaddr"), "customer_id": customer}
        marks = {"is_default_shipping": False, "is_default_billing": True, "address_name": None, "metadata": None}
        self.customers[customer]["addresses"].append({"country_code": "gb", **told, **marks})

    def change(self, kind: str, id_: str, **values: Any) -> None:
        """New values for one of the ``customers`` or ``orders``."""
        self._held(kind)[id_] |= {**values, "updated_at": self._instant()}

    def delete(self, kind: str, id_: str) -> None:
        """Deletes a customer or a draft: kept over there, but listed no more."""
        del self._held(kind)[id_]

    def buy(
        self,
        customer: str,
        price: str = "10",
        number: int = 1,
        *,
        place: Mapping[str, Any] | None = None,
        pay: bool = True,
        draft: bool = False,
        shipping: str = "5",
        data: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """An order of one line, and its payment; the id. ``data`` is what the payment's provider says of it."""
        made = self._dated("order")
        address = {**dict.fromkeys(PLACE), **LEEDS, **(place or {}), **self._dated("ordaddr"), "metadata": None}
        item = {"id": self._id("ordli"), "title": "Lamp", "variant_sku": "LAMP-1", "quantity": number}
        held = self.customers.get(customer)
        self.orders[made["id"]] = {
            **made,
            "display_id": len(self.orders) + 1,
            "status": "draft" if draft else "pending",
            "version": 1,
            "is_draft_order": draft,
            "currency_code": self.currency,
            "email": held["email"] if held else None,
            "customer_id": customer if held else None,
            "canceled_at": None,
            "metadata": None,
            "billing_address": {**address, "customer_id": None},
            "items": [{**item, "unit_price": float(Decimal(price))}],
            "shipping_subtotal": float(Decimal(shipping)),
            "discount_subtotal": 0,
            "credit_line_total": 0,
            "fulfillment_status": "not_fulfilled",
            "fulfillments": [],
            "payment_collections": [],
            **more,
        }
        self._add_up(self.orders[made["id"]])
        if pay and not draft:
            self.pay(made["id"], data=data)
        return str(made["id"])

    def pay(self, order: str, *, data: Mapping[str, Any] | None = None, take: bool = True) -> str:
        """A payment of all that is due, taken at once unless not; the id. The order's ``updated_at`` stays as it is."""
        total = self.orders[order]["total"]
        payment = {
            **self._dated("pay"),
            **_money(total),
            "currency_code": self.currency,
            "provider_id": "pp_system_default",
            "data": dict(data or {}),
            "metadata": None,
            "captured_at": None,
            "canceled_at": None,
            "payment_session": {"id": self._id("payses")},
            "refunds": [],
            "captures": [],
        }
        collection = self._id("pay_col")
        payment |= {"payment_collection_id": collection, "payment_session_id": payment["payment_session"]["id"]}
        self.orders[order]["payment_collections"].append({"id": collection, "payments": [payment]})
        if take:
            self.take(order)
        return str(payment["id"])

    def take(self, order: str) -> None:
        """Takes the money of the last payment. The order's ``updated_at`` stays as it is."""
        payment = self.orders[order]["payment_collections"][-1]["payments"][-1]
        capture = {**self._dated("capt"), **_money(payment["amount"]), "payment_id": payment["id"]}
        payment["captures"].append({**capture, "metadata": None, "created_by": None})
        payment |= {"captured_at": self._instant(), "updated_at": self._instant()}

    def refund(self, order: str, amount: str, note: str | None = None) -> str:
        """Money back through the last payment, and a credit line, which lowers the order's total; the id."""
        found = self.orders[order]
        payment = found["payment_collections"][-1]["payments"][-1]
        made = {**self._dated("ref"), **_money(float(Decimal(amount))), "payment_id": payment["id"], "note": note}
        nothing = dict.fromkeys(("refund_reason_id", "refund_reason", "created_by", "metadata"))
        payment["refunds"].append({**made, **nothing})
        found["credit_line_total"] = float(Decimal(str(found["credit_line_total"])) + Decimal(amount))
        self._add_up(found)
        self.change("orders", order)
        return str(made["id"])

    def cancel(self, order: str) -> None:
        """Cancels an order: what is left of it goes back."""
        self.refund(order, str(self.orders[order]["total"]))
        self.change("orders", order, status="canceled", canceled_at=self._instant())

    def rows(self, name: str) -> list[Record]:
        """What a list holds. Orders and payments show what hangs on them."""
        if name == "customers":
            return list(self.customers.values())
        if name == "payments":
            return [
                {**payment, "payment_collection": {"id": some["id"], "order": order}}
                for order in self.orders.values()
                for some in order["payment_collections"]
                for payment in some["payments"]
            ]
        wanted = name == "draft_orders"
        return [self._shown(order) for order in self.orders.values() if order["is_draft_order"] == wanted]

    def _shown(self, order: Record) -> Record:
        held = self.customers.get(order["customer_id"] or "")
        hidden = ("addresses", "groups")
        return {**order, "customer": {name: held[name] for name in held if name not in hidden} if held else None}

    def _held(self, kind: str) -> dict[str, Record]:
        return {"customers": self.customers, "orders": self.orders}[kind]

    def _add_up(self, order: Record) -> None:
        lines = sum(Decimal(str(each["unit_price"])) * each["quantity"] for each in order["items"])
        net = lines + Decimal(str(order["shipping_subtotal"]))
        tax = (net * self.tax / 100).quantize(Decimal("0.01"))
        order["tax_total"] = float(tax)
        order["total"] = float(net + tax - Decimal(str(order["credit_line_total"])))

    def _id(self, prefix: str) -> str:
        """Ids rise with time, as ULIDs do."""
        return f"{prefix}_01M8SANDBOX{next(self._numbers):015}"

    def _dated(self, prefix: str) -> Record:
        now = self._instant()
        return {"id": self._id(prefix), "created_at": now, "updated_at": now, "deleted_at": None}

    def _instant(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _money(amount: float) -> Record:
    return {"amount": amount, "raw_amount": {"value": str(Decimal(str(amount))), "precision": 20}}
