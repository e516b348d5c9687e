"""Reading a world: one keyset feed on (instant, change) behind every stream, in the manner its shape declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.core.protocols import Stream, one_slice
from connectors.memory.api import Api
from connectors.memory.mapping import Shape
from connectors.memory.rows import Grave, Place, Row
from connectors.memory.sandbox import World
from connectors.memory.values import stamp
from mapping.contract import (
    Coverage,
    Cursor,
    Deletes,
    Page,
    RawRecord,
    RemoteId,
    Schema,
    Slice,
    Tombstone,
)
from mapping.errors import CursorExpiredError, RecordError, WindowTooLargeError


@dataclass(frozen=True, slots=True)
class Position:
    """What a cursor says. ``since`` is where this read began: patches and graves are told from there on.

    ``at`` is the last entry given out; change 0 means that the instant itself is still to be read, which is how each
    increment looks back at the entries that share the last instant of the one before.
    """

    epoch: int
    full: bool
    since: str
    at: Place

    def text(self) -> Cursor:
        """The cursor as the engine keeps it."""
        return Cursor(json.dumps([self.epoch, self.full, self.since, *self.at]))


class Reader:
    """The streams of one connection. ``call`` makes one API call at a door, or waits, or raises."""

    def __init__(
        self,
        world: World,
        call: Callable[[str, str], object],
        now: Callable[[], datetime],
        page_size: int,
        lookback: float,
    ) -> None:
        self._world = world
        self._api = Api(world)
        self._call = call
        self._now = now
        self._page_size = page_size
        self._lookback = lookback

    def stream(self, shape: Shape) -> Stream:
        """The stream of that shape."""
        name = shape.name
        return Stream(
            name=name,
            rules=shape.rules,
            read=lambda slice_, cursor: self._read(shape, slice_, cursor),
            describe=lambda: self._describe(name),
            slices=(lambda: self._teams(name)) if shape.sliced else one_slice,
            window=(lambda slice_, start, end, cursor: self._window(shape, slice_, start, end, cursor))
            if shape.windowed
            else None,
            ids=(lambda slice_: self._ids(name, slice_)) if shape.listed else None,
            get=(lambda slice_, ids: self._get(shape, slice_, ids)) if shape.fetched else None,
            parents=shape.parents,
            deletes=shape.deletes,
            target=shape.target,
            properties_at="properties",
        )

    def _describe(self, name: str) -> Schema:
        self._call("describe", name)
        return Schema(self._api.fields(name))

    def _teams(self, name: str) -> Sequence[Slice]:
        self._call("slices", name)
        with self._world.holdings(change=False) as holdings:
            return [Slice(key, title) for key, title in holdings.teams.items()]

    def _read(self, shape: Shape, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        place = self._place(cursor) or Position(self._epoch(), True, stamp(self._world.now()), ("", 0))
        more = True
        while more:
            entries, more = self._entries("read", shape, slice_, place.at)
            if entries:
                place = replace(place, at=_at(entries[-1]))
            told = [entry for entry in entries if self._tells(shape, entry, place)]
            after = place if more else self._rested(place)
            page = self._page(shape, told, None if place.full else place.since, after)
            yield replace(page, complete=place.full and not more)

    def _window(
        self, shape: Shape, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None
    ) -> Iterator[Page]:
        place = self._place(cursor) or Position(self._epoch(), True, stamp(start), (stamp(start), 0))
        cap = self._world.window_cap
        if cap and cursor is None:
            self._call("window", shape.name)
            entries = self._api.feed(shape.name, slice_.key, place.at, cap + 1)
            if len([entry for entry in entries if _at(entry)[0] < stamp(end)]) > cap:
                raise WindowTooLargeError(f"a window gives {cap} entries at most")
        more = True
        while more:
            entries, more = self._entries("window", shape, slice_, place.at)
            inside = [entry for entry in entries if _at(entry)[0] < stamp(end)]
            more = more and len(inside) == len(entries)
            if inside:
                place = replace(place, at=_at(inside[-1]))
            yield self._page(shape, [entry for entry in inside if isinstance(entry, Row)], None, place)

    def _ids(self, name: str, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        ids = self._api.ids(name, slice_.key)
        for start in range(0, len(ids), self._size):
            self._call("ids", name)
            yield ids[start : start + self._size]

    def _get(self, shape: Shape, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        self._call("get", shape.name)
        rows = self._api.rows(shape.name, ids).values()
        dropped = self._api.dropped(shape.name)
        return [
            self._record(shape, row, None, dropped)
            for row in rows
            if row.team == slice_.key and not row.archived and not row.broken
        ]

    @property
    def _size(self) -> int:
        return min(self._page_size, self._world.page_size)

    def _epoch(self) -> int:
        with self._world.holdings(change=False) as holdings:
            return holdings.epoch

    def _place(self, cursor: Cursor | None) -> Position | None:
        if cursor is None:
            return None
        epoch, full, since, instant, change = json.loads(cursor)
        if epoch != self._epoch():
            raise CursorExpiredError
        return Position(epoch, full, since, (instant, change))

    def _rested(self, place: Position) -> Position:
        # The next increment begins at the last instant seen, not after it: an entry may still arrive with the same one.
        watermark = place.at[0]
        if watermark and self._lookback:
            watermark = stamp(datetime.fromisoformat(watermark) - timedelta(seconds=self._lookback))
        return Position(place.epoch, False, watermark, (watermark, 0))

    def _entries(self, door: str, shape: Shape, slice_: Slice, after: Place) -> tuple[Sequence[Row | Grave], bool]:
        self._call(door, shape.name)
        entries = self._api.feed(shape.name, slice_.key, after, self._size + 1)
        return entries[: self._size], len(entries) > self._size

    def _tells(self, shape: Shape, entry: Row | Grave, place: Position) -> bool:
        if isinstance(entry, Row):
            return True
        # A full read says nothing of what was gone before it began: there is nobody who would know the record.
        return shape.deletes is Deletes.NATIVE and not (place.full and entry.at < place.since)

    def _page(self, shape: Shape, entries: Sequence[Row | Grave], since: str | None, after: Position) -> Page:
        rows = [entry for entry in entries if isinstance(entry, Row)]
        dropped = self._api.dropped(shape.name)
        return Page(
            records=[self._record(shape, row, since, dropped) for row in rows if not row.broken],
            tombstones=[_tombstone(entry) for entry in entries if isinstance(entry, Grave)],
            cursor=after.text(),
            errors=[RecordError("the record cannot be parsed", remote_id=row.id) for row in rows if row.broken],
        )

    def _record(self, shape: Shape, row: Row, since: str | None, dropped: frozenset[str]) -> RawRecord:
        # Emptied properties are null in patches and whole bodies alike, so that a patch applied gives the whole.
        whole = names = [name for name in row.touched if name not in dropped]
        if shape.patches and since is not None and row.created_at < since:
            names = [name for name in whole if row.touched[name] >= since]
        body = {
            "id": row.id,
            "account": self._world.account,
            "team": row.team,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "properties": {name: row.values.get(name) for name in names},
            "refs": row.refs,
        }
        return RawRecord(
            remote_id=RemoteId(row.id),
            body=body,
            slice=row.team,
            coverage=Coverage.FULL if len(names) == len(whole) else Coverage.PATCH,
            version=str(row.revision),
            changed_at=datetime.fromisoformat(row.updated_at),
            observed_at=self._now(),
        )


def _at(entry: Row | Grave) -> Place:
    return (entry.at if isinstance(entry, Grave) else entry.updated_at, entry.change)


def _tombstone(grave: Grave) -> Tombstone:
    return Tombstone(
        remote_id=RemoteId(grave.id),
        reason=grave.reason,
        slice=grave.team,
        merged_into=RemoteId(grave.merged_into) if grave.merged_into else None,
        at=datetime.fromisoformat(grave.at),
    )
