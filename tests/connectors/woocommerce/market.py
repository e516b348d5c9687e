"""A WooCommerce shop on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.core.protocols import Connector, Stream
from connectors.woocommerce.connector import VENDOR, WooCommerceConfig
from connectors.woocommerce.sandbox import KEY, SECRET, WooSandbox
from connectors.woocommerce.shop import WooShop
from mapping.contract import Cursor, RawRecord, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.haul import Haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of
from tests.connectors.served import SandboxRig

WRONG = "cs_5a9db0x0577215664901532860606512090082402"
BILLING = {
    "first_name": "Ada",
    "last_name": "Castro",
    "address_1": "Dam 1",
    "address_2": "2nd floor",
    "city": "Amsterdam",
    "state": "NH",
    "postcode": "1012 JS",
    "country": "NL",
    "email": "ada@example.com",
    "phone": "020 1234567",
}


def line(total: str = "12.50", **more: Any) -> dict[str, Any]:
    """One line of an order."""
    return {"name": "A roof", "sku": "R-1", "total": total, **more}


class Market(SandboxRig[WooSandbox]):
    """A shop, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        super().__init__(WooSandbox(WooShop(now=clock.now), keep=500), clock)

    @property
    def shop(self) -> WooShop:
        """The shop."""
        return self.server.shop

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, "requests_per_minute": 10_000, **config}
        return VENDOR.build(WooCommerceConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, stream: str = "orders", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str = "orders", cursor: Cursor | None = None, **config: Any) -> Haul:
        """All that a new connector gives from a cursor on."""
        return Haul(list(self.open(stream, **config).read(Slice(), cursor)))

    def buy(self, number: int = 0, **more: Any) -> int:
        """Somebody without an account buys something, and pays."""
        billing = {**BILLING, "email": f"ada.{number}@example.com"}
        return self.shop.order(**{"billing": billing, "line_items": [line()], "status": "processing", **more})


def entities(stream: Stream, record: RawRecord) -> dict[str, dict[str, Any]]:
    """What the default rules make of a record, by part."""
    return {each.part: dict(each.values) for each in Mapper(stream.rules, default_country="NL").map(record.body)}


class _Rig(Market):
    page_size = 3
    lacks: Collection[Lack] = (Lack.EXPIRY,)
    secrets: Collection[str] = (KEY, SECRET, WRONG)

    def connector(self, **config: Any) -> Connector:
        return super().connector(**{"page_size": self.page_size, "customer_hours": 0, **config})

    def stranger(self) -> Connector:
        return self.connector(consumer_secret=WRONG)


class OrdersRig(_Rig):
    """The orders of guests."""

    stream = "orders"
    envelope = ("_key", "_test", "_lines", "_subtotal", "_refunds", "_refunded", "_payments", "_payment", "_aliases",
                "_failed", "_gave_back", "_name", "_company", "_tax_number", "_guest", "_rest")  # fmt: skip

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self.buy(number)))

    def change(self, key: Key) -> None:
        self.shop.update(int(key[1]), customer_note=f"at {self.clock.now()}")

    def delete(self, key: Key) -> None:
        self.shop.delete(int(key[1]))

    def put_bad(self) -> Key:
        order = self.buy(99)
        self.shop.orders[order]["line_items"][0]["total"] = "a lot"
        return "", RemoteId(str(order))

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")


class CustomersRig(_Rig):
    """The customers, all of whom are read with every sync."""

    stream = "customers"
    envelope = ("_key", "_name", "_company", "_tax_number", "_rest")
    lacks = (Lack.EXPIRY, Lack.WINDOW)

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self.shop.customer(f"ada.{number}@example.com", first_name=f"Ada {number}")))

    def change(self, key: Key) -> None:
        self.shop.update_customer(int(key[1]), last_name=f"Castro at {self.clock.now()}")

    def delete(self, key: Key) -> None:
        self.shop.delete_customer(int(key[1]))

    def put_bad(self) -> Key:
        key = self.put(99)
        self.shop.customers[int(key[1])]["date_modified_gmt"] = "soon"
        return key

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")
