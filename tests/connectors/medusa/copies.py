"""Customers and orders put straight into a real Medusa's database, as its own services write them: by the thousand, and
at whatever time a test needs. What the API answers about them it works out itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import count

import psycopg

TABLES = (
    *("refund", "capture", "payment", "payment_session", "order_payment_collection", "payment_collection"),
    *("order_transaction", "order_credit_line", "order_summary", "order_item", "order_line_item", "order_change"),
    *("order", "order_address", "customer_address", "customer"),
)
NONE_OF = ("fulfilled", "shipped", "return_requested", "return_received", "return_dismissed", "written_off")
_NUMBERS = count(1)


class Copies:
    """The shop's database."""

    def __init__(self, url: str, region: str, channel: str) -> None:
        self._url, self._region, self._channel = url, region, channel

    @contextmanager
    def writing(self) -> Iterator[psycopg.Connection]:
        """The database, for one transaction."""
        with psycopg.connect(self._url) as connection:
            yield connection

    def clear(self) -> None:
        """No customers and no orders."""
        with self.writing() as c:
            for table in TABLES:
                c.execute(f'DELETE FROM "{table}"'.encode())

    def customer(self, c: psycopg.Connection, email: str, at: datetime, last: str = "Castro") -> str:
        """A customer without an account; the id."""
        return _insert(c, "customer", "cus", at, email=email, first_name="Ada", last_name=last, has_account=False)

    def order(
        self,
        c: psycopg.Connection,
        customer: str,
        email: str,
        at: datetime,
        price: str,
        number: int = 1,
        *,
        draft: bool = False,
    ) -> str:
        """An order of one line, paid at once unless it is a draft; the id. ``price`` is in pounds, without tax."""
        total = Decimal(price) * number
        place = {"first_name": "Ada", "last_name": "Castro", "address_1": "3 High Street", "country_code": "gb"}
        address = _insert(c, "order_address", "ordaddr", at, **place, city="Leeds", postal_code="LS1 1AA")
        whose = {"customer_id": customer, "email": email, "region_id": self._region, "sales_channel_id": self._channel}
        state = {
            "status": "draft" if draft else "pending",
            "is_draft_order": draft,
            "currency_code": "gbp",
            "version": 1,
        }
        order = _insert(
            c, "order", "order", at, **whose, **state, billing_address_id=address, shipping_address_id=address
        )
        line = _insert(
            c,
            "order_line_item",
            "ordli",
            at,
            title="Lamp",
            variant_sku="LAMP-1",
            **_money("unit_price", Decimal(price)),
        )
        none = {name: value for each in NONE_OF for name, value in _money(f"{each}_quantity", Decimal(0)).items()}
        many = {"order_id": order, "item_id": line, "version": 1, **_money("quantity", Decimal(number)), **none}
        _insert(c, "order_item", "orditem", at, **many)
        totals = {"current_order_total": float(total), "original_order_total": float(total)}
        _insert(c, "order_summary", "ordsum", at, order_id=order, version=1, totals=json.dumps(totals))
        if not draft:
            self._pay(c, order, total, at)
        return order

    def touch(self, c: psycopg.Connection, table: str, id_: str, at: datetime, column: str, value: str) -> None:
        """A new value of one record."""
        statement = f'UPDATE "{table}" SET "{column}" = %s, updated_at = %s WHERE id = %s'
        c.execute(statement.encode(), [value, at, id_])

    def remove(self, c: psycopg.Connection, table: str, id_: str, at: datetime) -> None:
        """A record that is marked as deleted, as Medusa does with all of them."""
        c.execute(f'UPDATE "{table}" SET deleted_at = %s WHERE id = %s'.encode(), [at, id_])

    def _pay(self, c: psycopg.Connection, order: str, total: Decimal, at: datetime) -> None:
        amounts = {
            name: value
            for each in ("amount", "authorized_amount", "captured_amount")
            for name, value in _money(each, total).items()
        }
        paid = {"currency_code": "gbp", "status": "completed", "completed_at": at}
        collection = _insert(c, "payment_collection", "pay_col", at, **amounts, **paid)
        _insert(c, "order_payment_collection", "ordpay", at, order_id=order, payment_collection_id=collection)
        through = {"currency_code": "gbp", "provider_id": "pp_system_default", "payment_collection_id": collection}
        session = _insert(c, "payment_session", "payses", at, **through, **_money("amount", total), status="captured")
        own = {**through, **_money("amount", total), "payment_session_id": session, "captured_at": at}
        payment = _insert(c, "payment", "pay", at, **own)
        _insert(c, "capture", "capt", at, payment_id=payment, **_money("amount", total))


def _money(name: str, amount: Decimal) -> dict[str, object]:
    return {name: amount, f"raw_{name}": json.dumps({"value": str(amount), "precision": 20})}


def _insert(c: psycopg.Connection, table: str, prefix: str, at: datetime, **values: object) -> str:
    id_ = f"{prefix}_01K0COPY{next(_NUMBERS):018}"
    row = {"id": id_, "created_at": at, "updated_at": at, **values}
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    c.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'.encode(), [*row.values()])
    return id_
