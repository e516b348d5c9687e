"""Remap: stored records mapped again under other rules, without asking the vendor for what is stored.

The marks of values (since when they are held) are history and stay as they are: rules that change, and change back,
leave every record as it was (docs/adr/0026-schema-drift.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from mapping.contract import RawRecord
from mapping.errors import RecordError
from state import dead_letters, records, shadows
from state.database import Connection, Database
from state.dead_letters import Letter, Letters, Place
from state.leases import Lease
from state.records import EntityRow, RawRow, StoredEntity, StoredRaw
from sync.page import Failure, Reading, Rows, admitted, encode, entity_rows, parse, retraction
from sync.storing import Counts

UNDER_WAY = ""
"""The version of a slice whose records are just being mapped again."""

SIZE = 500
Fetch = Callable[[Sequence[str]], Sequence[RawRecord]]
"""Records by their ids, from the vendor."""
EXPIRED = (
    "{count:,} stored records have no body any more and stay as other rules mapped them, until they are read again: "
    "concord sync NAME --stream {stream} --full"
)


@dataclass(slots=True)
class Batch:
    """Some stored records of a slice, and what the rules make of them now.

    ``letters`` are the reasons of those of which a dead letter is open; ``expired`` the ids of those whose bodies are
    no longer kept, and that other rules mapped.
    """

    raws: Sequence[StoredRaw]
    before: Mapping[int, Mapping[str, StoredEntity]]
    rows: Rows
    letters: Mapping[str, str]
    now: str
    expired: Sequence[str] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        """Those that fail for another reason than before, or for the first time."""
        return [one for one in self.rows.failures if self.letters.get(one.remote_id) != one.reason]

    @property
    def healed(self) -> list[str]:
        """The records whose dead letters can be closed."""
        return [one for one in self.rows.healed if one in self.letters]


@dataclass(frozen=True, slots=True)
class Slicewise:
    """One slice as it is mapped again. ``since`` is a stamp; ``only`` names records; ``fetch`` gives expired bodies."""

    db: Database
    connection_id: str
    reading: Reading
    slice_id: int
    since: str = ""
    only: Sequence[str] | None = None
    fetch: Fetch | None = None

    @property
    def place(self) -> Place:
        """Where its dead letters lie."""
        with self.db.read() as c:
            return Place(Letters.IN, self.connection_id, self.reading.stream.name, records.slice_key(c, self.slice_id))

    def batches(self) -> Iterator[Batch]:
        """What mapping again would change, batch by batch. Writes nothing."""
        place = self.place
        for raws in self._raws():
            with self.db.read() as c:
                before = records.load_entities(c, [one.id for one in raws])
                ids = [one.remote_id for one in raws]
                target = self.reading.stream.target
                held = shadows.by_remote(c, self.connection_id, target, ids) if target else {}
                letters = dead_letters.open_reasons(c, place, ids)
            whole, expired = self._whole(raws, before)
            now = self.db.stamp()
            rows = _remapped(self.reading, whole, before, held, now)
            yield Batch(raws, before, rows, letters, now, expired)

    def write(self, lease: Lease, batch: Batch, place: Place) -> None:
        """Stores what a batch changes; nothing where nothing does.

        A record that was stored anew since the batch was read is left out: it was mapped when it was.
        """
        rows, failures, healed = batch.rows, batch.failures, batch.healed
        if not (rows.raws or rows.entities or failures or healed):
            return
        ids = {one.remote_id: one.id for one in batch.raws}
        with self.db.write(lease) as c:
            now = records.load_raws(c, self.slice_id, ids)
            same = {one.remote_id for one in batch.raws if _is_as_read(one, now.get(one.remote_id))}
            if raws := [one for one in rows.raws if one.remote_id in same]:
                records.write_raws(self.db, c, self.slice_id, 0, batch.now, raws)
            records.write_entities(self.db, c, [one for one in rows.entities if one.remote_id in same], ids)
            failed = [one for one in failures if one.remote_id in same]
            self._letters(c, place, failed, [one for one in healed if one in same])

    def _letters(self, c: Connection, place: Place, failures: Sequence[Failure], healed: Sequence[str]) -> None:
        dead_letters.put(c, self.db, place, [Letter(one.remote_id, one.reason, one.body) for one in failures])
        dead_letters.resolve(c, place, healed)

    def _raws(self) -> Iterator[list[StoredRaw]]:
        if self.only is None:
            yield from records.iter_bodies(self.db, self.slice_id, SIZE, self.since)
            return
        for start in range(0, len(self.only), SIZE):
            with self.db.read() as c:
                found = records.load_raws(c, self.slice_id, self.only[start : start + SIZE], body=True)
            yield [one for one in found.values() if one.state == "live"]

    def _whole(
        self, raws: Sequence[StoredRaw], before: Mapping[int, Mapping[str, StoredEntity]]
    ) -> tuple[list[StoredRaw], list[str]]:
        """The records that have their bodies, fetched or not, and the ids of those that have not. Of records that these
        very rules mapped already nothing has to be fetched."""
        gone = [
            one
            for one in raws
            if one.body is None and (self.only is not None or self._is_of_other_rules(before.get(one.id, {})))
        ]
        whole = [one for one in raws if one.body is not None]
        if not gone or self.fetch is None:
            return whole, [one.remote_id for one in gone]
        fetched = {str(one.remote_id): one for one in self.fetch([one.remote_id for one in gone])}
        for one in gone:
            if one.remote_id in fetched:
                whole.append(replace(one, body=encode(fetched[one.remote_id].body)[0]))
        return whole, [one.remote_id for one in gone if one.remote_id not in fetched]

    def _is_of_other_rules(self, entities: Mapping[str, StoredEntity]) -> bool:
        return any(each.rules != self.reading.version for each in entities.values() if each.live)


def _is_as_read(read: StoredRaw, now: StoredRaw | None) -> bool:
    return now is not None and (now.hash, now.state, now.changed_at) == (read.hash, read.state, read.changed_at)


def remap(db: Database, lease: Lease, connection_id: str, reading: Reading, slice_id: int, version: str) -> Counts:
    """Maps the stored records of a slice again after its rules changed. Returns how many records changed and failed.

    The marks of values (since when, and for unchanged ones whether they are echoes) stay. A record that no longer maps
    becomes a dead letter and keeps the entities it had, as one does whose body is no longer kept; one that may no
    longer be stored is forgotten.

    While it goes on the slice has no version: a backfill's partition, which works under a lease of its own, then waits,
    lest it writes what the old rules say behind this one's back.
    """
    counts = Counts()
    with db.write(lease) as c:
        records.set_rules(c, slice_id, UNDER_WAY)
    again(Slicewise(db, connection_id, reading, slice_id), lease, counts)
    with db.write(lease) as c:
        records.set_rules(c, slice_id, version)
        records.read_again(c, slice_id)
    return counts


def again(work: Slicewise, lease: Lease, counts: Counts, told: Callable[[int], None] = lambda done: None) -> None:
    """Maps records of a slice again and adds to the counts; ``told`` hears how many were looked at in all."""
    place, expired = work.place, 0
    for batch in work.batches():
        work.write(lease, batch, place)
        counts.read += len(batch.raws)
        counts.changed += len({row.remote_id for row in batch.rows.entities})
        counts.dead += len(batch.rows.failures)
        counts.dropped += batch.rows.dropped
        expired += len(batch.expired)
        told(counts.read)
    if expired:
        counts.notes.append(EXPIRED.format(count=expired, stream=work.reading.stream.name))


def _remapped(
    reading: Reading,
    batch: Sequence[StoredRaw],
    before: Mapping[int, Mapping[str, StoredEntity]],
    held: Mapping[str, shadows.Shadow],
    now: str,
) -> Rows:
    rows = Rows()
    for raw in batch:
        text = raw.body or "{}"
        body = parse(text)
        try:
            entities = reading.entities(body)
        except RecordError as error:
            rows.failures.append(Failure(raw.remote_id, str(error), text))
            continue
        rows.healed.append(raw.remote_id)
        old = before.get(raw.id, {})
        if not admitted(reading, entities, held.get(raw.remote_id)):
            rows.dropped += 1
            gone = RawRow(raw.id, raw.remote_id, "out_of_scope", None, raw.hash, raw.version, raw.changed_at, None)
            rows.raws.append(gone)
            rows.entities.extend(retraction(reading, one, raw.remote_id, now) for one in old.values() if one.live)
            continue
        made = entity_rows(reading, body, raw.remote_id, entities, old, held.get(raw.remote_id), raw.changed_at, now)
        rows.entities.extend(_as_old(row, raw, old) for row in made)
    return rows


def _as_old(row: EntityRow, raw: StoredRaw, old: Mapping[str, StoredEntity]) -> EntityRow:
    """The entity with its values as old as they were: rules change no moment, neither forth nor back.

    A part that is new has the vendor's time of its record, or where there is none the newest mark of the other parts.
    """
    known = old.get(row.part)
    if known is not None:
        return row._replace(since=orjson.dumps(known.since).decode())
    moment = raw.changed_at or max((max(one.since.values()) for one in old.values()), default="")
    return row._replace(since=orjson.dumps({"*": moment}).decode())
