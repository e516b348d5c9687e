"""Reading one model: everything by id, then what changed since the last round began.

Tryton leaves ``write_date`` empty until the first update, so a record's last change is the later of its two dates, and
no query can sort by that. So changes are read by *id* within a fixed lower bound of time: ``changed >= since and id >
last``, in the order of ids. Each page is a query of its own; equal timestamps and rows that change meanwhile cannot
hide anything, and any page is a place to resume from. A transaction dates its rows by when it began and shows them when
it commits: what was shown late is caught by looking back ``lookback`` on the next round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import places
from connectors.tryton.api import Api, Domain
from connectors.tryton.models import STAMPS, Model, names, schema
from connectors.tryton.refusals import FailedError, UserRefusalError
from connectors.tryton.wire import FLAGS, Json, encode, instant, record
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Schema, Slice, Tombstone
from mapping.errors import ContractError, RecordError

CURSOR_VERSION = 1
FULL, CHANGES, REST, WINDOW = "full", "changes", "rest", "window"
PHASES = frozenset({FULL, CHANGES, REST, WINDOW})
IDS_AT_ONCE = 1_000
MOST_FAILURES = 50
"""Records in a row that Tryton fails at before it is taken for a fault of all."""
HIGHEST_ID = 2**31
LIVE = ["active", "=", True]
Complete = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come. Times are epoch seconds of the server's clock: its SQLite compares no finer.

    ``since`` is what the present round reads from, ``start`` when it began (the next round's ``since``), ``at`` the
    last id.
    """

    phase: str
    since: int = 0
    start: int = 0
    at: int = 0
    v: int = CURSOR_VERSION

    def __post_init__(self) -> None:
        if self.v != CURSOR_VERSION or self.phase not in PHASES:
            raise ValueError("a place of another version")


@dataclass(frozen=True, slots=True)
class Reader:
    """The reads of one model. ``complete`` adds to a body what no field says."""

    api: Api
    model: Model
    lookback: timedelta
    page_size: int
    complete: Complete = dict

    def describe(self) -> Schema:
        """The fields that are read, as the database defines them now. Raises ContractError where the module that
        brings the model is not activated."""
        return schema(self.model, self._fields())

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; inactive records as tombstones. Raises as ``describe``."""
        fields = self._fields()
        now = int(self.api.now().timestamp())
        here = places.load(Place, cursor) or Place(FULL, start=now)
        if here.phase == REST:
            here = replace(here, phase=CHANGES, start=now)
        since = here.since - int(self.lookback.total_seconds())
        bounds = [self._changed(since, fields)] if here.phase == CHANGES else []
        rest = Place(REST, since=here.start)
        for page, last, more in self._by_id(bounds, here.at, fields):
            here = replace(here, at=last)
            yield replace(page, cursor=places.dump(here if more else rest), complete=here.phase == FULL and not more)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Records last changed themselves in [start, end), to the second, by id; what is inactive is left out."""
        fields = self._fields()
        here = places.load(Place, cursor) or Place(WINDOW)
        first, last = encode(start.replace(microsecond=0)), encode(end.replace(microsecond=0))
        written = [["write_date", ">=", first], ["write_date", "<", last]]
        created = [["write_date", "=", None], ["create_date", ">=", first], ["create_date", "<", last]]
        for page, at, _ in self._by_id([["OR", written, created]], here.at, fields):
            here = replace(here, at=at)
            yield replace(page, tombstones=(), cursor=places.dump(here))

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all active records."""
        active = [LIVE] if "active" in self._fields() else []
        last = 0
        while True:
            found = self.api.search(self.model.name, [*active, ["id", ">", last]], IDS_AT_ONCE)
            yield [RemoteId(str(each)) for each in found]
            if len(found) < IDS_AT_ONCE:
                return
            last = max(found)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records that are there and active. One that Tryton cannot give is left out."""
        wanted = names(self.model, self._fields())
        numbers = sorted({int(each) for each in ids if each.isascii() and each.isdigit()})
        chunks = (numbers[start : start + self.page_size] for start in range(0, len(numbers), self.page_size))
        return [record for some in chunks for record in self._page(self._some(some, wanted), ()).records]

    def _some(self, ids: Sequence[int], wanted: Sequence[str]) -> Sequence[Json]:
        """Those that can be read: an answer holds all or none, so a refused half is halved again."""
        try:
            return self.api.page(self.model.name, [["id", "in", [*ids]]], len(ids), wanted)
        except (FailedError, UserRefusalError):
            if len(ids) == 1:
                return []
        middle = len(ids) // 2
        return [*self._some(ids[:middle], wanted), *self._some(ids[middle:], wanted)]

    def _fields(self) -> Mapping[str, Json]:
        return self.api.fields(self.model.name)

    def _changed(self, since: int, fields: Mapping[str, Json]) -> Domain:
        """What was written or made since then, itself or a child of it. Who may not read the children misses only
        them: then the model has no such field."""
        moment = encode(datetime.fromtimestamp(max(since, 0), UTC))
        places = ["", *(f"{child}." for child in self.model.children if child in fields)]
        return ["OR", *([f"{place}{stamp}", ">=", moment] for place in places for stamp in STAMPS)]

    def _by_id(self, bounds: Domain, last: int, fields: Mapping[str, Json]) -> Iterator[tuple[Page, int, bool]]:
        """Pages in the order of ids: each with the last id it went to, and whether more may follow."""
        wanted = names(self.model, fields)
        failed = 0
        while True:
            rows, bad, more = self._rows(bounds, last, wanted)
            failed = failed + 1 if bad else 0
            if bad and failed == MOST_FAILURES:
                raise ContractError(f"{bad}: {failed} records one after another")
            reached = max((int(row["id"]) for row in rows), default=int(bad.remote_id) if bad else last)
            if reached <= last and more:
                raise ContractError(f"the listing of {self.model.name} does not move past id {last}")
            last = reached
            yield self._page(rows, [bad] if bad else []), last, more
            if not more:
                return

    def _rows(
        self, bounds: Domain, last: int, wanted: Sequence[str]
    ) -> tuple[Sequence[Json], RecordError | None, bool]:
        """The next records, or the one that comes next and that Tryton cannot give; and whether more may follow.

        An answer holds all or none, even one that asks for ids alone (Tryton fills its cache on the way). So fewer are
        asked for until the bad one stands alone, and its id is then found by counting, which looks at no row.
        """
        domain, limit = [*bounds, ["id", ">", last]], self.page_size
        while True:
            try:
                rows = self.api.page(self.model.name, domain, limit, wanted)
            except (FailedError, UserRefusalError) as error:
                if limit == 1:
                    return (), RecordError(str(error), remote_id=str(self._next_id(domain, last))), True
                limit = (limit + 1) // 2
            else:
                return rows, None, len(rows) == limit or limit < self.page_size

    def _next_id(self, domain: Domain, last: int) -> int:
        """The lowest id of the domain, all of which lie above ``last``."""
        step = 1
        while not self.api.count(self.model.name, [*domain, ["id", "<=", last + step]]):
            if step > HIGHEST_ID:
                raise ContractError(f"a record of {self.model.name} can neither be read nor counted")
            last, step = last + step, step * 2
        low, high = last, last + step
        while high - low > 1:
            middle = (low + high) // 2
            found = self.api.count(self.model.name, [*domain, ["id", "<=", middle]])
            low, high = (low, middle) if found else (middle, high)
        return high

    def _page(self, rows: Sequence[Json], errors: Sequence[RecordError]) -> Page:
        records, gone = list[RawRecord](), list[Tombstone]()
        flags = FLAGS | {name for name, field in self._fields().items() if field.get("type") == "boolean"}
        for row in rows:
            body = record(row, flags)
            if body.get("active", True):
                records.append(RawRecord(_id(body), self.complete(body), changed_at=_changed_at(body)))
            else:
                gone.append(_tombstone(body))
        return Page(records, gone, errors=errors)


def _id(body: Json) -> RemoteId:
    return RemoteId(str(body["id"]))


def _tombstone(body: Json) -> Tombstone:
    """An inactive party that names its successor was merged into it (wizard ``party.replace``)."""
    at, into = _changed_at(body), body.get("replaced_by")
    if into is not None:
        return Tombstone(_id(body), Reason.MERGED, merged_into=RemoteId(str(into)), at=at)
    return Tombstone(_id(body), Reason.ARCHIVED, at=at)


def _changed_at(body: Json) -> datetime | None:
    """The last of all dates of the record and of the children that its body carries."""
    children = [each for value in body.values() if isinstance(value, list) for each in value if isinstance(each, dict)]
    stamps = (instant(each.get(stamp)) for each in (body, *children) for stamp in STAMPS)
    return max((stamp for stamp in stamps if stamp), default=None)
