"""Calendars in memory with Google's rules: copies for the guests, exceptions to series, and changes in order."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.core.protocols import utc_now

Event = dict[str, Any]

_INSTANCE = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)")
ROLES = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


@dataclass
class Calendar:
    """One calendar. ``changes`` holds for each event the number of its last change, the oldest first; ``remembered`` is
    the number from which on changes are known.
    """

    id: str
    summary: str
    zone: str = "Europe/London"
    roles: dict[str, str] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    last: int = 1
    remembered: int = 1

    def keep(self, event: Event) -> None:
        """Stores an event as it is now; it is the newest change."""
        self.last += 1
        self.events[event["id"]] = event
        self.changes.pop(event["id"], None)
        self.changes[event["id"]] = self.last

    def forget(self) -> None:
        """Lets every sync token given out so far be too old."""
        self.last += 1
        self.remembered = self.last

    def all(self) -> Iterator[tuple[int, Event]]:
        """Every event and its place, in an order that no change disturbs."""
        return ((place, event) for place, event in enumerate(self.events.values()) if not self._orphan(event))

    def since(self, number: int) -> Iterator[tuple[int, Event]]:
        """Events changed after a number and the numbers of their changes, the oldest change first."""
        for identity, changed in self.changes.items():
            if changed > number and not self._orphan(self.events[identity]):
                yield changed, self.events[identity]

    def _orphan(self, event: Event) -> bool:
        """Whether it was an exception to a series that has been deleted."""
        parent = self.events.get(event.get("recurringEventId", ""))
        return parent is not None and parent["status"] == "cancelled"

    def shown(self, event: Event, *, details: bool = False) -> Event:
        """The event as this calendar shows it; of what was cancelled no more than is promised, unless ``details``."""
        if event["status"] == "cancelled" and not details:
            kept = ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
            return {name: event[name] for name in kept if name in event}
        seen = copy.deepcopy(event)
        for person in [seen.get("organizer", {}), *seen.get("attendees", ())]:
            if person.get("email") == self.id:
                person["self"] = True
        return seen


class Agenda:
    """The calendars of a company. Everybody in ``people`` owns one, whose id is their address."""

    def __init__(self, people: tuple[str, ...], now: Callable[[], datetime] = utc_now) -> None:
        self.now = now
        self.calendars = {person: Calendar(person, person, roles={person: "owner"}) for person in people}
        self._made = 0

    def add(self, identity: str, summary: str, roles: Mapping[str, str]) -> Calendar:
        """Another calendar, and what each person may do with it."""
        self.calendars[identity] = Calendar(identity, summary, roles=dict(roles))
        return self.calendars[identity]

    def insert(self, calendar: str, given: Mapping[str, Any]) -> Event:
        """A new event, with a copy in the calendar of each guest who has one."""
        self._made += 1
        identity = given.get("id") or hashlib.sha256(f"{calendar} {self._made}".encode()).hexdigest()[:26]
        event: Event = {
            "kind": "calendar#event",
            "status": "confirmed",
            "htmlLink": f"https://calendar.google.example/event?eid={identity}",
            "created": self._stamp(),
            "creator": {"email": calendar},
            "organizer": {"email": calendar},
            "iCalUID": f"{identity}@google.com",
            "sequence": 0,
            "eventType": "default",
            **copy.deepcopy(dict(given)),
            "id": identity,
        }
        self._spread(calendar, event)
        return event

    def patch(self, calendar: str, identity: str, changes: Mapping[str, Any]) -> Event:
        """Changes an event for everybody, or one occurrence of a series, which makes an exception of it.

        Raises KeyError where there is none.
        """
        event = {**self.event(calendar, identity), **copy.deepcopy(dict(changes))}
        if {"start", "end", "recurrence", "location"} & changes.keys():
            event["sequence"] = event.get("sequence", 0) + 1
        self._spread(calendar, event)
        return event

    def delete(self, calendar: str, identity: str) -> None:
        """Cancels an event: for everybody where the organizer does so, else on the guest's own calendar."""
        event = {**self.event(calendar, identity), "status": "cancelled"}
        own = event.get("organizer", {}).get("email") in (None, calendar)
        self._spread(calendar, event, everywhere=own)

    def answer(self, guest: str, identity: str, answer: str) -> None:
        """A guest answers an invitation; the organizer's copy shows it, too."""
        event = copy.deepcopy(self.event(guest, identity))
        for person in event.get("attendees", ()):
            if person["email"] == guest:
                person["responseStatus"] = answer
        self._spread(guest, event)

    def event(self, calendar: str, identity: str) -> Event:
        """The event, or the occurrence of a series under its own id. Raises KeyError."""
        events = self.calendars[calendar].events
        found = _INSTANCE.fullmatch(identity)
        if identity in events or found is None:
            return events[identity]
        master, planned = events[found[1]], found[2]
        event = {name: value for name, value in copy.deepcopy(master).items() if name != "recurrence"}
        if len(planned) == 8:
            when: dict[str, Any] = {"date": f"{planned[:4]}-{planned[4:6]}-{planned[6:]}"}
        else:
            when = {"dateTime": datetime.strptime(planned, "%Y%m%dT%H%M%S%z").isoformat().replace("+00:00", "Z")}
        event |= {"id": identity, "recurringEventId": master["id"], "originalStartTime": when, "start": when}
        return {**event, "end": when if "dateTime" in when else master["end"]}

    def _spread(self, calendar: str, event: Event, *, everywhere: bool = True) -> None:
        """Stores the event on its calendar, and on that of everybody who is invited or has it already."""
        event["updated"] = self._stamp()
        told = f"{event['id']} {event['updated']} {self._made} {sorted(self.calendars[calendar].changes.items())[-1:]}"
        event["etag"] = f'"{hashlib.sha256(told.encode()).hexdigest()[:16]}"'
        guests = [person["email"] for person in event.get("attendees", ())]
        holders = [each.id for each in self.calendars.values() if event["id"] in each.events]
        organizer = event.get("organizer", {}).get("email")
        for each in dict.fromkeys([calendar, *([*guests, *holders, organizer] if everywhere else [])]):
            if each in self.calendars:
                self.calendars[each].keep(copy.deepcopy(event))

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
