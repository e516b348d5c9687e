"""CalDAV: what a calendar object says. Times, series and people are read by connectors/core/icalendar.py."""

from __future__ import annotations

from connectors.core.meetings import meeting
from mapping.contract import Schema, SchemaField

EVENTS = meeting("events")

SCHEMA = Schema({"events": SchemaField("events", label="Events of the object", writable=False)})
