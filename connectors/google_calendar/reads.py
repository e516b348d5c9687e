"""Reading one calendar: by sync token, which only the last page of a listing gives out.

A meeting is a record; so is a series with all its exceptions, for an exception alone does not say what it is one to,
and a cancelled one says hardly more than its id. The listing gives them one by one: of each series that it touches the
whole is asked for, once, by its iCalUID ("Synchronize resources efficiently" and events reference, read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from connectors.core import places
from connectors.core.google import Google, Json, RefusedError, need
from connectors.core.paging import by_cursor
from connectors.core.timestamps import instant
from connectors.google_calendar import mapping
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice, Tombstone
from mapping.errors import ContractError, CursorExpiredError, ForbiddenError, GoneError, RecordError

ROOT = "/calendar/v3"
MOST = 2500
"""Events of a page at most."""
MEETINGS = {"eventTypes": ["default", "fromGmail"]}
"""Not where somebody works, when they concentrate, or whose birthday it is."""
PAGE = f"nextPageToken,nextSyncToken,items({mapping.FIELDS})"


@dataclass(frozen=True, slots=True)
class Place:
    """``sync`` is what changes are read since (none: everything), ``page`` where the listing goes on."""

    sync: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """The calendars that one person sees."""

    google: Google
    page_size: int = MOST

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; what was cancelled as tombstones."""
        here = places.load(Place, cursor) or Place()
        yield from self._pages(slice_, here, {"syncToken": here.sync or None}, enumerates=not here.sync)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The meetings that take place between two instants, each series whole."""
        times = {"timeMin": start.isoformat(), "timeMax": end.isoformat()}
        yield from self._pages(slice_, places.load(Place, cursor) or Place(), times, enumerates=False)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The meetings and series that are there, of those that were not cancelled."""
        path = _path(slice_)
        found = self.google.get_many([(f"{path}/{quote(id_, safe='')}", {"fields": mapping.FIELDS}) for id_ in ids])
        return self._page(slice_, [each for each in found if each], Place(), set()).records

    def _pages(self, slice_: Slice, here: Place, asked: Mapping[str, Any], *, enumerates: bool) -> Iterator[Page]:
        whole: set[str] = set()
        params = {**MEETINGS, **asked, "maxResults": self.page_size, "fields": PAGE}
        for leaf in by_cursor(
            lambda page: self._list(slice_, {**params, "pageToken": page}),
            lambda page: page.get("nextPageToken"),
            here.page or None,
        ):
            items, token = leaf.page.get("items", ()), leaf.page.get("nextSyncToken") or ""
            after = Place(here.sync, leaf.next) if leaf.next else Place(token)
            if not leaf.next and not token and "timeMin" not in asked:
                raise ContractError("the last page of a calendar gave no sync token")
            yield self._page(slice_, items, after, whole, complete=enumerates and not leaf.next)

    def _list(self, slice_: Slice, params: Mapping[str, Any]) -> Json:
        try:
            return self.google.get(_path(slice_), params)
        except GoneError:
            raise ForbiddenError(f"the calendar {slice_.title or slice_.key} is not there (any more)") from None
        except RefusedError:
            if not params.get("syncToken") and not params["pageToken"]:
                raise
            raise CursorExpiredError("Google no longer knows the place from which to read on") from None

    def _page(
        self, slice_: Slice, items: Sequence[Json], here: Place, whole: set[str], *, complete: bool = False
    ) -> Page:
        found: dict[str, Sequence[Json]] = {}
        series: dict[str, str] = {}
        for each in items:
            id_, parent = str(need(each, "id")), str(each.get("recurringEventId") or "")
            if parent or each.get("recurrence"):
                series.setdefault(parent or id_, "")
                series[parent or id_] = series[parent or id_] or str(each.get("iCalUID") or "")
            else:
                found[id_] = [each]
        for id_ in series.keys() & whole:
            del series[id_]
        whole.update(series)
        found |= self._whole(slice_, series)
        records, gone, errors = list[RawRecord](), list[Tombstone](), list[RecordError]()
        for id_, events in found.items():
            try:
                if all(each.get("status") == "cancelled" for each in events):
                    gone.append(Tombstone(RemoteId(id_), slice=slice_.key))
                else:
                    records.append(_record(id_, slice_, events))
            except RecordError as error:
                errors.append(RecordError(str(error), remote_id=id_))
        return Page(records, gone, places.dump(here), complete, errors=errors)

    def _whole(self, slice_: Slice, series: Mapping[str, str]) -> dict[str, Sequence[Json]]:
        """Each series with its exceptions, by its id; nothing of one that is not there (any more)."""
        path, uids = _path(slice_), dict(series)
        unknown = [id_ for id_, uid in uids.items() if not uid]
        masters = self.google.get_many([(f"{path}/{quote(id_, safe='')}", {"fields": "iCalUID"}) for id_ in unknown])
        uids |= {id_: str((each or {}).get("iCalUID") or "") for id_, each in zip(unknown, masters, strict=True)}
        known = [id_ for id_, uid in uids.items() if uid]
        asked: dict[str, Any] = {**MEETINGS, "maxResults": MOST, "fields": PAGE}
        listed = self.google.get_many([(path, {**asked, "iCalUID": uids[id_]}) for id_ in known])
        found: dict[str, Sequence[Json]] = dict.fromkeys(uids, ())
        for id_, page in zip(known, listed, strict=True):
            items = (page or {}).get("items", ())
            found[id_] = [each for each in items if id_ in (need(each, "id"), each.get("recurringEventId"))]
        return found


def _record(id_: str, slice_: Slice, events: Sequence[Json]) -> RawRecord:
    """A meeting changes when Google says so; a series has no such time, for its newest exception may be taken back."""
    single = len(events) == 1 and not events[0].get("recurringEventId") and not events[0].get("recurrence")
    marks = sorted(f"{each.get('id')} {each.get('etag')}" for each in events)
    return RawRecord(
        RemoteId(id_),
        mapping.body(events),
        slice_.key,
        version=sha256("\n".join(marks).encode()).hexdigest()[:16],
        changed_at=instant(events[0], "updated") if single else None,
    )


def _path(slice_: Slice) -> str:
    return f"{ROOT}/calendars/{quote(slice_.key, safe='')}/events"
