"""A real Tryton by another door than the hub's: records are made and changed over its own RPC, and dated in SQLite.

A real server stamps rows with the real time; the conformance kit has a clock of its own. So whatever the server stamped
during a call is set to the clock's present right after it. Past the server go only copies of rows that it made itself,
since the kit wants thousands, rows that are to be unreadable, and the emptying after a test.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx

from admin.demo.servers.tryton import DATABASE, PASSWORD, USER, Tryton

CUSTOMER = {
    "name": "Bea Ito",
    "contact_mechanisms": [["create", [{"type": "email", "value": "bea@example.com"}]]],
    "addresses": [["create", [{"street": "1 High Street", "city": "Leeds"}]]],
}
TABLES = (
    "account_payment",
    "account_invoice_line",
    "account_invoice",
    "sale_line",
    "sale_sale",
    "party_relation",
    "party_identifier",
    "party_contact_mechanism",
    "party_address",
    "party_category_rel",
    "party_category",
    "party_party",
)


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CHILDREN = {
    "party_party": {"party_address": "party", "party_contact_mechanism": "party"},
    "sale_sale": {"sale_line": "sale"},
    "account_invoice": {"account_invoice_line": "invoice"},
    "account_payment": dict[str, str](),
}
Row = dict[str, Any]


class Backdoor:
    """One running server. ``customer`` is a party that outlives every emptying, where there is a company."""

    def __init__(self, server: Tryton) -> None:
        self.server = server
        self._client = httpx.Client(base_url=server.url, timeout=60.0, trust_env=False)
        self._path = "/" + DATABASE + ("/rpc/" if "8" in server.release.name else "/")
        login = self._post("common.db.login", [USER, {"password": PASSWORD}])
        token = base64.b64encode(f"{USER}:{login[0]}:{login[1]}".encode()).decode("ascii")
        self._client.headers["Authorization"] = f"Session {token}"
        self._context = self._post("model.res.user.get_preferences", [True, {}])
        self._models: dict[str, tuple[Row, dict[str, list[Row]]]] = {}
        self.customer = self.make("party.party", CUSTOMER) if "sale" in server.release.modules else 0
        with self.sql() as database:
            known = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            self._tables = [name for name in TABLES if name in known]
            self._before = {name: self._highest(database, name) for name in self._tables}
            for name in self._tables:
                database.execute(f"UPDATE {name} SET create_date = ?, write_date = NULL", [_stored(LONG_AGO)])

    def close(self) -> None:
        """Lets go of the server."""
        self._client.close()

    def clear(self) -> None:
        """Removes every record that was made since the server was started."""
        with self.sql() as database:
            for name in self._tables:
                database.execute(f"DELETE FROM {name} WHERE id > ?", [self._before[name]])

    def call(self, model: str, method: str, *arguments: Any, at: datetime | None = None) -> Any:
        """What a model's method answers; with ``at``, all that it stamped carries that time."""
        began = datetime.now(UTC)
        answer = self._post(f"model.{model}.{method}", [*arguments, self._context])
        if at is not None:
            self._date(began, datetime.now(UTC), at)
        return answer

    def make(self, model: str, values: dict[str, Any], at: datetime | None = None) -> int:
        """Creates a record; its id."""
        return int(self.call(model, "create", [values], at=at)[0])

    def replace(self, party: int, by: int, at: datetime) -> None:
        """Merges a party into another with Tryton's own wizard."""
        began = datetime.now(UTC)
        wizard = "wizard.party.replace"
        session, *_ = self._post(f"{wizard}.create", [self._context])
        context = {**self._context, "active_model": "party.party", "active_id": party, "active_ids": [party]}
        asked = {"ask": {"source": party, "destination": by}}
        self._post(f"{wizard}.execute", [session, asked, "replace", context])
        self._date(began, datetime.now(UTC), at)

    def again(self, model: str, made: Callable[[], int], at: datetime, **values: Any) -> int:
        """A record as ``made`` makes one over RPC, which is called the first time only; later ones are copies of its
        rows with other values. Its id."""
        table = model.replace(".", "_")
        if table not in self._models:
            self._models[table] = self._taken(table, made())
        row, children = self._models[table]
        stamps = {"create_date": _stored(at), "write_date": None}
        with self.sql() as database:
            found = self._inserted(database, table, row | stamps | values)
            for child, rows in children.items():
                for each in rows:
                    self._inserted(database, child, each | stamps | {CHILDREN[table][child]: found})
        return found

    def _taken(self, table: str, number: int) -> tuple[Row, dict[str, list[Row]]]:
        """The rows of a record, which are taken away."""
        with self.sql() as database:
            database.row_factory = sqlite3.Row
            owners = {table: "id", **CHILDREN[table]}
            found = {}
            for name, owner in reversed(owners.items()):
                rows = database.execute(f"SELECT * FROM {name} WHERE {owner} = ?", [number])
                found[name] = [{key: row[key] for key in row.keys() if key != "id"} for row in rows]  # noqa: SIM118
                database.execute(f"DELETE FROM {name} WHERE {owner} = ?", [number])
        (row,) = found.pop(table)
        return row, found

    @staticmethod
    def _inserted(database: sqlite3.Connection, table: str, row: Row) -> int:
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        return int(database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()]).lastrowid or 0)

    @contextmanager
    def sql(self) -> Iterator[sqlite3.Connection]:
        """The database file, committed at the end."""
        with closing(sqlite3.connect(self.server.file, timeout=30)) as database, database:
            yield database

    @cached_property
    def company(self) -> int:
        """The company's id."""
        return int(self.call("company.company", "search", [])[0])

    @cached_property
    def pounds(self) -> int:
        """The currency's id."""
        return int(self.call("currency.currency", "search", [["code", "=", "GBP"]])[0])

    @cached_property
    def product(self) -> tuple[int, int]:
        """Ids of the product and its unit."""
        (row,) = self.call("product.product", "search_read", [], 0, 1, None, ["default_uom"])
        return int(row["id"]), int(row["default_uom"])

    def account(self, kind: str) -> int:
        """The id of an account: receivable, revenue and so on."""
        return int(
            self.call("account.account", "search", [[f"type.{kind}", "=", True], ["closed", "!=", True]], 0, 1)[0]
        )

    def sale(self, party: int, at: datetime | None = None, **values: Any) -> int:
        """A draft sale of two kettles; its id."""
        product, unit = self.product
        line = {"type": "line", "product": product, "unit": unit, "quantity": 2.0, "unit_price": decimal("24.5000")}
        sale = {"party": party, "company": self.company, "currency": self.pounds, "lines": [["create", [line]]]}
        return self.make("sale.sale", {**sale, **values}, at)

    def invoice(self, party: int, at: datetime | None = None, kind: str = "out", **values: Any) -> int:
        """A draft invoice of one thing for 100 pounds; its id."""
        journal = self.call("account.journal", "search", [["type", "=", "revenue" if kind == "out" else "expense"]])
        (address,) = self.call("party.address", "search", [["party", "=", party]], 0, 1)
        line = {
            "type": "line",
            "description": "Repair",
            "quantity": 1.0,
            "unit_price": decimal("100.00"),
            "account": self.account("revenue" if kind == "out" else "expense"),
            "currency": self.pounds,
            "company": self.company,
        }
        invoice = {
            "type": kind,
            "party": party,
            "company": self.company,
            "currency": self.pounds,
            "account": self.account("receivable" if kind == "out" else "payable"),
            "journal": journal[0],
            "invoice_address": address,
            "lines": [["create", [line]]],
        }
        return self.make("account.invoice", {**invoice, **values}, at)

    def payment(self, party: int, at: datetime | None = None, kind: str = "receivable", **values: Any) -> int:
        """A draft payment of 12.50 pounds; its id."""
        journal = self.call("account.payment.journal", "search", [])
        payment = {
            "company": self.company,
            "journal": journal[0],
            "kind": kind,
            "party": party,
            "amount": decimal("12.50"),
            "date": day(2026, 5, 4),
        }
        return self.make("account.payment", {**payment, **values}, at)

    def _date(self, began: datetime, ended: datetime, at: datetime) -> None:
        first, last, wanted = (_stored(moment) for moment in (began, ended, at))
        with self.sql() as database:
            for name in self._tables:
                for stamp in ("create_date", "write_date"):
                    statement = f"UPDATE {name} SET {stamp} = ? WHERE {stamp} BETWEEN ? AND ?"
                    database.execute(statement, [wanted, first, last])

    @staticmethod
    def _highest(database: sqlite3.Connection, table: str) -> int:
        return int(database.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").fetchone()[0])

    def _post(self, method: str, params: Sequence[Any]) -> Any:
        body = self._client.post(self._path, json={"id": 0, "method": method, "params": params}).json()
        assert "error" not in body, f"{method}: {body['error']}"
        return body["result"]


def decimal(text: str) -> dict[str, str]:
    """A number as Tryton takes it."""
    return {"__class__": "Decimal", "decimal": str(Decimal(text))}


def day(year: int, month: int, number: int) -> dict[str, Any]:
    """A day as Tryton takes it."""
    return {"__class__": "date", "year": year, "month": month, "day": number}


def _stored(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
