"""A Google event in the form of every calendar's (connectors/core/meetings.py), so that its facts are theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.core import icalendar, meetings
from connectors.core.timestamps import instant
from mapping.errors import RecordError
from mapping.recurrence import compact, iso

Json = Mapping[str, Any]

EVENTS = meetings.meeting("events")
TEXTS = {"SUMMARY": "summary", "DESCRIPTION": "description", "LOCATION": "location"}
KEPT = ("eventType", "htmlLink", "transparency", "extendedProperties", "creator")
"""What has no place in iCalendar and may still be of use in an admin's own rule."""
FIELDS = ",".join(
    (
        *("id", "iCalUID", "etag", "status", "sequence", "created", "updated", "visibility", "start", "end"),
        *("recurrence", "recurringEventId", "originalStartTime", "organizer", "attendees", "hangoutLink"),
        *("conferenceData/entryPoints", *TEXTS.values(), *KEPT),
    )
)


def body(found: Sequence[Json]) -> dict[str, Any]:
    """The record of a meeting, or of a series with its exceptions. Raises RecordError for what lacks UID or times.

    An occurrence that was cancelled is left out of its series, as Google does when it writes iCalendar.
    """
    gone = [each for each in found if each.get("status") == "cancelled"]
    events = [_event(each) for each in found if each.get("status") != "cancelled"]
    left_out = sorted(compact(_moment(each, "originalStartTime")) for each in gone)
    for each in events:
        if "series" in each and left_out:
            each["series"]["except"] = sorted({*each["series"]["except"], *left_out})
    return {"events": events}


def _event(found: Json) -> dict[str, Any]:
    uid = str(found.get("iCalUID") or "")
    if not uid:
        raise RecordError("an event without an iCalUID", remote_id=str(found.get("id") or ""))
    begins, ends = _moment(found, "start"), _moment(found, "end")
    recurrence = compact(_moment(found, "originalStartTime")) if found.get("recurringEventId") else ""
    rules = [line for line in found.get("recurrence") or () if isinstance(line, str)]
    attendees = [each for each in found.get("attendees") or () if isinstance(each, Mapping)]
    visibility = str(found.get("visibility") or "")
    told = {
        "series": icalendar.series(rules, begins) if rules else None,
        **{name: str(found.get(theirs) or "").strip() for name, theirs in TEXTS.items()},
        "CLASS": visibility.upper() if visibility != "default" else "",
        "RRULE": next((rule.removeprefix("RRULE:") for rule in rules if rule.startswith("RRULE:")), ""),
        "organizer": _person(found.get("organizer") or {}),
        "people": [_person(each) for each in attendees if not each.get("resource")],
        "resources": [each.get("displayName") or each.get("email") for each in attendees if each.get("resource")],
        "status": found.get("status"),
        "sequence": found.get("sequence") or 0,
        "revised_at": iso(instant(found, "updated")),
        "created_at": found.get("created"),
        "link": found.get("hangoutLink") or _video(found),
        **{name: found.get(name) for name in KEPT},
    }
    return meetings.event(uid, recurrence, begins, ends, told)


def _moment(found: Json, name: str) -> datetime | date:
    """A time in its own zone, or the date of an all-day event."""
    told = found.get(name)
    try:
        if not isinstance(told, Mapping):
            raise ValueError
        if "date" in told:
            return date.fromisoformat(told["date"])
        moment = datetime.fromisoformat(told["dateTime"])
        zone = ZoneInfo(told["timeZone"]) if told.get("timeZone") else moment.tzinfo
        return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone or UTC)
    except (ValueError, KeyError, TypeError, ZoneInfoNotFoundError):
        raise RecordError(f"an event without a readable {name}", remote_id=str(found.get("id") or "")) from None


def _person(found: Json) -> dict[str, Any]:
    answer = str(found.get("responseStatus") or "")
    told = {
        "email": found.get("email"),
        "name": found.get("displayName"),
        "answer": "needs-action" if answer == "needsAction" else answer,
        "role": "opt-participant" if found.get("optional") else "",
        "own": found.get("self") is True,
    }
    return meetings.filled(told)


def _video(found: Json) -> str:
    points = (found.get("conferenceData") or {}).get("entryPoints") or ()
    return next((str(each.get("uri") or "") for each in points if each.get("entryPointType") == "video"), "")
