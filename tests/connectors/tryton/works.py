"""One stream of a real Tryton behind a proxy that can fail, and the rig that the conformance kit drives."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

from admin.demo.servers.tryton import PASSWORD, Tryton
from connectors.core.protocols import Connector, Runtime
from connectors.tryton.connector import VENDOR, TrytonConfig
from mapping.contract import RemoteId
from tests.connectors.rig import Clock, Key, Lack, Tokens
from tests.connectors.tryton.backdoor import Backdoor
from tests.servers.proxy import Proxy
from tests.servers.way import Way

WRONG = "no-pw-16180"
MODELS = {"parties": "party.party", "sales": "sale.sale", "invoices": "account.invoice", "payments": "account.payment"}
PARTY = {
    "name": "Ada Castro",
    "contact_mechanisms": [
        ["create", [{"type": "email", "value": "ada@example.com"}, {"type": "phone", "value": "020 7946 0001"}]]
    ],
    "addresses": [["create", [{"street": "3 High Street", "city": "Leeds", "postal_code": "LS1 1AA"}]]],
}
CONSTANT = (b'.fields_get"', b'.list_models"', b'.get_preferences"', b'"common.server.version"')
_STRANGERS = count()


class Works:
    """A server that runs for many tests, its back door, and the way that connectors take to it."""

    def __init__(self, server: Tryton) -> None:
        self.server = server
        self.backdoor = Backdoor(server)
        self.proxy = Proxy(server.url)
        self.proxy.start()
        self.way = Way(self.proxy, server.url, lambda asked: any(name in asked for name in CONSTANT))
        # The sessions of all connectors, as the vault keeps them: each login costs the server a slow hash.
        self.tokens = Tokens()

    def close(self) -> None:
        """Stops all but the server."""
        self.way.close()
        self.proxy.stop()
        self.backdoor.close()

    def renew(self) -> Clock:
        """Empties the server for another test, with a clock of its own."""
        self.backdoor.clear()
        return self.way.renew()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the connections of this place."""
        return self.way.runtime()

    def connector(self, tokens: Tokens | None = None, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones but their session."""
        server = self.server
        settings = {"url": self.proxy.url, "database": server.database, "user": server.user, "password": PASSWORD}
        return VENDOR.build(TrytonConfig(**{**settings, **config}), self.runtime(), tokens or self.tokens)


class TrytonRig:
    """One stream."""

    page_size = 2
    envelope = ("_sort", "_ours", "_employer", "number", "description", "reference")
    lacks: Collection[Lack] = frozenset({Lack.EXPIRY})

    def __init__(self, works: Works, stream: str) -> None:
        self.works, self.stream = works, stream
        self.clock = works.renew()
        works.way.remembers = True
        self._model = MODELS[stream]
        self._door = works.backdoor

    @property
    def secrets(self) -> Collection[str]:
        session = self.works.tokens.token
        return [PASSWORD, WRONG, *([session.access] if session else [])]

    def connector(self) -> Connector:
        return self.works.connector(page_size=self.page_size)

    def stranger(self) -> Connector:
        # Another each time: Tryton answers one that fails often more and more slowly, and then not at all.
        return self.works.connector(Tokens(), user=f"stranger-{next(_STRANGERS)}", password=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        self.works.way.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.works.way.faults.fail(500)

    def truncate(self) -> None:
        self.works.way.faults.truncate()

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self._put(number)))

    def change(self, key: Key) -> None:
        texts = {"parties": "name", "sales": "comment", "invoices": "comment", "payments": "date"}
        now = self.clock.now()
        day = {"__class__": "date", "year": now.year, "month": now.month, "day": now.day}
        value: object = day if self.stream == "payments" else f"Changed at {now}"
        self._door.call(self._model, "write", [int(key[1])], {texts[self.stream]: value}, at=now)

    def delete(self, key: Key) -> None:
        self._door.call(self._model, "delete", [int(key[1])])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        column = {"sales": "sale_date", "invoices": "invoice_date", "payments": "date"}.get(self.stream)
        with self._door.sql() as database:
            table = self._model.replace(".", "_") if column else "party_address"
            where, column = ("id", column) if column else ("party", "create_date")
            database.execute(f"UPDATE {table} SET {column} = 'no date at all' WHERE {where} = ?", [int(key[1])])
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("Tryton's cursors never expire")

    def _put(self, number: int) -> int:
        door, now = self._door, self.clock.now()
        if self.stream == "parties":
            values = {"name": f"Ada Castro {number}", "code": f"P{number}"}
            return door.again(self._model, lambda: door.make(self._model, PARTY), now, **values)
        make = {"sales": door.sale, "invoices": door.invoice, "payments": door.payment}[self.stream]
        values = dict[str, str]() if self.stream == "payments" else {"reference": f"R{number}"}
        return door.again(self._model, lambda: make(door.customer), now, **values)
