"""Reads a calendar or an address book as a stream: in full, by sync tokens, by name.

A cursor is ``since`` (the token that is read from), ``until`` (the token to go on from once the members that changed
have been fetched), ``after`` (the last name fetched, in order of names) and whether an enumeration is under way. A
report is asked again to resume in its middle: what it says anew of names before ``after`` is said again from ``until``
on, so nothing is lost and no list of names has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import orjson

from connectors.core.dav import Changes, Dav
from connectors.core.dav_discovery import Collection, Discovery
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import CursorExpiredError, GoneError, RecordError, TransientError

IDS_PAGE = 1_000
T = TypeVar("T")

Shape = Callable[[str], Mapping[str, Any] | None]
"""The text of one member to a record's body; None where it holds nothing of the stream. Raises RecordError."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading stands (see the module). ``whole``: an enumeration is under way. ``more``: the server has cut the
    report short, so another follows. ``listed``: the server knows no sync tokens; ``tag`` is then the collection's mark
    as it was when the listing began.
    """

    since: str = ""
    until: str = ""
    after: str = ""
    whole: bool = False
    more: bool = False
    listed: bool = False
    tag: str = ""

    def cursor(self) -> Cursor:
        """The place as text."""
        said = {name: value for name, value in asdict(self).items() if value}
        return Cursor(orjson.dumps(said).decode())

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        """The place of a cursor, the beginning without one. Raises CursorExpiredError for what is none of ours."""
        if cursor is None:
            return cls(whole=True)
        try:
            return cls(**orjson.loads(cursor))
        except (orjson.JSONDecodeError, TypeError):
            raise CursorExpiredError("the cursor is not one of this version") from None


class CollectionReader:
    """The collections of an account as slices, their members as records.

    A slice's key is the collection's path, a record's id the last segment of its path, both encoded as ``canonical``
    does; its version is the ETag. ``choose`` says which collections are read.
    """

    def __init__(
        self,
        dav: Dav,
        shape: Shape,
        page_size: int,
        choose: Callable[[Sequence[Collection]], Sequence[Collection]] = lambda found: found,
    ) -> None:
        self._dav, self._shape, self._page_size, self._choose = dav, shape, page_size, choose
        self._discovery = Discovery(dav)
        self._synced_paths: frozenset[str] = frozenset()

    def slices(self) -> Sequence[Slice]:
        """The collections that are read."""
        found = self._choose(self._discovery.collections())
        self._synced_paths = frozenset(one.path for one in found if one.syncs)
        return [Slice(one.path, one.name) for one in found]

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """What changed since the cursor. Raises CursorExpiredError where the server knows its token no more.

        A server without sync-collection is enumerated anew whenever the collection's tag is another, or there is none.
        """
        place = Place.of(cursor)
        try:
            # Asked anew of a server without tokens: the tag must be older than the listing, but no older than need be.
            collection = None if slice_.key in self._synced_paths else self._discovery.collection(slice_.key)
            if collection is not None and not collection.syncs:
                yield from self._enumerated(slice_, place, collection)
                return
            if place.listed:
                raise CursorExpiredError(f"{slice_.key}: the server has sync tokens now")
            yield from self._synced(slice_, place)
        except GoneError as error:
            # Its records wait for the sweep that finds the slice missing: that it is gone is no word on each of them.
            raise TransientError(f"{slice_.key} is gone since it was listed: {error}") from None

    def _synced(self, slice_: Slice, place: Place) -> Iterator[Page]:
        while True:
            changes = self._dav.sync(slice_.key, place.since)
            if not place.until:
                place = replace(place, until=changes.token, more=changes.more)
            etags = {**dict.fromkeys(changes.removed), **changes.changed}
            left = sorted(name for name in etags if name > place.after)
            pages = _runs(left, self._page_size) or [()]
            for page in pages[:-1]:
                place = replace(place, after=page[-1])
                yield self._page(slice_, page, changes, place)
            following = Place(since=place.until, whole=place.whole and place.more)
            yield self._page(slice_, pages[-1], changes, following, complete=place.whole and not place.more)
            if not place.more:
                return
            place = replace(following, whole=place.whole)

    def _enumerated(self, slice_: Slice, place: Place, collection: Collection) -> Iterator[Page]:
        begins = not place.whole
        if begins and place.tag and place.tag == collection.tag:
            yield Page(cursor=place.cursor())
            return
        if begins or not place.after:
            place = Place(whole=True, listed=True, tag=collection.tag)
        etags = self._dav.listing(slice_.key)
        changes = Changes(etags, frozenset(), "", more=False)
        pages = _runs(sorted(name for name in etags if name > place.after), self._page_size) or [()]
        for page in pages[:-1]:
            place = replace(place, after=page[-1])
            yield replace(self._page(slice_, page, changes, place), begins=begins)
            begins = False
        last = self._page(slice_, pages[-1], changes, Place(listed=True, tag=place.tag), complete=True)
        yield replace(last, begins=begins)

    def _page(
        self, slice_: Slice, names: Sequence[str], changes: Changes, place: Place, *, complete: bool = False
    ) -> Page:
        """The records of some names, and tombstones for those that are gone, or no longer hold what is read.

        Raises TransientError where the server has none of all that it has just listed.
        """
        there = [name for name in names if name not in changes.removed]
        fetched = self._dav.fetch(slice_.key, there)
        if len(there) > 1 and len(fetched.gone) == len(there):
            # One may go between the two requests. All of them are no deletions, which no guard would weigh here.
            raise TransientError(f"{slice_.key}: the server lists {len(there)} members and then has none of them")
        records, errors, empty = self._records(slice_, fetched.resources.values(), fetched.errors)
        gone = [name for name in names if name in changes.removed or name in fetched.gone]
        return Page(
            records=records,
            tombstones=[
                *(Tombstone(RemoteId(name), Reason.DELETED, slice_.key) for name in gone),
                *(Tombstone(RemoteId(name), Reason.OUT_OF_SCOPE, slice_.key) for name in empty),
            ],
            cursor=place.cursor(),
            complete=complete,
            errors=errors,
        )

    def _records(
        self, slice_: Slice, resources: Iterable[Any], errors: Iterable[RecordError]
    ) -> tuple[list[RawRecord], list[RecordError], list[str]]:
        records: list[RawRecord] = []
        failed, empty = list(errors), []
        for one in resources:
            try:
                body = self._shape(one.data)
            except RecordError as error:
                failed.append(RecordError(str(error), remote_id=one.name))
                continue
            if body is None:
                empty.append(one.name)
            else:
                records.append(RawRecord(RemoteId(one.name), body, slice_.key, version=one.etag or None))
        return records, failed, empty

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records of ids that are there and can be read."""
        found: list[RawRecord] = []
        for names in _runs(list(dict.fromkeys(ids)), self._page_size):
            found += self._records(slice_, self._dav.fetch(slice_.key, names).resources.values(), ())[0]
        return found

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """Every member's id."""
        yield from self.enumerate(self._dav.listing(slice_.key))

    def enumerate(self, names: Iterable[str]) -> Iterator[Sequence[RemoteId]]:
        """The names as ids, so many at a time."""
        yield from _runs([RemoteId(name) for name in sorted(names)], IDS_PAGE)

    def some(self, slice_: Slice, names: Iterable[str], cursor: Cursor | None) -> Iterator[Page]:
        """Pages of the members named, resumed after the cursor's name: a bounded read, which deletes nothing."""
        place = Place.of(cursor) if cursor else Place()
        pages = _runs(sorted(name for name in names if name > place.after), self._page_size) or [()]
        for page in pages:
            place = Place(after=page[-1] if page else place.after)
            fetched = self._dav.fetch(slice_.key, page)
            records, errors, _ = self._records(slice_, fetched.resources.values(), fetched.errors)
            yield Page(records, cursor=place.cursor(), errors=errors)


def _runs(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
