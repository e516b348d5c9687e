"""A WooCommerce shop in memory: users, orders with their refunds, the trash, and webhooks with what they delivered."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from connectors.core.protocols import utc_now

Row = dict[str, Any]

STATUSES = (*("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"),)
PAID = frozenset({"processing", "completed"})
ROLES = ("administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager")
FAILURES = 5
"""Deliveries in a row that may fail before a webhook is switched off ("Logging")."""
_PARTS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")
_CENT = Decimal("0.01")


class RefusedError(Exception):
    """The shop refuses: status, code and message."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was sent to the address of a webhook."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class WooShop:
    """One shop. ``zone`` is where its clocks are; ``send`` delivers a webhook's call and gives the status that it met.

    Orders, refunds and users share WordPress's rule that a later one has a higher number.
    """

    now: Callable[[], datetime] = utc_now
    zone: str = "Europe/Amsterdam"
    currency: str = "EUR"
    send: Callable[[Delivery], int] = lambda delivery: 200
    orders: dict[int, Row] = field(default_factory=dict)
    refunds: dict[int, dict[int, Row]] = field(default_factory=dict)
    customers: dict[int, Row] = field(default_factory=dict)
    webhooks: dict[int, Row] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    _emails: set[str] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _items: count[int] = field(default_factory=lambda: count(1))

    def order(self, **given: Any) -> int:
        """A new order, as the body of a request would describe it; its number."""
        number, status = next(self._numbers), given.pop("status", "pending")
        customer = given.get("customer_id", 0)
        if customer and customer not in self.customers:
            raise RefusedError(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")
        row: Row = {
            "id": number,
            "parent_id": 0,
            "number": str(number),
            "order_key": f"wc_order_{number:013x}",
            "created_via": "checkout",
            "version": "10.3.0",
            "status": status,
            "currency": given.pop("currency", self.currency),
            "prices_include_tax": False,
            "customer_id": customer,
            "customer_ip_address": "203.0.113.9",
            "customer_user_agent": "Mozilla/5.0",
            "customer_note": "",
            "payment_method": "",
            "payment_method_title": "",
            "transaction_id": "",
            "cart_hash": "",
            "meta_data": [],
            "tax_lines": [],
            "line_items": [],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [],
        }
        for name in ("created", "modified", "paid", "completed"):
            row.update({f"date_{name}": None, f"date_{name}_gmt": None})
        row["billing"], row["shipping"] = _blank("email", "phone"), _blank("phone")
        self._stamp(row, "created", "modified")
        self._change(row, given)
        self.orders[number] = row
        self.refunds[number] = {}
        self._pay(row)
        self._tell("order.created", row)
        return number

    def update(self, number: int, **given: Any) -> Row:
        """Changes an order. Raises RefusedError for one that is not there."""
        row = self._order(number)
        self._change(row, given)
        self._pay(row)
        self._stamp(row, "modified")
        self._tell("order.updated", row)
        return row

    def trash(self, number: int) -> Row:
        """Throws an order away: it is no longer listed, and what it was is kept."""
        row = self._order(number)
        row["_was"], row["status"] = row["status"], "trash"
        self._stamp(row, "modified")
        self._tell("order.deleted", row)
        return row

    def restore(self, number: int) -> Row:
        """Takes an order out of the trash."""
        row = self._order(number)
        row["status"] = row.pop("_was", "pending")
        self._stamp(row, "modified")
        self._tell("order.restored", row)
        return row

    def delete(self, number: int) -> Row:
        """Deletes an order for good: nobody tells of it but a webhook."""
        row = self._order(number)
        del self.orders[number]
        self._tell("order.deleted", row)
        return row

    def refund(self, number: int, amount: str, reason: str = "") -> int:
        """Gives money back; the refund's number. The last of it makes the order a refunded one."""
        row, back = self._order(number), Decimal(amount)
        left = Decimal(row["total"]) + sum((Decimal(one["total"]) for one in row["refunds"]), Decimal(0))
        if not 0 < back <= left:
            raise RefusedError(400, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
        refund = next(self._numbers)
        full: Row = {"id": refund, "amount": _money(back), "reason": reason, "refunded_by": 1}
        self._stamp(full, "created")
        full.update({"refunded_payment": False, "meta_data": [], "line_items": []})
        self.refunds[number][refund] = full
        row["refunds"].append({"id": refund, "reason": reason, "total": _money(-back)})
        if back == left:
            row["status"] = "refunded"
        self._stamp(row, "modified")
        self._tell("order.updated", row)
        return refund

    def customer(self, email: str, **given: Any) -> int:
        """A new user, as the body of a request would describe one; the number."""
        if email.lower() in self._emails:
            raise RefusedError(400, "registration-error-email-exists", "An account is already registered.")
        number = next(self._numbers)
        row: Row = {"id": number, "email": email, "first_name": "", "last_name": "", "role": "customer"}
        row["username"] = given.get("username") or email.partition("@")[0]
        row["billing"], row["shipping"] = _blank("email", "phone"), _blank("phone")
        row.update({"is_paying_customer": False, "avatar_url": "", "meta_data": []})
        self._stamp(row, "created", "modified")
        self._merge(row, given)
        self.customers[number] = row
        self._emails.add(email.lower())
        self._tell("customer.created", row)
        return number

    def update_customer(self, number: int, **given: Any) -> Row:
        """Changes a user. Raises RefusedError for one that is not there."""
        row = self._customer(number)
        self._merge(row, given)
        self._stamp(row, "modified")
        self._tell("customer.updated", row)
        return row

    def delete_customer(self, number: int) -> Row:
        """Deletes a user; the orders keep the number."""
        row = self._customer(number)
        del self.customers[number]
        self._emails.discard(row["email"].lower())
        self._tell("customer.deleted", row)
        return row

    def webhook(self, topic: str, url: str, secret: str, **given: Any) -> int:
        """Sets a webhook up and pings its address, as a shop does when one is saved; its number."""
        number = next(self._numbers)
        resource, _, event = topic.partition(".")
        row: Row = {"id": number, "name": given.get("name") or topic, "status": given.get("status", "active")}
        row.update({"topic": topic, "resource": resource, "event": event, "hooks": []})
        row.update({"delivery_url": url, "_secret": secret, "_failed": 0})
        self._stamp(row, "created", "modified")
        self.webhooks[number] = row
        if row["status"] == "active":
            kind = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "WooCommerce/10.3 Hookshot"}
            self._deliver(row, Delivery(url, kind, f"webhook_id={number}".encode()))
        return number

    def local(self, moment: datetime) -> str:
        """An instant as the site shows it: by its own clock, without a zone."""
        return moment.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M:%S")

    def _order(self, number: int) -> Row:
        if number not in self.orders:
            raise RefusedError(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return self.orders[number]

    def _customer(self, number: int) -> Row:
        if number not in self.customers:
            raise RefusedError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return self.customers[number]

    def _stamp(self, row: Row, *names: str) -> None:
        moment = self.now()
        for name in names:
            row[f"date_{name}"] = self.local(moment)
            row[f"date_{name}_gmt"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _change(self, row: Row, given: Mapping[str, Any]) -> None:
        lists = ("line_items", "shipping_lines", "fee_lines", "coupon_lines")
        self._merge(row, {name: value for name, value in given.items() if name not in lists})
        for name in lists:
            if name in given:
                row[name] = [self._item(name, one) for one in given[name]]
        lines, fees, sent = row["line_items"], row["fee_lines"], row["shipping_lines"]
        tax = _sum(one["total_tax"] for one in (*lines, *fees))
        goods, shipped = _sum(one["total"] for one in (*lines, *fees)), _sum(one["total"] for one in sent)
        shipping_tax = _sum(one["total_tax"] for one in sent)
        off = _sum(one["subtotal"] for one in lines) - _sum(one["total"] for one in lines)
        row.update({"discount_total": _money(off), "discount_tax": "0.00", "cart_tax": _money(tax)})
        row.update({"shipping_total": _money(shipped), "shipping_tax": _money(shipping_tax)})
        row.update({"total_tax": _money(tax + shipping_tax), "total": _money(goods + shipped + tax + shipping_tax)})

    def _item(self, kind: str, given: Mapping[str, Any]) -> Row:
        number = next(self._items)
        if kind == "coupon_lines":
            discount = {"discount": given.get("discount", "0.00"), "discount_tax": "0.00"}
            return {"id": number, "code": given["code"], **discount, "meta_data": []}
        row: Row = {"id": number, "total": _money(Decimal(given.get("total", "0"))), "taxes": [], "meta_data": []}
        row["total_tax"] = _money(Decimal(given.get("total_tax", "0")))
        if kind == "shipping_lines":
            return {**row, "method_title": given.get("method_title", ""), "method_id": given.get("method_id", "")}
        if kind == "fee_lines":
            return {**row, "name": given["name"], "tax_class": "", "tax_status": "taxable"}
        quantity = given.get("quantity", 1)
        row.update({"name": given.get("name", "A product"), "product_id": given.get("product_id", 93), "tax_class": ""})
        row.update({"variation_id": 0, "quantity": quantity, "sku": given.get("sku", "")})
        row.update({"subtotal": _money(Decimal(given.get("subtotal", row["total"]))), "subtotal_tax": row["total_tax"]})
        return {**row, "price": float(Decimal(row["total"]) / quantity)}  # a JSON number over there as well

    def _merge(self, row: Row, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            if name == "meta_data":
                held = {one["key"]: one for one in row[name]}
                held.update({one["key"]: {"id": next(self._items), **one} for one in value})
                row[name] = list(held.values())
            elif name == "set_paid":
                row["status"] = "processing" if value and row["status"] not in PAID else row["status"]
            elif name != "password":
                row[name] = {**row[name], **value} if isinstance(value, Mapping) else value

    def _pay(self, row: Row) -> None:
        if row["status"] in PAID and not row["date_paid_gmt"]:
            self._stamp(row, "paid")
            if row["customer_id"] in self.customers:
                self.customers[row["customer_id"]]["is_paying_customer"] = True
        if row["status"] == "completed" and not row["date_completed_gmt"]:
            self._stamp(row, "completed")

    def _tell(self, topic: str, row: Row) -> None:
        told = {"id": row["id"]} if topic.endswith(".deleted") else shown(row)
        body = json.dumps(told, separators=(",", ":")).encode()
        for hook in list(self.webhooks.values()):
            if hook["topic"] != topic or hook["status"] != "active":
                continue
            signed = b64encode(hmac.new(hook["_secret"].encode(), body, hashlib.sha256).digest()).decode()
            headers = {
                "Content-Type": "application/json",
                "X-WC-Webhook-Source": "https://shop.example/",
                "X-WC-Webhook-Topic": topic,
                "X-WC-Webhook-Resource": hook["resource"],
                "X-WC-Webhook-Event": hook["event"],
                "X-WC-Webhook-Signature": signed,
                "X-WC-Webhook-ID": str(hook["id"]),
                "X-WC-Webhook-Delivery-ID": hashlib.sha256(body).hexdigest()[:32],
            }
            self._deliver(hook, Delivery(hook["delivery_url"], headers, body))

    def _deliver(self, hook: Row, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        met = self.send(delivery)
        hook["_failed"] = 0 if 200 <= met < 300 else hook["_failed"] + 1
        if hook["_failed"] >= FAILURES:
            hook["status"] = "disabled"


def shown(row: Row) -> Row:
    """A row as the API shows it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _blank(*more: str) -> Row:
    return dict.fromkeys((*_PARTS, *more), "")


def _sum(amounts: Iterable[str]) -> Decimal:
    return sum(map(Decimal, amounts), Decimal(0))


def _money(amount: Decimal) -> str:
    return str(amount.quantize(_CENT))


def listed(rows: Sequence[Row], by: str, *, descending: bool) -> list[Row]:
    """Rows in an order that the API can give them in."""
    name = {"date": "date_created", "modified": "date_modified", "registered_date": "date_created"}.get(by, by)
    name = {"name": "first_name", "title": "id", "slug": "id", "include": "id"}.get(name, name)
    return (
        sorted(rows, key=lambda row: (row[name] or "", row["id"]), reverse=descending)
        if name != "id"
        else sorted(rows, key=lambda row: row["id"], reverse=descending)
    )
