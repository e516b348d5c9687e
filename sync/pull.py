"""Pull: from a vendor's pages to raw records and entities, one transaction a page, the cursor in it.

The algorithm for one slice, under its lease:

1. Read pages from the stored cursor. Without one (the first time, ``full``, or after the vendor forgot it), or where
   the connector says so (``Page.begins``), the read is an *enumeration* and gets a new generation number, stored with
   its first page so that it survives a restart.
2. For each page: look up what is stored of its records (in a slice's first reading they are taken for new ones, see
   sync/storing.py), compute every row outside any transaction, then write them and the cursor in one short transaction
   that checks the lease's fence.
3. On the page that completes an enumeration, records of the slice that this generation did not meet are retracted in
   the same transaction, unless too many would go: then the page is not stored and the stream stops (GuardError), or the
   vendor forgets records by their age (Deletes.EXPIRY): then they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from mapping.contract import Cursor, Deletes, Page, Reason, RemoteId, Slice, Tombstone
from mapping.errors import CursorExpiredError, GuardError
from state import cursors, dead_letters, records
from state.cursors import Place
from state.database import Connection, Database
from state.leases import Lease
from state.runlog import note
from sync.page import Known, Reading, Rows
from sync.retract import guard
from sync.storing import Counts, PageStore, Ready

ADVICE = "If that is right, run concord sync again with --allow-deletes."


@dataclass(frozen=True, slots=True)
class SlicePull:
    """One slice to pull. ``max_vanished`` is the share of known records that one enumeration may retract unasked;
    ``advice`` says how a person allows more."""

    db: Database
    lease: Lease
    connection_id: str
    reading: Reading
    slice: Slice
    slice_id: int
    counts: Counts
    progress: Callable[[int], None]
    full: bool = False
    since: date | None = None
    max_vanished: float = 0.5
    allow_deletes: bool = False
    advice: str = ADVICE

    def run(self) -> None:
        """Reads until the vendor has no more. Whatever is raised, every page stored before it stays stored."""
        with self.db.read() as c:
            place = cursors.load(c, self.slice_id)
        if self.full:
            place = replace(place, value=None, enumerating=False)
        place = self._begin(place)
        self._page_store.look_around(first=place.enumerating and place.generation == 1)
        try:
            self._read(place)
        except GuardError:
            self._forget_enumeration()
            raise
        except CursorExpiredError as expired:
            self.counts.notes.append(f"the vendor forgot our place, so everything was read again ({expired})")
            note("the vendor forgot our place, so everything is read again", level="warning", reason=str(expired))
            with self.db.read() as c:
                place = cursors.load(c, self.slice_id)
            self._read(self._begin(replace(place, value=None, enumerating=False)))

    def take(self, page: Page) -> None:
        """Stores records that were asked for by their ids. The slice's place stays where it is."""
        with self.db.read() as c:
            place = cursors.load(c, self.slice_id)
        self._page_store.look_around()
        self._store(page, place)

    def _forget_enumeration(self) -> None:
        """What an enumeration that was refused has met says nothing of the source as it will be: the next one begins
        at the beginning."""
        with self.db.read() as c:
            place = cursors.load(c, self.slice_id)
        if place.enumerating:
            with self.db.write(self.lease) as c:
                cursors.store(c, self.slice_id, replace(place, value=None, enumerating=False), self.db.stamp())

    def _begin(self, place: Place) -> Place:
        return self._enumerate(place) if place.value is None and not place.enumerating else place

    def _enumerate(self, place: Place) -> Place:
        return replace(place, generation=place.generation + 1, enumerating=True, began_at=self.db.stamp())

    def _read(self, place: Place) -> None:
        for page in self._pages(place.value):
            place = self._store(page, place)
            self.counts.pages += 1
            self.progress(self.counts.read)

    def _pages(self, cursor: str | None) -> Iterator[Page]:
        return self.reading.stream.read(self.slice, Cursor(cursor) if cursor is not None else None)

    def _store(self, page: Page, place: Place) -> Place:
        """One page, whole or not at all. Returns the place after it."""
        if page.begins:
            place = self._enumerate(place)
        after = replace(
            place,
            value=page.cursor if page.cursor is not None else place.value,
            enumerating=place.enumerating and not page.complete,
            pages=place.pages + 1,
        )
        self._page_store.insist(page, self._recent, lambda ready: self._write(ready, page, place, after))
        return after

    def _recent(self, page: Page, known: Known) -> Page:
        """Without the records from before ``since``; those that are stored, as by a backfill, stay and are kept up."""
        since = self.since
        if since is None:
            return page
        kept = [
            one
            for one in page.records
            if one.changed_at is None
            or one.changed_at.date() >= since
            or (one.remote_id in known.raws and known.raws[one.remote_id].state == "live")
        ]
        return replace(page, records=kept)

    def _write(self, ready: Ready, page: Page, place: Place, after: Place) -> int:
        """Writes what the page says and the place after it; nothing where neither says anything. Returns how many
        records are gone."""
        rows, now, store = ready.rows, ready.now, self._page_store
        rows.dropped += ready.left_out
        if not self._says_something(rows, page, place, after):
            return 0
        with self.db.write(self.lease) as c:
            store.hold(c, ready)
            store.write(c, ready, place.generation)
            if place.enumerating and rows.seen:
                records.write_sightings(c, self.slice_id, place.generation, rows.seen)
            gone = store.retraction.apply(c, rows.gone, now)
            if place.enumerating and page.complete:
                gone += self._reconcile(c, place.generation, now)
                dead_letters.resolve_unrepeated(c, store.place, self.slice_id, place.began_at or now)
            cursors.store(c, self.slice_id, after, now)
        return gone

    @staticmethod
    def _says_something(rows: Rows, page: Page, before: Place, after: Place) -> bool:
        if rows.raws or rows.failures or rows.gone or page.complete:
            return True
        return (before.value, before.enumerating) != (after.value, after.enumerating) or before.enumerating

    @property
    def _page_store(self) -> PageStore:
        return PageStore(self.db, self.connection_id, self.reading, self.slice, self.slice_id, self.counts)

    def _reconcile(self, c: Connection, generation: int, now: str) -> int:
        """Retracts what a complete enumeration did not meet. Raises GuardError when too much would go.

        Nothing of a stream whose vendor forgets records by their age: there a full reading tells what is left.
        """
        if self.reading.stream.deletes is Deletes.EXPIRY:
            return 0
        lost = records.unseen(c, self.slice_id, generation)
        if not lost:
            return 0
        known = records.count_known(c, self.slice_id, generation)
        guard(len(lost), known, self.max_vanished, self.advice, allowed=self.allow_deletes)
        return self._page_store.retraction.apply(
            c, [Tombstone(RemoteId(one), Reason.OUT_OF_SCOPE) for one in lost], now
        )
