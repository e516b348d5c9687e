"""Remap: stored records mapped again under other rules, without asking the vendor for anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mapping.errors import RecordError
from state import dead_letters, records, shadows
from state.database import Database
from state.dead_letters import Letter, Letters
from state.leases import Lease
from state.records import RawRow, StoredEntity, StoredRaw
from state.runlog import note
from sync.page import Failure, Reading, Rows, admitted, entity_rows, parse, retraction
from sync.pull import Counts


def remap(db: Database, lease: Lease, connection_id: str, reading: Reading, slice_id: int, version: str) -> Counts:
    """Maps the stored records of a slice again after its rules changed. Returns how many records changed and failed.

    The marks of unchanged values (since when, echo) stay. A record that no longer maps becomes a dead letter and keeps
    the entities it had; one that may no longer be kept is forgotten.
    """
    counts = Counts()
    with db.read() as c:
        place = dead_letters.Place(Letters.IN, connection_id, reading.stream.name, records.slice_key(c, slice_id))
    for batch in records.iter_bodies(db, slice_id):
        now = db.stamp()
        with db.read() as c:
            before = records.load_entities(c, [one.id for one in batch])
            target = reading.stream.target
            held = shadows.by_remote(c, connection_id, target, [one.remote_id for one in batch]) if target else {}
        rows = _remapped(reading, batch, before, held, now)
        with db.write(lease) as c:
            if rows.raws:
                records.write_raws(db, c, slice_id, 0, now, rows.raws)
            records.write_entities(db, c, rows.entities, {one.remote_id: one.id for one in batch})
            dead_letters.put(c, db, place, [Letter(one.remote_id, one.reason, one.body) for one in rows.failures])
            dead_letters.resolve(c, place, rows.healed)
        counts.changed += len({row.remote_id for row in rows.entities})
        counts.dead += len(rows.failures)
        counts.dropped += rows.dropped
    with db.write(lease) as c:
        records.set_rules(c, slice_id, version)
        records.read_again(c, slice_id)
    with db.read() as c:
        bare = records.expired(c, slice_id)
    if bare:
        counts.notes.append(
            f"{bare:,} stored records have no body any more and keep what the rules before made of them, until they are"
            f" read again: concord sync NAME --stream {reading.stream.name} --full"
        )
        note("records without a body could not be mapped again", level="warning", slice=slice_id, records=bare)
    return counts


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
        # Without a vendor's time, the rules change no earlier moment: what they now make of an old record is as old.
        moment = raw.changed_at or max((max(one.since.values()) for one in old.values()), default="")
        shown = held.get(raw.remote_id)
        rows.entities.extend(entity_rows(reading, body, raw.remote_id, entities, old, shown, moment, now))
    return rows
