"""CalDAV: the meetings of any calendar server, by sync tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from connectors.caldav.mapping import EVENTS, SCHEMA
from connectors.core import icalendar
from connectors.core.dav import Dav, Service
from connectors.core.dav_discovery import Collection, Discovery
from connectors.core.dav_login import DavLogin
from connectors.core.dav_reading import CollectionReader
from connectors.core.multistatus import Tag
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from mapping.contract import Account, Cursor, Deletes, Page, RemoteId, Slice
from mapping.errors import ConfigError

CALDAV = Service(
    name="caldav",
    namespace="urn:ietf:params:xml:ns:caldav",
    home="calendar-home-set",
    collection="calendar",
    multiget="calendar-multiget",
    query="calendar-query",
    data="calendar-data",
    media_type="text/calendar",
    components="supported-calendar-component-set",
)
"""RFC 4791, read 2026-11-23."""


class CalDavConfig(DavLogin):
    """How a connection logs in to a calendar server, and which of its calendars are read."""

    url: str = Field(description="Address of the server, of the account's folder there, or of one calendar.")
    calendars: tuple[str, ...] = Field((), description="Names of the calendars to read; all where empty.")
    exclude: tuple[str, ...] = Field((), description="Names of calendars to leave out.")
    email: str = Field("", description="Address of whose calendars these are: their own answer counts for them.")
    page_size: int = Field(100, ge=1, le=1000, description="Calendar objects asked for at a time.")


class CalDavConnector:
    """One connection to an account."""

    writes = None
    hooks = None

    def __init__(self, config: CalDavConfig, runtime: Runtime) -> None:
        self._config, self._zone = config, runtime.timezone
        self._dav = Dav(runtime, config.url, CALDAV, config.auth())
        self._reader = CollectionReader(self._dav, self._shape, config.page_size, self._choose)

    def check(self) -> Account:
        """The principal that the login belongs to.

        Raises AuthError, ForbiddenError, ContractError for no CalDAV, ConfigError for a calendar that is not there.
        """
        principal = Discovery(self._dav).principal()
        self._reader.slices()
        host = urlsplit(principal).hostname or ""
        return Account(principal, f"{self._config.username} at {host}" if self._config.username else principal)

    def streams(self) -> Sequence[Stream]:
        """The one stream."""
        return [
            Stream(
                name="events",
                rules=(EVENTS,),
                read=self._reader.read,
                describe=lambda: SCHEMA,
                slices=self._reader.slices,
                window=self._window,
                ids=self._ids,
                get=self._reader.get,
                deletes=Deletes.NATIVE,
            )
        ]

    def _choose(self, found: Sequence[Collection]) -> Sequence[Collection]:
        """The calendars that hold events and are asked for, by name or by the last part of the address.

        Raises ConfigError for a name that no calendar has: a calendar that was renamed must not fall silent.
        """
        calendars = [one for one in found if not one.components or "VEVENT" in one.components]
        names = [{one.name, unquote(one.path.rstrip("/").rpartition("/")[2])} for one in calendars]
        unknown = [
            each for each in (*self._config.calendars, *self._config.exclude) if not any(each in n for n in names)
        ]
        if unknown:
            known = ", ".join(sorted(one.name for one in calendars)) or "none"
            raise ConfigError(f"there is no calendar '{unknown[0]}'; the account has: {known}")
        wanted, unwanted = set(self._config.calendars), set(self._config.exclude)
        named = zip(calendars, names, strict=True)
        return [one for one, mine in named if (not wanted or mine & wanted) and not mine & unwanted]

    def _shape(self, data: str) -> Mapping[str, Any] | None:
        events = icalendar.events(data, zone=self._zone, owner=self._config.email)
        return {"events": events} if events else None

    def _ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The objects with events in them; a calendar may hold tasks as well."""
        return self._reader.enumerate(self._dav.query(slice_.key, _filter()))

    def _window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The meetings that take place between two instants, a series with all of its exceptions."""
        times = {"start": _stamp(start), "end": _stamp(end)}
        found = self._dav.query(slice_.key, _filter(Tag(CALDAV.tag("time-range"), attributes=times)))
        return self._reader.some(slice_, found, cursor)


def _filter(*narrower: Tag) -> Tag:
    """Objects with a VEVENT (RFC 4791 section 9.7), narrowed further."""
    filter_, inside = CALDAV.tag("filter"), CALDAV.tag("comp-filter")
    event = Tag(inside, inner=narrower, attributes={"name": "VEVENT"})
    return Tag(filter_, inner=(Tag(inside, inner=(event,), attributes={"name": "VCALENDAR"}),))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def build(config: CalDavConfig, runtime: Runtime, tokens: TokenStore) -> CalDavConnector:
    """The connector of one connection."""
    return CalDavConnector(config, runtime)


VENDOR = Vendor(
    name="caldav",
    title="CalDAV calendars",
    config=CalDavConfig,
    build=build,
    streams=("events",),
)
