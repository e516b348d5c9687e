"""A BigCommerce store in memory: customers, orders with their lines, refunds, and the webhooks that call about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

Row = dict[str, Any]

STATUSES = {
    0: "Incomplete",
    1: "Pending",
    2: "Shipped",
    3: "Partially Shipped",
    4: "Refunded",
    5: "Cancelled",
    6: "Declined",
    7: "Awaiting Payment",
    8: "Awaiting Pickup",
    9: "Awaiting Shipment",
    10: "Completed",
    11: "Awaiting Fulfillment",
    12: "Manual Verification Required",
    13: "Disputed",
    14: "Partially Refunded",
}
_ADDRESS = ("first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country")
_ZEROS = (
    *("base_handling_cost", "handling_cost_ex_tax", "handling_cost_inc_tax", "handling_cost_tax", "wrapping_cost_tax"),
    *("base_wrapping_cost", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "store_credit_amount"),
    *("gift_certificate_amount", "refunded_amount", "coupon_discount"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """What a webhook sends."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class BigStore:
    """One store. ``hook_headers`` are those that its webhooks were set up with."""

    hash: str = "abc123"
    name: str = "Acme outdoors"
    now: Callable[[], datetime] = utc_now
    currency: str = "USD"
    hook_headers: Mapping[str, str] = field(default_factory=dict)
    customers: dict[int, Row] = field(default_factory=dict)
    orders: dict[int, Row] = field(default_factory=dict)
    refunds: dict[int, Row] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(100))

    def customer(self, email: str, **given: Any) -> int:
        """A new customer with an account; ``addresses`` are without their numbers."""
        number, stamp = next(self._numbers), self._iso()
        addresses = [self._address(number, one) for one in given.pop("addresses", ())]
        self.customers[number] = {
            "id": number,
            "email": email,
            "first_name": "",
            "last_name": "",
            "company": "",
            "phone": "",
            "notes": "",
            "registration_ip_address": "203.0.113.9",
            "tax_exempt_category": "",
            "customer_group_id": 0,
            "date_created": stamp,
            "date_modified": stamp,
            "address_count": len(addresses),
            "attribute_count": 0,
            "authentication": {"force_password_reset": False},
            "accepts_product_review_abandoned_cart_emails": True,
            "origin_channel_id": 1,
            "channel_ids": [1],
            "addresses": addresses,
            **given,
        }
        self._tell("store/customer/created", {"type": "customer", "id": number})
        return number

    def update_customer(self, number: int, **given: Any) -> None:
        """Changes a customer."""
        self.customers[number].update({**given, "date_modified": self._iso()})
        self._tell("store/customer/updated", {"type": "customer", "id": number})

    def delete_customer(self, number: int) -> None:
        """Deletes a customer."""
        del self.customers[number]
        self._tell("store/customer/deleted", {"type": "customer", "id": number})

    def order(
        self,
        lines: list[Row],
        *,
        billing: Mapping[str, Any] | None = None,
        shipping: str = "0",
        tax: str = "0",
        discount: str = "0",
        fees: tuple[Row, ...] = (),
        **given: Any,
    ) -> int:
        """A new order: ``lines`` with ``name``, ``price_ex_tax`` and ``quantity``; amounts without tax, but for it."""
        number, status = next(self._numbers), given.pop("status_id", 11)
        stamp = self._mail_date()
        products = [self._product(number, one) for one in lines]
        goods = sum((Decimal(one["total_ex_tax"]) for one in products), Decimal(0))
        added = sum((Decimal(str(one["cost_ex_tax"])) for one in fees), Decimal(0))
        net = goods + added + Decimal(shipping) - Decimal(discount)
        address = {**dict.fromkeys(_ADDRESS, ""), "country_iso2": "", "phone": "", "email": "", "form_fields": []}
        row: Row = {
            "id": number,
            "customer_id": 0,
            "date_created": stamp,
            "date_modified": stamp,
            "date_shipped": stamp if status in (2, 10) else "",
            "status_id": status,
            "status": STATUSES[status],
            "subtotal_ex_tax": _money(goods),
            "subtotal_inc_tax": _money(goods + Decimal(tax)),
            "subtotal_tax": _money(tax),
            "base_shipping_cost": _money(shipping),
            "shipping_cost_ex_tax": _money(shipping),
            "shipping_cost_inc_tax": _money(shipping),
            "shipping_cost_tax": _money(0),
            **dict.fromkeys(_ZEROS, _money(0)),
            "total_ex_tax": _money(net),
            "total_inc_tax": _money(net + Decimal(tax)),
            "total_tax": _money(tax),
            "is_tax_inclusive_pricing": False,
            "items_total": len(products),
            "items_shipped": 0,
            "payment_method": "Credit Card",
            "payment_provider_id": "",
            "payment_status": "captured",
            "order_is_digital": False,
            "ip_address": "203.0.113.9",
            "ip_address_v6": "",
            "currency_id": 1,
            "currency_code": self.currency,
            "currency_exchange_rate": "1.0000000000",
            "default_currency_id": 1,
            "default_currency_code": self.currency,
            "staff_notes": "",
            "customer_message": "",
            "discount_amount": _money(discount),
            "cart_id": "a8458391-ef68-4fe5-9ec1-442e6a767364",
            "billing_address": {**address, **(billing or {})},
            "is_email_opt_in": False,
            "order_source": "www",
            "channel_id": 1,
            "external_source": "",
            "is_deleted": False,
            "_products": products,
            "_fees": list(fees),
            **given,
        }
        self.orders[number] = row
        self._tell("store/order/created", {"type": "order", "id": number})
        return number

    def update_order(self, number: int, **given: Any) -> None:
        """Changes an order; its status by ``status_id``."""
        row = self.orders[number]
        row.update({**given, "date_modified": self._mail_date()})
        row["status"] = STATUSES[row["status_id"]]
        self._tell("store/order/updated", {"type": "order", "id": number})

    def archive(self, number: int) -> None:
        """What deleting an order does: it is marked, and stands in no listing."""
        self.update_order(number, is_deleted=True)
        self._tell("store/order/archived", {"type": "order", "id": number})

    def refund(self, number: int, amount: str, reason: str = "") -> int:
        """Gives money back; the refund's number."""
        refund, order = next(self._numbers), self.orders[number]
        self.refunds[refund] = {
            "id": refund,
            "order_id": number,
            "user_id": 1,
            "created": self._iso(),
            "reason": reason,
            "total_amount": float(amount),
            "total_tax": 0.0,
            "uses_merchant_override_values": False,
            "items": [],
            "payments": [{"id": refund, "provider_id": "stripe", "amount": float(amount), "offline": False}],
        }
        back = sum(Decimal(str(one["total_amount"])) for one in self.refunds.values() if one["order_id"] == number)
        whole = back >= Decimal(order["total_inc_tax"])
        paid = "refunded" if whole else "partially refunded"
        self.update_order(number, status_id=4 if whole else 14, payment_status=paid)
        return refund

    def _product(self, order: int, given: Row) -> Row:
        quantity, price = given.get("quantity", 1), Decimal(given["price_ex_tax"])
        number, tax = next(self._numbers), Decimal(given.get("tax", "0"))
        return {
            "id": number,
            "order_id": order,
            "product_id": 77,
            "name": given["name"],
            "sku": given.get("sku", ""),
            "type": "physical",
            "base_price": _money(price),
            "price_ex_tax": _money(price),
            "price_inc_tax": _money(price + tax / quantity),
            "price_tax": _money(tax / quantity),
            "base_total": _money(price * quantity),
            "total_ex_tax": _money(price * quantity),
            "total_inc_tax": _money(price * quantity + tax),
            "total_tax": _money(tax),
            "quantity": quantity,
            "is_refunded": False,
            "quantity_refunded": 0,
            "refund_amount": _money(0),
        }

    def _address(self, customer: int, given: Mapping[str, Any]) -> Row:
        names = ("first_name", "last_name", "company", "address1", "address2", "city", "state_or_province")
        blank = dict.fromkeys((*names, "postal_code", "country_code", "country", "phone"), "")
        more = {"address_type": "residential", "customer_id": customer, "id": next(self._numbers)}
        return {**blank, **more, **given}

    def _iso(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _mail_date(self) -> str:
        return format_datetime(self.now().astimezone(UTC))

    def _tell(self, scope: str, data: Row) -> None:
        told: Row = {"scope": scope, "store_id": "1025646", "data": data, "producer": f"stores/{self.hash}"}
        told["created_at"] = int(self.now().timestamp())
        told["hash"] = hashlib.sha1(json.dumps(data).encode(), usedforsecurity=False).hexdigest()
        headers = {"Content-Type": "application/json", **self.hook_headers}
        self.calls.append(Call(headers, json.dumps(told).encode()))


def _money(amount: Decimal | str | int) -> str:
    return str(Decimal(amount).quantize(Decimal("0.0001")))
