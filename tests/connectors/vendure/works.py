"""A real Vendure behind a way that can fail, and the rig that the reader's kit drives on it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from connectors.core.protocols import Connector
from connectors.core.shops import ENVELOPE
from connectors.vendure.connector import VENDOR, VendureConfig
from mapping.contract import RemoteId
from tests.connectors.rig import Clock, Key, Lack, Tokens
from tests.connectors.vendure.backdoor import Backdoor
from tests.connectors.vendure.copies import Copies
from tests.servers.proxy import Proxy
from tests.servers.vendure import Vendure
from tests.servers.way import Way

WRONG = "no-such-password-16180"


class Works:
    """A shop that runs for many tests, with everything but customers and orders in it."""

    def __init__(self, server: Vendure) -> None:
        self.server = server
        self.backdoor = Backdoor(server)
        self.backdoor.furnish()
        self.copies = Copies(server.database, self.backdoor.variant)
        self.proxy = Proxy(server.url)
        self.proxy.start()
        self.way = Way(self.proxy, server.url)
        # The session of all connectors, as the vault keeps it: each login costs the server a slow hash.
        self.tokens = Tokens()

    def close(self) -> None:
        """Stops all but the server."""
        self.way.close()
        self.proxy.stop()
        self.backdoor.close()

    def renew(self) -> Clock:
        """Empties the shop for another test, with a clock of its own."""
        self.copies.clear()
        return self.way.renew()

    def end_sessions(self) -> None:
        """The server knows no login any more."""
        self.tokens.token = None if self.tokens.token is None else replace(self.tokens.token, access="ended")
        self.backdoor.login()

    def connector(self, tokens: Tokens | None = None, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones but their session."""
        server = self.server
        settings = {"url": f"{self.proxy.url}/admin-api", "username": server.user, "password": server.password}
        found = VendureConfig.model_validate({**settings, **config})
        return VENDOR.build(found, self.way.runtime(), tokens or self.tokens)


class RealRig:
    """One stream of it."""

    page_size = 3
    envelope = (*ENVELOPE, "_address")
    # A time or an amount that nobody can read makes the server fail the whole list.
    lacks: Collection[Lack] = (Lack.EXPIRY, Lack.BAD_RECORDS)

    def __init__(self, works: Works, stream: str) -> None:
        self.works, self.stream = works, stream
        self.clock = works.renew()
        self._table = stream.removesuffix("s")

    @property
    def secrets(self) -> Collection[str]:
        token = self.works.tokens.token
        return [self.works.server.password, WRONG, *([token.access] if token else [])]

    def connector(self) -> Connector:
        return self.works.connector(page_size=self.page_size)

    def stranger(self) -> Connector:
        return self.works.connector(Tokens(), password=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        self.works.way.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.works.way.faults.fail(500)

    def truncate(self) -> None:
        self.works.way.faults.truncate()

    def put(self, number: int) -> Key:
        copies, now = self.works.copies, self.clock.now()
        with copies.writing() as c:
            customer = copies.customer(c, f"ada.{number}@example.com", now, last=f"Castro {number}")
            if self.stream == "customers":
                return "", RemoteId(customer)
            return "", RemoteId(copies.order(c, customer, now, 1000 + number))

    def change(self, key: Key) -> None:
        column, value = {"customer": ("phoneNumber", f"020 {self.clock.now():%M%S}"), "order": ("state", "Shipped")}[
            self._table
        ]
        with self.works.copies.writing() as c:
            self.works.copies.touch(c, self._table, key[1], self.clock.now(), column, value)

    def delete(self, key: Key) -> None:
        if self.stream == "customers":
            self.works.backdoor.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=key[1])
            return
        with self.works.copies.writing() as c:
            self.works.copies.remove(c, "order", key[1])

    def put_bad(self) -> Key:
        raise AssertionError("the server fails the whole list")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")
