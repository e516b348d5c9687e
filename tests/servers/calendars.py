"""Calendars on real servers, written to by another door than the hub's, and the text of events to put there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Protocol
from urllib.parse import quote
from xml.etree.ElementTree import fromstring
from xml.sax.saxutils import escape

import httpx

_NUMBERS = count(1)
_MAKE = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:set><D:prop><D:displayname>{name}</D:displayname></D:prop></D:set>
</C:mkcalendar>"""
_LIST = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
ICS = {"Content-Type": "text/calendar; charset=utf-8"}
XML = {"Content-Type": "application/xml; charset=utf-8"}


class CalendarServer(Protocol):
    """A running server and the one user it has; ``home`` is the path below which calendars are made."""

    @property
    def url(self) -> str: ...

    @property
    def user(self) -> str: ...

    @property
    def password(self) -> str: ...

    @property
    def home(self) -> str: ...


class Calendars:
    """The calendars of one user. Close it: what was made is removed from the server then."""

    def __init__(self, server: CalendarServer) -> None:
        self._home = server.home
        login = httpx.BasicAuth(server.user, server.password) if server.user else None
        self._client = httpx.Client(base_url=server.url, auth=login, verify=False, trust_env=False, timeout=60.0)
        self._made: list[str] = []

    def close(self) -> None:
        """Removes the calendars that were made, as far as the server lets it: Cyrus names what is deleted by the
        second, and cannot delete one path twice in it."""
        for path in self._made:
            self._client.delete(path)
        self._client.close()

    def make(self, name: str = "", *, folder: str = "") -> str:
        """Makes a calendar and returns its path; ``folder`` is the last part of it."""
        path = f"{self._home}{quote(folder or f'made-{next(_NUMBERS)}')}/"
        self.make_at(path, name or path.rstrip("/").rpartition("/")[2])
        self._made.append(path)
        return path

    def make_at(self, path: str, name: str) -> None:
        """Makes a calendar at a path that may have had one before."""
        self._ask("MKCALENDAR", path, _MAKE.format(name=escape(name)), XML)

    def remove(self, path: str) -> None:
        """Removes a calendar with all that is in it."""
        self._ask("DELETE", path)

    def put(self, path: str, name: str, text: str | bytes) -> None:
        """Writes a calendar object, whatever is there."""
        self._ask("PUT", f"{path}{name}", text, ICS)

    def delete(self, path: str, name: str) -> None:
        """Removes a calendar object."""
        self._ask("DELETE", f"{path}{name}")

    def move(self, path: str, name: str, to: str) -> None:
        """Takes a calendar object to another calendar, as a client does that has no MOVE: written there, then removed
        here."""
        text = self.get(path, name)
        self.delete(path, name)
        self.put(to, name, text)

    def get(self, path: str, name: str) -> str:
        """The text of a calendar object."""
        return self._ask("GET", f"{path}{name}").text

    def objects(self, path: str) -> Mapping[str, str]:
        """The texts of all objects of a calendar, by name."""
        answer = self._ask("PROPFIND", path, _LIST, {**XML, "Depth": "1"})
        hrefs = [one.text or "" for one in fromstring(answer.content).iter("{DAV:}href")]
        names = sorted(href.rpartition("/")[2] for href in hrefs if not href.endswith("/"))
        return {name: self.get(path, name) for name in names}

    def rebuild(self, path: str, name: str) -> None:
        """Removes a calendar and makes it again with the same objects: the server forgets every sync token of it."""
        kept = self.objects(path)
        self.remove(path)
        self.make_at(path, name)
        for each, text in kept.items():
            self.put(path, each, text)

    def _ask(
        self, method: str, path: str, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        answer = self._client.request(method, path, content=body, headers=headers)
        assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}"
        return answer


def event(uid: str, start: datetime, *lines: str, summary: str = "Tea") -> str:
    """One VEVENT of half an hour; ``lines`` are more properties of it."""
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{stamp(start)}",
            f"DTSTART:{stamp(start)}",
            "DURATION:PT30M",
            f"SUMMARY:{summary}",
            *lines,
            "END:VEVENT",
        ]
    )


def calendar(*components: str) -> str:
    """A calendar object of these components."""
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//concord//tests//EN", *components, "END:VCALENDAR", ""]
    )


def stamp(moment: datetime) -> str:
    """The instant as iCalendar writes it."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
