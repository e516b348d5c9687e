"""Microsoft 365: the mail and the calendar of one person, or of everybody whom an application may read for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from urllib.parse import quote

from pydantic import Field

from connectors.core import meetings
from connectors.core.budget import Budget, Limit
from connectors.core.entra import EntraConfig, Login
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.microsoft365 import mapping
from connectors.microsoft365.events import Calendar
from connectors.microsoft365.graph import Graph
from connectors.microsoft365.messages import Mailbox, Wish
from mapping.contract import Account, Slice
from mapping.errors import ConfigError, ForbiddenError

RESOURCE = "https://graph.microsoft.com"
SCOPES = tuple(f"{RESOURCE}/{name}" for name in ("User.Read", "Mail.Read", "Calendars.Read"))
PRIMARY = "primary"


class Microsoft365Config(EntraConfig):
    """How a connection logs in to Microsoft 365, and what it reads."""

    include: tuple[str, ...] = Field(
        (), description="Mail folders to read, by path or well-known name, with those inside; without any, all."
    )
    exclude: tuple[str, ...] = Field((), description="Mail folders not to read; they win over the others.")
    since: date | None = Field(None, description="The day from which on received messages are read.")
    bodies: bool = Field(False, description="Whether to take the first 2,000 characters of each message's text along.")
    calendars: tuple[str, ...] = Field(
        (PRIMARY,), min_length=1, description="Calendars to read, by name; `primary` is a person's own."
    )
    meetings_since: date = Field(
        date(2020, 1, 1),
        description="The day from which on meetings are read; keep it, or earlier ones are taken back.",
    )
    page_size: int = Field(250, ge=1, le=1000, description="Messages or events asked for at a time.")
    requests_per_minute: int = Field(900, ge=1, description="Requests that may be sent a minute and person.")
    base_url: str = Field(RESOURCE, description="Address of the API.")


class Microsoft365Connector:
    """One connection: the data of one person, or of a company."""

    writes = None
    hooks = None

    def __init__(self, config: Microsoft365Config, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._login = Login(config, runtime, tokens, resource=RESOURCE, scopes=SCOPES)
        self._graph = cache(self._open)
        self._me = cache(self._ask_who)
        self._calendars: dict[str, Calendar] = {}

    def check(self) -> Account:
        """The person, or the application once the mail or the calendar of one of its users could be seen.

        Raises AuthError or ForbiddenError.
        """
        return self._login.account(self._me, self._try)

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        return [
            sliced("messages", (mapping.MESSAGES,), mapping.MESSAGE_SCHEMA, self._slices_of_mail, self._mailbox),
            sliced("events", (mapping.EVENTS,), meetings.EVENTS, self._slices_of_calendars, self._calendar),
        ]

    def _people(self) -> Iterator[tuple[str, Graph]]:
        """Everybody by address; the one who logged in by the address that Graph knows."""
        for user in self._login.users:
            yield user or self._me().name, self._graph(user)

    def _slices_of_mail(self) -> Sequence[Slice]:
        return [Slice(address, address) for address, _ in self._people()]

    def _mailbox(self, slice_: Slice) -> Mailbox:
        config, users = self._config, self._login.users
        wish = Wish(config.include, config.exclude, config.bodies, config.since, strict=users == ("",))
        return Mailbox(self._graph(slice_.key if slice_.key in users else users[0]), wish)

    def _calendar(self, slice_: Slice) -> Calendar:
        if slice_.key not in self._calendars:
            self._slices_of_calendars()
        if slice_.key not in self._calendars:
            raise ForbiddenError(f"the calendar {slice_.title or slice_.key} is not there (any more)")
        return self._calendars[slice_.key]

    def _slices_of_calendars(self) -> Sequence[Slice]:
        """A person's own calendar goes by their address, any other by that and its id. Nothing is asked where only
        their own are read; somebody who cannot be read for stands here all the same, and reading says so.
        """
        wanted, now = {name.casefold() for name in self._config.calendars}, self._runtime.now
        since, named = self._config.meetings_since, wanted - {PRIMARY}
        met, refused = set[str](), False
        found: dict[str, Slice] = {}
        for address, graph in self._people():
            others = _others(graph) if named else {}
            refused = refused or others is None
            if PRIMARY in wanted or others is None:
                found[address] = Slice(address, address)
                self._calendars[address] = Calendar(graph, address, since, now)
            for id_, name in (others or {}).items():
                met.add(name.casefold())
                if name.casefold() in named:
                    key = f"{address}/{id_}"
                    found[key] = Slice(key, f"{name} ({address})")
                    self._calendars[key] = Calendar(graph, address, since, now, f"/calendars/{quote(id_, safe='')}")
        if (missing := sorted(named - met)) and not refused:
            raise ConfigError(f"there is no calendar {missing[0]!r} among those that can be seen")
        return list(found.values())

    def _open(self, user: str) -> Graph:
        config = self._config
        budget = Budget(Limit(config.requests_per_minute, 60.0, "requests a minute"))
        return Graph(
            self._runtime, config.base_url, self._login.auth, user=user, page_size=config.page_size, budget=budget
        )

    def _ask_who(self) -> Account:
        graph = self._graph("")
        found = graph.get(graph.address("", {"$select": "id,mail,userPrincipalName"}))
        return Account(str(found["id"]), str(found.get("mail") or found["userPrincipalName"]))

    def _try(self, user: str) -> None:
        graph = self._graph(user)
        try:
            graph.get(graph.address("/mailFolders/inbox", {"$select": "id"}))
        except ForbiddenError:
            graph.get(graph.address("/calendar", {"$select": "id"}))


def _others(graph: Graph) -> dict[str, str] | None:
    """The calendars of a person, but for their own, by id; None where they cannot be asked for."""
    start = graph.address("/calendars", {"$select": "id,name,isDefaultCalendar"})
    try:
        listed = [each for page, _ in graph.pages(start) for each in page.get("value", ())]
    except ForbiddenError:
        return None
    return {str(each["id"]): str(each.get("name") or "") for each in listed if not each.get("isDefaultCalendar")}


VENDOR = Vendor(
    name="microsoft365",
    title="Microsoft 365",
    config=Microsoft365Config,
    build=Microsoft365Connector,
    streams=("messages", "events"),
)
