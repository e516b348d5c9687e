"""Google Calendar's stand-in on a clock of its own, connectors in front of it, and the rig of the reader's kit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.core.google_grants import ServiceAccount
from connectors.core.google_sandbox import RefusalError
from connectors.core.protocols import Connector, Runtime, Stream
from connectors.google_calendar.agenda import Agenda, Calendar
from connectors.google_calendar.connector import VENDOR, GoogleCalendarConfig
from connectors.google_calendar.mapping import EVENTS
from connectors.google_calendar.sandbox import CLIENT, GoogleCalendarSandbox
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.mapper import Mapper
from mapping.recurrence import Horizon
from tests.connectors import haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

ILSE, BAS = "ilse@acme.example", "bas@acme.example"
TEAM = "team0123456789@group.calendar.example"
SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
WRONG = "refresh-2718281828"
KEY, OTHER_KEY = (rsa.generate_private_key(65_537, 2048) for _ in range(2))
"""The same for all tests: a key pair costs half a second."""


def times(start: datetime, minutes: int = 60) -> dict[str, Any]:
    """Beginning and end as the API writes them."""
    ends = start + timedelta(minutes=minutes)
    zone = {"timeZone": "Europe/London"}
    return {"start": {"dateTime": start.isoformat(), **zone}, "end": {"dateTime": ends.isoformat(), **zone}}


def guests(*answers: tuple[str, str]) -> list[dict[str, Any]]:
    """Attendees by address and answer."""
    return [{"email": email, "responseStatus": answer} for email, answer in answers]


class Bureau:
    """Calendars, their server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, people: Sequence[str] = (ILSE,), clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.agenda = Agenda(tuple(people), self.clock.now)
        self.server = GoogleCalendarSandbox(self.agenda, keep=2_000, **options)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    @property
    def calendar(self) -> Calendar:
        """Ilse's calendar."""
        return self.agenda.calendars[ILSE]

    def meet(self, summary: str = "Tasting", calendar: str = ILSE, **more: Any) -> str:
        """Puts a meeting with a customer into a calendar, at the clock's present unless told; its id."""
        given = {"summary": summary, "attendees": guests(("kim@plum.example", "accepted")), **times(self.clock.now())}
        return str(self.agenda.insert(calendar, {**given, **more})["id"])

    def runtime(self) -> Runtime:
        """The clock's runtime, on the bureau's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, refresh: str = CLIENT[2], **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones: Ilse's, or everybody's where ``users`` are given."""
        account = self.server.grants.service_account
        if "users" in config and account is not None:
            login = {"service_account_key": account.key_file(f"{self.server.url}/token")}
        else:
            login = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "refresh_token": refresh}
        fast = {"requests_per_minute": 100_000, "base_url": self.server.url, "token_url": f"{self.server.url}/token"}
        settings = GoogleCalendarConfig.model_validate({**fast, **login, **config})
        return VENDOR.build(settings, self.runtime(), Tokens())

    def open(self, **config: Any) -> Stream:
        """The stream of a new connector."""
        return stream_of(self.connector(**config), "events")

    def read(self, cursor: Cursor | None = None, slice_: str = ILSE, **config: Any) -> Haul:
        """Everything that a new connector gives of a calendar from a cursor on."""
        return Haul(list(self.open(**config).read(Slice(slice_), cursor)), self.clock.now())


class Haul(haul.Haul):
    """What a read brought."""

    def __init__(self, pages: list[Page], now: datetime) -> None:
        super().__init__(pages)
        self._now = now

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """What the default rules make of the records, by key."""
        mapper = Mapper([EVENTS], default_country="NL", horizon=Horizon.at(self._now))
        found = [entity.values for record in self.records for entity in mapper.map(record.body)]
        assert len({values["key"] for values in found}) == len(found)
        return {values["key"]: values for values in found}


class CalendarRig(Bureau):
    """The meetings of one calendar, or of two people's. Every third is a series with an exception of its own."""

    stream = "events"
    page_size = 3
    envelope: Collection[str] = ()
    lacks: Collection[Lack] = (Lack.IDS,)

    def __init__(self, people: Sequence[str] = (ILSE,), *, series: bool = False, **config: Any) -> None:
        account = ServiceAccount(frozenset({SCOPE}), key=KEY) if len(people) > 1 else None
        super().__init__(people, service_account=account)
        self._series = series
        self._config = {**config, **({"users": people} if account else {})}

    @property
    def secrets(self) -> Collection[str]:
        account = self.server.grants.service_account
        key = account.key_file("").split("\\n")[1:5] if account else []
        return [CLIENT[1], CLIENT[2], WRONG, *key, "ya29.sandbox-1"]

    def connector(self, refresh: str = CLIENT[2], **config: Any) -> Connector:
        return super().connector(refresh, **{"page_size": self.page_size, **self._config, **config})

    def stranger(self) -> Connector:
        if "users" not in self._config:
            return self.connector(WRONG)
        other = ServiceAccount(frozenset({SCOPE}), key=OTHER_KEY)
        return self.connector(service_account_key=other.key_file(f"{self.server.url}/token"))

    def rate_limit(self, retry_after: float | None) -> None:
        """The 403 of a quota; a time comes in the header, if at all."""
        refused = RefusalError(403, "rateLimitExceeded", "Rate Limit Exceeded").reply()
        self.server.faults.fail(refused.status, retry_after=retry_after, body=refused.body, path="/calendar/")

    def server_error(self) -> None:
        self.server.faults.fail(500, body=RefusalError(500, "backendError", "Backend Error").reply().body)

    def put(self, number: int) -> Key:
        calendar = list(self.agenda.calendars)[number % len(self.agenda.calendars)]
        if not self._series or number % 3:
            return calendar, RemoteId(self.meet(f"Meeting {number}", calendar))
        identity = self.meet(f"Series {number}", calendar, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
        planned = self.clock.now() + timedelta(weeks=1)
        self.agenda.patch(calendar, f"{identity}_{planned:%Y%m%dT%H%M%SZ}", {"summary": "Moved"})
        return calendar, RemoteId(identity)

    def change(self, key: Key) -> None:
        self.agenda.patch(key[0], key[1], {"summary": f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        self.agenda.delete(key[0], key[1])

    def put_bad(self) -> Key:
        key = self.put(9_998)
        del self.agenda.calendars[key[0]].events[key[1]]["start"]["dateTime"]
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        for calendar in self.agenda.calendars.values():
            calendar.forget()

    def truncate(self) -> None:
        self.server.faults.truncate(path="/calendar/")
