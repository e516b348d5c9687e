"""Records that only ever come and never change (leads): where a reading of them stands, and its pages.

A reading goes by the time at which a record came, as a text that sorts by it (``2026-05-01 10:00:00``), and by id among
those of one time. What a reading that was cut off has given is not given again; a new reading begins a day before the
last record, since vendors hand some out late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


Source = Callable[[str], Iterator[Arrival]]
"""Every record that came at a time or later ('': every one), sorted by time and id; those without a time at the end."""


def pages(
    slice_: Slice, cursor: Cursor | None, size: int, source: Source, now: str, *, bounded: bool = False
) -> Iterator[Page]:
    """The records of ``source`` after the cursor, ``size`` a page; one page where there are none.

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
