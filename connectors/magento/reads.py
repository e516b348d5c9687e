"""Reading one stream of a shop in the order of its last changes.

A search is asked for what comes after the last record taken, by time (which has a resolution of one second) and id, so
that a second may hold more records than a page (an import). The next reading begins at the last time met, or when this
reading began by the shop's clock if that was earlier, less the lookback: a record may change twice in a second, and a
change may be stored some seconds after the time that it bears.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.core import places
from connectors.core.arrivals import clock
from connectors.core.protocols import Runtime
from connectors.magento.search import Filter, Json, Search, identity
from connectors.magento.sources import Beside, Source
from mapping.contract import Cursor, Page, RawRecord, RemoteId
from mapping.errors import ContractError, RecordError

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Place:
    """The last record taken. Without an id a reading has ended there. ``began`` is when this reading did, ``whole`` is
    true while everything is read."""

    at: str = ""
    id: int = 0
    began: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """One stream through one token."""

    search: Search
    source: Source
    runtime: Runtime
    size: int
    lookback: int

    def read(self, cursor: Cursor | None) -> Iterator[Page]:
        """All records, or those that changed since the cursor."""
        here, started = places.load(Place, cursor) or Place(whole=True), self.runtime.now()
        if not here.id:
            here = replace(here, at=_earlier(here.at, self.lookback))
        while True:
            filters = [*self.source.filters, *_after(here)]
            found = self.search.first(self.source.path, filters, ("updated_at", "entity_id"), self.size)
            rows, reached = self._beyond(here, found.rows)
            if found.more and (reached.at, reached.id) == (here.at, here.id):
                raise ContractError("the listing does not move on: no further record has an id and a time")
            here = replace(reached, began=here.began or clock(self.search.time(started)))
            if not found.more:
                yield self._page(rows, places.dump(Place(min(here.at, here.began))), complete=here.whole)
                return
            yield self._page(rows, places.dump(here))

    def window(self, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The records that came into being in [start, end)."""
        here = places.load(Place, cursor) or Place()
        bounds = [Filter("created_at", _ceil(start), "gteq"), Filter("created_at", _ceil(end), "lt")]
        while True:
            filters = [*self.source.filters, *bounds, Filter("entity_id", here.id, "gt")]
            found = self.search.first(self.source.path, filters, ["entity_id"], self.size)
            reached = max([here.id, *(identity(row, self.source.key) for row in found.rows)])
            if found.more and reached == here.id:
                raise ContractError("the listing does not move on: its ids do not rise")
            here = replace(here, id=reached)
            yield self._page(found.rows, places.dump(here))
            if not found.more:
                return

    def ids(self) -> Iterator[Sequence[RemoteId]]:
        """The id of every record there is."""
        for rows in self.search.every(self.source.path, self.source.filters, self.size, self.source.key):
            numbers = [identity(row, self.source.key) for row in rows]
            if not all(numbers):
                raise ContractError("a record without an id")
            yield [RemoteId(str(number)) for number in numbers]

    def get(self, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records that are still there."""
        found = list[RawRecord]()
        for at in range(0, len(ids), self.size):
            wanted = Filter("entity_id", ",".join(ids[at : at + self.size]), "in")
            filters = [*self.source.filters, wanted]
            rows = self.search.first(self.source.path, filters, ["entity_id"], self.size).rows
            found += [self.source.record(row) for row in self._whole(rows)]
        return found

    def _beyond(self, here: Place, rows: Sequence[Json]) -> tuple[list[Json], Place]:
        """The rows after the place, and the place after them. Rows without id or time are taken and move nothing."""
        taken = list[Json]()
        for row in rows:
            at, number = row.get("updated_at"), identity(row, self.source.key)
            if not isinstance(at, str) or not _TIME.fullmatch(at) or not number:
                taken.append(row)
                continue
            if at < here.at:
                raise ContractError("the listing is not sorted by its time, so records could be lost")
            if (at, number) > (here.at, here.id):
                taken.append(row)
                here = replace(here, at=at, id=number)
        return taken, here

    def _page(self, rows: Sequence[Json], cursor: Cursor, *, complete: bool = False) -> Page:
        records, errors = list[RawRecord](), list[RecordError]()
        for row in self._whole(rows):
            try:
                records.append(self.source.record(row))
            except RecordError as error:
                errors.append(error)
        return Page(records, cursor=cursor, complete=complete, errors=errors)

    def _whole(self, rows: Sequence[Json]) -> Sequence[Json]:
        """The rows with what belongs to them and lies elsewhere."""
        beside = self.source.beside
        wanted = [row for row in rows if beside and beside.needed(row) and identity(row, beside.of)]
        if beside is None or not wanted:
            return rows
        found = self._belonging(beside, sorted({identity(row, beside.of) for row in wanted}))
        return [row | found.get(identity(row, beside.of), {}) if row in wanted else row for row in map(dict, rows)]

    def _belonging(self, beside: Beside, numbers: Sequence[int]) -> dict[int, dict[str, object]]:
        """What belongs to each of the numbers, under its name."""
        of: dict[int, list[Json]] = {}
        wanted = Filter(beside.field, ",".join(map(str, numbers)), "in")
        names = beside.fields.split(",")
        for rows in self.search.every(beside.path, [wanted], self.size):
            for row in rows:
                of.setdefault(identity(row, beside.field), []).append({name: row.get(name) for name in names})
        return {number: {beside.name: each[0] if beside.single else each} for number, each in of.items()}


def _after(here: Place) -> list[Filter | tuple[Filter, ...]]:
    """The filters for what comes after a place: later, or of the same second with a higher id."""
    if not here.at:
        return []
    since = Filter("updated_at", here.at, "gteq")
    return [since, (Filter("updated_at", here.at, "gt"), Filter("entity_id", here.id, "gt"))] if here.id else [since]


def _earlier(at: str, seconds: int) -> str:
    """The time so many seconds before; '' before any."""
    if not at or at.startswith("0000"):
        return ""
    return (datetime.fromisoformat(at) - timedelta(seconds=seconds)).isoformat(" ")


def _ceil(moment: datetime) -> str:
    """An instant as the shop writes times; a part of a second counts as the next whole one."""
    return clock(moment + timedelta(seconds=moment.microsecond > 0))
