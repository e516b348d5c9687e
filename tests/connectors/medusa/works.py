"""A real Medusa behind a way that can fail, and the rig that the reader's kit drives on it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from connectors.core.protocols import Connector
from connectors.core.shops import ENVELOPE
from connectors.medusa.connector import VENDOR, MedusaConfig
from mapping.contract import RemoteId
from tests.connectors.medusa.backdoor import Backdoor
from tests.connectors.medusa.copies import Copies
from tests.connectors.rig import Clock, Key, Lack, Tokens
from tests.servers.medusa import Medusa
from tests.servers.proxy import Proxy
from tests.servers.way import Way

WRONG = "no-such-password-16180"


class Works:
    """A shop that runs for many tests, with everything but customers and orders in it."""

    def __init__(self, server: Medusa) -> None:
        self.server = server
        self.backdoor = Backdoor(server)
        self.copies = Copies(server.database, self.backdoor.region, self.backdoor.channel)
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

    def connector(self, tokens: Tokens | None = None, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones but their session."""
        settings = {"url": self.proxy.url, "email": self.server.user, "password": self.server.password}
        found = MedusaConfig.model_validate({**settings, **config})
        return VENDOR.build(found, self.way.runtime(), tokens or self.tokens)


class RealRig:
    """One stream of it."""

    page_size = 3
    envelope = (*ENVELOPE, "_address")
    # Its database takes no time and no amount that nobody can read.
    lacks: Collection[Lack] = (Lack.EXPIRY, Lack.BAD_RECORDS)

    def __init__(self, works: Works, stream: str) -> None:
        self.works, self.stream = works, stream
        self.clock = works.renew()
        self._table = "customer" if stream == "customers" else "order"

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
        copies, now, email = self.works.copies, self.clock.now(), f"ada.{number}@example.com"
        with copies.writing() as c:
            customer = copies.customer(c, email, now, last=f"Castro {number}")
            if self.stream == "customers":
                return "", RemoteId(customer)
            draft = self.stream == "draft_orders"
            return "", RemoteId(copies.order(c, customer, email, now, f"{10 + number}.99", draft=draft))

    def change(self, key: Key) -> None:
        column = {"customer": "phone", "order": "email"}[self._table]
        value = f"020{self.clock.now():%M%S}" if column == "phone" else f"ada.{self.clock.now():%M%S}@example.com"
        with self.works.copies.writing() as c:
            self.works.copies.touch(c, self._table, key[1], self.clock.now(), column, value)

    def delete(self, key: Key) -> None:
        with self.works.copies.writing() as c:
            self.works.copies.remove(c, self._table, key[1], self.clock.now())

    def put_bad(self) -> Key:
        raise AssertionError("its database takes nothing that nobody can read")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")
