"""Reading one model: in full, then what changed, always by ascending id.

``write_date`` is shown to the second, while the database keeps microseconds: a row may lie after the second it shows,
so that ``write_date > shown`` brings it again (before 18.4; since, whole seconds are compared). A keyset on the pair of
date and id then loops at a second that holds more rows than a page. So dates are compared in one way only, which means
the same in every release: ``>=`` and ``<`` with whole seconds. A round fixes its lower bound and goes by *id*; each
page is a query of its own, and any page is a place to resume from.

Where the next round begins is decided by Odoo's dates alone, so no two clocks have to agree. A transaction stamps its
rows when it begins and shows them when it commits, so a round looks ``lookback`` back from the newest date there was at
its start: the *mark*. Once the mark has stood for longer than that, everything of its second has been seen, and the
next round begins with the second after it: an idle database is asked once and gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectors.core import places
from connectors.odoo import bodies, fields
from connectors.odoo.api import Api, Domain, Json
from connectors.odoo.bodies import SHOWN, Joiner
from connectors.odoo.fields import Definitions
from connectors.odoo.sources import Source
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Schema, Slice, Tombstone
from mapping.errors import ConfigError, ContractError, RecordError

CURSOR_VERSION = 1
FULL, CHANGES, REST, WINDOW = "full", "changes", "rest", "window"
PHASES = frozenset({FULL, CHANGES, REST, WINDOW})
IDS = 1_000
SETTLED = timedelta(seconds=2)
"""Beyond the lookback: the second that the mark shows has to end, and our own clock is read in whole seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come. Times are epoch seconds: ``since``, ``then`` and ``mark`` by Odoo's dates, ``seen`` by
    our clock.

    ``since`` is what the present round reads from, ``then`` what the next one will, ``mark`` the newest date met,
    ``seen`` when it was met first, ``at`` the last id.
    """

    phase: str
    since: int = 0
    then: int = 0
    mark: int = 0
    seen: int = 0
    at: int = 0
    v: int = CURSOR_VERSION

    def __post_init__(self) -> None:
        if self.v != CURSOR_VERSION or self.phase not in PHASES:
            raise ValueError("a place of another version")


@dataclass(frozen=True, slots=True)
class Reader:
    """The reads of one source. ``extra`` are computed fields that the admin wants besides."""

    api: Api
    source: Source
    extra: tuple[str, ...] = ()
    lookback: timedelta = timedelta(minutes=10)
    page_size: int = 200

    def describe(self) -> Schema:
        """The fields that are read, as they are defined now."""
        return fields.schema(self._definitions())

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; archived records as tombstones."""
        definitions = self._definitions()
        here = places.load(Place, cursor) or Place(FULL)
        if not cursor or here.phase == REST:
            here = self._round(here)
        domain = [*self.source.live] if here.phase == FULL else self._changed(here.since)
        yield from self._pages(here, domain, definitions)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Records last changed in [start, end), by id. One that changes later belongs to a later window."""
        here = places.load(Place, cursor) or Place(WINDOW)
        bounds = [("write_date", ">=", _shown(_seconds(start))), ("write_date", "<", _shown(_seconds(end)))]
        yield from self._pages(here, [*self.source.live, *bounds], self._definitions())

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all records that are not archived."""
        last = 0
        while found := self.api.ids(self.source.model, self._above(last, self.source.live), IDS):
            yield [RemoteId(str(each)) for each in found]
            last = self._onward(last, found[-1])

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records that are still there and not archived."""
        numbers = [int(each) for each in ids if each.isascii() and each.isdigit()]
        domain = [*self.source.kept, *self.source.live, ("id", "in", numbers)]
        definitions = self._definitions()
        rows = self.api.rows(self.source.model, domain, self._names(definitions)) if numbers else ()
        return self._page(Joiner(self.api, self.source).join(rows), definitions, Place(REST)).records

    def _pages(self, here: Place, domain: Domain, definitions: Definitions) -> Iterator[Page]:
        """Page by page until one is empty: a short page ends nothing, for a proxy or a module may cap it."""
        joiner, names = Joiner(self.api, self.source), self._names(definitions)
        while True:
            rows = self.api.rows(self.source.model, self._above(here.at, domain), names, self.page_size)
            if not rows:
                done = here if here.phase == WINDOW else replace(here, phase=REST, since=here.then, at=0)
                yield Page(cursor=places.dump(done), complete=here.phase == FULL)
                return
            here = replace(here, at=self._onward(here.at, max(_number(each) for each in rows)))
            yield self._page(joiner.join(rows), definitions, here)

    def _page(self, rows: Sequence[Json], definitions: Definitions, here: Place) -> Page:
        records, errors, gone = list[RawRecord](), list[RecordError](), list[Tombstone]()
        for row in rows:
            try:
                record = bodies.record(row, definitions)
            except RecordError as error:
                errors.append(error)
                continue
            if self.source.is_live(row):
                records.append(record)
            else:
                gone.append(Tombstone(record.remote_id, Reason.ARCHIVED, at=record.changed_at))
        return Page(records, gone, places.dump(here), errors=errors)

    def _round(self, before: Place) -> Place:
        """Where a round begins and, decided before anything is read, where the next one will."""
        now, lookback = _seconds(self.api.runtime.now()), _span(self.lookback)
        newest = max(self._newest(now + lookback), before.mark)
        seen = before.seen if newest == before.mark and before.seen else now
        settled = now - seen >= lookback + _span(SETTLED)
        then = newest + 1 if settled else max(newest - lookback, 0)
        phase = FULL if before.phase == FULL else CHANGES
        return Place(phase, since=before.since, then=then, mark=newest, seen=seen)

    def _newest(self, latest: int) -> int:
        """The newest date of the records and their lines that is not in the future: such a one, from a database whose
        clock was wrong, must not hide what comes after it; rows that bear it are read with every round instead."""
        models = (self.source.model, *(each.model for each in self.source.lines))
        found = 0
        for model in models:
            domain = [("write_date", "<=", _shown(latest)), *(self.source.kept if model == self.source.model else ())]
            for row in self.api.rows(model, domain, ("write_date",), 1, "write_date desc"):
                try:
                    moment = bodies.instant(row.get("write_date"))
                except ValueError:
                    moment = None
                found = max(found, _seconds(moment) if moment else 0)
        return found

    def _changed(self, since: int) -> Domain:
        """What was written since, by itself or in one of its lines."""
        paths = ["write_date", *(f"{each.field}.write_date" for each in self.source.lines)]
        return ["|"] * (len(paths) - 1) + [(path, ">=", _shown(since)) for path in paths]

    def _above(self, last: int, domain: Domain) -> Domain:
        return [*self.source.kept, ("id", ">", last), *domain]

    def _onward(self, before: int, after: int) -> int:
        if after <= before:
            raise ContractError(f"the listing of {self.source.model} does not move past id {before}")
        return after

    def _definitions(self) -> Definitions:
        known = self.api.fields(self.source.model, fields.ATTRIBUTES)
        lines = [each.field for each in self.source.lines]
        found = fields.chosen(known, (*self.source.computed, *self.extra), lines)
        absent = [f"{self.source.stream}.{each}" for each in self.extra if each not in found]
        if absent:
            raise ConfigError(f"extra_fields: {', '.join(absent)} is no field that can be read")
        return found

    def _names(self, definitions: Definitions) -> list[str]:
        return list(dict.fromkeys([*fields.ALWAYS, *definitions]))


def _number(row: Json) -> int:
    identity = row.get("id")
    return identity if isinstance(identity, int) else 0


def _shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(SHOWN)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _span(length: timedelta) -> int:
    return int(length.total_seconds())
