"""Reading a shop: orders by when they were changed, customers one after the other, both in the order of their ids.

An order that changes twice while a listing goes on, or one that is thrown away, would shift a listing by time under its
pages. So a round fixes the time from which on it reads, and goes by id (``by_id``). Times are the shop's own, told by
the ``Date`` of its answers: the next round reads from when this one began, less the lookback. Whatever goes into the
trash leaves the listing of "any" status and is asked for by itself.

Customers can be asked for neither by time nor by what changed: those with higher ids are read with every sync, and all
of them anew every so many hours, where only what differs is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from connectors.core import places
from connectors.core.by_id import Rank, Slip, by_id
from connectors.core.protocols import Runtime
from connectors.core.rows import page
from connectors.woocommerce import mapping
from connectors.woocommerce.api import Json, Shop
from mapping.contract import Body, Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import GoneError

MOST = 100
"""Rows in an answer at most ("Pagination", ``per_page``)."""
FULL, CHANGES, TRASH, REST, WINDOW = "full", "changes", "trash", "rest", "window"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come; times are epoch seconds of the shop.

    ``since`` is what the present round reads from, ``then`` what the next one will. Of customers ``since`` is when the
    last round of all of them began, by our clock. ``last`` and ``offset`` are those of ``Rank``.
    """

    phase: str = FULL
    since: int = 0
    then: int = 0
    last: int = 0
    offset: int = 0

    @property
    def rank(self) -> Rank:
        """Where the listing goes on."""
        return Rank(self.last, self.offset)

    def at(self, rank: Rank) -> Place:
        """The same round, further on."""
        return replace(self, last=rank.last, offset=rank.offset)


@dataclass(frozen=True, slots=True)
class Listing:
    """What both streams are read with: ``path`` and the ``shown`` parameters that leave nothing out."""

    shop: Shop
    path: str
    shown: dict[str, Any]
    size: int

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all there are."""
        fetch = partial(self._fetch, {"_fields": "id"}, MOST)
        for leaf in by_id(fetch, _id, MOST):
            yield [RemoteId(str(_id(row))) for row in leaf.page]

    def leaves(self, rank: Rank, **asked: Any) -> Iterator[tuple[list[Json], Rank, bool]]:
        """The rows beyond a rank, page by page, where each page ends, and whether it is the last one."""
        leaves = by_id(partial(self._fetch, asked, self.size), _id, self.size, rank)
        before = next(leaves)
        for leaf in leaves:
            yield before.page, before.next or rank, False
            before = leaf
        yield before.page, before.next or rank, True

    def named(self, ids: Sequence[RemoteId]) -> Iterator[Json]:
        """The rows with these ids that are there."""
        numbers = sorted({int(each) for each in ids if each.isascii() and each.isdigit()})
        for at in range(0, len(numbers), MOST):
            some = numbers[at : at + MOST]
            named: dict[str, Any] = {"include": ",".join(map(str, some)), "per_page": len(some)}
            yield from self.shop.rows(self.path, {**self.shown, **named}).rows

    def _fetch(self, asked: dict[str, Any], size: int, offset: int) -> Slip[Json]:
        # per_page is never 1: a page has to hold the row before as well.
        sorted_: dict[str, Any] = {"orderby": "id", "order": "asc", "per_page": size, "offset": offset or None}
        return self.shop.rows(self.path, {**self.shown, **asked, **sorted_})


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders. ``dates`` says whether an order's refunds are asked for: only there it is told when they were."""

    shop: Shop
    runtime: Runtime
    lookback: timedelta
    size: int
    dates: bool

    @property
    def listing(self) -> Listing:
        """Orders of every status but those in the trash."""
        return Listing(self.shop, "/orders", {"status": "any"}, self.size)

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; what lies in the trash as tombstones."""
        here, began = places.load(Place, cursor) or Place(), self.runtime.now()
        if here.phase == REST:
            here = Place(CHANGES, since=here.then)
        if here.phase != TRASH:
            for rows, rank, last in self.listing.leaves(here.rank, **_changed(here.since)):
                # When it began and not when the answer came: a page may have been waited for.
                then = here.then or int((self.shop.clock.at(began) - self.lookback).timestamp())
                here = replace(here.at(rank), then=then)
                if not last:
                    yield self._page(rows, here)
            if here.phase == FULL:
                yield self._page(rows, Place(REST, then=here.then), complete=True)
                return
            here = Place(TRASH, since=here.since, then=here.then)
            yield self._page(rows, here)
        trash = replace(self.listing, shown={"status": "trash"})
        for rows, rank, last in trash.leaves(here.rank, _fields="id,date_modified_gmt", **_changed(here.since)):
            gone = [Tombstone(RemoteId(str(_id(row))), Reason.ARCHIVED, at=mapping.instant(row)) for row in rows]
            place = Place(REST, then=here.then) if last else here.at(rank)
            yield Page(tombstones=gone, cursor=places.dump(place))

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Orders last changed in [start, end)."""
        here = places.load(Place, cursor) or Place(WINDOW)
        bounds = {**_changed(ceil(start.timestamp())), "modified_before": _shown(ceil(end.timestamp()))}
        for rows, rank, _ in self.listing.leaves(here.rank, **bounds):
            here = here.at(rank)
            yield self._page(rows, here)

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all that are not in the trash."""
        return self.listing.ids(slice_)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The orders that are there and not in the trash."""
        return self._page(list(self.listing.named(ids)), Place()).records

    def _page(self, rows: Sequence[Json], place: Place, *, complete: bool = False) -> Page:
        return replace(page(rows, self._body, mapping.instant, places.dump(place)), complete=complete)

    def _body(self, row: Json) -> Body:
        refunds: Sequence[Json] = ()
        if self.dates and row.get("refunds"):
            with suppress(GoneError):  # the order was deleted since it was listed
                refunds = self.shop.rows(f"/orders/{_id(row)}/refunds", {"per_page": MOST}).rows
        return mapping.order(row, refunds)


@dataclass(frozen=True, slots=True)
class Customers:
    """The users of the site: who has registered, and who works there. ``every`` is how often all are read anew."""

    shop: Shop
    runtime: Runtime
    every: timedelta
    size: int

    @property
    def listing(self) -> Listing:
        """Users of every role: by itself, the listing has those of the role customer."""
        return Listing(self.shop, "/customers", {"role": "all"}, self.size)

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everybody, where that is due; else those who came since the cursor."""
        here, now = places.load(Place, cursor) or Place(), int(self.runtime.now().timestamp())
        begins = here.phase == REST and now - here.since >= self.every.total_seconds()
        if begins or not cursor:
            here = Place(since=now)
        full = here.phase == FULL
        for rows, rank, last in self.listing.leaves(here.rank):
            here = replace(here.at(rank), phase=REST if last else here.phase)
            found = page(rows, mapping.customer, mapping.instant, places.dump(here))
            yield replace(found, complete=full and last, begins=begins)
            begins = False

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all."""
        return self.listing.ids(slice_)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The users that are there."""
        return page(self.listing.named(ids), mapping.customer, mapping.instant, Cursor("")).records


def _changed(since: int) -> dict[str, Any]:
    """Changed in this second or later. "After" excludes its own second; without ``dates_are_gmt``, and with a zone in
    the text, times would be taken for the site's local ones."""
    return {"modified_after": _shown(since - 1), "dates_are_gmt": "true"} if since else {}


def _shown(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _id(row: Json) -> int:
    return int(row["id"])
