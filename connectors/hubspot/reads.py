"""Reading one object: in full through the listing, then by last change through the search.

The search takes one sort, gives 10,000 matches at most, and thousands of rows may share one timestamp after a bulk
edit. So changes are read by *id* within a fixed lower bound of time: ``changed >= since and id > last``, sorted by id.
Each page is a query of its own; ties, the 10,000 and rows that change meanwhile cannot hide anything, and any page is a
place to resume from. What the index has not shown yet is caught by looking back ``lookback`` on the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import places
from connectors.hubspot.api import LONGEST_QUERY, SEARCH_PAGE, Api, Found, Json
from connectors.hubspot.properties import Property, properties, schema
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Schema, Slice, Tombstone
from mapping.errors import ContractError, RecordError

CURSOR_VERSION = 1
FULL, CHANGES, ARCHIVED, REST, WINDOW = "full", "changes", "archived", "rest", "window"
PHASES = frozenset({FULL, CHANGES, ARCHIVED, REST, WINDOW})
MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come. Times are epoch milliseconds of the vendor's clock.

    ``since`` is what the present round reads from, ``start`` when it began (the next round's ``since``), ``swept`` when
    the archived records were last gone through, ``at`` the last id or the listing's own cursor.
    """

    phase: str
    since: int = 0
    start: int = 0
    swept: int = 0
    at: str = ""
    v: int = CURSOR_VERSION

    def __post_init__(self) -> None:
        if self.v != CURSOR_VERSION or self.phase not in PHASES:
            raise ValueError("a place of another version")


@dataclass(frozen=True, slots=True)
class Reader:
    """The reads of one object. ``links`` are the objects whose associations each record carries along."""

    api: Api
    kind: str
    links: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    lookback: timedelta = timedelta(minutes=5)
    archived_every: timedelta = timedelta(hours=1)
    page_size: int = SEARCH_PAGE

    @property
    def modified(self) -> str:
        """Where the object keeps its last change: contacts are the odd ones."""
        return "lastmodifieddate" if self.kind == "contacts" else "hs_lastmodifieddate"

    def describe(self) -> Schema:
        """The object's properties as they are defined now."""
        return schema(self._known())

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor; archived and merged records as tombstones."""
        names = self._names()
        now = _ms(self.api.now())
        here = places.load(Place, cursor) or Place(FULL, start=now)
        if here.phase == REST:
            here = replace(here, phase=CHANGES, start=now)
        if here.phase == FULL:
            yield from self._full(here, names)
            return
        if here.phase == CHANGES:
            for page in self._changes(here, names):
                here = places.load(Place, page.cursor) or here
                yield page
        if here.phase == ARCHIVED:
            yield from self._archived(here)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Records last changed in [start, end), by id. A record that changes later belongs to a later window."""
        names = self._names()
        here = places.load(Place, cursor) or Place(WINDOW)
        bounds = [self._changed("GTE", _ms(start)), self._changed("LT", _ms(end))]
        for found, last in self._by_id(bounds, here.at, names):
            yield self._page(found.records, replace(here, at=last))

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all live records."""
        after = ""
        while True:
            found = self.api.page(self.kind, after, ["hs_object_id"])
            yield [RemoteId(str(each["id"])) for each in found.records]
            after = _onward(after, found.after)
            if not after:
                return

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records that still exist. A merged one comes as what it became, under that record's id."""
        return self._page(self.api.some(self.kind, ids, self._names()), Place(REST)).records

    def _full(self, here: Place, names: Sequence[str]) -> Iterator[Page]:
        long = sum(len(name) + 1 for name in names) > LONGEST_QUERY
        while True:
            wanted, links = (["hs_object_id"], ()) if long else (names, self.links)
            found = self.api.page(self.kind, here.at, wanted, self.page_size, links=links)
            records = found.records
            if long and records:
                records = self.api.some(self.kind, [str(each["id"]) for each in records], names)
            after = _onward(here.at, found.after)
            here = replace(here, at=after) if after else Place(REST, since=here.start, swept=here.start)
            yield self._page(records, here, complete=not after, told=not long)
            if not after:
                return

    def _changes(self, here: Place, names: Sequence[str]) -> Iterator[Page]:
        bound = self._changed("GTE", here.since - _span(self.lookback))
        for found, last in self._by_id([bound], here.at, names):
            here = replace(here, at=last)
            if found.after:
                yield self._page(found.records, here)
                continue
            due = here.start - here.swept >= _span(self.archived_every)
            yield self._page(found.records, replace(here, phase=ARCHIVED, at="") if due else _rested(here, here.swept))

    def _archived(self, here: Place) -> Iterator[Page]:
        """Tombstones of what was archived since the last time. The listing knows no order by time: it is read whole."""
        border = datetime.fromtimestamp((here.swept - _span(self.lookback)) / 1000, UTC)
        while True:
            found = self.api.page(self.kind, here.at, [*self._merge_names], archived=True)
            gone: list[Tombstone] = []
            for each in found.records:
                at = _instant(each, "archivedAt")
                if at is None or at >= border:
                    # It may have swallowed others since the last read: nobody else tells what became of those.
                    gone += [*_merged(each, at), Tombstone(RemoteId(str(each["id"])), Reason.ARCHIVED, at=at)]
            after = _onward(here.at, found.after)
            here = replace(here, at=after) if after else _rested(here, here.start)
            yield Page(tombstones=gone, cursor=places.dump(here))
            if not after:
                return

    def _by_id(self, bounds: list[Json], last: str, names: Sequence[str]) -> Iterator[tuple[Found, str]]:
        while True:
            above = {"propertyName": "hs_object_id", "operator": "GT", "value": last or "0"}
            found = self.api.search(self.kind, [*bounds, above], names, self.page_size)
            highest = max((_number(each) for each in found.records), default=int(last or 0))
            if found.after and highest <= int(last or 0):
                raise ContractError(f"the search for {self.kind} does not move past id {last or 0}")
            last = str(highest)
            yield found, last
            if not found.after:
                return

    def _changed(self, operator: str, moment: int) -> Json:
        return {"propertyName": self.modified, "operator": operator, "value": str(max(moment, 0))}

    def _page(self, found: Sequence[Json], here: Place, *, complete: bool = False, told: bool = False) -> Page:
        """``told``: the records have come with their associations."""
        ids = [str(each["id"]) for each in found if each.get("id")]
        linked = {
            to: self.api.told(self.kind, to, found) if told else self.api.linked(self.kind, to, ids)
            for to in self.links
            if found
        }
        records, errors, gone = dict[str, RawRecord](), list[RecordError](), list[Tombstone]()
        for each in found:
            try:
                record = _record(each, {to: known.get(str(each.get("id")), ()) for to, known in linked.items()})
            except RecordError as error:
                errors.append(error)
                continue
            records[record.remote_id] = record
            gone += _merged(each, record.changed_at)
        return Page(list(records.values()), gone, places.dump(here), complete, errors=errors)

    def _known(self) -> dict[str, Property]:
        return properties(self.kind, self.api.properties(self.kind))

    def _names(self) -> list[str]:
        return list(dict.fromkeys([*self._known(), *self.extra, *self._merge_names]))

    @property
    def _merge_names(self) -> tuple[str, ...]:
        return MERGED if self.kind == "contacts" else MERGED[:1]


def _rested(here: Place, swept: int) -> Place:
    return Place(REST, since=here.start, swept=swept)


def _record(found: Json, linked: Mapping[str, Sequence[str]]) -> RawRecord:
    """The record as given, without the properties that are null: nothing is said by listing what is empty."""
    identity = found.get("id")
    if not isinstance(identity, str) or not isinstance(found.get("properties"), Mapping):
        raise RecordError("a record without an id or without properties", remote_id=str(identity or ""))
    changed = _instant(found, "updatedAt")
    if changed is None:
        raise RecordError("a record without a readable updatedAt", remote_id=identity)
    body: dict[str, Any] = dict(found)
    body["properties"] = {name: value for name, value in found["properties"].items() if value is not None}
    if linked:
        # In one order whichever way they came, or a record would seem to change between two reads.
        body["associations"] = {to: sorted(ids, key=lambda each: (len(each), each)) for to, ids in linked.items()}
    return RawRecord(RemoteId(identity), body, changed_at=changed)


def _merged(found: Json, at: datetime | None) -> Iterator[Tombstone]:
    """Tombstones of the ids that became this record. A merge makes a new id (vendor changelog), older ones kept one."""
    values, into = found.get("properties") or {}, str(found["id"])
    seen = {into}
    for name in MERGED:
        for each in str(values.get(name) or "").split(";"):
            identity = each.partition(":")[0].strip()
            if identity and identity not in seen:
                seen.add(identity)
                yield Tombstone(RemoteId(identity), Reason.MERGED, merged_into=RemoteId(into), at=at)


def _instant(found: Json, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(found[name]))
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(found: Json) -> int:
    identity = str(found.get("id"))
    return int(identity) if identity.isascii() and identity.isdigit() else 0


def _onward(before: str, after: str) -> str:
    if after and after == before:
        raise ContractError("the listing does not move on: the same cursor came twice")
    return after


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _span(length: timedelta) -> int:
    return int(length.total_seconds() * 1000)
