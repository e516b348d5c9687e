"""Reading a store: orders by id from a fixed time on, customers by cursor, both until a page is empty.

Both listings go by what was taken last and not by the number of a page, so rows that come, go or change meanwhile shift
nothing. A round fixes the time from which on it reads: when the last one began, by the store's own clock (the ``Date``
of its answers), less the lookback. Neither API tells of what was deleted or archived: a sweep finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.bigcommerce import mapping
from connectors.bigcommerce.api import Api, Json
from connectors.core import places
from connectors.core.http import Params
from connectors.core.protocols import Runtime
from connectors.core.rows import page
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import ContractError, RecordError

MOST = 250
"""Rows in an answer at most."""
LINES = {"include": "consignments.line_items,fees", "consignment_structure": "object"}


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come: changes ``since`` a second, beyond the order ``last`` or the cursor ``after``. The next
    round reads from ``then`` on. ``open`` while one is under way, ``whole`` while that is of everything."""

    since: int = 0
    then: int = 0
    last: int = 0
    after: str = ""
    open: bool = False
    whole: bool = False

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        """The place of a cursor; a round that begins where the last one has ended."""
        here = places.load(cls, cursor) or cls(open=True, whole=True)
        return here if here.open else cls(since=here.then, open=True)

    def ended(self) -> Place:
        """Where the next round begins."""
        return Place(then=self.then)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of all channels."""

    api: Api
    runtime: Runtime
    lookback: timedelta
    size: int

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; what is archived, where it is shown, as tombstones."""
        here, began = Place.of(cursor), self.runtime.now()
        for rows, last in self._listed(here.last, {**LINES, **_since(here.since)}, self.size):
            here = replace(here, last=last, then=here.then or _then(self.api, began, self.lookback))
            if rows:
                yield self._page(rows, here)
        here = replace(here, then=here.then or _then(self.api, began, self.lookback))
        yield Page(cursor=places.dump(here.ended()), complete=here.whole)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Orders last changed in [start, end)."""
        here = places.load(Place, cursor) or Place()
        bounds = {**LINES, **_since(int(start.timestamp())), "max_date_modified": _shown(int(end.timestamp()) + 1)}
        for rows, last in self._listed(here.last, bounds, self.size):
            here = replace(here, last=last)
            yield self._page([row for row in rows if _is_within(row, start, end)], here)

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all that are not archived."""
        for rows, _ in self._listed(0, {}, MOST):
            yield [RemoteId(str(row["id"])) for row in rows if not row.get("is_deleted")]

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The orders that are there and not archived, one request each: v2 cannot be asked for several by id."""
        found = list[Json]()
        for id_ in ids:
            if id_.isascii() and id_.isdigit():
                found += self.api.orders({**LINES, "min_id": int(id_), "max_id": int(id_)})
        return self._page(found, Place()).records

    def _listed(self, last: int, bounds: Params, size: int) -> Iterator[tuple[Sequence[Json], int]]:
        while True:
            asked = {**bounds, "sort": "id:asc", "limit": size, "min_id": last + 1}
            rows = self.api.orders(asked)
            if not rows:
                return
            numbers = [row["id"] for row in rows]
            if numbers != sorted(numbers) or numbers[0] <= last:
                raise ContractError("the orders are not listed by id beyond the one that was asked for")
            last = numbers[-1]
            yield rows, last

    def _page(self, rows: Sequence[Json], place: Place) -> Page:
        gone = [Tombstone(RemoteId(str(row["id"])), Reason.ARCHIVED) for row in rows if row.get("is_deleted")]
        live = [row for row in rows if not row.get("is_deleted")]
        refunds: dict[int, list[Json]] = {}
        if wanted := [row["id"] for row in live if mapping.is_refunded(row)]:
            for one in self.api.refunds(wanted, MOST):
                refunds.setdefault(one["order_id"], []).append(one)
        found = page(
            live, lambda row: mapping.order(row, refunds.get(row["id"], ())), mapping.instant, places.dump(place)
        )
        return replace(found, tombstones=gone)


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers with an account."""

    api: Api
    runtime: Runtime
    lookback: timedelta
    size: int

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everybody, or who changed since the cursor."""
        here, began = Place.of(cursor), self.runtime.now()
        since = {"date_modified:min": _plain(here.since - 1)} if here.since else {}
        for leaf in self.api.customers({**since, "include": "addresses", "limit": self.size}, here.after):
            then = here.then or _then(self.api, began, self.lookback)
            here = replace(here, then=then, after=leaf.next or here.after)
            if leaf.next:
                yield page(leaf.page.data, mapping.customer, mapping.instant, places.dump(here))
        yield Page(cursor=places.dump(here.ended()), complete=here.whole)

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all."""
        for leaf in self.api.customers({"limit": MOST}):
            yield [RemoteId(str(row["id"])) for row in leaf.page.data]

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The customers that are there."""
        numbers = sorted({int(each) for each in ids if each.isascii() and each.isdigit()})
        found = list[RawRecord]()
        for at in range(0, len(numbers), MOST):
            named = ",".join(map(str, numbers[at : at + MOST]))
            for leaf in self.api.customers({"id:in": named, "include": "addresses", "limit": MOST}):
                found += page(leaf.page.data, mapping.customer, mapping.instant, Cursor("")).records
        return found


def _then(api: Api, began: datetime, lookback: timedelta) -> int:
    """When a round began and not when its answer came: that may have been waited for."""
    return int((api.clock.at(began) - lookback).timestamp())


def _since(second: int) -> dict[str, Any]:
    """Changed in this second or later, whether or not the bound itself counts."""
    return {"min_date_modified": _shown(second - 1)} if second else {}


def _shown(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _plain(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _is_within(row: Json, start: datetime, end: datetime) -> bool:
    try:
        return start <= mapping.instant(row) < end
    except RecordError:
        return True
