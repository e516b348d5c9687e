"""Stripe's stand-in on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from connectors.core.protocols import Connector, Stream
from connectors.stripe.connector import VENDOR, StripeConfig
from connectors.stripe.sandbox import KEY, SECRET, Ledger, StripeSandbox
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.contract import Clock, Key, Lack, SandboxRig, Tokens
from tests.connectors.rig import stream_of

KEPT = 3_650
"""Days that events are kept in the kit, which lets years go by."""
WRONG = "sk_live_nobody_knows_this_one"


class Till(SandboxRig[StripeSandbox]):
    """An account with its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None, *, livemode: bool = True, **options: Any) -> None:
        clock = clock or Clock()
        self.ledger = Ledger(now=clock.now, livemode=livemode)
        super().__init__(StripeSandbox(self.ledger, keep=2_000, **options), clock)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, "lookback_seconds": 0, **config}
        return VENDOR.build(StripeConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, stream: str = "charges", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str = "charges", cursor: Cursor | None = None, **config: Any) -> list[Page]:
        """All that a new connector gives of a stream from a cursor on."""
        return list(self.open(stream, **config).read(Slice(), cursor))


def records(pages: list[Page]) -> dict[str, RawRecord]:
    """The records by id."""
    return {str(record.remote_id): record for page in pages for record in page.records}


def gone(pages: list[Page]) -> set[str]:
    """The ids that are told to be gone."""
    return {str(stone.remote_id) for page in pages for stone in page.tombstones}


def entities(stream: Stream, record: RawRecord) -> dict[str, dict[str, Any]]:
    """What the default rules make of a record, by part."""
    return {each.part: dict(each.values) for each in Mapper(stream.rules, default_country="NL").map(record.body)}


class _Rig(Till):
    """What the streams' rigs share."""

    stream = ""
    page_size = 3
    secrets: Collection[str] = (KEY, WRONG, SECRET)
    lacks: Collection[Lack] = (Lack.IDS,)
    envelope: Collection[str] = ("_at", "_test")

    def __init__(self) -> None:
        super().__init__()
        self.ledger.retention = timedelta(days=10 * KEPT)

    def connector(self, **config: Any) -> Connector:
        return super().connector(**{"page_size": self.page_size, "kept_days": KEPT, **config})

    def stranger(self) -> Connector:
        return self.connector(api_key=WRONG)

    def make(self, number: int) -> str:
        """A record of the stream; its id."""
        raise NotImplementedError

    def put(self, number: int) -> Key:
        return "", RemoteId(self.make(number))

    def put_bad(self) -> Key:
        key = self.put(99)
        self.ledger.objects[key[1]]["created"] = "yesterday"
        return key

    def change(self, key: Key) -> None:
        self.ledger.change(key[1], description=f"changed at {self.clock.now()}")

    def delete(self, key: Key) -> None:
        self.ledger.delete(key[1])

    def expire_cursors(self) -> None:
        self.clock.advance((KEPT + 1) * 86_400)

    def somebody(self) -> str:
        """A customer."""
        return self.ledger.customer("kim@plum.example", "Kim Plum")


class CustomersRig(_Rig):
    """Customers, every second of them a company."""

    stream = "customers"
    envelope = ("_at", "_ids", "_company", "_tax_id")

    def make(self, number: int) -> str:
        numbers = [("eu_vat", f"NL{number:09}B01")] if number % 2 else []
        return self.ledger.customer(f"kim.{number}@plum.example", f"Kim Plum {number}", tax_ids=numbers)


class ChargesRig(_Rig):
    """Charges, one in three of them refunded in part, one in five disputed. Stripe never deletes one."""

    stream = "charges"
    envelope = (*_Rig.envelope, "_total", "_refunded", "_refunds", "_failed", "_pays", "_aliases", "_guest")

    def make(self, number: int) -> str:
        id_ = self.ledger.charge(1_000 + number, receipt_email=f"kim.{number}@plum.example")
        if number % 3 == 0:
            self.ledger.refund(id_, 100)
        if number % 5 == 0:
            self.ledger.close(self.ledger.dispute(id_), "lost")
        return id_

    def delete(self, key: Key) -> None:
        del self.ledger.objects[key[1]]


class InvoicesRig(_Rig):
    """Invoices."""

    stream = "invoices"
    envelope = (*_Rig.envelope, "_total", "_due_on", "_paid_at", "_cancelled_at", "_payments")

    def make(self, number: int) -> str:
        return self.ledger.invoice(self.somebody(), 1_000 + number)


class SubscriptionsRig(_Rig):
    """Subscriptions, every third of them cancelled. Stripe never deletes one."""

    stream = "subscriptions"
    envelope = (*_Rig.envelope, "_total", "_won", "_ended_at")

    def make(self, number: int) -> str:
        id_ = self.ledger.subscribe(self.somebody(), 1_000 + number)
        if number % 3 == 2:
            self.ledger.cancel(id_)
        return id_

    def delete(self, key: Key) -> None:
        del self.ledger.objects[key[1]]
