"""Events of iCalendar files, with their times in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Event, Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from connectors.files.formats.components import components
from connectors.files.formats.item import Item, Place, Source
from connectors.files.text import Lines

_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
_TEXT_CHARS = 16_384
_CALENDAR_ZONE = re.compile(r"^X-WR-TIMEZONE[^:\r\n]*:([^\r\n]+)", re.MULTILINE)
_METHOD_CANCEL = re.compile(r"^METHOD:CANCEL\s*$", re.MULTILINE)
# The library warns of every zone that Evolution or Mozilla put their own name in front of.
_PREFIXED_ZONE = re.compile(r'TZID="?/[^/:;"\r\n]+/(?:[^/:;"\r\n]+/)??([A-Z][A-Za-z]+/[A-Za-z_/+-]+)"?')
_HEAD_CHARS = 16_384


class Zones:
    """Time zones by the names that a file uses.

    A name is looked for among the IANA zones (also behind the prefixes that Evolution and Mozilla put in front), then
    among the names of Windows, then among the file's own VTIMEZONEs. A time without a zone, or with one that nobody
    defines, is taken for the calendar's own zone (X-WR-TIMEZONE), or UTC.
    """

    def __init__(self, floating: str = "") -> None:
        self._known: dict[str, tzinfo | None] = {}
        self.floating: tzinfo = (self._find(floating) if floating else None) or UTC

    def define(self, text: str) -> None:
        """Learns a VTIMEZONE; one that cannot be read is as good as none."""
        try:
            zone = Timezone.from_ical(text)
            if not isinstance(zone, Timezone):
                return
            name = str(zone["TZID"])
            self._known[name] = self._find(name) or zone.to_tz(lookup_tzid=False)
        except _BROKEN:
            return

    def get(self, name: str) -> tzinfo:
        """The zone of that name."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name] or self.floating

    @staticmethod
    def _find(name: str) -> tzinfo | None:
        parts = name.strip().strip('"').strip("/").split("/")
        for start in range(len(parts)):
            candidate = "/".join(parts[start:])
            try:
                return ZoneInfo(WINDOWS_TO_OLSON.get(candidate, candidate))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
        return None

    def utc(self, prop: Any) -> datetime | date | None:
        """A DATE as it is, a DATE-TIME in UTC; None where the property is no time."""
        value = getattr(prop, "dt", None)
        if not isinstance(value, date):
            return None
        if not isinstance(value, datetime):
            return value
        name = str(prop.params.get("TZID", ""))
        # The library resolves names by itself too, but keeps VTIMEZONEs of one file for the next: the wall time is
        # taken from it, the zone from here.
        if name:
            value = value.replace(tzinfo=self.get(name))
        elif value.tzinfo is None:
            value = value.replace(tzinfo=self.floating)
        return value.astimezone(UTC)


def read(source: Source, start: Place) -> Iterator[Item]:
    """The events that end behind ``start``. The file is walked from its beginning: zones may stand anywhere.

    A repeating event is one item (its first occurrence and the rule), each exception to it is one of its own.
    """
    with source.path.open("rb") as handle:
        opening = source.encoding.decode(handle.read(_HEAD_CHARS))
        own = _CALENDAR_ZONE.search(opening)
        zones = Zones(own.group(1).strip() if own else "")
        cancelled = bool(_METHOD_CANCEL.search(opening))
        for found in components(Lines(handle, source.encoding), "VTIMEZONE", "VEVENT"):
            if found.text[:16].upper().startswith("BEGIN:VTIMEZONE"):
                zones.define(found.text)
            elif found.end.offset <= start.offset:
                continue
            elif found.error:
                yield Item(found.line, found.end, error=found.error)
            else:
                yield _item(found.text, zones, cancelled, found.line, found.end)


def _item(text: str, zones: Zones, cancelled: bool, line: int, end: Place) -> Item:
    try:
        value = _fields(Event.from_ical(_PREFIXED_ZONE.sub(r"TZID=\1", text)), zones)
    except _BROKEN:
        return Item(line, end, error="not a readable event")
    if cancelled:
        value["STATUS"] = "CANCELLED"
    return Item(line, end, value)


def _fields(event: Any, zones: Zones) -> dict[str, Any]:
    begins = zones.utc(event.get("DTSTART"))
    ends = zones.utc(event.get("DTEND")) or _after(begins, event.get("DURATION"))
    again = zones.utc(event.get("RECURRENCE-ID"))
    changed = zones.utc(event.get("LAST-MODIFIED"))
    found: dict[str, Any] = {
        "DTSTART": _iso(begins),
        "DTEND": _iso(ends),
        "ALL-DAY": begins is not None and not isinstance(begins, datetime),
        "RECURRENCE-ID": _compact(again),
        "LAST-MODIFIED": _iso(changed),
        "ORGANIZER": next(iter(_people(event.get("ORGANIZER"))), None),
        "ATTENDEE": _people(event.get("ATTENDEE")),
        "CATEGORIES": _categories(event.get("CATEGORIES")),
    }
    for name in ("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "URL", "CLASS", "TRANSP", "SEQUENCE"):
        found[name] = _text(event.get(name))
    rule = event.get("RRULE")
    found["RRULE"] = rule.to_ical().decode("utf-8", "replace") if hasattr(rule, "to_ical") else ""
    return {name: value for name, value in found.items() if value not in (None, "", [], False)}


def _after(begins: datetime | date | None, duration: Any) -> datetime | date | None:
    length = getattr(duration, "dt", None)
    return begins + length if begins is not None and isinstance(length, timedelta) else None


def _iso(value: datetime | date | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value is not None else None


def _compact(value: datetime | date | None) -> str | None:
    """The form that RFC 5545 writes a time in: it becomes part of the meeting's key."""
    if value is None:
        return None
    return value.strftime("%Y%m%dT%H%M%SZ" if isinstance(value, datetime) else "%Y%m%d")


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value).strip()[:_TEXT_CHARS] if value is not None else ""


def _categories(value: Any) -> list[str]:
    lists = value if isinstance(value, list) else [value]
    return [str(tag) for one in lists for tag in getattr(one, "cats", ()) if str(tag).strip()]


def _people(value: Any) -> list[dict[str, str]]:
    """Calendar addresses as ``{email, name, answer, kind}``, what is missing left out."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        if one is None:
            continue
        address = re.sub(r"(?i)^mailto:\s*", "", str(one).strip())
        params = getattr(one, "params", {})
        entry = {
            "email": address if "@" in address else "",
            "name": str(params.get("CN", "")).strip(),
            "answer": str(params.get("PARTSTAT", "")).casefold(),
            "kind": str(params.get("CUTYPE", "")).casefold(),
        }
        if entry["email"] or entry["name"]:
            found.append({key: text for key, text in entry.items() if text})
    return found
