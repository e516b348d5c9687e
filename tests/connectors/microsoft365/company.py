"""Microsoft 365's stand-in on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from connectors.core.oauth import App, TokenEndpoint
from connectors.core.protocols import Connector, Runtime, Stream, Token
from connectors.microsoft365.connector import VENDOR, Microsoft365Config
from connectors.microsoft365.mapping import EVENTS, MESSAGES
from connectors.microsoft365.sandbox import Diary, MicrosoftSandbox, Postbox
from connectors.microsoft365.sandbox_door import RefusalError
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.mapper import Mapper
from mapping.recurrence import Horizon
from tests.connectors import haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

ILSE, BAS = "ilse@acme.example", "bas@acme.example"
WRONG = "wrong~secret~2718281828"
AMSTERDAM = "W. Europe Standard Time"
RULES = {"messages": MESSAGES, "events": EVENTS}


def address(email: str, name: str = "") -> dict[str, Any]:
    """A recipient as Graph shows one."""
    return {"emailAddress": {"address": email, "name": name or email}}


def mail(number: int = 1, **more: Any) -> dict[str, Any]:
    """A message from a customer to Ilse."""
    return {
        "subject": f"Question {number}",
        "internetMessageId": f"<m{number}@plum.example>",
        "from": address(f"kim.{number}@plum.example", "Kim Plum"),
        "toRecipients": [address(ILSE)],
        "body": {"contentType": "text", "content": f"Hello, this is number {number}."},
        **more,
    }


def times(start: datetime, minutes: int = 60, zone: str = AMSTERDAM) -> dict[str, Any]:
    """Beginning and end in UTC, planned in a zone."""
    both = {"start": start, "end": start + timedelta(minutes=minutes)}
    return {name: {"dateTime": moment.isoformat(), "timeZone": zone} for name, moment in both.items()}


def guests(*answers: tuple[str, str], kind: str = "required") -> list[dict[str, Any]]:
    """Attendees by address and answer."""
    return [{**address(email), "type": kind, "status": {"response": answer}} for email, answer in answers]


def weekly(day: str, count: int = 0, every: int = 1) -> dict[str, Any]:
    """A series of every week."""
    pattern = {"type": "weekly", "interval": every, "daysOfWeek": [day], "firstDayOfWeek": "monday"}
    span: dict[str, Any] = {"type": "numbered", "numberOfOccurrences": count} if count else {"type": "noEnd"}
    return {"pattern": pattern, "range": span}


class Company:
    """Mailboxes and calendars, their server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, people: Sequence[str] = (ILSE,), clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.boxes = {each: Postbox(each, self.clock.now) for each in people}
        self.diary = Diary(tuple(people), self.clock.now)
        self.server = MicrosoftSandbox(self.boxes, self.diary, now=self.clock.now, keep=5_000, **options)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    @property
    def box(self) -> Postbox:
        """Ilse's mail."""
        return self.boxes[ILSE]

    def meet(self, subject: str = "Tasting", person: str = ILSE, calendar: str = "", **more: Any) -> str:
        """Puts a meeting with a customer into a calendar, at the clock's present unless told; its id."""
        given = {"subject": subject, "attendees": guests(("kim@plum.example", "accepted")), **times(self.clock.now())}
        return self.diary.insert(person, {**given, **more}, calendar)

    def runtime(self) -> Runtime:
        """The clock's runtime, on the company's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones: Ilse's, or for all ``users`` where given."""
        fast = {**self.server.settings, "requests_per_minute": 1_000_000}
        if "users" in config:
            fast["tenant"] = self.server.grants.application.tenant
            del fast["refresh_token"]
        settings = Microsoft365Config.model_validate({**fast, **config})
        return VENDOR.build(settings, self.runtime(), Tokens())

    def token(self) -> str:
        """An access token for the person, as any other program of theirs would get one."""
        mine = self.server.grants.application
        place = f"{self.server.url}/organizations/oauth2/v2.0/token"
        app = App(client_id=mine.client_id, client_secret=mine.secret, token_url=place, basic=False)
        return TokenEndpoint(self.runtime(), app).refresh(Token("", mine.refresh)).access

    def open(self, stream: str = "messages", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, stream: str = "messages", cursor: Cursor | None = None, slice_: str = ILSE, **config: Any) -> Haul:
        """Everything that a new connector gives of a slice from a cursor on."""
        return Haul(stream, list(self.open(stream, **config).read(Slice(slice_), cursor)), self.clock.now())


class Haul(haul.Haul):
    """What a read brought."""

    def __init__(self, stream: str, pages: list[Page], now: datetime) -> None:
        super().__init__(pages)
        self.stream, self._now = stream, now

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """What the default rules make of the records, by key."""
        mapper = Mapper([RULES[self.stream]], default_country="NL", horizon=Horizon.at(self._now))
        found = [entity.values for record in self.records for entity in mapper.map(record.body)]
        return {values["key"]: dict(values) for values in found}


class CompanyRig(Company):
    """What both rigs share: logins and mishaps."""

    page_size = 3
    lacks: Collection[Lack] = (Lack.IDS,)
    path = ""

    def __init__(self, people: Sequence[str] = (ILSE,), **config: Any) -> None:
        super().__init__(people)
        self._config: Mapping[str, Any] = {**config, **({"users": people} if len(people) > 1 else {})}

    @property
    def secrets(self) -> Collection[str]:
        """What must never show."""
        application = self.server.grants.application
        return [application.secret, application.refresh, WRONG, "eyJ0eXAi.sandbox-1", "0.ARwA-sandbox-refresh-2"]

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **{**self._config, **config})

    def stranger(self) -> Connector:
        return self.connector(client_secret=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        refused = RefusalError(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
        self.server.faults.fail(429, body=refused.reply().body, retry_after=retry_after, path=self.path)

    def server_error(self) -> None:
        body = RefusalError(503, "ErrorServerBusy", "The server is busy.").reply().body
        self.server.faults.fail(503, body=body, path=self.path)

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        self.server.forget()

    def truncate(self) -> None:
        self.server.faults.truncate(path=self.path)


class MailRig(CompanyRig):
    """The messages of one mailbox or of two, spread over three folders of each."""

    stream = "messages"
    envelope = ("_key", "_thread", "_rest", "_direction", "_sent")
    path = "/messages"

    def put(self, number: int) -> Key:
        person = list(self.boxes)[number % len(self.boxes)]
        folder = ("inbox", "inbox", "sentitems", "archive")[number % 4]
        return person, RemoteId(self.boxes[person].deliver(mail(number), folder))

    def change(self, key: Key) -> None:
        self.boxes[key[0]].change(key[1], {"categories": [f"changed at {self.clock.now()}"]})

    def delete(self, key: Key) -> None:
        self.boxes[key[0]].delete(key[1])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self.boxes[key[0]].messages[key[1]]["receivedDateTime"] = "yesterday"
        return key


class CalendarRig(CompanyRig):
    """The meetings of one calendar or of two. Every third may be a series with an exception of its own."""

    stream = "events"
    envelope = ()
    path = "/calendarView"

    def __init__(self, people: Sequence[str] = (ILSE,), *, series: bool = False, **config: Any) -> None:
        super().__init__(people, **config)
        self._series = series

    def put(self, number: int) -> Key:
        person = list(self.boxes)[number % len(self.boxes)]
        if not self._series or number % 3:
            return person, RemoteId(self.meet(f"Meeting {number}", person))
        now = self.clock.now()
        id_ = self.meet(f"Series {number}", person, recurrence=weekly(f"{now:%A}".lower(), 3))
        planned = now.date() + timedelta(weeks=1)
        self.diary.change(person, f"{id_.removesuffix('=')}_{planned}=", {"subject": "Moved"})
        return person, RemoteId(id_)

    def change(self, key: Key) -> None:
        self.diary.change(key[0], key[1], {"subject": f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        self.diary.delete(key[0], key[1])

    def put_bad(self) -> Key:
        key = self.put(9_998)
        self.diary.find(key[0], key[1])[1].body["lastModifiedDateTime"] = "yesterday"
        return key
