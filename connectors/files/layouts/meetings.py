"""Meetings out of iCalendar files: Google Calendar, Outlook, iCloud."""

from __future__ import annotations

from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, instant
from connectors.files.layouts.person import filled
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

_THINGS = frozenset(("room", "resource"))


def _event(value: dict[str, Any], facts: FileFacts) -> Shaped:
    uid = value.get("UID", "")
    if not uid:
        raise RecordError("the event has no UID")
    identity = f"{uid}/{value['RECURRENCE-ID']}" if value.get("RECURRENCE-ID") else uid
    attendees = value.get("ATTENDEE", [])
    organizer = value.get("ORGANIZER", {})
    rest = filled(
        rrule=value.get("RRULE"),
        recurrence_id=value.get("RECURRENCE-ID"),
        categories=value.get("CATEGORIES"),
        visibility=value.get("CLASS"),
        resources=[one.get("name") or one.get("email") for one in attendees if one.get("kind") in _THINGS],
    )
    body = dict(value)
    body.update(
        filled(
            _people=[one for one in attendees if one.get("kind") not in _THINGS],
            _organizer=organizer,
            _status=value.get("STATUS", "").casefold(),
            _rest=rest,
        )
    )
    # The same meeting in another calendar, or read from the calendar's API, has this very key.
    body["_key"] = f"ical:{identity}"
    body["_all_day"] = bool(value.get("ALL-DAY"))
    return Shaped(identity, body, instant(value.get("LAST-MODIFIED", "")))


EVENTS = Layout(
    stream="events",
    title="Calendar events",
    format="ics",
    shape=_event,
    opens=lambda text, name: text[:32].upper().startswith("BEGIN:VCALENDAR"),
    rules=(
        EntityRules(
            name="meeting",
            kind=Kind.ACTIVITY,
            founding=False,
            fields={
                "key": "_key",
                "activity": "'meeting'",
                "at": "DTSTART",
                "ends_at": "DTEND",
                "all_day": "_all_day",
                "title": "SUMMARY",
                "text": "DESCRIPTION",
                "location": "LOCATION",
                "url": "URL",
                "status": "_status",
                "custom": "_rest",
            },
            participants=(
                ParticipantRules("organizer", name="_organizer.name", email="_organizer.email"),
                ParticipantRules("attendee", each="_people", name="name", email="email", answer="answer"),
            ),
        ),
    ),
)
