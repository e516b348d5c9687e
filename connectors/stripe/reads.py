"""Reading one stream of a Stripe account: first its list, then whatever its events tell of.

An event is the word that an object changed, and no more. The copy of the object in it is as old as the event, has the
shape of the account's own version of the API, and comes in no promised order, several within one second; so the object
itself is fetched once more, as it is now, and the order of events is of no matter. A reading begins with the events of
the second in which the one before began, less the lookback: what changes while a list is read is met again after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.core import places
from connectors.core.http import Scalar
from connectors.core.protocols import Runtime
from connectors.stripe.api import Api, Json, UnknownPlaceError, span
from connectors.stripe.sources import Source, concerns
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Tombstone
from mapping.errors import CursorExpiredError, RecordError

DAY = 86_400
Asked = dict[str, Scalar | Sequence[Scalar] | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream is read on: in the list, or in the events from the second ``since`` on, behind the object or event
    ``after``, which came into being at ``at``. ``began`` is the second in which this reading began, 0 between two."""

    since: int = 0
    after: str = ""
    at: int = 0
    began: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """One stream through one key. ``lookback`` is how many seconds an event may show up late, ``kept`` how many days
    events are kept."""

    api: Api
    source: Source
    runtime: Runtime
    size: int
    lookback: int
    kept: int

    def read(self, cursor: Cursor | None) -> Iterator[Page]:
        """All objects, or those that changed since the cursor. Raises CursorExpiredError where events that were never
        read may have been forgotten."""
        here = places.load(Place, cursor) or Place()
        oldest = here.since or here.began
        if oldest and self.runtime.now().timestamp() - oldest > self.kept * DAY:
            raise CursorExpiredError(f"changes of more than {self.kept} days ago are no longer told")
        yield from self._changes(here) if here.since else self._all(here)

    def window(self, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The objects that came into being in [start, end)."""
        here = places.load(Place, cursor) or Place()
        for leaf in self.api.pages(self.source.path, {**self._asked(), **span(start, end)}, here.after):
            here = replace(here, after=leaf.next or here.after)
            yield self._page(leaf.page.data, here)

    def get(self, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The objects that are still there, as they are now."""
        found = (self.api.one(f"{self.source.path}/{id_}", self.source.expand) for id_ in ids)
        return [self.source.record(self._whole(one)) for one in found if one is not None]

    def _all(self, here: Place) -> Iterator[Page]:
        began, after, asked, lost = self.runtime.now(), here.after, self._asked(), ""
        while True:
            try:
                for leaf in self.api.pages(self.source.path, asked, after):
                    here = replace(here, began=here.began or int(self.api.time(began).timestamp()))
                    if leaf.next:
                        here = replace(here, after=leaf.next, at=_second(leaf.page.data[-1]))
                        yield self._page(leaf.page.data, here)
                    else:
                        yield self._page(leaf.page.data, self._next(here), complete=True)
                return
            except UnknownPlaceError:
                if here.after == lost:
                    raise
                # What the list was to go on after is gone; it goes on with whatever is not younger than that was.
                lost, after, asked = here.after, "", self._asked() | {"created[lte]": here.at}

    def _changes(self, here: Place) -> Iterator[Page]:
        began = self.runtime.now()
        asked: Asked = {"limit": self.size, "types[]": list(self.source.events), "created[gte]": here.since}
        met = set[str]()
        try:
            for leaf in self.api.pages("events", asked, here.after):
                here = replace(here, after=leaf.next or "", began=here.began or int(self.api.time(began).timestamp()))
                news = [one for one in _concerned(leaf.page.data) if one not in met]
                met.update(news)
                yield self._fetched(news, here if leaf.next else self._next(here))
        except UnknownPlaceError:
            raise CursorExpiredError("Stripe no longer knows the event that was read last") from None

    def _fetched(self, ids: Sequence[str], here: Place) -> Page:
        """A page of the objects of these ids, each as it is now."""
        found = {id_: self.api.one(f"{self.source.path}/{id_}", self.source.expand) for id_ in ids}
        gone = [Tombstone(RemoteId(id_)) for id_, one in found.items() if one is None]
        page = self._page([one for one in found.values() if one is not None], here)
        return replace(page, tombstones=gone)

    def _page(self, found: Sequence[Json], here: Place, *, complete: bool = False) -> Page:
        records, errors = list[RawRecord](), list[RecordError]()
        for one in found:
            try:
                records.append(self.source.record(self._whole(one)))
            except RecordError as error:
                errors.append(error)
        return Page(records, cursor=places.dump(here), complete=complete, errors=errors)

    def _whole(self, found: Json) -> Json:
        """The object with what it lacks: the refunds of a charge beyond the first ten, and its disputes."""
        refunds = found.get("refunds")
        if isinstance(refunds, dict) and refunds.get("has_more"):
            found = {**found, "refunds": {**refunds, "data": self._of("refunds", found), "has_more": False}}
        return {**found, "disputes": self._of("disputes", found)} if found.get("disputed") is True else found

    def _of(self, path: str, charge: Json) -> list[Json]:
        leaves = self.api.pages(path, {"charge": str(charge["id"]), "limit": 100})
        return [one for leaf in leaves for one in leaf.page.data]

    def _asked(self) -> Asked:
        expand = [f"data.{name}" for name in self.source.expand]
        return {"limit": self.size, **(self.source.asked or {}), **({"expand[]": expand} if expand else {})}

    def _next(self, here: Place) -> Place:
        """Where the reading after this one begins."""
        return Place(since=max(1, here.since, here.began - self.lookback))


def _concerned(events: Sequence[Json]) -> list[str]:
    """The ids of the objects that events tell of, each once."""
    found = (concerns(str(one.get("type")), (one.get("data") or {}).get("object") or {}) for one in events)
    return list(dict.fromkeys(one[1] for one in found if one))


def _second(found: Json) -> int:
    at = found.get("created")
    return at if isinstance(at, int) else 0
