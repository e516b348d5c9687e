"""Odoo's stand-in on a clock of its own, a connector in front of it, and the rig that the conformance kit drives."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.odoo.connector import VENDOR, OdooConfig
from connectors.odoo.database import Database
from connectors.odoo.database_fields import Row
from connectors.odoo.sandbox import OdooSandbox
from mapping.contract import Cursor, RemoteId, Slice
from mapping.mapper import Entity, Mapper
from tests.connectors import haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

JSONRPC, JSON2 = 18, 19
"""The last release without JSON-2, and the first with it."""
KEY, WRONG_KEY = "31415926535897932384626433832795", "27182818284590452353602874713526"
WHOLE = Slice()
MODELS = {
    "partners": "res.partner",
    "orders": "sale.order",
    "invoices": "account.move",
    "leads": "crm.lead",
    "events": "calendar.event",
}
TEXTS = {"partners": "function", "orders": "origin", "invoices": "ref", "leads": "function", "events": "location"}


class Desk:
    """A database without partners, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, version: int = JSON2, **options: Any) -> None:
        self.clock = Clock()
        self.database = Database(version=version, now=self.clock.now, **options)
        self.database.unlink("res.partner", [row.id for row in self.database.rows("res.partner")])
        self.clock.advance(3600)
        self.server = OdooSandbox(self.database, api_key=KEY, keep=2_000)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the desk's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, "requests_per_minute": 100_000, **config}
        return VENDOR.build(OdooConfig(**settings), self.runtime(), Tokens())

    def open(self, name: str = "partners", **config: Any) -> Stream:
        """One stream of a new connector."""
        return stream_of(self.connector(**config), name)

    def read(self, stream: Stream | str, cursor: Cursor | None = None) -> Haul:
        """Everything that a stream gives from a cursor on."""
        opened = self.open(stream) if isinstance(stream, str) else stream
        return Haul(list(opened.read(WHOLE, cursor)))

    def mapped(self, name: str, row: Row) -> list[Entity]:
        """What a record says, read and mapped by the default rules."""
        stream = self.open(name)
        assert stream.get
        (record,) = stream.get(WHOLE, [RemoteId(str(row.id))])
        return list(Mapper(stream.rules, default_country="GB").map(record.body))


class Haul(haul.Haul):
    """What a read brought."""

    @property
    def numbers(self) -> list[int]:
        """The ids of the records, as Odoo has them."""
        return [int(record.remote_id) for record in self.records]


def sample(stream: str, number: int, partner: int) -> dict[str, Any]:
    """Good values of a record, different for each number."""
    day = f"2026-04-{number % 28 + 1:02}"
    line = {"name": f"Chair {number}", "product_uom_qty": 2, "price_unit": number + 1}
    values: dict[str, dict[str, Any]] = {
        "partners": {"name": f"Ada {number}", "email": f"Ada.{number}@Example.com", "phone": "+44 20 7946 0001"},
        "orders": {"partner_id": partner, "state": "sale", "order_line": [(0, 0, line)]},
        "invoices": {
            "partner_id": partner,
            "move_type": "out_invoice",
            "state": "posted",
            "invoice_date": day,
            "amount_total": 10.0 + number,
        },
        "leads": {"name": f"Roof {number}", "type": "lead", "email_from": f"zoe.{number}@example.com"},
        "events": {
            "name": f"Tea {number}",
            "start": f"{day} 08:00:00",
            "stop": f"{day} 09:00:00",
            "partner_ids": [(6, 0, [partner])],
        },
    }
    return values[stream]


class OdooRig(Desk):
    """One stream of a database."""

    page_size = 3
    secrets = (KEY, WRONG_KEY)
    lacks = (Lack.EXPIRY,)
    envelope = ("joined", "mobile")

    def __init__(self, stream: str, version: int) -> None:
        super().__init__(version)
        self.stream, self.model = stream, MODELS[stream]
        self._partner = 0
        if stream != "partners":
            self._partner = self.database.create("res.partner", name="Bea", email="bea@example.com").id

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(api_key=WRONG_KEY)

    def rate_limit(self, retry_after: float | None) -> None:
        self.server.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.server.faults.fail(500)

    def put(self, number: int) -> Key:
        values = sample(self.stream, number, self._partner)
        return "", RemoteId(str(self.database.create(self.model, **values).id))

    def change(self, key: Key) -> None:
        self.database.write(self.model, [int(key[1])], **{TEXTS[self.stream]: f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        row = self._row(key)
        row.values["state"] = "cancel"  # what is confirmed or posted may not be deleted
        self.database.unlink(self.model, [row.id])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self._row(key).garbled = True
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("Odoo's dates never expire")

    def truncate(self) -> None:
        self.server.faults.truncate()

    def _row(self, key: Key) -> Row:
        row = self.database.row(self.model, int(key[1]))
        assert row is not None
        return row
