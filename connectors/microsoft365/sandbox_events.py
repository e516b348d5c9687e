"""The calendar's part of the stand-in: views of a span of time, what has changed in one, and single events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.core.exchange import Reply
from connectors.microsoft365.diary import Calendar, Entry, Json
from connectors.microsoft365.sandbox_door import Asked, RefusalError, select

if TYPE_CHECKING:
    from connectors.microsoft365.sandbox import MicrosoftSandbox

LONGEST = timedelta(days=1825)
UNSUPPORTED = ("$select", "$expand", "$filter", "$orderby", "$search")
ON_REQUEST = ("cancelledOccurrences", "exceptionOccurrences")


class EventRoutes:
    """The handlers for calendars, over the diary of a stand-in."""

    def __init__(self, sandbox: MicrosoftSandbox) -> None:
        self._sandbox = sandbox

    def routes(self, deltas: Sequence[str]) -> Iterator[tuple[str, str, str, Callable[[Asked], Reply]]]:
        """Method, permission, path and handler of each."""
        needed = "Calendars.Read"
        yield "GET", needed, "/calendar", lambda asked: Reply(200, asked.selected(_calendar(self._calendar(asked))))
        yield "GET", needed, "/calendars", self._list
        yield "POST", needed, "/events", self._create
        yield "GET", needed, "/events/{id}", self._get
        yield "PATCH", needed, "/events/{id}", self._change
        yield "DELETE", needed, "/events/{id}", self._delete
        for root in ("", "/calendars/{calendar}"):
            yield "GET", needed, f"{root}/calendarView", self._view
            for each in deltas:
                yield "GET", needed, f"{root}/calendarView/{each}", self._track

    def _calendar(self, asked: Asked) -> Calendar:
        mine = self._sandbox.diary.calendars.get(asked.user, {})
        if "" not in mine:
            raise RefusalError(
                404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive or hosted on-premise."
            )
        id_ = asked.request.params.get("calendar", mine[""].id)
        found = next((each for each in mine.values() if each.id == id_), None)
        if found is None:
            raise RefusalError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return found

    def _list(self, asked: Asked) -> Reply:
        self._calendar(asked)
        mine = self._sandbox.diary.calendars[asked.user].values()
        return Reply(200, {"value": [asked.selected(_calendar(each)) for each in mine]})

    def _view(self, asked: Asked) -> Reply:
        """Each occurrence by itself, with all that its series says."""
        span, size, at = _span(asked), asked.size(), int(asked.request.first("$skip", "0"))
        found = [shown for each in self._calendar(asked).entries.values() for shown in self._whole(each, *span)]
        items = [asked.selected(each) for each in found[at : at + size]]
        body: Json = {"value": items}
        if at + size < len(found):
            kept = {name: values[0] for name, values in asked.request.query.items()} | {"$skip": str(at + size)}
            listed = "&".join(f"{name}={value}" for name, value in kept.items())
            body["@odata.nextLink"] = f"{self._sandbox.url}{asked.request.path}?{listed}"
        return Reply(200, body)

    def _track(self, asked: Asked) -> Reply:
        calendar, size = self._calendar(asked), asked.size()
        told = self._sandbox.state(asked, "event")
        if told is None:
            if wrong := [name for name in UNSUPPORTED if name in asked.request.query]:
                raise RefusalError(400, "ErrorInvalidUrlQuery", f"{wrong[0]} is not supported for change tracking.")
            start, end = _span(asked)
            told = [0, self._sandbox.diary.number, 0, start.isoformat(), end.isoformat()]
        # A place: which round it is (0: all there is), up to where it goes, the last number told, and the span.
        since, until, last, *bounds = told
        if asked.request.first("$deltatoken"):
            until, last = self._sandbox.diary.number, 0
        begins, ends = (datetime.fromisoformat(each) for each in bounds)
        due = sorted(_due(calendar, since, last, until))
        items: list[Json] = []
        reached, done = last, 0
        for number, id_ in due:
            if items and len(items) >= size:
                break
            # A series is never divided between two pages.
            items += self._changes(calendar, id_, since, begins, ends)
            reached, done = number, done + 1
        more = [since, until, reached, *bounds] if done < len(due) else None
        return self._sandbox.page(asked, items, "event", more, [until, until, 0, *bounds])

    def _changes(self, calendar: Calendar, id_: str, since: int, start: datetime, end: datetime) -> list[Json]:
        """What is told of one event: itself, a series with its occurrences in the span, or that it is gone from there.

        What lies outside the span is told as removed, but in the first round not at all.
        """
        entry = calendar.entries.get(id_)
        inside = list(self._whole(entry, start, end)) if entry else []
        if entry is None or not inside:
            gone = {"@odata.type": "#microsoft.graph.event", "id": id_, "@removed": {"reason": "deleted"}}
            return [gone] if since else []
        if not entry.repeats:
            return inside
        return [_shown(entry), *(each if each["type"] == "exception" else _bare(each) for each in inside)]

    def _whole(self, entry: Entry, start: datetime, end: datetime) -> Iterator[Json]:
        """The single event, or each occurrence, as far as it takes place within the span."""
        if not entry.repeats:
            begins, ends = (_instant(entry.body[name]) for name in ("start", "end"))
            if begins < end and ends > start:
                yield _shown(entry)
            return
        for day, begins, ends in self._sandbox.diary.occurrences(entry, end):
            if ends > start:
                yield self._occurrence(entry, day, begins, ends)

    def _occurrence(self, entry: Entry, day: date, begins: datetime, ends: datetime) -> Json:
        changed = entry.exceptions.get(day)
        own = {
            "id": f"{entry.id.removesuffix('=')}_{day.isoformat()}=",
            "type": "exception" if changed is not None else "occurrence",
            "seriesMasterId": entry.id,
            "originalStart": self._sandbox.diary.planned(entry, day).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "iCalUId": _of_the_day(entry.body["iCalUId"], day),
            "start": _told(begins),
            "end": _told(ends),
            "recurrence": None,
        }
        return {**_shown(entry), **(changed or {}), **own}

    def _get(self, asked: Asked) -> Reply:
        entry, day = self._found(asked)
        selection = asked.request.first("$select")
        if day:
            return Reply(200, asked.selected(self._of_day(entry, day)))
        shown = _shown(entry)
        names = selection.split(",")
        if entry.repeats and "cancelledOccurrences" in names:
            shown["cancelledOccurrences"] = [f"OID.{entry.id}.{each.isoformat()}" for each in sorted(entry.cancelled)]
        if (
            entry.repeats
            and "exceptionOccurrences" in names
            and "exceptionOccurrences" in asked.request.first("$expand")
        ):
            of_days = [self._of_day(entry, each) for each in sorted(entry.exceptions)]
            shown["exceptionOccurrences"] = [select(each, selection) for each in of_days]
        return Reply(200, select(shown, selection))

    def _of_day(self, entry: Entry, day: date) -> Json:
        far = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=3660)
        begins, ends = next((b, e) for each, b, e in self._sandbox.diary.occurrences(entry, far) if each == day)
        return self._occurrence(entry, day, begins, ends)

    def _found(self, asked: Asked) -> tuple[Entry, date | None]:
        self._calendar(asked)
        try:
            _, entry, day = self._sandbox.diary.find(asked.user, asked.request.params["id"])
        except (KeyError, ValueError):
            raise RefusalError(404, "ErrorItemNotFound", "The specified object was not found in the store.") from None
        return entry, day

    def _create(self, asked: Asked) -> Reply:
        id_ = self._sandbox.diary.insert(asked.user, asked.request.json())
        return Reply(201, _shown(self._sandbox.diary.find(asked.user, id_)[1]))

    def _change(self, asked: Asked) -> Reply:
        entry, _ = self._found(asked)
        self._sandbox.diary.change(asked.user, asked.request.params["id"], asked.request.json())
        return Reply(200, _shown(entry))

    def _delete(self, asked: Asked) -> Reply:
        self._found(asked)
        self._sandbox.diary.delete(asked.user, asked.request.params["id"])
        return Reply(204)


def _calendar(calendar: Calendar) -> Json:
    own = calendar.name == "Calendar"
    return {"id": calendar.id, "name": calendar.name, "isDefaultCalendar": own, "canEdit": True}


def _due(calendar: Calendar, since: int, last: int, until: int) -> Iterator[tuple[int, str]]:
    """The events to be told of after a number: all of them, in an order that no change disturbs, or those changed."""
    if not since:
        yield from ((int(id_[-9:-3]), id_) for id_ in calendar.entries if last < int(id_[-9:-3]) <= until)
        return
    touched = {**{id_: each.changed for id_, each in calendar.entries.items()}, **calendar.gone}
    yield from ((number, id_) for id_, number in touched.items() if max(since, last) < number <= until)


def _span(asked: Asked) -> tuple[datetime, datetime]:
    named = {name.lower(): values[0] for name, values in asked.request.query.items()}
    if not {"startdatetime", "enddatetime"} <= named.keys():
        raise RefusalError(400, "ErrorInvalidParameter", "This request requires a time window.")
    start, end = (datetime.fromisoformat(named[name]) for name in ("startdatetime", "enddatetime"))
    start, end = (each if each.tzinfo else each.replace(tzinfo=UTC) for each in (start, end))
    if end - start > LONGEST:
        message = "The range between the start and end dates is greater than the allowed range."
        raise RefusalError(400, "ErrorInvalidRequest", f"{message} Maximum number of days: {LONGEST.days}")
    return start, end


def _shown(entry: Entry) -> Json:
    """An event as Graph shows it, without what comes on request only."""
    body: dict[str, Any] = {name: value for name, value in entry.body.items() if name not in ON_REQUEST}
    kind = "seriesMaster" if entry.repeats else "singleInstance"
    marks = {"@odata.type": "#microsoft.graph.event", "@odata.etag": f'W/"{body["changeKey"]}"'}
    return {**marks, **body, "id": entry.id, "type": kind, "seriesMasterId": None}


def _bare(occurrence: Json) -> Json:
    """All that is told of an occurrence when changes are tracked (microsoft-graph-docs, issue 7632)."""
    names = ("@odata.type", "@odata.etag", "seriesMasterId", "type", "id", "start", "end")
    return {name: occurrence[name] for name in names}


def _of_the_day(uid: str, day: date) -> str:
    """The UID of an occurrence has its day in it, where it is one of Exchange's own."""
    return f"{uid[:32]}{day.year:04X}{day.month:02X}{day.day:02X}{uid[40:]}" if uid.startswith("04000000") else uid


def _told(moment: datetime) -> Json:
    return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def _instant(moment: Json) -> datetime:
    return datetime.fromisoformat(moment["dateTime"]).replace(tzinfo=UTC)
