"""Meetings out of iCalendar (RFC 5545, 5546), for every connector that meets some: files, CalDAV, invitations in mail.

``events(text)`` gives one event for each VEVENT, in the form that connectors/core/meetings.py describes and makes
facts of. Whoever cuts VEVENTs out of a stream by himself keeps a ``Reader``. Beside that form an event has the
calendar's own single-valued properties, X- ones too, under their own names (``SUMMARY``, ``X-FOO``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

from connectors.core.meetings import filled
from connectors.core.timezones import Zones, apart, name_of
from mapping.errors import RecordError
from mapping.recurrence import compact, iso

_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
_TEXT_CHARS = 16_384
_ODD_CHARS = 500
_TEXTS = (
    "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "URL", "CLASS", "TRANSP", "PRIORITY", "GEO", "COMMENT", "CONTACT",
)  # fmt: skip
_LINKS = (
    "URL",
    "CONFERENCE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
)
_RESTLESS = ("X-MOZ-", "X-APPLE-DEFAULT-ALARM", "X-LIC-", "X-ALT-DESC")
"""Properties that change with every snoozed alarm, or say the description again in HTML."""
_THINGS = frozenset(("room", "resource"))
_PROPOSALS = frozenset(("COUNTER", "DECLINECOUNTER", "REFRESH"))
"""Messages of iTIP that ask for something and say nothing of the meeting as it is (RFC 5546 3.2)."""
_CALENDAR_ZONE = re.compile(r"^X-WR-TIMEZONE[^:\r\n]*:([^\r\n]+)", re.MULTILINE)
_CALENDAR_NAME = re.compile(r"^X-WR-CALNAME[^:\r\n]*:([^\s@]+@[^\s@]+)\s*$", re.MULTILINE)
_METHOD = re.compile(r"^METHOD:([A-Za-z]+)\s*$", re.MULTILINE)
# The library warns of every zone that Evolution or Mozilla put their own name in front of.
_PREFIXED_ZONE = re.compile(r'TZID="?/[^/:;"\r\n]+/(?:[^/:;"\r\n]+/)??([A-Z][A-Za-z]+/[A-Za-z_/+-]+)"?')


def events(text: bytes | str, *, zone: str = "", owner: str = "") -> list[dict[str, Any]]:
    """The events of a whole calendar, each series as one event and each exception to it as one of its own.

    ``zone`` is what floating times count in where the calendar names no zone of its own, ``owner`` the address of
    whose calendar it is. Raises RecordError for what is no calendar, or where one of its events cannot be read.
    """
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    reader = Reader(plain, zone=zone, owner=owner)
    unfolded, zones = apart(plain.strip())
    for one in zones:
        reader.zones.define(_PREFIXED_ZONE.sub(r"TZID=\1", one))
    try:
        calendars = Calendar.from_ical(_PREFIXED_ZONE.sub(r"TZID=\1", unfolded), multiple=True)
        found = [part for calendar in calendars for part in calendar.walk("VEVENT")]
    except _UNREADABLE:
        raise RecordError("this is no readable iCalendar") from None
    if not calendars:
        # Empty, or cut off before its end: that is no word on what is in it, and nobody may take it for one.
        raise RecordError("this is no whole iCalendar")
    return [reader.event(one) for one in found] if reader.speaks else []


def series(lines: Sequence[str], begins: datetime | date) -> dict[str, Any] | None:
    """The series of a meeting that a vendor tells as JSON with iCalendar lines in it (``RRULE:…``, ``EXDATE;…:…``).

    ``begins`` is its first beginning, a time in its own zone. None where the lines repeat nothing. Raises RecordError.
    """
    text = "\r\n".join(["BEGIN:VEVENT", *(line.replace("\n", "") for line in lines), "END:VEVENT", ""])
    try:
        return Reader().series(Event.from_ical(text), begins)
    except _UNREADABLE:
        raise RecordError("the rule by which the meeting repeats cannot be read") from None


class Reader:
    """What holds for every event of one calendar: its zones, its method (RFC 5546) and its owner.

    ``opening`` is the calendar's text, or enough of its beginning to hold the properties of the calendar itself.
    """

    def __init__(self, opening: str = "", *, zone: str = "", owner: str = "") -> None:
        own = _CALENDAR_ZONE.search(opening)
        method = _METHOD.search(opening)
        self.zones = Zones(own.group(1).strip() if own else "", zone)
        self.method = method.group(1).upper() if method else ""
        # Google exports a person's own calendar under the person's address.
        titled = _CALENDAR_NAME.search(opening)
        self.owner = (owner or (titled.group(1).strip() if titled else "")).casefold()

    @property
    def speaks(self) -> bool:
        """Whether the calendar says how meetings are, and does not merely ask for something."""
        return self.method not in _PROPOSALS

    def parse(self, text: str) -> dict[str, Any]:
        """The event in the text of one VEVENT. Raises RecordError."""
        try:
            found = Event.from_ical(_PREFIXED_ZONE.sub(r"TZID=\1", apart(text)[0]))
        except _UNREADABLE:
            raise RecordError("not a readable event") from None
        return self.event(found)

    def event(self, event: Any) -> dict[str, Any]:
        """The event in a VEVENT that the icalendar library has parsed. Raises RecordError."""
        uid = _text(event.get("UID"))
        if not uid:
            raise RecordError("the event has no UID")
        try:
            found = {"uid": uid, **self._times(event, uid), **self._said(event), **self._people(event)}
        except _UNREADABLE:
            raise RecordError("not a readable event") from None
        if found["start"] is None and self.method != "CANCEL":
            raise RecordError("the event has no readable DTSTART")
        return filled(found)

    def _times(self, event: Any, uid: str) -> dict[str, Any]:
        days = _text(event.get("X-MICROSOFT-CDO-ALLDAYEVENT")).upper() == "TRUE"

        def moment(name: str) -> datetime | date | None:
            value = self.zones.moment(_first(event.get(name)))
            return value.date() if days and isinstance(value, datetime) else value

        begins, again = moment("DTSTART"), moment("RECURRENCE-ID")
        ends = _end(begins, moment("DTEND"), getattr(_first(event.get("DURATION")), "dt", None))
        recurrence = compact(again) if again is not None else ""
        return {
            "id": f"{uid}/{recurrence}" if recurrence else uid,
            "recurrence_id": recurrence,
            "start": iso(begins) if begins is not None else None,
            "end": iso(ends) if ends is not None else None,
            "all_day": begins is not None and not isinstance(begins, datetime),
            "series": None if begins is None or recurrence else self.series(event, begins),
        }

    def series(self, event: Any, begins: datetime | date) -> dict[str, Any] | None:
        """How the parsed VEVENT repeats (see mapping/recurrence.py); None where it does not."""
        rules = [self._rule(rule, begins) for rule in _listed(event.get("RRULE"))]
        also = self._planned(event.get("RDATE"), begins)
        if not rules and not also:
            return None
        return {
            "start": begins.replace(tzinfo=None).isoformat() if isinstance(begins, datetime) else begins.isoformat(),
            "zone": name_of(begins) if isinstance(begins, datetime) else "",
            "rules": rules,
            "also": also,
            "except": self._planned(event.get("EXDATE"), begins),
        }

    def _rule(self, rule: Any, begins: datetime | date) -> str:
        """The rule with UNTIL as wall time. A date means the whole of that day (RFC 5545 3.3.10 asks for an instant
        where the event has a time, but not every program writes one)."""
        until = _first(rule.get("UNTIL"))
        text = str(rule.to_ical().decode("utf-8", "replace"))
        if not isinstance(until, date):
            return text
        if isinstance(until, datetime):
            if isinstance(begins, datetime) and until.tzinfo is not None:
                until = until.astimezone(begins.tzinfo)
            wall = until.strftime("%Y%m%dT%H%M%S") if isinstance(begins, datetime) else until.strftime("%Y%m%d")
        else:
            wall = until.strftime("%Y%m%dT235959" if isinstance(begins, datetime) else "%Y%m%d")
        return re.sub(r"UNTIL=[^;]*", f"UNTIL={wall}", text)

    def _planned(self, value: Any, begins: datetime | date) -> list[str]:
        """RDATE or EXDATE as recurrence ids. A date among times stays one; of a period only the beginning counts."""
        found = []
        for listed in _listed(value):
            name = str(getattr(listed, "params", {}).get("TZID", ""))
            for one in listed.dts:
                placed = self.zones.placed(one.dt[0] if isinstance(one.dt, tuple) else one.dt, name)
                if isinstance(placed, datetime) and not isinstance(begins, datetime):
                    placed = placed.date()
                found.append(compact(placed))
        return sorted(set(found))

    def _said(self, event: Any) -> dict[str, Any]:
        revised = self.zones.moment(_first(event.get("LAST-MODIFIED")))
        if revised is None and self.method != "PUBLISH":
            # Of a published calendar DTSTAMP is when it was exported (RFC 5545 3.8.7.2), which changes nothing.
            revised = self.zones.moment(_first(event.get("DTSTAMP")))
        created = self.zones.moment(_first(event.get("CREATED")))
        found: dict[str, Any] = {name: _text(event.get(name)) for name in _TEXTS}
        for name in event:
            if name.startswith("X-") and not name.startswith(_RESTLESS):
                value = _text(event.get(name))
                if len(value) <= _ODD_CHARS:
                    found[name] = value
        rules = [rule.to_ical().decode("utf-8", "replace") for rule in _listed(event.get("RRULE"))]
        return found | {
            "RRULE": rules[0] if rules else "",
            "categories": [
                str(tag)
                for one in _listed(event.get("CATEGORIES"))
                for tag in getattr(one, "cats", ())
                if str(tag).strip()
            ],
            "status": "cancelled" if self.method == "CANCEL" else found["STATUS"].casefold(),
            "link": next((link for name in _LINKS if (link := _text(event.get(name)))), ""),
            "sequence": _number(event.get("SEQUENCE")) or 0,
            "revised_at": iso(_instant(revised)) if revised is not None else None,
            "created_at": iso(_instant(created)) if created is not None else None,
        }

    def _people(self, event: Any) -> dict[str, Any]:
        attendees = [self._address(one) for one in _listed(event.get("ATTENDEE"))]
        if self.method == "REPLY":
            for one in attendees:
                one["own"] = True
        organizers = [self._address(one) for one in _listed(event.get("ORGANIZER"))]
        return {
            "organizer": next((_filled(one) for one in organizers), {}),
            "people": [one for each in attendees if each["kind"] not in _THINGS and (one := _filled(each))],
            "resources": [one["name"] or one["email"] for one in attendees if one["kind"] in _THINGS],
        }

    def _address(self, value: Any) -> dict[str, Any]:
        """A calendar address (RFC 5545 3.3.3) with who that is and what they answered."""
        params = getattr(value, "params", {})
        given = [re.sub(r"(?i)^mailto:\s*", "", str(value).strip()), str(params.get("EMAIL", "")).strip()]
        email = next((one for one in given if "@" in one and "/" not in one), "")
        role = str(params.get("ROLE", "")).casefold()
        return {
            "email": email,
            "name": str(params.get("CN", "")).strip(),
            "answer": str(params.get("PARTSTAT", "")).casefold(),
            "role": "" if role == "req-participant" else role,
            "kind": str(params.get("CUTYPE", "")).casefold(),
            "own": bool(self.owner) and email.casefold() == self.owner,
        }


def _end(begins: datetime | date | None, ends: datetime | date | None, length: Any) -> datetime | date | None:
    """When it ends: an all-day event the day after its last, and one without an end on its only day (3.6.1)."""
    if begins is None:
        return None
    timed = isinstance(begins, datetime)
    if ends is None and isinstance(length, timedelta):
        ends = begins + length
    if ends is not None and isinstance(ends, datetime) != timed:
        ends = None if timed else ends.date() if isinstance(ends, datetime) else ends
    if not timed and (ends is None or ends <= begins):
        return begins + timedelta(days=1)
    return None if ends is not None and ends < begins else ends


def _instant(moment: datetime | date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    return next(iter(_listed(value)), None)


def _text(value: Any) -> str:
    found = _first(value)
    return str(found).strip()[:_TEXT_CHARS] if found is not None else ""


def _number(value: Any) -> int | None:
    try:
        return int(_first(value))
    except (TypeError, ValueError):
        return None


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    """What is known of somebody; nothing where they have neither address nor name."""
    known = entry["email"] or entry["name"]
    return {name: value for name, value in entry.items() if value and name != "kind"} if known else {}
