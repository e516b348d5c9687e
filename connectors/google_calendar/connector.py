"""Google Calendar: the meetings of one person's calendars, or of everybody's whom a service account may read for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from connectors.core import meetings
from connectors.core.budget import Budget, Limit
from connectors.core.google import Google, Json, need
from connectors.core.google_login import GoogleConfig, Login
from connectors.core.http import Params
from connectors.core.paging import by_cursor
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.google_calendar import mapping
from connectors.google_calendar.reads import ROOT, Reader
from mapping.contract import Account, Slice
from mapping.errors import ConfigError, ForbiddenError

SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
OURS = frozenset({"owner", "writer", "writerWithoutPrivateAccess"})
LISTED = "nextPageToken,items(id,summary,summaryOverride,accessRole,primary)"


class GoogleCalendarConfig(GoogleConfig):
    """How a connection logs in to Google Calendar, and which calendars it reads."""

    calendars: tuple[str, ...] = Field(
        (), description="Calendars to read, by name or id; without any, all that the person may write to."
    )
    exclude: tuple[str, ...] = Field((), description="Calendars to leave out, by name or id.")
    page_size: int = Field(2500, ge=1, le=2500, description="Events asked for at a time.")
    requests_per_minute: int = Field(500, ge=1, description="Requests that the project may send a minute and person.")
    base_url: str = Field("https://www.googleapis.com", description="Address of the API.")


class GoogleCalendarConnector:
    """One connection: the calendars of one person, or of a company."""

    writes = None
    hooks = None

    def __init__(self, config: GoogleCalendarConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._login = Login(config, runtime, tokens, SCOPE)
        self._readers = {user: self._reader(user) for user in self._login.users}
        self._seen_by: dict[str, str] = {}

    def check(self) -> Account:
        """The person, or the service account once one person's calendars could be seen.

        Raises AuthError or ForbiddenError.
        """
        primary = f"{ROOT}/users/me/calendarList/primary"
        return self._login.account(
            lambda user: str(need(self._readers[user].google.get(primary, {"fields": "id"}), "id"))
        )

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        return [sliced("events", (mapping.EVENTS,), meetings.EVENTS, self._slices, self._of)]

    def _slices(self) -> Sequence[Slice]:
        """Each calendar once, as whoever owns it sees it, else as the first who does.

        Somebody who cannot be read for stands here by the calendar of their own, which reading then says of.
        """
        found: dict[str, Slice] = {}
        known, refused = set[str](), False
        for user, reader in self._readers.items():
            try:
                calendars = list(_calendars(reader.google))
            except ForbiddenError:
                if not user:
                    raise
                found[user], refused, calendars = Slice(user, user), True, []
                self._seen_by[user] = user
            for each in calendars:
                names = _names(each)
                known |= names
                id_ = str(need(each, "id"))
                if self._wanted(each, names) and (id_ not in found or id_ == user):
                    found[id_] = Slice(id_, str(each.get("summaryOverride") or each.get("summary") or id_))
                    self._seen_by[id_] = user
        missing = [name for name in (*self._config.calendars, *self._config.exclude) if name.casefold() not in known]
        if missing and not refused:
            raise ConfigError(f"there is no calendar {missing[0]!r} among those that can be seen")
        return list(found.values())

    def _wanted(self, calendar: Json, names: set[str]) -> bool:
        if not names.isdisjoint(name.casefold() for name in self._config.exclude):
            return False
        named = {name.casefold() for name in self._config.calendars}
        return bool(named & names) if named else calendar.get("accessRole") in OURS

    def _of(self, slice_: Slice) -> Reader:
        if len(self._readers) > 1 and slice_.key not in self._seen_by:
            self._slices()
        return self._readers[self._seen_by.get(slice_.key, self._login.users[0])]

    def _reader(self, user: str) -> Reader:
        config = self._config
        budget = Budget(Limit(config.requests_per_minute, 60.0, "requests a minute"))
        auth = self._login.auth(user)
        google = Google(self._runtime, config.base_url, auth, batch_path="/batch/calendar/v3", budget=budget)
        return Reader(google, config.page_size)


def _calendars(google: Google) -> Iterator[Json]:
    """The calendars on somebody's list whose events they may read."""
    asked: Params = {"minAccessRole": "reader", "showHidden": True, "maxResults": 250, "fields": LISTED}
    for leaf in by_cursor(
        lambda page: google.get(f"{ROOT}/users/me/calendarList", {**asked, "pageToken": page}),
        lambda page: page.get("nextPageToken"),
    ):
        yield from leaf.page.get("items", ())


def _names(calendar: Json) -> set[str]:
    names = {"primary"} if calendar.get("primary") else set()
    return names | {str(calendar[name]).casefold() for name in ("id", "summary", "summaryOverride") if name in calendar}


VENDOR = Vendor(
    name="google_calendar",
    title="Google Calendar",
    config=GoogleCalendarConfig,
    build=GoogleCalendarConnector,
    streams=("events",),
)
