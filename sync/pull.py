"""Pull: from a vendor's pages to raw records and entities, one transaction a page, the cursor in it.

The algorithm for one slice, under its lease:

1. Read pages from the stored cursor. Without one (the first time, ``full``, or after the vendor forgot it), or where
   the connector says so (``Page.begins``), the read is an *enumeration* and gets a new generation number, stored with
   its first page so that it survives a restart.
2. For each page: look up what is stored of its records, compute every row outside any transaction, then write them and
   the cursor in one short transaction that checks the lease's fence.
3. On the page that completes an enumeration, records of the slice that this generation did not meet are retracted in
   the same transaction, unless too many would go: then the page is not stored and the stream stops (GuardError), or the
   vendor forgets records by their age (Deletes.EXPIRY): then they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from mapping.contract import Coverage, Cursor, Deletes, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import CursorExpiredError, GuardError
from state import cursors, dead_letters, records, shadows
from state.cursors import Place
from state.database import Connection, Database
from state.dead_letters import Letter, Letters
from state.leases import Lease
from state.runlog import note
from sync.page import Failure, Known, Reading, Rows, newest, prepare, whole_bodies
from sync.retract import Retraction, guard

ADVICE = "If that is right, run concord sync again with --allow-deletes."


@dataclass(slots=True)
class Counts:
    """What a pull met, summed over its pages. ``letters``: whether the slice has open dead letters that may heal."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dead: int = 0
    dropped: int = 0
    pages: int = 0
    letters: bool = False
    notes: list[str] = field(default_factory=list)


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
            self.counts.letters = dead_letters.are_open(c, self._place())
        if self.full:
            place = replace(place, value=None, enumerating=False)
        try:
            self._read(self._begin(place))
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
            self.counts.letters = dead_letters.are_open(c, self._place())
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
        for page in self.reading.stream.read(self.slice, Cursor(cursor) if cursor is not None else None):
            if self.since is None:
                yield page
            else:
                kept = [r for r in page.records if r.changed_at is None or r.changed_at.date() >= self.since]
                self.counts.dropped += len(page.records) - len(kept)
                yield replace(page, records=kept)

    def _store(self, page: Page, place: Place) -> Place:
        """One page, whole or not at all. Returns the place after it."""
        now = self.db.stamp()
        if page.begins:
            place = self._enumerate(place)
        records_ = newest(page, self.reading.stream.properties_at)
        known = self._known(page, records_)
        whole = records_
        failures: list[Failure] = []
        if any(record.coverage is Coverage.PATCH for record in records_):
            whole, failures = whole_bodies(self.reading, self.slice, records_, known.raws)
        rows = prepare(self.reading, self.slice, page, whole, known, now)
        rows.failures.extend(failures)
        after = replace(
            place,
            value=page.cursor if page.cursor is not None else place.value,
            enumerating=place.enumerating and not page.complete,
            pages=place.pages + 1,
        )
        if not self._says_something(rows, page, place, after):
            self._count(rows, 0)
            return after
        with self.db.write(self.lease) as c:
            self._write(c, rows, known.shadows, place.generation, now)
            if place.enumerating and rows.seen:
                records.write_sightings(c, self.slice_id, place.generation, rows.seen)
            gone = self._retraction.apply(c, rows.gone, now)
            if place.enumerating and page.complete:
                gone += self._reconcile(c, place.generation, now)
                dead_letters.resolve_unrepeated(c, self._place(), self.slice_id, place.began_at or now)
            cursors.store(c, self.slice_id, after, now)
        self._count(rows, gone)
        return after

    @staticmethod
    def _says_something(rows: Rows, page: Page, before: Place, after: Place) -> bool:
        if rows.raws or rows.failures or rows.gone or page.complete:
            return True
        return (before.value, before.enumerating) != (after.value, after.enumerating) or before.enumerating

    def _known(self, page: Page, found: list[RawRecord]) -> Known:
        patches = any(record.coverage is Coverage.PATCH for record in found)
        named = [r.remote_id for r in found] + [RemoteId(e.remote_id) for e in page.errors if e.remote_id]
        with self.db.read() as c:
            raws = records.load_raws(c, self.slice_id, named, body=patches)
            entities = records.load_entities(c, [raw.id for raw in raws.values()])
            target = self.reading.stream.target
            held = shadows.by_remote(c, self.connection_id, target, [r.remote_id for r in found]) if target else {}
        return Known(raws, entities, held)

    def _write(self, c: Connection, rows: Rows, shown: Mapping[str, shadows.Shadow], generation: int, now: str) -> None:
        ids: dict[str, int] = {}
        if rows.raws:
            ids = records.write_raws(self.db, c, self.slice_id, generation, now, rows.raws)
        records.write_entities(self.db, c, rows.entities, ids)
        place = self._place()
        letters = {one.remote_id: Letter(one.remote_id, one.reason, one.body or None) for one in rows.failures}
        dead_letters.put(c, self.db, place, list(letters.values()))
        self.counts.letters = self.counts.letters or bool(letters)
        if self.counts.letters:
            over = [*rows.healed, *(one.remote_id for one in rows.gone)]
            dead_letters.resolve(c, place, [one for one in over if one not in letters])
        missed = [raw.remote_id for raw in rows.raws if raw.remote_id in shown and shown[raw.remote_id].state != "live"]
        if missed:
            # Read again: a merge may have given them to another customer since the page was prepared.
            for back in shadows.by_remote(c, self.connection_id, self.reading.stream.target, missed).values():
                shadows.save(c, replace(back, state="live", merged_into=None, version=back.version + 1), now)

    @property
    def _retraction(self) -> Retraction:
        return Retraction(self.db, self.connection_id, self.reading, self.slice_id)

    def _place(self) -> dead_letters.Place:
        return dead_letters.Place(Letters.IN, self.connection_id, self.reading.stream.name, self.slice.key)

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
        return self._retraction.apply(c, [Tombstone(RemoteId(one), Reason.OUT_OF_SCOPE) for one in lost], now)

    def _count(self, rows: Rows, gone: int) -> None:
        self.counts.read += rows.read
        self.counts.new += rows.new
        self.counts.changed += rows.changed
        self.counts.unchanged += rows.unchanged
        self.counts.dropped += rows.dropped
        self.counts.dead += len(rows.failures)
        self.counts.gone += gone
