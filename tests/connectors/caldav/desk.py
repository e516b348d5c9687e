"""A desk for each test: calendars of its own on a real server, a proxy that can fail, connectors in front of both."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count

import httpx

from connectors.caldav.connector import VENDOR, CalDavConfig, CalDavConnector, build
from connectors.core.protocols import Connector, Stream
from mapping.contract import RemoteId
from tests.connectors.contract import Clock, Key, Lack, Tokens
from tests.servers.calendars import Calendars, CalendarServer, calendar, event
from tests.servers.proxy import Proxy

WRONG_PASSWORD = "wrong-pw-27182"
NUMBERS = count(1)
TRANSPORT = httpx.HTTPTransport(verify=False)  # certificates take 40 ms to load, and every test makes many connectors

__all__ = ["VENDOR", "Desk"]


class Desk:
    """Calendars of names that no other test has, by default two, and connectors that read no others."""

    page_size = 2
    stream = "events"
    envelope = ()

    def __init__(self, server: CalendarServer, calendars: int = 2) -> None:
        self.server = server
        self.clock = Clock()
        self.calendars = Calendars(server)
        self.names = [f"calendar {next(NUMBERS)}" for _ in range(calendars)]
        self.paths = [self.calendars.make(name) for name in self.names]
        self.proxy = Proxy(server.url)
        self.proxy.start()
        self.lacks: Collection[Lack] = () if server.user else (Lack.CREDENTIALS,)
        self.secrets = (server.password, WRONG_PASSWORD) if server.user else ()

    def close(self) -> None:
        """Removes the calendars."""
        self.proxy.stop()
        self.calendars.close()

    def connector(self, password: str = "", *, token: str = "", **config: object) -> CalDavConnector:
        login = {"username": self.server.user, "password": password or self.server.password}
        if token:
            login = {"access_token": token}
        settings = {
            "url": self.proxy.url,
            "calendars": self.names,
            "page_size": self.page_size,
            **(login if self.server.user or token else {}),
            **config,
        }
        runtime = replace(self.clock.runtime(), transport=TRANSPORT)
        return build(CalDavConfig.model_validate(settings), runtime, Tokens())

    def events(self, **config: object) -> Stream:
        """The one stream of a new connector."""
        (found,) = self.connector(**config).streams()  # type: ignore[arg-type]  # a password is no other setting
        return found

    def stranger(self) -> Connector:
        return self.connector(WRONG_PASSWORD)

    def rate_limit(self, retry_after: float | None) -> None:
        self.proxy.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.proxy.faults.fail(500)

    def truncate(self) -> None:
        self.proxy.faults.truncate()

    def put(self, number: int) -> Key:
        path, name = self.paths[number % len(self.paths)], f"tea-{number}.ics"
        people = [
            "ORGANIZER;CN=Ada:mailto:ada@example.com",
            f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo{number}@example.com",
        ]
        self.calendars.put(path, name, calendar(event(self._uid(name), self.clock.now(), *people)))
        return path, RemoteId(name)

    def change(self, key: Key) -> None:
        path, name = key
        moved = event(self._uid(name), self.clock.now(), summary=f"moved {next(NUMBERS)}")
        self.calendars.put(path, name, calendar(moved))

    def _uid(self, name: str) -> str:
        """Another for each desk: Cyrus takes a UID with attendees once a user, even from a calendar that is gone."""
        return f"{self.names[0].replace(' ', '-')}-{name.removesuffix('.ics')}"

    def delete(self, key: Key) -> None:
        self.calendars.delete(*key)

    def put_bad(self) -> Key:
        """Servers look at what they are given; that a meeting cannot repeat every second none of them knows."""
        path, name = self.paths[0], "bad.ics"
        self.calendars.put(path, name, calendar(event("bad", self.clock.now(), "RRULE:FREQ=SECONDLY")))
        return path, RemoteId(name)

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        for path, name in zip(self.paths, self.names, strict=True):
            self.calendars.rebuild(path, name)
