"""Magento's stand-in on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.core.protocols import Connector, Stream
from connectors.magento.connector import VENDOR, MagentoConfig
from connectors.magento.sandbox import TOKEN, MagentoSandbox, Shop
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.contract import Clock, Key, Lack, SandboxRig, Tokens
from tests.connectors.rig import stream_of

WRONG = "a-token-that-nobody-knows-31415"


class Counter(SandboxRig[MagentoSandbox]):
    """A shop with its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self.shop = Shop(now=clock.now)
        super().__init__(MagentoSandbox(self.shop, keep=2_000), clock)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, "lookback_seconds": 0, **config}
        return VENDOR.build(MagentoConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, stream: str = "orders", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str = "orders", cursor: Cursor | None = None, **config: Any) -> list[Page]:
        """All that a new connector gives of a stream from a cursor on."""
        return list(self.open(stream, **config).read(Slice(), cursor))


def records(pages: list[Page]) -> dict[str, RawRecord]:
    """The records by id."""
    return {str(record.remote_id): record for page in pages for record in page.records}


def entities(stream: Stream, record: RawRecord) -> dict[str, dict[str, Any]]:
    """What the default rules make of a record, by part."""
    return {each.part: dict(each.values) for each in Mapper(stream.rules, default_country="NL").map(record.body)}


class _Rig(Counter):
    """What the streams' rigs share."""

    stream = table = ""
    page_size = 3
    secrets: Collection[str] = (TOKEN, WRONG)
    lacks: Collection[Lack] = (Lack.EXPIRY,)
    envelope: Collection[str] = ("_created_at", "_updated_at", "_buyer", "_total")

    def connector(self, **config: Any) -> Connector:
        return super().connector(**{"page_size": self.page_size, **config})

    def stranger(self) -> Connector:
        return self.connector(access_token=WRONG)

    def make(self, number: int) -> int:
        """A record of the stream; its id."""
        raise NotImplementedError

    def put(self, number: int) -> Key:
        return "", RemoteId(str(self.make(number)))

    def put_bad(self) -> Key:
        key = self.put(99)
        self.shop.tables[self.table][int(key[1])]["created_at"] = "yesterday"
        return key

    def change(self, key: Key) -> None:
        self.shop.change(self.table, int(key[1]))

    def delete(self, key: Key) -> None:
        del self.shop.tables[self.table][int(key[1])]

    def expire_cursors(self) -> None:
        raise AssertionError("cursors never expire")


class CustomersRig(_Rig):
    """Customers, every second of them of a company."""

    stream = table = "customers"
    envelope = (*_Rig.envelope, "_billing", "_tax_id", "_company")

    def make(self, number: int) -> int:
        company = {"company": f"Plum {number}", "vat_id": f"NL{number:09}B01"} if number % 2 else {}
        return self.shop.customer(f"kim.{number}@plum.example", **company)


class OrdersRig(_Rig):
    """Orders, one in three of them refunded in part."""

    stream = table = "orders"
    envelope = (
        *(*_Rig.envelope, "_key", "_subtotal", "_tax", "_shipping", "_discount", "_refunded", "_refunds", "_paid"),
        *("_base_total", "_paid_at", "_fulfilled_at", "_cancelled_at", "_lines", "_guest", "_company", "_company_name"),
        *("_tax_id", "_payments", "_payment"),
    )

    def make(self, number: int) -> int:
        order = self.shop.order(f"{20 + number}.95")
        if number % 3 == 0:
            self.shop.refund(order, "5.50")
        return order


class InvoicesRig(_Rig):
    """Invoices of orders of their own."""

    stream = table = "invoices"
    envelope = (*_Rig.envelope, "_status", "_paid_at", "_cancelled_at", "_of")

    def make(self, number: int) -> int:
        return self.shop.invoice(self.shop.order(f"{20 + number}.95"))


class CartsRig(_Rig):
    """Carts of guests who left an address."""

    stream = table = "carts"
    envelope = (*_Rig.envelope, "_open")

    def make(self, number: int) -> int:
        return self.shop.cart([f"{number}.50"], email=f"kim.{number}@plum.example")
