"""Reading what is listed by id and can be asked for by the time of its last change: all of it, then round by round.

A round fixes its lower bound when it begins and goes by *id*, which no change moves, so that any page is a place to
resume from and however many records may share one instant. The next round begins ``lookback`` before the vendor's time
at the beginning of this one: a transaction stamps its rows before it commits them, and what it brings late is met then.
No two clocks have to agree, since the time is the vendor's own (``Date``); an idle vendor is asked once.

Some vendors let a part of a record change (a refund of an order's payment) and leave the record's own time as it is.
What lies *beneath* is looked for besides, every so often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import places
from connectors.core.protocols import Stream
from connectors.core.vendor_clock import VendorClock
from mapping.contract import Cursor, Deletes, Page, RawRecord, RemoteId, Schema, Slice
from mapping.errors import RecordError
from mapping.rules import EntityRules

Row = Mapping[str, Any]

CURSOR_VERSION = 1
FULL, CHANGES, BENEATH, REST, WINDOW = "full", "changes", "beneath", "rest", "window"
PHASES = frozenset({FULL, CHANGES, BENEATH, REST, WINDOW})


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come. Times are milliseconds since 1970 by the vendor's clock: ``since`` is what this round
    reads from, ``then`` what the next one will, ``looked`` since when nothing was looked for beneath.

    ``at`` is the last id met and ``skip`` the number of rows before the next, for vendors that can only count.
    """

    phase: str = FULL
    since: int = 0
    then: int = 0
    looked: int = 0
    at: str = ""
    skip: int = 0
    v: int = CURSOR_VERSION

    def __post_init__(self) -> None:
        if self.v != CURSOR_VERSION or self.phase not in PHASES:
            raise ValueError("a place of another version")


@dataclass(frozen=True, slots=True)
class Span:
    """Which records are wanted: those last changed at ``since`` or later, and before ``until``; None is no bound."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by ascending id, and the place after them. ``last``: nothing follows; a batch without rows may be."""

    rows: Sequence[Row]
    at: str = ""
    skip: int = 0
    last: bool = False


Listing = Callable[[Span, str, int], Iterator[Batch]]
Ids = Sequence[RemoteId]


@dataclass(frozen=True, slots=True)
class Beneath:
    """How to look for what changed in a record without moving the record's own time: ``rows`` gives the records, whole,
    of which a part changed since an instant. It is asked every so often, and after no read of everything."""

    every: timedelta
    rows: Callable[[datetime], Iterator[Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class Rounds:
    """The reads of one stream. ``listing`` gives the batches of a span from a place (last id, rows before) on, the last
    of them marked; ``record`` makes a raw record of a row, or raises RecordError."""

    listing: Listing
    record: Callable[[Row], RawRecord]
    clock: VendorClock
    lookback: timedelta
    beneath: Beneath | None = None

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor."""
        here = places.load(Place, cursor) or Place()
        if here.phase == REST:
            here = Place(CHANGES, since=here.then, looked=here.looked)
        if here.phase != BENEATH:
            for batch in self.listing(Span(_moment(here.since)), here.at, here.skip):
                full = here.phase == FULL
                # Read after the first answer, which tells the vendor's time.
                then = here.then or self._mark()
                here = replace(here, then=then, at=batch.at, skip=batch.skip)
                if batch.last:
                    here = Place(REST, then=then, looked=then if full else here.looked)
                    here = replace(here, phase=BENEATH) if not full and self._due(here) else here
                yield self._page(batch.rows, here, complete=full and batch.last)
        if here.phase == BENEATH:
            looked = self._mark()
            found = self.beneath.rows(datetime.fromtimestamp(here.looked / 1000, UTC)) if self.beneath else iter(())
            for rows in found:
                yield self._page(rows, here)
            yield Page(cursor=places.dump(replace(here, phase=REST, looked=looked)))

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Records last changed in [start, end), by id. One that changes later belongs to a later window."""
        here = places.load(Place, cursor) or Place(WINDOW)
        for batch in self.listing(Span(start, end), here.at, here.skip):
            here = replace(here, at=batch.at, skip=batch.skip)
            yield self._page(batch.rows, here)

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The id of every record; for a ``listing`` of rows that need no more than that."""
        for batch in self.listing(Span(), "", 0):
            if batch.rows:
                yield [RemoteId(str(row["id"])) for row in batch.rows]

    def records(self, rows: Sequence[Row]) -> Sequence[RawRecord]:
        """The records of rows that were asked for by id."""
        return self._page(rows, Place()).records

    def stream(
        self,
        name: str,
        rules: tuple[EntityRules, ...],
        schema: Schema,
        known: Listing,
        get: Callable[[Ids], Sequence[Row]],
    ) -> Stream:
        """The stream that is read so, swept for what is gone. ``known`` lists rows with no more than their ids, ``get``
        brings those of some ids."""
        return Stream(
            name=name,
            rules=rules,
            read=self.read,
            describe=lambda: schema,
            window=self.window,
            ids=replace(self, listing=known).ids,
            get=lambda slice_, ids: self.records(get(ids)),
            deletes=Deletes.SWEEP,
        )

    def _page(self, rows: Sequence[Row], here: Place, *, complete: bool = False) -> Page:
        records, errors = list[RawRecord](), list[RecordError]()
        for row in rows:
            try:
                records.append(self.record(row))
            except RecordError as error:
                errors.append(error)
        return Page(records, (), places.dump(here), complete, errors=errors)

    def _mark(self) -> int:
        return int((self.clock.now() - self.lookback).timestamp() * 1000)

    def _due(self, here: Place) -> bool:
        return self.beneath is not None and self._mark() - here.looked >= self.beneath.every.total_seconds() * 1000


def _moment(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
