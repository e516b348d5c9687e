"""Vendure's stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.core.protocols import Connector, Stream
from connectors.core.shops import ENVELOPE
from connectors.vendure.connector import VENDOR, VendureConfig
from connectors.vendure.sandbox import PASSWORD, VendureSandbox
from connectors.vendure.shop import Shop
from mapping.contract import Cursor, RemoteId, Slice
from tests.connectors.contract import Clock, Key, Lack, SandboxRig, Tokens
from tests.connectors.haul import Haul
from tests.connectors.rig import stream_of

WRONG = "vendure-password-2718281828"


class Counter(SandboxRig[VendureSandbox]):
    """A shop, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, **options: Any) -> None:
        clock = Clock()
        self.shop = Shop(now=clock.now, **options)
        # Logging in costs a request; the kits make hundreds of connectors.
        self.tokens = Tokens()
        super().__init__(VendureSandbox(self.shop, keep=200), clock)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones but their session."""
        tokens = Tokens() if "password" in config else self.tokens
        return VENDOR.build(VendureConfig.model_validate({**self.server.settings, **config}), self.runtime(), tokens)

    def open(self, stream: str, **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str, cursor: Cursor | None = None, **config: Any) -> Haul:
        """All pages from a cursor on."""
        return Haul(list(self.open(stream, **config).read(Slice(), cursor)))


class VendureRig(Counter):
    """One stream."""

    page_size = 3
    lacks: Collection[Lack] = (Lack.EXPIRY,)
    secrets = (PASSWORD, WRONG)
    envelope = (*ENVELOPE, "_address")

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream
        self._kind = stream.removesuffix("s")

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(password=WRONG)

    def put(self, number: int) -> Key:
        customer = self.shop.register(f"ada.{number}@example.com", last=f"Castro {number}")
        return "", RemoteId(customer if self.stream == "customers" else self.shop.buy(customer, 1000 + number))

    def change(self, key: Key) -> None:
        texts = {"customer": {"phoneNumber": f"020 7946 {self.clock.now():%M%S}"}, "order": {"state": "Shipped"}}
        self.shop.change(self._kind, key[1], **texts[self._kind])

    def delete(self, key: Key) -> None:
        self.shop.delete(self._kind, key[1])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        if self.stream == "customers":
            self.shop.customers[key[1]]["updatedAt"] = "3000 or so"
        else:
            self.shop.orders[key[1]]["totalWithTax"] = None
        return key

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")
