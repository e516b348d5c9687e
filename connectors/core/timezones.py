"""Time zones by the names that calendars use for them: IANA, Windows, prefixed, or defined on the spot."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
_FAMILIAR = (
    "Europe/Amsterdam", "Europe/Berlin", "Europe/Paris", "Europe/London", "Europe/Athens", "America/New_York",
    "America/Chicago", "America/Denver", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
_COMMON = tuple(dict.fromkeys((*_FAMILIAR, *sorted(WINDOWS_TO_OLSON.values()))))
_TODAYS_CLOCKS = datetime(2020, 1, 1)  # noqa: DTZ001  wall time
"""A calendar defines a zone by the rules of its own day, also for a series that is older than these."""
_FOLD = re.compile(r"(?:(?<!\n)\r\n|(?<![\r\n])\n)(?:\r?\n)*[ \t]")
_ZONE_MARK = re.compile(r"(?i)(BEGIN|END)(?:;.*)?:VTIMEZONE")
_CLOCKS_CHANGE = re.compile(
    r"FREQ=YEARLY|INTERVAL=1|(?:BYMONTH|BYMONTHDAY|BYDAY|BYYEARDAY|BYWEEKNO|BYSETPOS|WKST|UNTIL|COUNT)=[^=]*"
    r"|(?:BYHOUR|BYMINUTE|BYSECOND)=\d+"  # Notes says the time of day in the rule
)
_MOST_CHANGES = 8
_LONGEST_RULE = 200
_SAMPLED = timedelta(days=10)
_SAMPLES = 110
"""Every ten days for three years: the changes of the clocks are met on both sides."""


class Zones:
    """The time zones of one calendar.

    A name is looked for among the IANA zones (also behind the prefixes that Evolution and Mozilla put in front), then
    among the names of Windows, then among the calendar's own VTIMEZONEs. A time without a zone, or with one that nobody
    defines, is taken for ``floating`` (the first of the given names that is known), or UTC.
    """

    def __init__(self, *floating: str) -> None:
        self._known: dict[str, tzinfo | None] = {}
        self.floating: tzinfo = next((zone for name in floating if name and (zone := find(name))), UTC)

    def define(self, text: str) -> None:
        """Learns a VTIMEZONE; one that cannot be read is as good as none, and so is one that would keep us busy."""
        if not _is_tame(text):
            return
        try:
            zone = Timezone.from_ical(text)
            if not isinstance(zone, Timezone):
                return
            name = str(zone["TZID"])
            self._known[name] = find(name) or zone.to_tz(lookup_tzid=False)
        except _UNREADABLE:
            return

    def get(self, name: str) -> tzinfo:
        """The zone of that name."""
        if name not in self._known:
            self._known[name] = find(name)
        return self._known[name] or self.floating

    def moment(self, prop: Any) -> datetime | date | None:
        """A DATE as it is, a DATE-TIME in its own zone; None where the property is no time."""
        value = getattr(prop, "dt", None)
        return self.placed(value, str(prop.params.get("TZID", ""))) if isinstance(value, date) else None

    def placed(self, value: datetime | date, name: str) -> datetime | date:
        """A date as it is, a time in the zone of that name, without one in its own or the floating zone.

        The icalendar library resolves names by itself too, but keeps the VTIMEZONEs of one calendar for the next: the
        wall time is taken from it, the zone from here.
        """
        if not isinstance(value, datetime):
            return value
        if name:
            return value.replace(tzinfo=self.get(name))
        return value if value.tzinfo is not None else value.replace(tzinfo=self.floating)


def apart(text: str) -> tuple[str, list[str]]:
    """A calendar, unfolded and without its VTIMEZONEs, and the text of each of these.

    The icalendar library works a zone out by itself as soon as it meets one, however long that takes.
    """
    kept: list[str] = []
    zones: list[list[str]] = []
    inside = False
    for line in _FOLD.sub("", text).split("\n"):
        mark = _ZONE_MARK.fullmatch(line.strip())
        begins = mark is not None and mark[1].upper() == "BEGIN"
        if begins:
            zones.append([])
        (zones[-1] if begins or inside else kept).append(line)
        inside = begins or (inside and mark is None)
    return "\n".join(kept), ["\n".join((*lines, "")) for lines in zones]


def _is_tame(text: str) -> bool:
    """Whether its rules say on which days of a year the clocks change, and no more. dateutil counts from the first
    change on, and a rule with a step of nothing, or for every second since 1970, would never come to an end."""
    rules = re.findall(r"(?im)^RRULE\b[^:\r\n]*:(.*)$", _FOLD.sub("", text))
    parts = (part for rule in rules for part in rule.strip().upper().split(";"))
    if len(rules) > _MOST_CHANGES or any(len(rule) > _LONGEST_RULE for rule in rules):
        return False
    return all(_CLOCKS_CHANGE.fullmatch(part) for part in parts)


def find(name: str) -> tzinfo | None:
    """The IANA zone that a name means."""
    parts = name.strip().strip('"').strip("/").split("/")
    for start in range(len(parts)):
        candidate = "/".join(parts[start:])
        try:
            return ZoneInfo(WINDOWS_TO_OLSON.get(candidate, candidate))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def name_of(moment: datetime) -> str:
    """The IANA name of a time's zone; of a zone that has none, the name of one that keeps the same time in the years
    around, else its offset at that moment, ``UTC+03:00``."""
    zone = moment.tzinfo
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    if zone is None or zone == UTC:
        return "UTC"
    around = max(moment.replace(tzinfo=None), _TODAYS_CLOCKS)
    walls = [around + _SAMPLED * step for step in range(-_SAMPLES // 3, _SAMPLES * 2 // 3)]
    for name in _COMMON:
        other = ZoneInfo(name)
        if all(wall.replace(tzinfo=zone).utcoffset() == wall.replace(tzinfo=other).utcoffset() for wall in walls):
            return name
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
