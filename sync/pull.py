"""Pull: from a vendor's pages to raw records and entities, one transaction a page, the cursor in it.

The algorithm for one slice, under its lease:

1. Read pages from the stored cursor. Without one (the first time, ``full``, or after the vendor forgot it), or where the
   connector says so (``Page.begins``), the read is an *enumeration* and gets a new generation number, stored with its
   first page so that it survives a restart.
2. For each page: look up what is stored of its records, compute every row outside any transaction, then write them and
   the cursor in one short transaction that checks the lease's fence.
3. On the page that completes an enumeration, records of the slice that this generation did not meet are retracted in the
   same transaction, unless too many would go: then the page is not stored and the stream stops (GuardError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from mapping.contract import Coverage, Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import CursorExpiredError, GuardError, RecordError
from state import cursors, dead_letters, records, shadows
from state.cursors import Place
from state.database import Connection, Database
from state.dead_letters import Letter, Letters
from state.leases import Lease
from state.records import EntityRow, RawRow
from sync.page import Failure, Known, Reading, Rows, entity_rows, newest, parse, prepare, retraction, whole_bodies

STATES = {
    Reason.DELETED: "deleted",
    Reason.ARCHIVED: "archived",
    Reason.MERGED: "merged",
    Reason.OUT_OF_SCOPE: "out_of_scope",
}
SHADOW_STATES = {Reason.ARCHIVED: "archived", Reason.MERGED: "merged_into"}


@dataclass(slots=True)
class Counts:
    """What a pull met, summed over its pages."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dead: int = 0
    dropped: int = 0
    pages: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SlicePull:
    """One slice to pull. ``max_vanished`` is the share of known records that one enumeration may retract unasked."""

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

    def run(self) -> None:
        """Reads until the vendor has no more. Whatever is raised, every page stored before it stays stored."""
        with self.db.read() as c:
            place = cursors.load(c, self.slice_id)
        if self.full:
            place = replace(place, value=None, enumerating=False)
        try:
            self._read(self._begin(place))
        except CursorExpiredError:
            self.counts.notes.append("the vendor forgot our place, so everything was read again")
            with self.db.read() as c:
                place = cursors.load(c, self.slice_id)
            self._read(self._begin(replace(place, value=None, enumerating=False)))

    @staticmethod
    def _begin(place: Place) -> Place:
        if place.value is None and not place.enumerating:
            return replace(place, generation=place.generation + 1, enumerating=True)
        return place

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
        if page.begins and not place.enumerating:
            place = replace(place, generation=place.generation + 1, enumerating=True)
        records_ = newest(page)
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
            self._write(c, rows, place.generation, now)
            if place.enumerating and rows.seen:
                records.write_sightings(c, self.slice_id, place.generation, rows.seen)
            gone = self._retract(c, rows.gone, now)
            if place.enumerating and page.complete:
                gone += self._reconcile(c, place.generation, now)
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
        with self.db.read() as c:
            raws = records.load_raws(c, self.slice_id, [r.remote_id for r in found], body=patches)
            entities = records.load_entities(c, [raw.id for raw in raws.values()])
            target = self.reading.stream.target
            held = shadows.by_remote(c, self.connection_id, target, [r.remote_id for r in found]) if target else {}
        return Known(raws, entities, held)

    def _write(self, c: Connection, rows: Rows, generation: int, now: str) -> None:
        ids: dict[str, int] = {}
        if rows.raws:
            ids = records.write_raws(self.db, c, self.slice_id, generation, now, rows.raws)
        records.write_entities(self.db, c, rows.entities, ids)
        place = dead_letters.Place(Letters.IN, self.connection_id, self.reading.stream.name, self.slice.key)
        letters = {one.remote_id: Letter(one.remote_id, one.reason, one.body or None) for one in rows.failures}
        dead_letters.put(c, self.db, place, list(letters.values()))
        dead_letters.resolve(c, place, [one for one in rows.healed if one not in letters])

    def _reconcile(self, c: Connection, generation: int, now: str) -> int:
        """Retracts what a complete enumeration did not meet. Raises GuardError when too much would go."""
        lost = records.unseen(c, self.slice_id, generation)
        if not lost:
            return 0
        known = records.count_live(c, self.slice_id)
        if not self.allow_deletes and (len(lost) == known or len(lost) > self.max_vanished * known):
            raise GuardError(
                f"{len(lost)} of {known} known records are no longer there; nothing was deleted. "
                "If that is right, run the sync again with --allow-deletes"
            )
        return self._retract(c, [Tombstone(RemoteId(one), Reason.OUT_OF_SCOPE) for one in lost], now)

    def _retract(self, c: Connection, tombstones: list[Tombstone], now: str) -> int:
        """Takes back what the records said, by the vendor's word or a complete enumeration's. Returns how many."""
        if not tombstones:
            return 0
        words = {str(one.remote_id): one for one in tombstones}
        stored = {k: raw for k, raw in records.load_raws(c, self.slice_id, words).items() if raw.state == "live"}
        entities = records.load_entities(c, [raw.id for raw in stored.values()])
        raws: list[RawRow] = []
        retracted: list[EntityRow] = []
        for remote_id, raw in stored.items():
            word = words[remote_id]
            at = raw.changed_at
            raws.append(
                RawRow(raw.id, remote_id, STATES[word.reason], word.merged_into, raw.hash, raw.version, at, None)
            )
            retracted.extend(
                retraction(self.reading, old, remote_id, now) for old in entities.get(raw.id, {}).values() if old.live
            )
        if raws:
            generation = max(raw.generation for raw in stored.values())
            records.write_raws(self.db, c, self.slice_id, generation, now, raws)
            records.write_entities(self.db, c, retracted, {})
        self._move_shadows(c, words, now)
        return len(raws)

    def _move_shadows(self, c: Connection, words: dict[str, Tombstone], now: str) -> None:
        """What a destination no longer holds is no longer believed to be there."""
        target = self.reading.stream.target
        if not target:
            return
        for remote_id, held in shadows.by_remote(c, self.connection_id, target, words).items():
            word = words[remote_id]
            state = SHADOW_STATES.get(word.reason, "gone")
            if held.state != state:
                moved = replace(held, state=state, merged_into=word.merged_into, version=held.version + 1)
                shadows.save(c, moved, now)

    def _count(self, rows: Rows, gone: int) -> None:
        self.counts.read += rows.read
        self.counts.new += rows.new
        self.counts.changed += rows.changed
        self.counts.unchanged += rows.unchanged
        self.counts.dropped += rows.dropped
        self.counts.dead += len(rows.failures)
        self.counts.gone += gone


def remap(db: Database, lease: Lease, connection_id: str, reading: Reading, slice_id: int, version: str) -> int:
    """Maps the stored records of a slice again after its rules changed. Returns how many entities changed.

    The marks of unchanged values (since when, echo) stay. A record that no longer maps becomes a dead letter and keeps
    the entities it had.
    """
    changed = 0
    for batch in records.iter_bodies(db, slice_id):
        now = db.stamp()
        with db.read() as c:
            before = records.load_entities(c, [raw_id for raw_id, _, _, _ in batch])
            target = reading.stream.target
            held = shadows.by_remote(c, connection_id, target, [one[1] for one in batch]) if target else {}
        rows, failures, healed = _remapped(reading, batch, before, held, now)
        with db.write(lease) as c:
            records.write_entities(db, c, rows, {remote_id: raw_id for raw_id, remote_id, _, _ in batch})
            key = records.slice_key(c, slice_id)
            place = dead_letters.Place(Letters.IN, connection_id, reading.stream.name, key)
            dead_letters.put(c, db, place, failures)
            dead_letters.resolve(c, place, healed)
        changed += len(rows)
    with db.write(lease) as c:
        records.set_rules(c, slice_id, version)
    return changed


def _remapped(
    reading: Reading,
    batch: list[tuple[int, str, str, str | None]],
    before: dict[int, dict[str, records.StoredEntity]],
    held: dict[str, shadows.Shadow],
    now: str,
) -> tuple[list[EntityRow], list[Letter], list[str]]:
    rows: list[EntityRow] = []
    failures: list[Letter] = []
    healed: list[str] = []
    for raw_id, remote_id, text, changed_at in batch:
        body = parse(text)
        try:
            entities = [reading.privacy.enrich(entity) for entity in reading.mapper.map(body)]
        except RecordError as error:
            failures.append(Letter(remote_id, str(error), text))
            continue
        healed.append(remote_id)
        old = before.get(raw_id, {})
        rows.extend(entity_rows(reading, body, remote_id, entities, old, held.get(remote_id), changed_at, now))
    return rows, failures, healed
