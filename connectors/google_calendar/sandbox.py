"""The HTTP door of calendars in memory: a stand-in for the Google Calendar API, for demos and tests.

Paths, parameters and bodies follow Google's discovery document of Calendar v3; which parameters a sync token excludes,
when it expires and what is shown of cancelled events follow the events reference as read on 2026-11-23. Series are
listed as they are, never expanded.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from typing import Any

from dateutil.rrule import rrulestr

from connectors.core.exchange import Reply, Request
from connectors.core.google_grants import Grants, ServiceAccount
from connectors.core.google_sandbox import GoogleSandbox, RefusalError
from connectors.core.protocols import utc_now
from connectors.google_calendar.agenda import ROLES, Agenda, Calendar, Event

__all__ = ["Agenda", "Calendar", "GoogleCalendarSandbox", "serve"]

AUTH = "https://www.googleapis.com/auth/calendar"
SCOPES = (AUTH, f"{AUTH}.readonly")
CLIENT = ("sandbox-client", "sandbox-secret", "sandbox-refresh")
EXCLUDED = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax")
NARROWING = (*EXCLUDED, "updatedMin")
"""What no sync token goes with, and what gives none out."""
SAME = ("eventTypes", "singleEvents", "showDeleted", "showHiddenInvitations", "maxAttendees")
MOST_EVENTS, MOST_CALENDARS = 2500, 250


class GoogleCalendarSandbox(GoogleSandbox):
    """The server over an agenda. The first person has an OAuth client; the service account, if there is one, may read
    for all. ``quota`` counts requests a minute and person.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        service_account: ServiceAccount | None = None,
        scopes: frozenset[str] = frozenset({AUTH}),
        quota: int | None = None,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.agenda = agenda
        people = [calendar.id for calendar in agenda.calendars.values() if calendar.roles.get(calendar.id) == "owner"]
        grants = Grants(agenda.now, scopes, {CLIENT: people[0]}, frozenset(people), service_account)
        root, listed = "/calendar/v3", "/calendar/v3/users/me/calendarList"
        events, event = f"{root}/calendars/{{calendarId}}/events", f"{root}/calendars/{{calendarId}}/events/{{eventId}}"
        routes = [
            ("GET", listed, self._calendars),
            ("GET", f"{listed}/{{calendarId}}", lambda asked, user: Reply(200, _entry(self._found(asked, user), user))),
            ("GET", events, self._list),
            ("POST", events, self._insert),
            ("GET", event, self._get),
            ("PATCH", event, self._patch),
            ("DELETE", event, self._delete),
        ]
        super().__init__(
            routes,
            grants,
            batch_path="/batch/calendar/v3",
            scopes=SCOPES,
            quota=quota,
            most_calls=1000,
            port=port,
            keep=keep,
        )

    def _found(self, request: Request, user: str, role: str = "reader") -> Calendar:
        identity = request.params["calendarId"]
        calendar = self.agenda.calendars.get(user if identity == "primary" else identity)
        if calendar is None or user not in calendar.roles:
            raise RefusalError(404, "notFound", "Not Found")
        if ROLES.index(calendar.roles[user]) < ROLES.index(role):
            raise RefusalError(403, "requiredAccessLevel", f"You need to have {role} access to this calendar.")
        return calendar

    def _calendars(self, request: Request, user: str) -> Reply:
        least, start = request.first("minAccessRole", ROLES[0]), int(_opened(request)[0] or 0)
        mine = [each for each in self.agenda.calendars.values() if user in each.roles]
        mine = [each for each in mine if ROLES.index(each.roles[user]) >= ROLES.index(least)]
        limit = _limit(request, 100, MOST_CALENDARS)
        items = [_entry(each, user) for each in mine[start : start + limit]]
        body: dict[str, Any] = {"kind": "calendar#calendarList", "etag": '"1"', "items": items}
        if start + limit < len(mine):
            return Reply(200, {**body, "nextPageToken": _token(start + limit)})
        return Reply(200, {**body, "nextSyncToken": _token("list")})

    def _list(self, request: Request, user: str) -> Reply:
        calendar = self._found(request, user)
        if request.first("singleEvents").lower() == "true":
            raise RefusalError(400, "badRequest", "the stand-in does not expand series")
        since, until, place = self._place(request, calendar)
        limit = _limit(request, 250, MOST_EVENTS)
        found = list(self._matching(request, calendar, since))
        found = [(number, event) for number, event in found if place < number and (number <= until or not since)]
        items = [calendar.shown(event, details=_true(request, "showDeleted")) for _, event in found[:limit]]
        body: dict[str, Any] = {
            "kind": "calendar#events",
            "etag": f'"{calendar.last}"',
            "summary": calendar.summary,
            "updated": self.agenda.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "timeZone": calendar.zone,
            "accessRole": calendar.roles[user],
            "defaultReminders": [],
            "items": items,
        }
        if len(found) > limit:
            body["nextPageToken"] = _token("page", since, until, found[limit - 1][0], _same(request))
        elif not set(NARROWING) & request.query.keys():
            body["nextSyncToken"] = _token("sync", until, _same(request))
        return Reply(200, body)

    def _place(self, request: Request, calendar: Calendar) -> tuple[int, int, int]:
        """Which changes are asked for: those after the first number (0: everything), up to the second; where the page
        begins."""
        since = 0
        if request.first("syncToken"):
            if wrong := [name for name in NARROWING if name in request.query]:
                raise RefusalError(400, "badRequest", f"Sync token cannot be used with {wrong[0]}.", "syncToken")
            kind, *told = _opened(request, "syncToken")
            if kind != "sync" or int(told[0]) < calendar.remembered:
                message = "Sync token is no longer valid, a full sync is required."
                raise RefusalError(410, "fullSyncRequired", message)
            if told[1] != _same(request):
                raise RefusalError(400, "badRequest", "The parameters are other ones than before.", "syncToken")
            since = int(told[0])
        if not request.first("pageToken"):
            return since, calendar.last, -1
        kind, *told = _opened(request)
        if kind != "page" or told[0] != since or told[3] != _same(request):
            raise RefusalError(400, "invalid", "Invalid page token value.", "pageToken")
        return since, int(told[1]), int(told[2])

    def _matching(self, request: Request, calendar: Calendar, since: int) -> Iterator[tuple[int, Event]]:
        bounds = {name: datetime.fromisoformat(request.first(name)) for name in ("timeMin", "timeMax", "updatedMin")
                  if request.first(name)}  # fmt: skip
        kinds, uid = request.query.get("eventTypes", ()), request.first("iCalUID")
        for number, event in calendar.since(since) if since else calendar.all():
            exception, cancelled = "recurringEventId" in event, event["status"] == "cancelled"
            if cancelled and not (since or exception or _true(request, "showDeleted") or "updatedMin" in bounds):
                continue
            if (kinds and event["eventType"] not in kinds) or (uid and event["iCalUID"] != uid):
                continue
            if "updatedMin" in bounds and datetime.fromisoformat(event["updated"]) < bounds["updatedMin"]:
                continue
            if bounds.keys() <= {"updatedMin"} or _overlaps(event, bounds.get("timeMin"), bounds.get("timeMax")):
                yield number, event

    def _get(self, request: Request, user: str) -> Reply:
        calendar = self._found(request, user)
        event = self._event(request, calendar)
        return Reply(200, calendar.shown(event))

    def _event(self, request: Request, calendar: Calendar) -> Event:
        try:
            return self.agenda.event(calendar.id, request.params["eventId"])
        except KeyError:
            raise RefusalError(404, "notFound", "Not Found") from None

    def _insert(self, request: Request, user: str) -> Reply:
        calendar = self._writable(request, user)
        return Reply(200, calendar.shown(self.agenda.insert(calendar.id, request.json())))

    def _patch(self, request: Request, user: str) -> Reply:
        calendar = self._writable(request, user)
        event = self.agenda.patch(calendar.id, self._event(request, calendar)["id"], request.json())
        return Reply(200, calendar.shown(event))

    def _delete(self, request: Request, user: str) -> Reply:
        calendar = self._writable(request, user)
        event = self._event(request, calendar)
        if event["status"] == "cancelled":
            raise RefusalError(410, "deleted", "Resource has been deleted")
        self.agenda.delete(calendar.id, event["id"])
        return Reply(204)

    def _writable(self, request: Request, user: str) -> Calendar:
        held = self.grants.holder(request.headers.get("authorization", "").removeprefix("Bearer "))
        if held is None or AUTH not in held[1]:
            raise RefusalError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        return self._found(request, user, "writer")


def serve(
    port: int = 0, *, events: Mapping[str, Sequence[Event]] | None = None, **options: Any
) -> AbstractContextManager[GoogleCalendarSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with the empty calendar of
    one person unless an ``agenda`` is given, or ``events`` by the address of whoever owns the calendar. ``options`` are
    those of GoogleCalendarSandbox, and ``now``.
    """
    now: Callable[[], datetime] = options.pop("now", utc_now)
    given = events or {"ilse@acme.example": ()}
    agenda = options.pop("agenda", None) or Agenda(tuple(given), now)
    for calendar, meetings in (events or {}).items():
        for each in meetings:
            agenda.insert(calendar, each)
    return GoogleCalendarSandbox(agenda, port=port, **options)


def _entry(calendar: Calendar, user: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kind": "calendar#calendarListEntry",
        "etag": '"1"',
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.zone,
        "accessRole": calendar.roles[user],
        "defaultReminders": [],
    }
    return {**entry, "primary": True} if calendar.id == user else entry


def _instant(moment: Any) -> datetime:
    if "dateTime" in moment:
        return datetime.fromisoformat(moment["dateTime"])
    return datetime.combine(date.fromisoformat(moment["date"]), time(), UTC)


def _overlaps(event: Event, start: datetime | None, end: datetime | None) -> bool:
    """Whether the event, or an occurrence of the series, takes place between the two instants."""
    begins, ends = _instant(event["start"]), _instant(event["end"])
    rules = [line for line in event.get("recurrence", ()) if line.startswith("RRULE:")]
    all_begins = rrulestr("\n".join(rules), dtstart=begins) if rules else [begins]
    for each in all_begins:
        if end is not None and each >= end:
            return False
        if start is None or each + (ends - begins) > start:
            return True
    return False


def _same(request: Request) -> list[Any]:
    """The parameters that have to be the same from the first page of the first listing on."""
    return [[name, *sorted(request.query[name])] for name in SAME if name in request.query]


def _limit(request: Request, usual: int, most: int) -> int:
    limit = int(request.first("maxResults", str(usual)))
    if limit < 1:
        raise RefusalError(400, "invalid", f"Invalid value '{limit}'. Values must be at least 1", "maxResults")
    return min(limit, most)


def _true(request: Request, name: str) -> bool:
    return request.first(name).lower() == "true"


def _token(*told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _opened(request: Request, name: str = "pageToken") -> Sequence[Any]:
    """What a token of ours says; a sync token that is none of ours is refused like one that is too old."""
    token = request.first(name)
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else [None]
    except ValueError:
        found = None
    if isinstance(found, list):
        return found
    if name == "syncToken":
        raise RefusalError(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
    raise RefusalError(400, "invalid", "Invalid page token value.", name)
