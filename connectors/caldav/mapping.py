"""CalDAV: what a calendar object says. Times, series and people are read by connectors/core/icalendar.py."""

from __future__ import annotations

from connectors.core import meetings

EVENTS = meetings.meeting("events")
SCHEMA = meetings.EVENTS
