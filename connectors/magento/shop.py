"""A shop in memory: customers, orders, invoices, credit memos and carts, as Magento keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

Row = dict[str, Any]

TABLES = ("customers", "orders", "invoices", "creditmemos", "carts")
ADDRESS: Mapping[str, Any] = {
    "city": "Ede", "country_id": "NL", "firstname": "Kim", "lastname": "Plum", "postcode": "6711", "street": [
    "Lindelaan 1"], "telephone": "+31612345678",
}  # fmt: skip


class Shop:
    """All of it, by table and id. ``now`` dates what happens, to the second; ids rise in the order of making."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now, url: str = "https://shop.example/") -> None:
        self.now, self.url = now, url
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in TABLES}
        self._numbers = count(1)

    def customer(self, email: str, firstname: str = "Kim", lastname: str = "Plum", **more: Any) -> int:
        """Somebody registers; the id. ``company`` and ``vat_id`` stand in their address."""
        of_company: Row = {name: more.pop(name) for name in ("company", "vat_id") if name in more}
        row = {"email": email, "firstname": firstname, "lastname": lastname, "group_id": 1}
        place = {**ADDRESS, **of_company, "region": {"region": "Gelderland", "region_code": "GE", "region_id": 7}}
        number = self._add("customers", "id", row)
        self.tables["customers"][number] |= {
            "store_id": 1, "website_id": 1, "created_in": "Default", "confirmation": "b1946ac92492d2347c6235b8d26111f2",
            "addresses": [{**place, "id": 1, "default_billing": True, "default_shipping": True}],
            "extension_attributes": {"is_subscribed": False}, **more,
        }  # fmt: skip
        return number

    def order(self, total: str = "20.00", customer: int | None = None, **more: Any) -> int:
        """Somebody orders, and it is not paid yet; the id. Without a customer it is a guest."""
        who: Row = self.tables["customers"].get(customer or 0, {})
        nothing: Row = dict.fromkeys(("tax_amount", "shipping_amount", "discount_amount"), 0)
        amounts: Row = dict.fromkeys(("grand_total", "subtotal", "base_grand_total"), _number(total))
        method = more.pop("method", "checkmo")
        billing = {**ADDRESS, "address_type": "billing", "region": "Gelderland", **more.pop("billing", {})}
        row: Row = {
            "state": "new", "status": "pending", "store_id": 1, "store_name": "Main", "order_currency_code": "EUR",
            "base_currency_code": "EUR", "customer_is_guest": 0 if customer else 1, "protect_code": "9f8e7d",
            "customer_email": who.get("email", "guest@plum.example"), "customer_firstname": who.get("firstname", "Kim"),
            "customer_lastname": who.get("lastname", "Plum"), "remote_ip": "203.0.113.7", "billing_address": billing,
            "items": [self._item("WINE", "Red wine", total)], "status_histories": [], "extension_attributes": {},
            **({"customer_id": customer} if customer else {}),
            **nothing, **amounts,
        }  # fmt: skip
        number = self._add("orders", "entity_id", row | more)
        found = self.tables["orders"][number]
        found["increment_id"] = f"{number:09d}"
        found["payment"] = {
            "entity_id": number, "method": method, "last_trans_id": None, "cc_last4": "4242", "account_status": "",
            "additional_information": ["4242"], "parent_id": number,
        }  # fmt: skip
        return number

    def invoice(self, order: int, transaction: str | None = None) -> int:
        """An order is paid: the invoice's id."""
        found = self.tables["orders"][order]
        paid = found["grand_total"]
        self.change("orders", order, total_paid=paid, total_due=0, state="processing", status="processing")
        found["payment"] |= {"amount_paid": paid, "last_trans_id": transaction}
        self._note(order, "processing")
        row = {"order_id": order, "state": 2, "grand_total": paid, "items": [], "total_qty": 1, "store_id": 1}
        number = self._add("invoices", "entity_id", row)
        currency = {"order_currency_code": found["order_currency_code"]}
        self.tables["invoices"][number] |= {"increment_id": f"{number:09d}", **currency}
        return number

    def ship(self, order: int) -> None:
        """An order is sent."""
        self.change("orders", order, state="complete", status="complete")
        self._note(order, "complete")

    def cancel(self, order: int) -> None:
        """An order is cancelled."""
        self.change("orders", order, state="canceled", status="canceled")
        self._note(order, "canceled")

    def refund(self, order: int, total: str, **more: Any) -> int:
        """Some of an order goes back; the credit memo's id."""
        found = self.tables["orders"][order]
        refunded = Decimal(str(found.get("total_refunded") or 0)) + Decimal(total)
        self.change("orders", order, total_refunded=_number(refunded))
        row = {"order_id": order, "state": 2, "grand_total": _number(total), "items": [], **more}
        number = self._add("creditmemos", "entity_id", row)
        self.tables["creditmemos"][number] |= {"increment_id": f"{number:09d}", "order_currency_code": "EUR"}
        return number

    def cart(self, prices: Sequence[str], customer: int | None = None, email: str = "") -> int:
        """Somebody fills a cart; the id."""
        who = self.tables["customers"].get(customer or 0, {"email": email, "firstname": "", "lastname": ""})
        row = {"is_active": True, "is_virtual": False, "store_id": 1, "customer_is_guest": not customer}
        number = self._add("carts", "id", row)
        items = [self._in_cart(number, price) for price in prices]
        self.tables["carts"][number] |= {
            "items": items, "items_count": len(items), "items_qty": len(items),
            "customer": {name: who[name] for name in ("id", "email", "firstname", "lastname") if name in who},
            "currency": {"quote_currency_code": "EUR", "base_currency_code": "EUR", "store_to_quote_rate": 0},
        }  # fmt: skip
        return number

    def change(self, table: str, number: int, **fields: Any) -> None:
        """A record changes, at the present."""
        self.tables[table][number] |= {**fields, "updated_at": self._time()}

    def _note(self, order: int, status: str) -> None:
        note = {"status": status, "created_at": self._time(), "comment": "", "is_customer_notified": 0}
        note |= {"is_visible_on_front": 0, "parent_id": order, "entity_name": "order"}
        self.tables["orders"][order]["status_histories"].append(note)

    def _item(self, sku: str, name: str, price: str) -> Row:
        return {"item_id": next(self._numbers), "sku": sku, "name": name, "qty_ordered": 1, "price": _number(price)}

    def _in_cart(self, cart: int, price: str) -> Row:
        told = {"item_id": next(self._numbers), "sku": "WINE", "name": "Red wine", "qty": 1, "price": _number(price)}
        return {**told, "product_type": "simple", "quote_id": str(cart)}

    def _add(self, table: str, key: str, row: Mapping[str, Any]) -> int:
        number = next(self._numbers)
        self.tables[table][number] = {key: number, "created_at": self._time(), "updated_at": self._time(), **row}
        return number

    def _time(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number(amount: str | Decimal | int) -> int | float:
    """An amount as PHP writes it: whole ones without a point."""
    value = Decimal(amount)
    return int(value) if value == value.to_integral_value() else float(value)
