"""Customers and orders put straight into a real Vendure's database, as its own services write them: by the thousand,
and at whatever time a test needs. What the API answers about them it works out itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

TABLES = (
    *("refund", "payment", "fulfillment", "order_line_reference", "order_line", "shipping_line", "surcharge"),
    *("order_fulfillments_fulfillment", "order_channels_channel", "order_modification", "history_entry", "order"),
    *("address", "customer_channels_channel", "customer_groups_customer_group", "customer"),
)
PLACE = {"fullName": "Ada Castro", "company": None, "streetLine1": "3 High Street", "city": "Leeds"}
VAT = '[{"description":"VAT","taxRate":20}]'


class Copies:
    """The shop's database. ``variant`` and ``shipping`` are the ids of what is sold and how it is sent."""

    def __init__(self, database: Path, variant: str = "1", shipping: str = "1") -> None:
        self._database, self._variant, self._shipping = database, variant, shipping

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The database, for one transaction."""
        with closing(sqlite3.connect(self._database, timeout=30.0)) as connection, connection:
            yield connection

    def clear(self) -> None:
        """No customers and no orders."""
        with self.writing() as c:
            for table in TABLES:
                c.execute(f'DELETE FROM "{table}"')

    def customer(self, c: sqlite3.Connection, email: str, at: datetime, last: str = "Castro") -> str:
        """A customer without an account; the id."""
        made = {"firstName": "Ada", "lastName": last, "emailAddress": email}
        id_ = _insert(c, "customer", at, **made)
        c.execute("INSERT INTO customer_channels_channel VALUES (?, 1)", [id_])
        return str(id_)

    def order(self, c: sqlite3.Connection, customer: str, at: datetime, price: int, quantity: int = 1) -> str:
        """An order of one line, paid at once by card; the id. ``price`` is net, in pence."""
        fine = at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
        address = json.dumps({**PLACE, "postalCode": "LS1 1AA", "countryCode": "GB", "country": "Britain"})
        net, gross = price * quantity, round(price * 1.2) * quantity
        state = {"type": "Regular", "state": "PaymentSettled", "active": 0, "orderPlacedAt": fine, "couponCodes": ""}
        places = {"shippingAddress": address, "billingAddress": address, "currencyCode": "GBP", "taxZoneId": 1}
        sums = {"subTotal": net, "subTotalWithTax": gross, "shipping": 500, "shippingWithTax": 600}
        (number,) = c.execute('SELECT coalesce(max(id), 0) + 1 FROM "order"').fetchone()
        order = _insert(c, "order", at, code=f"COPY{number}", customerId=customer, **state, **places, **sums)
        c.execute("INSERT INTO order_channels_channel VALUES (?, 1)", [order])
        taxed = {"listPriceIncludesTax": 0, "adjustments": "[]", "taxLines": VAT, "orderId": order}
        sent = _insert(c, "shipping_line", at, **taxed, shippingMethodId=self._shipping, listPrice=500)
        many = {"quantity": quantity, "orderPlacedQuantity": quantity, "initialListPrice": price, "listPrice": price}
        ids = {"shippingLineId": sent, "productVariantId": self._variant, "taxCategoryId": 1}
        _insert(c, "order_line", at, **taxed, **many, **ids)
        paid = {"method": "card", "state": "Settled", "transactionId": f"t{order}", "metadata": "{}"}
        _insert(c, "payment", at, **paid, amount=gross + 600, orderId=order)
        return str(order)

    def touch(self, c: sqlite3.Connection, table: str, id_: str, at: datetime, column: str, value: str) -> None:
        """A new value of one record."""
        c.execute(f'UPDATE "{table}" SET "{column}" = ?, "updatedAt" = ? WHERE id = ?', [value, _second(at), id_])

    def remove(self, c: sqlite3.Connection, table: str, id_: str) -> None:
        """A record that is gone."""
        c.execute(f'DELETE FROM "{table}" WHERE id = ?', [id_])


def _insert(c: sqlite3.Connection, table: str, at: datetime, **values: object) -> int:
    row = {"createdAt": _second(at), "updatedAt": _second(at), **values}
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    found = c.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', [*row.values()]).lastrowid
    assert found is not None
    return found


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
