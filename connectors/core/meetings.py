"""What every calendar's connector makes of an event, so that one meeting in two calendars is one fact.

An *event* is a JSON object in a record's body. It has ``uid``, ``id``, ``recurrence_id``, ``start``, ``end``,
``all_day`` and ``series`` as mapping/recurrence.py describes them, and as far as the calendar says so:

- ``SUMMARY``, ``DESCRIPTION``, ``LOCATION``, ``CLASS``, ``RRULE``: texts under iCalendar's names;
- ``organizer`` ``{email, name, own}`` and ``people`` ``[{email, name, answer, role, own}]``, rooms and other things
  apart, as names under ``resources``. ``own`` is true of whose calendar it is, ``answer`` is PARTSTAT in lower case;
- ``status`` in lower case: ``confirmed``, ``tentative`` or ``cancelled``;
- ``sequence`` (0 where nothing is said) and ``revised_at``: which of two copies of a meeting speaks first
  (mapping/sightings.py). The time of an export or of an answer to a request is no revision;
- ``link``: where to join, or to read more; ``categories``: texts.

iCalendar itself is read by connectors/core/icalendar.py. A vendor that gives events as JSON writes the same keys into
its bodies; RRULE, EXDATE and RDATE lines become a ``series`` by ``icalendar.series``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mapping.contract import Schema, SchemaField
from mapping.model import Kind
from mapping.recurrence import HORIZON, iso
from mapping.rules import EntityRules, ParticipantRules

EVENTS = Schema({"events": SchemaField("events", label="The meeting, or a series and its exceptions", writable=False)})
"""What a record holds whose body keeps a list of events."""


def event(
    uid: str, planned: str, begins: datetime | date, ends: datetime | date, told: Mapping[str, Any]
) -> dict[str, Any]:
    """An event with its times, and what else is told of it, as far as anything is.

    ``planned`` is the recurrence id of an exception to a series (``compact``), '' for any other event.
    """
    known = {
        "uid": uid,
        "id": f"{uid}/{planned}" if planned else uid,
        "recurrence_id": planned,
        "start": iso(begins),
        "end": iso(ends),
        "all_day": not isinstance(begins, datetime),
    }
    return filled({**known, **told})


def filled(told: Mapping[str, Any]) -> dict[str, Any]:
    """What says something: neither nothing nor false; a sequence of 0 does."""
    return {name: value for name, value in told.items() if value is not False and value not in (None, "", [], {})}


def meeting(events: str) -> EntityRules:
    """The rule by which meetings are read: one fact for each event and each occurrence of a series.

    ``events`` is the expression that finds the record's events: ``events`` where the body keeps a list of them under
    that name, ``@`` where the body is one.
    """
    return EntityRules(
        name="meeting",
        kind=Kind.ACTIVITY,
        founding=False,
        each=f"occurrences({events}, {HORIZON})",
        part="id",
        fields={
            # The same meeting in another calendar, or read from its vendor's interface, has this very key.
            "key": "join(':', ['ical', id])",
            "activity": "'meeting'",
            "at": "start",
            "ends_at": "end",
            "all_day": "all_day",
            "title": "SUMMARY",
            "text": "DESCRIPTION",
            "location": "LOCATION",
            "url": "link",
            "status": "status",
            "sequence": "sequence",
            "revised_at": "revised_at",
            "derived": "derived",
            "custom.rrule": "RRULE",
            "custom.recurrence_id": "recurrence_id",
            "custom.categories": "categories",
            "custom.visibility": "CLASS",
            "custom.resources": "resources",
        },
        participants=(
            ParticipantRules("organizer", name="organizer.name", email="organizer.email", own="organizer.own"),
            ParticipantRules("attendee", each="people", name="name", email="email", answer="answer", own="own"),
        ),
    )
