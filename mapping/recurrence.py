"""Meetings that repeat: from what a calendar says of a series to its single occurrences.

An *event* is a JSON object; whoever reads a calendar writes these keys, all others are carried along:

- ``uid``: the iCalendar UID; ``id``: the UID, for an exception ``UID/recurrence id``;
- ``start`` and ``end``: UTC instants, or for ``all_day`` dates, of which ``end`` is the day after the last;
- ``recurrence_id`` of an exception: the instant for which this occurrence was planned, ``20260508T080000Z``, or of an
  all-day event the date, ``20260508`` (RFC 5545 3.8.4.4, brought to UTC so that two calendars say the same);
- ``series`` of an event that repeats: ``start`` (wall time or date), ``zone`` (IANA, or ``UTC+03:00``), ``rules``
  (RRULE values, UNTIL as wall time), ``also`` and ``except`` (recurrence ids from RDATE and EXDATE).

Occurrences are worked out when a record is mapped, not when it is read: the record stays as the calendar has it, and
as time goes by the next ones come in without another word from the calendar (docs/adr/0014-meetings-that-repeat.md).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from mapping.errors import RecordError

HORIZON = "_horizon"
"""The name under which a rule finds the horizon, beside the record's own keys."""
MOST = 250
"""Occurrences of one series at most, the newest: five years of every week, one of every working day."""
AHEAD = timedelta(days=90)

_LONGEST = timedelta(days=366 * 100)
"""How far a series is followed for which there is no horizon."""
_STEPS = 20_000
"""Occurrences counted at most: every day for half a century. What asks for more means to keep us busy."""
_CENTURY = 100
_CYCLE = 400
"""Years after which the days of the week fall on the same dates again."""
_MOST_RULES = 3
_LONGEST_RULE = 400
_WITHIN_A_DAY = re.compile(r"(?i)\bFREQ=(HOURLY|MINUTELY|SECONDLY)\b")
_STRANGE = re.compile(r"(?i)\bINTERVAL=(?!0*[1-9])|\bBYEASTER=|\bBYSETPOS=[^;]{20}")
"""A step of nothing never ends, each of many positions is looked for on every day, and dateutil's own addition does not
come again with the days of the week."""
_UNTIL = re.compile(r"(?i);?\bUNTIL=(\d{4})([^;]*)")
_COMPACT = "%Y%m%dT%H%M%SZ"

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far series are looked at: occurrences that begin before ``until``, and of those the newest ``most``."""

    until: datetime
    most: int = MOST

    @classmethod
    def at(cls, now: datetime, ahead: timedelta = AHEAD, most: int = MOST) -> Horizon:
        """At least ``ahead`` from now. It moves on Mondays (UTC) only, so that a week long nothing changes."""
        monday = now.astimezone(UTC).date() - timedelta(days=now.astimezone(UTC).weekday())
        return cls(datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + timedelta(days=7) + ahead, most)

    def told(self) -> dict[str, Any]:
        """The horizon as a rule's expression sees it."""
        return {"until": self.until.strftime(_COMPACT), "most": self.most}


def occurrences(events: Any, horizon: Any = None) -> list[dict[str, Any]]:
    """The events with each series replaced by its occurrences, every ``id`` once.

    An occurrence that the calendar speaks of by itself (an exception) hides the one that the series would give; what
    the series gave is marked ``derived``. Without a horizon a series counts from its beginning. Raises RecordError for
    a series that cannot be read or repeats within a day.
    """
    given = [one for one in _listed(events) if isinstance(one, Mapping)]
    own: dict[str, dict[str, Any]] = {}
    for one in given:
        if not one.get("series"):
            other = own.get(str(one.get("id")))
            if other is None or _sequence(one) >= _sequence(other):
                own[str(one.get("id"))] = dict(one)
    found: dict[str, dict[str, Any]] = {}
    for one in given:
        if one.get("series"):
            found.update((each["id"], each) for each in _expanded(one, horizon) if each["id"] not in own)
    return [*found.values(), *own.values()]


def compact(moment: datetime | date) -> str:
    """A recurrence id: the instant in UTC, or the date, in the form of RFC 5545."""
    return moment.astimezone(UTC).strftime(_COMPACT) if isinstance(moment, datetime) else moment.strftime("%Y%m%d")


def iso(moment: datetime | date) -> str:
    """An instant as ``2026-05-01T08:00:00Z``, a date as ``2026-05-01``."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return moment.isoformat()


def _listed(events: Any) -> Sequence[Any]:
    return events if isinstance(events, list | tuple) else () if events is None else (events,)


def _sequence(event: Event) -> int:
    found = event.get("sequence")
    return found if isinstance(found, int) else 0


def _expanded(event: Event, horizon: Any) -> Iterator[dict[str, Any]]:
    series, uid = event["series"], event.get("uid")
    carried = {name: value for name, value in event.items() if name != "series"}
    try:
        length = _parsed(event["end"]) - _parsed(event["start"]) if event.get("end") else None
        zone = zone_named(series["zone"]) if "T" in series["start"] else None
        begins = _begins(series, zone, horizon)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        raise RecordError("the series of a meeting that repeats cannot be read") from None
    for start in begins:
        one = {**carried, "id": f"{uid}/{compact(start)}", "recurrence_id": compact(start), "start": iso(start)}
        if length is not None:
            one["end"] = iso(start + length)
        yield {**one, "derived": True}


def _begins(series: Mapping[str, Any], zone: tzinfo | None, horizon: Any) -> list[datetime | date]:
    """When the occurrences of a series begin, in order: no more than the horizon allows."""
    first = datetime.fromisoformat(series["start"])
    until, most = _limits(horizon)
    last = None if until is None else (until.astimezone(zone) if zone else until).replace(tzinfo=None)
    kept: deque[datetime | date] | list[datetime | date] = deque(maxlen=most) if last is not None else []
    left_out = frozenset(series.get("except", ()))
    extra = [_parsed(one) for one in series.get("also", ())]
    rules = series.get("rules", ())
    if len(rules) > _MOST_RULES:
        raise ValueError("RFC 5545 3.8.5.3 advises against more than one")
    years = last.year - first.year if last is not None else _CENTURY
    for step, wall in enumerate(_merged(first, [_rule(text, first, years) for text in rules], extra, zone)):
        if step >= _STEPS:
            raise RecordError("a meeting repeats too often")
        if wall >= last if last is not None else wall - first > _LONGEST or len(kept) >= most:
            break
        begin = _placed(wall, zone)
        # Some programs leave out the whole day of a meeting that has a time.
        if compact(begin) not in left_out and wall.strftime("%Y%m%d") not in left_out:
            kept.append(begin)
    return list(kept)


def _limits(horizon: Any) -> tuple[datetime | None, int]:
    if not isinstance(horizon, Mapping):
        return None, MOST
    return datetime.strptime(horizon["until"], _COMPACT).replace(tzinfo=UTC), int(horizon["most"])


def _merged(
    first: datetime, rules: Sequence[Iterator[datetime]], extra: Sequence[datetime], zone: tzinfo | None
) -> Iterator[datetime]:
    """Wall times in order, each once. The first is always one (RFC 5545 3.8.5.3), whatever the rules say."""
    walls = sorted((one.astimezone(zone).replace(tzinfo=None) if zone and one.tzinfo else one) for one in extra)
    sources: list[Iterator[datetime]] = [iter([first]), iter([one.replace(tzinfo=None) for one in walls])]
    sources += rules
    heads = [next(source, None) for source in sources]
    before: datetime | None = None
    while any(head is not None for head in heads):
        place = min((head, number) for number, head in enumerate(heads) if head is not None)[1]
        head, heads[place] = heads[place], next(sources[place], None)
        if head is not None and head != before:
            before = head
            yield head


def _rule(text: str, first: datetime, years: int) -> Iterator[datetime]:
    """The wall times that a rule gives, for so many years at least.

    Where there is no next one (the 30th of February), dateutil looks for it up to the year 9999, for seconds. So the
    rule is worked out as many centuries later as the calendar allows, and that end is near.
    """
    if _WITHIN_A_DAY.search(text):
        raise RecordError("a meeting that repeats within a day is none")
    ancient = years > _CENTURY and "YEARLY" not in text.upper()
    if len(text) > _LONGEST_RULE or _STRANGE.search(text) or ancient:
        raise ValueError("not a rule that a calendar would write")
    later = max(0, (MAXYEAR - first.year - max(years, 0) - 1) // _CYCLE * _CYCLE)

    def moved(until: re.Match[str]) -> str:
        year = int(until[1]) + later
        return f";UNTIL={year}{until[2]}" if year <= MAXYEAR else ""

    moved_text = _UNTIL.sub(moved, text).strip(";")
    found = rrulestr(moved_text, dtstart=first.replace(year=first.year + later), ignoretz=True)
    if not isinstance(found, rrule):
        raise ValueError("more than one rule in one")
    return (wall.replace(year=wall.year - later) for wall in found)


def _placed(wall: datetime, zone: tzinfo | None) -> datetime | date:
    """The instant of a wall time; one that the clocks leap over counts by the offset before (RFC 5545 3.3.5)."""
    return wall.date() if zone is None else wall.replace(tzinfo=zone).astimezone(UTC)


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=512)
def zone_named(name: str) -> tzinfo:
    """The zone: IANA, or ``UTC+03:00``. Raises ValueError or OSError where there is none."""
    if name.startswith("UTC") and len(name) == 9:
        offset = timedelta(hours=int(name[4:6]), minutes=int(name[7:9]))
        return timezone(-offset if name[3] == "-" else offset)
    return ZoneInfo(name)
