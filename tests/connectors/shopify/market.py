"""Shopify's stand-in on a clock of its own, connectors in front of it, and the rigs that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.shopify.connector import VENDOR, ShopifyConfig
from connectors.shopify.queries import BY_STREAM
from connectors.shopify.sandbox import TOKEN, ShopifySandbox
from connectors.shopify.shop import Held, Shop
from mapping.contract import Cursor, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.haul import Haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

WRONG = "shpat_2718281828"
WHOLE = Slice()


class Market:
    """A shop, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.shop = Shop(now=self.clock.now, **options)
        self.server = ShopifySandbox(self.shop, keep=200)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the market's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, **config}
        return VENDOR.build(ShopifyConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, name: str = "orders", **config: Any) -> Stream:
        """One stream of a new connector."""
        return stream_of(self.connector(**config), name)

    def read(self, name: str = "orders", cursor: Cursor | None = None, **config: Any) -> Haul:
        """Everything that a stream gives from a cursor on."""
        return Haul(list(self.open(name, **config).read(WHOLE, cursor)))

    def mapped(self, name: str, held: Held) -> dict[str, dict[str, Any]]:
        """What a record says, read and mapped by the default rules: values by the part of the entity."""
        stream = self.open(name)
        assert stream.get
        (record,) = stream.get(WHOLE, [RemoteId(str(held.number))])
        return {one.part: dict(one.values) for one in Mapper(stream.rules, default_country="NL").map(record.body)}

    def documents(self) -> list[Mapping[str, Any]]:
        """What was asked by GraphQL: bodies of requests, oldest first."""
        return [one.request.json() for one in self.server.exchanges if one.request.path.endswith("graphql.json")]

    def fail(self, code: str, *, times: int = 1, skip: int = 0, **extensions: Any) -> None:
        """Has an answer of 200 hold nothing but an error."""
        body = {"errors": [{"message": "No", "extensions": {"code": code, **extensions}}]}
        self.server.faults.fail(200, body=body, times=times, skip=skip)


class ShopifyRig(Market):
    """One stream of a shop; with ``bulk`` the first read in full goes by a bulk operation after its first page."""

    page_size = 3
    secrets = (TOKEN, WRONG, "sandbox-signature")
    lacks = (Lack.EXPIRY,)
    envelope = ("_id", "_paid_by", "_payments", "_refunds", "_paid_at", "_fulfilled_at", "_total")

    def __init__(self, stream: str, *, bulk: bool = False) -> None:
        super().__init__()
        self.stream, self.type = stream, BY_STREAM[stream].type
        self._bulk_above = 0 if bulk else None
        self._customer = self.shop.customer("Bea", "Blum", email="bea@blum.example")

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, bulk_above=self._bulk_above, **config)

    def stranger(self) -> Connector:
        return self.connector(access_token=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """With a time as Shopify tells it, by the points that lack; without one as an answer of 429 may be."""
        if retry_after is None:
            self.server.faults.fail(429)
            return
        status = {"maximumAvailable": 2_000.0, "currentlyAvailable": 0, "restoreRate": 1.0}
        cost = {"requestedQueryCost": retry_after, "actualQueryCost": None, "throttleStatus": status}
        errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
        self.server.faults.fail(200, body={"errors": errors, "extensions": {"cost": cost}})

    def server_error(self) -> None:
        self.server.faults.fail(500)

    def put(self, number: int) -> Key:
        if self.stream == "customers":
            held = self.shop.customer("Ada", f"Castro {number}", email=f"ada.{number}@example.com", subscribed=True)
        elif self.stream == "orders":
            held = self.shop.order([("Chair", 1, f"{number}.5")] * (number % 12 + 1), email=f"kim.{number}@example.com")
        elif self.stream == "draft_orders":
            held = self.shop.draft_order(f"{number}.5", customer=self._customer)
        else:
            held = self.shop.checkout(f"{number}.5", customer=self._customer)
        return "", RemoteId(str(held.number))

    def change(self, key: Key) -> None:
        note = "note2" if self.stream == "draft_orders" else "note"
        self.shop.change(self.type, int(key[1]), **{note: f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        self.shop.delete(self.type, int(key[1]))

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self.shop.records[self.type][int(key[1])].values["updatedAt"] = "yesterday"
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a place is a time and an id, and never expires")

    def truncate(self) -> None:
        self.server.faults.truncate()
