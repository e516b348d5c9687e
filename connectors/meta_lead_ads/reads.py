"""Reading one form's leads, and one ad account's daily figures.

A lead never changes, and a form lists its leads by when they were sent; so what is new is asked for by that time. The
next reading begins where the newest lead stood, or where this reading began if that was earlier, and ``lookback``
before that: leads of the same second, and such as show up late, are met again and change nothing. Meta forgets a lead
after 90 days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from connectors.core import places
from connectors.core.paging import Leaf
from connectors.core.protocols import Runtime
from connectors.meta_lead_ads import mapping
from connectors.meta_lead_ads.graph import Graph, Json, RefusedError, rows
from connectors.meta_lead_ads.mapping import Form
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.errors import CursorExpiredError, GoneError, RecordError

DAY = 86_400
STRETCH = timedelta(days=30)
"""Days of figures asked for in one listing: Meta refuses what takes it long to add up."""
RESTATED = timedelta(days=28)
"""How long a day's figures may still change (Insights API, "Attribution Windows")."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form is read on: leads sent ``since`` (seconds), from the page ``after`` on.

    ``newest`` and ``began`` are what the next reading goes back to; ``whole`` while everything is read. ``seen`` is the
    day of the last reading (its first second), which tells whether leads may have come and gone since.
    """

    since: int = 0
    after: str = ""
    newest: int = 0
    began: int = 0
    whole: bool = False
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """Where an account is read on: at the stretch that begins with ``day``, to the end of ``until``."""

    day: str
    until: str = ""
    after: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Leads:
    """One form as one token sees it."""

    graph: Graph
    form: Form
    runtime: Runtime
    size: int
    lookback: int
    kept: timedelta

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """All leads, or those that came since the cursor. Raises CursorExpiredError where Meta may have forgotten some
        that were never read."""
        here, now = places.load(Place, cursor) or Place(whole=True), int(self.runtime.now().timestamp())
        last = here.began or here.seen
        if last and now - last > self.kept.total_seconds() + DAY:
            raise CursorExpiredError(f"leads that came over {self.kept.days} days ago can only be had from an export")
        here = here if here.began else replace(here, began=now)
        for leaf in self._leaves(_since(here.since), here.after):
            records, errors = _taken(leaf, self._lead)
            newest = max([here.newest, *(_second(each) for each in records)])
            here = replace(here, newest=newest, after=leaf.next or "")
            if leaf.next:
                yield Page(records, cursor=places.dump(here), errors=errors)
            else:
                # An empty form says nothing of the time; so as long as it is empty, it is read from its beginning.
                reached = min(newest, here.began) - self.lookback if newest else here.since
                after = Place(since=max(0, here.since, reached), seen=here.began - here.began % DAY)
                yield Page(records, cursor=places.dump(after), errors=errors, complete=here.whole)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The leads sent in [start, end)."""
        here = places.load(Place, cursor) or Place()
        first, last = int(start.timestamp()), int(end.timestamp())
        bounds = [*_since(first), {"field": "time_created", "operator": "LESS_THAN", "value": last + 1}]
        for leaf in self._leaves(bounds, here.after):
            here = replace(here, after=leaf.next or here.after)
            records, errors = _taken(leaf, self._lead)
            inside = [each for each in records if each.changed_at is None or start <= each.changed_at < end]
            yield Page(inside, cursor=places.dump(here), errors=errors)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The leads of this form that are still there."""
        found = list[RawRecord]()
        for id_ in ids:
            try:
                told = self.graph.get(id_, {"fields": ",".join(mapping.LEAD_FIELDS)})
            except GoneError:
                continue
            if str(told.get("form_id") or self.form.id) == self.form.id:
                found.append(self._lead(told))
        return found

    def _lead(self, found: Json) -> RawRecord:
        return mapping.lead(found, self.form)

    def _leaves(self, bounds: Sequence[Json], after: str) -> Iterator[Leaf[Json, str]]:
        asked: dict[str, Any] = {"fields": ",".join(mapping.LEAD_FIELDS)}
        if bounds:
            asked["filtering"] = orjson.dumps(bounds).decode()
        return _resumed(self.graph, f"{self.form.id}/leads", asked, self.size, after)


@dataclass(frozen=True, slots=True)
class Figures:
    """One ad account as one token sees it; ``days`` are how far back the first reading goes."""

    graph: Graph
    account: str
    runtime: Runtime
    size: int
    days: int

    def read(self, cursor: Cursor | None) -> Iterator[Page]:
        """Each campaign's days, or those that may have changed since the cursor: its own and four weeks before."""
        today = self.runtime.now().date()
        here = places.load(Day, cursor) or Day((today - timedelta(days=self.days)).isoformat(), whole=True)
        if not here.until:
            begun = here if here.whole else replace(here, day=(date.fromisoformat(here.day) - RESTATED).isoformat())
            here = replace(begun, until=max(today.isoformat(), here.day))
        for leaf, there in self._stretches(here):
            records, errors = _taken(leaf, self._row)
            if there is None:
                yield Page(records, cursor=places.dump(Day(here.until)), errors=errors, complete=here.whole)
            elif records or errors:
                yield Page(records, cursor=places.dump(there), errors=errors)

    def window(self, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The days that [start, end) touches."""
        last = (end - timedelta(microseconds=1)).astimezone(UTC).date()
        first = Day(start.astimezone(UTC).date().isoformat(), last.isoformat())
        here = places.load(Day, cursor) or first
        for leaf, there in self._stretches(here):
            records, errors = _taken(leaf, self._row)
            yield Page(records, cursor=places.dump(there or here), errors=errors)

    def _stretches(self, here: Day) -> Iterator[tuple[Leaf[Json, str], Day | None]]:
        """Every page and where it is read on; None after the last."""
        until = date.fromisoformat(here.until)
        day, after = date.fromisoformat(here.day), here.after
        while True:
            end = min(day + STRETCH, until)
            asked = {
                "level": "campaign",
                "time_increment": "1",
                "time_range": orjson.dumps({"since": day.isoformat(), "until": end.isoformat()}).decode(),
                "fields": ",".join(mapping.FIGURES),
            }
            for leaf in _resumed(self.graph, f"{self.account}/insights", asked, self.size, after):
                if leaf.next:
                    yield leaf, replace(here, day=day.isoformat(), after=leaf.next)
                elif end < until:
                    yield leaf, replace(here, day=(end + timedelta(days=1)).isoformat(), after="")
                else:
                    yield leaf, None
                    return
            day, after = end + timedelta(days=1), ""

    def _row(self, found: Json) -> RawRecord:
        return mapping.figures(found, self.account)


def _since(second: int) -> list[dict[str, Any]]:
    """The filter for leads of this second or later."""
    return [{"field": "time_created", "operator": "GREATER_THAN", "value": second - 1}] if second else []


def _second(record: RawRecord) -> int:
    return int(record.changed_at.timestamp()) if record.changed_at else 0


def _resumed(graph: Graph, path: str, asked: Mapping[str, Any], size: int, after: str) -> Iterator[Leaf[Json, str]]:
    """The pages from a cursor on; from the first where Meta no longer knows a cursor that was kept between two runs.

    Meta says that cursors are not for keeping ("Paginated Results"); what was read already is then read once more.
    """
    leaves = graph.pages(path, asked, size, after)
    try:
        first = next(leaves)
    except RefusedError:
        if not after:
            raise
        yield from graph.pages(path, asked, size)
        return
    yield first
    yield from leaves


def _taken(leaf: Leaf[Json, str], take: Callable[[Json], RawRecord]) -> tuple[list[RawRecord], list[RecordError]]:
    records, errors = list[RawRecord](), list[RecordError]()
    for found in rows(leaf.page):
        try:
            records.append(take(found))
        except RecordError as error:
            errors.append(error)
    return records, errors
