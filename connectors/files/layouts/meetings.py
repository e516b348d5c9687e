"""Meetings out of iCalendar files: Google Calendar, Outlook, iCloud."""

from __future__ import annotations

from typing import Any

from connectors.core.meetings import meeting
from connectors.files.layouts.layout import FileFacts, Layout, Shaped, instant


def _event(value: dict[str, Any], facts: FileFacts) -> Shaped:
    return Shaped(value["id"], value, instant(value.get("revised_at", "")))


EVENTS = Layout(
    stream="events",
    title="Calendar events",
    format="ics",
    shape=_event,
    opens=lambda text, name: text[:32].upper().startswith("BEGIN:VCALENDAR"),
    version=2,
    rules=(meeting("@"),),
)
