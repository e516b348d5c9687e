"""Records that only ever come and never change (leads): where a reading of them stands, and its pages.

A reading goes by the time at which a record came, as a text that sorts by it (``2026-05-01 10:00:00``), and by id among
those of one time. What a reading that was cut off has given is not given again; a new reading begins a day before the
last record, since vendors hand some out late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.core import places
from mapping.contract import Body, Cursor, Page, RawRecord, RemoteId, Slice
from mapping.errors import RecordError

LOOKBACK = timedelta(days=1)
"""How far back the next reading begins: leads that the vendor hands out later than that are missed."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record: when it came, as text and as an instant, both empty where that cannot be read; its id; and its body,
    or what is wrong with it."""

    at: str
    id: str
    body: Body | RecordError
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last record taken. Without an id a reading has ended there, and all before it is known.

    ``whole`` is true while the enumeration is under way that a first reading is.
    """

    at: str = ""
    id: str = ""
    whole: bool = False


Source = Callable[[str, str], Iterable[Arrival]]
"""Every record that came between two times, both as texts and both counted in ('': whenever), sorted by time and id;
those without a time at the end. What comes after the second time may be left out, and need not."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The records of one slice as a stream reads them (``streams.Reader``), ``size`` a page.

    ``now`` is the present, by the clock that ``source`` counts by; ``apart`` is how far that clock may be from UTC.
    ``find`` gives those of some ids that are there.
    """

    size: int
    source: Source
    find: Callable[[Sequence[RemoteId]], Iterable[Arrival]]
    now: str
    apart: timedelta = timedelta(0)

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what came since a day before the last record that the cursor knows."""
        return pages(slice_, cursor, self.size, lambda since: self.source(since, ""), self.now)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """What came in [start, end), by the instants of the records."""
        first, last = clock(start - self.apart), clock(end + self.apart)

        def source(since: str) -> Iterator[Arrival]:
            found = self.source(max(since, first), last)
            return (one for one in found if one.instant and start <= one.instant < end)

        return pages(slice_, cursor, self.size, source, self.now, bounded=True)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """Those that are there and can be read."""
        return records(slice_, list(self.find(ids)))


def arrival(at: str, id_: str, instant: datetime | None, body: Callable[[], Body]) -> Arrival:
    """The record, or what is wrong with it: no id, no time, or what ``body`` raises as a RecordError."""
    try:
        if not id_ or not at:
            raise RecordError("a lead without an id, or without a time", remote_id=id_)
        return Arrival(at, id_, body(), instant)
    except RecordError as error:
        return Arrival(at, id_, error)


def in_order(found: Iterable[Arrival]) -> list[Arrival]:
    """As a ``Source`` gives them."""
    return sorted(found, key=lambda one: (not one.at, one.at, one.id))


def pages(
    slice_: Slice,
    cursor: Cursor | None,
    size: int,
    source: Callable[[str], Iterable[Arrival]],
    now: str,
    *,
    bounded: bool = False,
) -> Iterator[Page]:
    """The records of ``source``, asked for since a time, after the cursor, ``size`` a page; one page where there are
    none.

    A reading without a cursor enumerates the slice, unless it is ``bounded``: a part of what there is. None ends beyond
    ``now``, so that a record which claims to come from the future does not hide what comes until then.
    """
    here = places.load(Place, cursor) or Place(whole=not bounded)
    last, taken = here, list[Arrival]()
    for arrival in source(here.at if here.id else earlier(here.at)):
        if here.id and arrival.at and (arrival.at, arrival.id) <= (here.at, here.id):
            continue
        if len(taken) == size:
            yield _page(slice_, taken, last)
            taken = []
        taken.append(arrival)
        if arrival.at:
            last = Place(arrival.at, arrival.id, here.whole)
    yield _page(slice_, taken, Place(min(max(here.at, last.at), now)), complete=here.whole)


def earlier(at: str, by: timedelta = LOOKBACK) -> str:
    """The time so much before another, both as texts; '' stands for the beginning of all times."""
    return (datetime.fromisoformat(at) - by).isoformat(sep=" ", timespec="seconds") if at else ""


def clock(moment: datetime) -> str:
    """An instant as a text in UTC, as ``Arrival.at`` has it where the vendor counts in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def record(slice_: Slice, id_: str, body: Body, instant: datetime | None) -> RawRecord:
    """A record that came at an instant and has stayed as it was."""
    return RawRecord(RemoteId(id_), body, slice_.key, changed_at=instant)


def records(slice_: Slice, found: Sequence[Arrival]) -> list[RawRecord]:
    """The records among them that can be read."""
    return [record(slice_, one.id, one.body, one.instant) for one in found if not isinstance(one.body, Exception)]


def _page(slice_: Slice, taken: Sequence[Arrival], place: Place, *, complete: bool = False) -> Page:
    return Page(
        records=records(slice_, taken),
        errors=[one.body for one in taken if isinstance(one.body, Exception)],
        cursor=places.dump(place),
        complete=complete,
    )
