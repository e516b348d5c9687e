"""Medusa's stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.core.protocols import Connector, Stream
from connectors.core.shops import ENVELOPE
from connectors.medusa.connector import VENDOR, MedusaConfig
from connectors.medusa.sandbox import PASSWORD, MedusaSandbox
from connectors.medusa.store import Store
from mapping.contract import Cursor, RemoteId, Slice
from tests.connectors.contract import Clock, Key, Lack, SandboxRig, Tokens
from tests.connectors.haul import Haul
from tests.connectors.rig import stream_of

WRONG = "medusa-password-2718281828"


class Till(SandboxRig[MedusaSandbox]):
    """A shop, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, **options: Any) -> None:
        clock = Clock()
        self.store = Store(now=clock.now, **options)
        # Logging in costs a request; the kits make hundreds of connectors.
        self.tokens = Tokens()
        super().__init__(MedusaSandbox(self.store, keep=200), clock)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones but their session."""
        tokens = Tokens() if "password" in config else self.tokens
        return VENDOR.build(MedusaConfig.model_validate({**self.server.settings, **config}), self.runtime(), tokens)

    def open(self, stream: str, **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str, cursor: Cursor | None = None, **config: Any) -> Haul:
        """All pages from a cursor on."""
        return Haul(list(self.open(stream, **config).read(Slice(), cursor)))


class MedusaRig(Till):
    """One stream."""

    page_size = 3
    lacks: Collection[Lack] = (Lack.EXPIRY,)
    secrets = (PASSWORD, WRONG)
    envelope = (*ENVELOPE, "_address")

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream
        self._kind = "customers" if stream == "customers" else "orders"

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(password=WRONG)

    def put(self, number: int) -> Key:
        customer = self.store.register(f"ada.{number}@example.com", last=f"Castro {number}")
        if self.stream == "customers":
            return "", RemoteId(customer)
        return "", RemoteId(self.store.buy(customer, str(10 + number), draft=self.stream == "draft_orders"))

    def change(self, key: Key) -> None:
        texts: dict[str, dict[str, Any]] = {
            "customers": {"phone": f"020 7946 {self.clock.now():%M%S}"},
            "orders": {"metadata": {"n": "1"}},
        }
        self.store.change(self._kind, key[1], **texts[self._kind])

    def delete(self, key: Key) -> None:
        self.store.delete(self._kind, key[1])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        if self.stream == "customers":
            self.store.customers[key[1]]["updated_at"] = "3000 or so"
        else:
            self.store.orders[key[1]]["total"] = None
        return key

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")
