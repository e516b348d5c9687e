"""Reading one calendar: Graph tracks what takes place in a span of time, which is fixed in the link.

``event: delta`` and "Get incremental changes to events in a calendar view", read 2026-11-23. A meeting is a record; so
is a series with all its exceptions. The listing names occurrences by hardly more than their series and their times, and
tells of a cancelled one no word at all, so each series that it touches is asked for whole, once a run. It also tells
everything that was changed *outside* the span as removed: no such word is believed before the event was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from urllib.parse import quote

from connectors.core import places
from connectors.core.deltas import REMOVED, walk
from connectors.core.http import Params
from connectors.core.timestamps import instant
from connectors.microsoft365 import mapping
from connectors.microsoft365.graph import Graph, Json
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import ForbiddenError, GoneError, RecordError

LONGEST = timedelta(days=1825)
"""The longest span that Graph allows (ErrorInvalidRequest: "Maximum number of days: 1825")."""
AHEAD = timedelta(days=180)
"""How far ahead meetings are read at least; a quarter of a year more at most."""
WHOLE = {
    "$select": ",".join((*mapping.EVENT, "cancelledOccurrences", "exceptionOccurrences")),
    "$expand": "exceptionOccurrences",
}


@dataclass(frozen=True, slots=True)
class Window:
    """A place in a bounded read: the address of the page that comes next."""

    next: str


@dataclass
class _Found:
    """What a page brought: records by id, what is gone, and what cannot be read."""

    records: dict[str, RawRecord] = field(default_factory=dict)
    gone: list[Tombstone] = field(default_factory=list)
    errors: list[RecordError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar of ``owner``, from the day ``since`` on. ``path`` is '' for the person's own."""

    graph: Graph
    owner: str
    since: date
    now: Callable[[], datetime]
    path: str = ""

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything from ``since`` on, or what changed since the cursor.

        As time goes by the last span ends later, by a quarter of a year at a time; then all is enumerated anew.
        """
        read_in = spans(self.since, self.now())
        parts = {f"{start:%Y-%m-%d}/{end:%Y-%m-%d}": self._view("/delta", start, end) for start, end in read_in}
        scope = read_in[-1][0], read_in[0][1]
        whole: dict[str, str] = {}
        for step in walk(self._changes, parts, cursor):
            found = self._page(slice_, step.items, whole, scope)
            # What is not met by an enumeration's end is gone without a word of ours.
            gone = [] if step.whole else found.gone
            yield Page([*found.records.values()], gone, step.cursor, step.complete, step.begins, found.errors)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The meetings that take place between two instants, each series whole."""
        here, whole = places.load(Window, cursor), dict[str, str]()
        for page, following in self.graph.pages(here.next if here else self._view("", start, end)):
            found = self._page(slice_, page.get("value", ()), whole, (start, end))
            after = places.dump(Window(following)) if following else None
            yield Page([*found.records.values()], cursor=after, errors=found.errors)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The meetings and series that are there."""
        found = self._page(slice_, [{"id": id_} for id_ in ids], {}, None)
        return [*found.records.values()]

    def _changes(self, address: str) -> Json:
        try:
            return self.graph.get(address)
        except GoneError as error:
            told = str(error)
        raise ForbiddenError(f"{told}; this calendar is not there (any more)")

    def _view(self, kind: str, start: datetime, end: datetime) -> str:
        times = {"startDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "endDateTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        # Of changes no selection is allowed.
        more: Params = {} if kind else {"$select": ",".join(mapping.EVENT), "$top": self.graph.page_size}
        return self.graph.address(f"{self.path}/calendarView{kind}", {**times, **more})

    def _page(
        self, slice_: Slice, items: Sequence[Json], whole: dict[str, str], scope: tuple[datetime, datetime] | None
    ) -> _Found:
        """What the items of a page come to.

        ``whole`` are the series that were asked for in this run, and the version that came: an occurrence of one of
        them brings nothing new, and no more does the series itself in that version.
        """
        found, series, single = _Found(), dict[str, bool](), dict[str, Json | None]()
        for item in items:
            id_, master = str(item["id"]), str(item.get("seriesMasterId") or "")
            if master:
                series[master] = series.get(master) or master not in whole
            elif item.get("type") == "seriesMaster":
                series[id_] = series.get(id_) or whole.get(id_) != str(item.get("changeKey"))
            else:
                # A change may be told in part, and one event several times; then only the event itself knows.
                told = REMOVED not in item and "iCalUId" in item and id_ not in single
                single[id_] = item if told else None
        single |= self._asked([id_ for id_, item in single.items() if item is None])
        for id_, it in single.items():
            if it and it.get("seriesMasterId"):
                series[str(it["seriesMasterId"])] = True
            elif it and it.get("type") != "seriesMaster" and scope and not _overlaps(it, scope):
                found.gone.append(Tombstone(RemoteId(id_), Reason.OUT_OF_SCOPE, slice_.key))
            else:
                self._take(found, slice_, id_, it)
        for id_, it in self._asked([id_ for id_, wanted in series.items() if wanted and id_ not in found.records]):
            whole[id_] = str((it or {}).get("changeKey"))
            self._take(found, slice_, id_, it)
        return found

    def _asked(self, ids: Sequence[str]) -> Iterator[tuple[str, Json | None]]:
        calls = [(f"/events/{quote(id_, safe='')}", WHOLE) for id_ in ids]
        return zip(ids, self.graph.many(calls), strict=True)

    def _take(self, found: _Found, slice_: Slice, id_: str, item: Json | None) -> None:
        """Puts an event that was asked for, or told whole, where it belongs."""
        if item is None:
            found.gone.append(Tombstone(RemoteId(id_), slice=slice_.key))
            return
        try:
            found.records[id_] = _record(id_, slice_, item, self.owner)
        except RecordError as error:
            found.errors.append(RecordError(str(error), remote_id=id_))


def spans(since: date, now: datetime) -> list[tuple[datetime, datetime]]:
    """The spans in which a calendar is read, the latest first, from ``since`` to the beginning of a quarter.

    They are the same for a quarter of a year, so that links stay of use; and they begin with the same day for ever, so
    that no meeting falls out of them with time.
    """
    start = datetime.combine(since, time(), UTC)
    ahead = max(now.astimezone(UTC) + AHEAD, start)
    month = (ahead.month - 1) // 3 * 3 + 4
    end = datetime(ahead.year + month // 13, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    found = []
    while start < end:
        found.append((start, min(start + LONGEST, end)))
        start += LONGEST
    return found[::-1]


def _record(id_: str, slice_: Slice, item: Json, owner: str) -> RawRecord:
    """A meeting changes when Graph says so; a series has no such time, for its newest exception may be taken back."""
    exceptions = item.get("exceptionOccurrences") or ()
    single = item.get("type") == "singleInstance"
    marks = [str(each.get("changeKey")) for each in (item, *exceptions)]
    left_out = sorted(map(str, item.get("cancelledOccurrences") or ()))
    return RawRecord(
        RemoteId(id_),
        mapping.event(item, owner),
        slice_.key,
        version=sha256("\n".join((*sorted(marks), *left_out)).encode()).hexdigest()[:16],
        changed_at=instant(item, "lastModifiedDateTime") if single else None,
    )


def _overlaps(item: Json, scope: tuple[datetime, datetime]) -> bool:
    """Whether a single meeting takes place within the scope; one that cannot be read is for the mapping to refuse."""
    try:
        begins, ends = (datetime.fromisoformat(item[name]["dateTime"]).replace(tzinfo=UTC) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        return True
    return begins < scope[1] and ends >= scope[0]
