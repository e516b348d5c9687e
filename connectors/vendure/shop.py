"""A Vendure in memory: its customers and orders, with the sums and states that the real one gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

Record = dict[str, Any]

PLACE = ("fullName", "company", "streetLine1", "streetLine2", "city", "province", "postalCode", "phoneNumber")
LEEDS = {"fullName": "Ada Castro", "streetLine1": "3 High Street", "city": "Leeds", "postalCode": "LS1 1AA"}
MOST = 1000
SORTABLE = ("id", "createdAt", "updatedAt", "orderPlacedAt")
"""In the order of the schema, in which sort keys take effect whatever order they are given in."""


class UserInputError(Exception):
    """What is asked is refused; the argument is the message."""


@dataclass
class Shop:
    """One channel. Prices are net, in the smallest unit; ``tax`` is a share in hundredths, ``shipping`` net as well.

    Times are kept as SQLite keeps them there: to the second, but for ``orderPlacedAt``, and compared as texts.
    """

    token: str = "sandbox-channel-x7k2"  # noqa: S105 - names a channel
    currency: str = "GBP"
    precision: int = 2
    tax: int = 20
    shipping: int = 500
    now: Callable[[], datetime] = utc_now
    most: int = MOST
    customers: dict[str, Record] = field(default_factory=dict)
    orders: dict[str, Record] = field(default_factory=dict)
    _numbers: dict[str, count[int]] = field(default_factory=dict)

    def register(
        self, email: str, first: str = "Ada", last: str = "Castro", *, account: bool = True, **more: Any
    ) -> str:
        """A new customer; the id."""
        id_ = self._number("customer")
        self.customers[id_] = {
            "__typename": "Customer",
            **self._dated(id_),
            "title": None,
            "firstName": first,
            "lastName": last,
            "emailAddress": email,
            "phoneNumber": None,
            "user": {"id": self._number("user"), "verified": True} if account else None,
            "groups": [],
            "addresses": [],
            "customFields": None,
            **more,
        }
        return id_

    def settle_at(self, customer: str, place: Mapping[str, Any], *, country: str = "GB") -> None:
        """An address of a customer, for bills and parcels. The customer's ``updatedAt`` stays as it is."""
        told = {**dict.fromkeys(PLACE), **place, **self._dated(self._number("address")), "country": {"code": country}}
        self.customers[customer]["addresses"].append(
            {**told, "defaultShippingAddress": True, "defaultBillingAddress": True}
        )

    def change(self, kind: str, id_: str, **values: Any) -> None:
        """New values for a ``customer`` or an ``order``."""
        self._touch(self._held(kind)[id_], **values)

    def delete(self, kind: str, id_: str) -> None:
        """Removes a customer (kept over there, but listed no more) or a draft of an order."""
        del self._held(kind)[id_]

    def buy(
        self,
        customer: str,
        price: int = 1000,
        quantity: int = 1,
        *,
        place: Mapping[str, Any] | None = None,
        pay: bool = True,
        transaction: str = "t-1",
        discount: int = 0,
        **more: Any,
    ) -> str:
        """An order of one line, paid at once; without ``pay`` a cart. The id. ``discount`` is net, on all of it."""
        id_ = self._number("order")
        address = {**dict.fromkeys(PLACE), **LEEDS, "countryCode": "GB", **(place or {})}
        variant = {"__typename": "ProductVariant", "sku": "LAMP-1", "name": "Lamp"}
        line = {"id": id_, "quantity": quantity, "orderPlacedQuantity": quantity if pay else 0, "unitPrice": price}
        order = self.orders[id_] = {
            "__typename": "Order",
            **self._dated(id_),
            "code": f"SANDBOX{int(id_):09}",
            "type": "Regular",
            "state": "PaymentSettled" if pay else "AddingItems",
            "active": not pay,
            "orderPlacedAt": self._fine() if pay else None,
            "currencyCode": self.currency,
            "couponCodes": [],
            "customer": lambda _, wanted=customer: self.customers.get(wanted),
            "shippingAddress": address,
            "billingAddress": address,
            "lines": [{**line, "productVariant": variant}],
            "discounts": [{"amount": -discount, "amountWithTax": -self._gross(discount)}] if discount else [],
            "shipping": self.shipping,
            "shippingWithTax": self._gross(self.shipping),
            "payments": [],
            "fulfillments": [],
            "customFields": None,
            **more,
        }
        self._add_up(order)
        if pay:
            self.pay(id_, order["totalWithTax"], transaction)
        return id_

    def pay(self, order: str, amount: int, transaction: str = "t-1", state: str = "Settled") -> str:
        """A payment for an order; the id."""
        made = self._dated(self._number("payment"))
        told = {"method": "card", "amount": amount, "state": state, "transactionId": transaction, "refunds": []}
        self.orders[order]["payments"].append({"__typename": "Payment", **made, **told, "errorMessage": None})
        self._touch(self.orders[order])
        return str(made["id"])

    def refund(self, order: str, amount: int, reason: str | None = None, state: str = "Settled") -> str:
        """Money back through the first payment; the id. The order's ``updatedAt`` stays as it is."""
        made = self._dated(self._number("refund"))
        told = {"total": amount, "state": state, "reason": reason, "transactionId": None, "method": "card"}
        self.orders[order]["payments"][0]["refunds"].append({"__typename": "Refund", **made, **told})
        return str(made["id"])

    def cancel(self, order: str) -> None:
        """Cancels all lines: their quantity falls to nothing, and with it the order's total."""
        found = self.orders[order]
        for line in found["lines"]:
            line["quantity"] = 0
        self._add_up(found)
        self._touch(found, state="Cancelled")

    def fulfil(self, order: str, state: str = "Delivered") -> None:
        """Sends all of it."""
        found = self.orders[order]
        found["fulfillments"].append({**self._dated(self._number("fulfillment")), "state": state})
        self._touch(found, state=state)

    def list(self, kind: str, options: Mapping[str, Any] | None) -> Record:
        """A list of ``customer`` or ``order`` as it is answered. Raises UserInputError."""
        asked = {name: value for name, value in (options or {}).items() if value is not None}
        take = asked.get("take", self.most)
        if take > self.most:
            raise UserInputError(f"Cannot take more than {self.most} results from a list query")
        rows = [row for row in self._held(kind).values() if _fits(row, asked.get("filter") or {})]
        sort = asked.get("sort") or {}
        for name in reversed([each for each in SORTABLE if each in sort]):
            rows.sort(key=partial(_order, name=name), reverse=sort[name] == "DESC")
        skip = asked.get("skip", 0)
        return {"items": [_shown(row) for row in rows[skip : skip + take]], "totalItems": len(rows)}

    def _held(self, kind: str) -> dict[str, Record]:
        return {"customer": self.customers, "order": self.orders}[kind]

    def _add_up(self, order: Record) -> None:
        net = sum(line["unitPrice"] * line["quantity"] for line in order["lines"])
        net += sum(each["amount"] for each in order["discounts"])
        order |= {"subTotal": net, "subTotalWithTax": self._gross(net), "total": net + order["shipping"]}
        order["totalWithTax"] = order["subTotalWithTax"] + order["shippingWithTax"]

    def _gross(self, net: int) -> int:
        return round(net * (100 + self.tax) / 100)

    def _number(self, kind: str) -> str:
        return str(next(self._numbers.setdefault(kind, count(1))))

    def _dated(self, id_: str) -> Record:
        return {"id": id_, "createdAt": self._second(), "updatedAt": self._second()}

    def _touch(self, record: Record, **values: Any) -> None:
        record |= {**values, "updatedAt": self._second()}

    def _second(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def _fine(self) -> str:
        return self.now().astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")


def _fits(row: Record, wanted: Mapping[str, Any]) -> bool:
    for name, operators in wanted.items():
        value = row.get(name)
        for operator, operand in operators.items():
            if operator == "in" and value not in operand:
                return False
            if operator in ("after", "before") and not (value and _compared(value, operator, operand)):
                return False
            if operator not in ("in", "after", "before"):
                raise UserInputError(f"the stand-in has no operator {operator}")
    return True


def _compared(kept: str, operator: str, operand: str) -> bool:
    """As SQLite does, which has texts for times: "12:00:00" comes before "12:00:00.000"."""
    moment = datetime.fromisoformat(operand).astimezone(UTC)
    asked = moment.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    return kept > asked if operator == "after" else kept < asked


def _order(row: Record, name: str) -> Any:
    return int(row["id"]) if name == "id" else row.get(name) or ""


def _shown(row: Any) -> Any:
    """With times as the API shows them; what is no time of SQLite's is shown as it is kept."""
    if isinstance(row, Mapping):
        return {name: _time(value) if name.endswith("At") else _shown(value) for name, value in row.items()}
    if isinstance(row, Iterable) and not isinstance(row, str):
        return [_shown(each) for each in row]
    if callable(row):
        return lambda arguments: _shown(row(arguments))
    return row


def _time(kept: Any) -> Any:
    try:
        moment = datetime.fromisoformat(kept)
    except (TypeError, ValueError):
        return kept
    return f"{moment.isoformat(timespec='milliseconds')}Z"
