"""A BigCommerce store on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.bigcommerce.connector import VENDOR, BigCommerceConfig
from connectors.bigcommerce.sandbox import TOKEN, BigCommerceSandbox
from connectors.bigcommerce.store import BigStore
from connectors.core.exchange import Reply
from connectors.core.protocols import Connector, Stream
from connectors.core.shop_rules import WORKED_OUT
from mapping.contract import Cursor, RawRecord, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.haul import Haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of
from tests.connectors.served import SandboxRig

WRONG = "sandbox-token-1732050807"
SECRET = "hook-secret-1414213562"
BILLING = {
    "first_name": "Ada",
    "last_name": "Castro",
    "street_1": "Dam 1",
    "street_2": "2nd floor",
    "city": "Amsterdam",
    "state": "NH",
    "zip": "1012 JS",
    "country": "Netherlands",
    "country_iso2": "NL",
    "email": "ada@example.com",
    "phone": "020 1234567",
}


def line(price: str = "12.50", **more: Any) -> dict[str, Any]:
    """One line of an order."""
    return {"name": "A roof", "sku": "R-1", "price_ex_tax": price, **more}


class Mall(SandboxRig[BigCommerceSandbox]):
    """A store, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None, quota: int = 1_000_000) -> None:
        clock = clock or Clock()
        store = BigStore(now=clock.now, hook_headers={"X-Concord-Key": SECRET})
        super().__init__(BigCommerceSandbox(store, quota=quota, keep=500), clock)

    @property
    def store(self) -> BigStore:
        """The store."""
        return self.server.store

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = BigCommerceConfig.model_validate({**self.server.settings, **config})
        return VENDOR.build(settings, self.runtime(), Tokens())

    def open(self, stream: str = "orders", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str = "orders", cursor: Cursor | None = None, **config: Any) -> Haul:
        """All that a new connector gives from a cursor on."""
        return Haul(list(self.open(stream, **config).read(Slice(), cursor)))

    def buy(self, number: int = 0, lines: list[dict[str, Any]] | None = None, **more: Any) -> int:
        """Somebody without an account buys something, and pays."""
        billing = {**BILLING, "email": f"ada.{number}@example.com"}
        return self.store.order(lines or [line()], **{"billing": billing, **more})

    def mapped(self, stream: str = "orders") -> dict[str, dict[str, Any]]:
        """What the one record there is says, by part."""
        (record,) = self.read(stream).records
        return entities(self.open(stream), record)


def entities(stream: Stream, record: RawRecord) -> dict[str, dict[str, Any]]:
    """What the default rules make of a record, by part."""
    return {each.part: dict(each.values) for each in Mapper(stream.rules, default_country="NL").map(record.body)}


class _Rig(Mall):
    page_size = 3
    lacks: Collection[Lack] = (Lack.EXPIRY,)
    secrets: Collection[str] = (TOKEN, WRONG)

    def connector(self, **config: Any) -> Connector:
        return super().connector(**{"page_size": self.page_size, **config})

    def stranger(self) -> Connector:
        return self.connector(access_token=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """With a time as BigCommerce tells it: in milliseconds, by a header of its own."""
        told = {} if retry_after is None else {"X-Rate-Limit-Time-Reset-Ms": str(int(retry_after * 1000))}
        reset = told or {"X-Rate-Limit-Time-Reset-Ms": ""}
        self.server.faults.answer(Reply(429, {"status": 429, "title": "Too many requests."}, reset))

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")


class OrdersRig(_Rig):
    """The orders of guests."""

    stream = "orders"
    envelope = (*WORKED_OUT, "_shipping", "_discount", "_is_paid")

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self.buy(number)))

    def change(self, key: Key) -> None:
        self.store.update_order(int(key[1]), customer_message=f"at {self.clock.now()}")

    def delete(self, key: Key) -> None:
        self.store.archive(int(key[1]))

    def put_bad(self) -> Key:
        order = self.buy(99)
        self.store.orders[order]["total_inc_tax"] = "a lot"
        return "", RemoteId(str(order))


class CustomersRig(_Rig):
    """The customers."""

    stream = "customers"
    envelope = ("_key", "_name", "_company", "_tax_number", "_address")
    lacks = (Lack.EXPIRY, Lack.WINDOW)

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self.store.customer(f"ada.{number}@example.com", first_name=f"Ada {number}")))

    def change(self, key: Key) -> None:
        self.store.update_customer(int(key[1]), last_name=f"Castro at {self.clock.now()}")

    def delete(self, key: Key) -> None:
        self.store.delete_customer(int(key[1]))

    def put_bad(self) -> Key:
        key = self.put(99)
        self.store.customers[int(key[1])]["date_modified"] = "soon"
        return key
