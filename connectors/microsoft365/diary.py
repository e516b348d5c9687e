"""Calendars in memory with Exchange's rules: copies for the guests, series, exceptions and cancelled occurrences.

Series are worked out day by day from what Graph's ``recurrencePattern`` says, and by no rule of iCalendar's, so that
the connector's translation is held against something else.
"""

from __future__ import annotations

import calendar
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.core.protocols import utc_now
from connectors.core.timezones import find

Json = dict[str, Any]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = ("first", "second", "third", "fourth")


@dataclass
class Entry:
    """An event on one calendar. ``exceptions`` and ``cancelled`` go by the day for which an occurrence was planned."""

    id: str
    body: Json
    changed: int = 0
    exceptions: dict[date, Json] = field(default_factory=dict)
    cancelled: set[date] = field(default_factory=set)

    @property
    def repeats(self) -> bool:
        """Whether it is a series."""
        return bool(self.body.get("recurrence"))


@dataclass
class Calendar:
    """One calendar of one person; '' is the name of their own. ``gone`` is when each event was erased."""

    id: str
    name: str = "Calendar"
    entries: dict[str, Entry] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)


class Diary:
    """The calendars of a company, by person and by name. Everybody has one of their own, whose name is ''."""

    def __init__(self, people: tuple[str, ...], now: Callable[[], datetime] = utc_now) -> None:
        self.now = now
        self.number = 1
        self.calendars = {person: {"": Calendar(f"AAMkADc{n}AAA=")} for n, person in enumerate(people)}

    def add(self, person: str, name: str) -> Calendar:
        """Another calendar of a person."""
        mine = self.calendars[person]
        mine[name] = Calendar(f"AAMkADx{len(mine)}{len(self.calendars)}AAA=", name)
        return mine[name]

    def find(self, person: str, id_: str) -> tuple[Calendar, Entry, date | None]:
        """The event of that id among a person's, and for an occurrence the day it was planned for. Raises KeyError."""
        stem, _, planned = id_.removesuffix("=").partition("_")
        for each in self.calendars[person].values():
            entry = each.entries.get(f"{stem}=" if planned else id_)
            if entry is not None:
                day = date.fromisoformat(planned) if planned else None
                if (day and day not in dict(_days(entry.body, day + timedelta(days=1)))) or day in entry.cancelled:
                    break
                return each, entry, day
        raise KeyError(id_)

    def insert(self, person: str, given: Mapping[str, Any], name: str = "") -> str:
        """A new event, with a copy in the calendar of each guest of the company; its id."""
        self.number += 1
        uid = given.get("iCalUId") or f"040000008200E00074C5B7101A82E00800000000{self.number:024X}"
        stamp = _stamp(self.now())
        organizer = {"emailAddress": {"address": person, "name": person.partition("@")[0].title()}}
        body: Json = {
            "subject": "",
            "body": {"contentType": "text", "content": ""},
            "location": {"displayName": ""},
            "attendees": [],
            "categories": [],
            "isAllDay": False,
            "isCancelled": False,
            "sensitivity": "normal",
            "showAs": "busy",
            "importance": "normal",
            "recurrence": None,
            "onlineMeeting": None,
            "organizer": organizer,
            "createdDateTime": stamp,
            "webLink": "https://outlook.example/calendar",
            **copy.deepcopy(dict(given)),
            "iCalUId": uid,
        }
        zone = body["start"].get("timeZone") or "UTC"
        body["originalStartTimeZone"] = body["originalEndTimeZone"] = zone
        if body["recurrence"]:
            body["recurrence"]["range"].setdefault("recurrenceTimeZone", zone)
        for each in ("start", "end"):
            body[each] = _in_utc(body[each], all_day=bool(body["isAllDay"]))
        for holder in self._holders(person, body):
            self._put(holder, name if holder == person else "", copy.deepcopy(body))
        return next(e.id for e in self.calendars[person][name].entries.values() if e.body["iCalUId"] == uid)

    def change(self, person: str, id_: str, changes: Mapping[str, Any]) -> None:
        """Changes an event for everybody; of an occurrence it makes an exception. Raises KeyError."""
        _, entry, planned = self.find(person, id_)
        told = copy.deepcopy(dict(changes))
        for each in {"start", "end"} & told.keys():
            told[each] = _in_utc(told[each], all_day=bool(entry.body["isAllDay"]))
        for copy_ in self._copies(entry):
            if planned:
                copy_.exceptions[planned] = {**copy_.exceptions.get(planned, {}), **copy.deepcopy(told)}
            else:
                copy_.body |= copy.deepcopy(told)
            self._touch(copy_)

    def delete(self, person: str, id_: str) -> None:
        """Erases an event, or cancels an occurrence of a series, for everybody if the organizer does so."""
        _, entry, planned = self.find(person, id_)
        own = entry.body["organizer"]["emailAddress"]["address"] == person
        if planned:
            for copy_ in self._copies(entry) if own else [entry]:
                copy_.cancelled.add(planned)
                copy_.exceptions.pop(planned, None)
                self._touch(copy_)
            return
        for mine in self.calendars.values() if own else [self.calendars[person]]:
            for each in mine.values():
                for copy_ in [e for e in each.entries.values() if e.body["iCalUId"] == entry.body["iCalUId"]]:
                    self.number += 1
                    each.gone[copy_.id] = self.number
                    del each.entries[copy_.id]

    def occurrences(self, entry: Entry, until: datetime) -> Iterator[tuple[date, datetime, datetime]]:
        """Day planned, beginning and end of each occurrence that begins before an instant; the cancelled apart."""
        length = _instant(entry.body["end"]) - _instant(entry.body["start"])
        for day, begins in _days(entry.body, until.date() + timedelta(days=2)):
            if day in entry.cancelled:
                continue
            changed = entry.exceptions.get(day, {})
            start = _instant(changed["start"]) if "start" in changed else begins
            end = _instant(changed["end"]) if "end" in changed else start + length
            if start < until:
                yield day, start, end

    def planned(self, entry: Entry, day: date) -> datetime:
        """When the occurrence of that day was to begin."""
        return dict(_days(entry.body, day + timedelta(days=1)))[day]

    def _holders(self, person: str, body: Json) -> list[str]:
        guests = [each["emailAddress"]["address"] for each in body["attendees"]]
        return [person, *(each for each in dict.fromkeys(guests) if each in self.calendars and each != person)]

    def _put(self, person: str, name: str, body: Json) -> None:
        self.number += 1
        entry = Entry(f"AAkALgAE{self.number:06d}AA=", body)
        body["isOrganizer"] = body["organizer"]["emailAddress"]["address"] == person
        self.calendars[person][name].entries[entry.id] = entry
        self._touch(entry)

    def _copies(self, entry: Entry) -> list[Entry]:
        everywhere = [e for mine in self.calendars.values() for each in mine.values() for e in each.entries.values()]
        return [each for each in everywhere if each.body["iCalUId"] == entry.body["iCalUId"]]

    def _touch(self, entry: Entry) -> None:
        self.number += 1
        entry.changed = self.number
        entry.body["changeKey"] = f"DwAAABYAAAC{self.number:07d}"
        entry.body["lastModifiedDateTime"] = _stamp(self.now())


def _days(body: Json, until: date) -> Iterator[tuple[date, datetime]]:
    """The days on which a series is planned before a day, and when it begins on each."""
    pattern, span = body["recurrence"]["pattern"], body["recurrence"]["range"]
    zone = (None if body["isAllDay"] else find(span["recurrenceTimeZone"])) or UTC
    wall = _instant(body["start"]).astimezone(zone)
    first = day = wall.date()
    if span["type"] == "endDate":
        until = min(until, date.fromisoformat(span["endDate"]) + timedelta(days=1))
    most, count = span.get("numberOfOccurrences") if span["type"] == "numbered" else None, 0
    while day < until and (most is None or count < most):
        if _falls_on(pattern, first, day):
            count += 1
            yield day, datetime.combine(day, wall.time(), zone).astimezone(UTC)
        day += timedelta(days=1)


def _falls_on(pattern: Json, first: date, day: date) -> bool:
    kind, every = pattern["type"], pattern.get("interval") or 1
    named = [DAYS.index(each) for each in pattern.get("daysOfWeek") or ()]
    if kind == "daily":
        return (day - first).days % every == 0
    if kind == "weekly":
        opens = DAYS.index(pattern.get("firstDayOfWeek") or "sunday")
        weeks = (_week(day, opens) - _week(first, opens)).days // 7
        return day.weekday() in named and weeks % every == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    if kind.endswith("Yearly"):
        if day.month != pattern["month"]:
            return False
        months = day.year - first.year
    if months % every:
        return False
    if kind.startswith("absolute"):
        return bool(day.day == min(pattern["dayOfMonth"], calendar.monthrange(day.year, day.month)[1]))
    month = [date(day.year, day.month, n) for n in range(1, calendar.monthrange(day.year, day.month)[1] + 1)]
    fitting = [each for each in month if each.weekday() in named]
    index = pattern.get("index") or "first"
    return day == (fitting[-1] if index == "last" else fitting[INDEXES.index(index)])


def _week(day: date, opens: int) -> date:
    return day - timedelta(days=(day.weekday() - opens) % 7)


def _in_utc(moment: Mapping[str, str], *, all_day: bool) -> Json:
    told = datetime.fromisoformat(moment["dateTime"])
    if told.tzinfo is None and not all_day:
        told = told.replace(tzinfo=find(moment.get("timeZone") or "UTC") or UTC)
    told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    return {"dateTime": told.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def _instant(moment: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(moment["dateTime"]).replace(tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
