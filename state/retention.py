"""What is kept no longer: bodies of raw records, ended runs with their logs, resolved dead letters, events.

A body that has expired leaves its record, its entities and all that was made of them as they are. Each pass works in
short transactions, so that nobody waits for it, and under a lease, so that it is done once.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, delete, exists, func, select, update

from state.batches import among
from state.database import Database
from state.leases import Lease
from state.runs import RunStatus
from state.sizes import body_bytes
from state.tables import dead_letter, event, raw_record, run, run_log, slice_

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Expired:
    """So many rows, and the bytes that they took where that is known."""

    rows: int = 0
    bytes: int = 0

    def __add__(self, other: Expired) -> Expired:
        return Expired(self.rows + other.rows, self.bytes + other.bytes)


def _old_bodies(connection_id: str, stream: str, before: str) -> ColumnElement[bool]:
    """Bodies stored before then, but for those of records that wait in the dead letters: people look at them."""
    mine = select(slice_.c.id).where(slice_.c.connection_id == connection_id, slice_.c.stream == stream)
    waits = exists().where(
        dead_letter.c.state == "open",
        dead_letter.c.direction == "in",
        dead_letter.c.connection_id == connection_id,
        dead_letter.c.stream == stream,
        dead_letter.c.remote_id == raw_record.c.remote_id,
    )
    return and_(
        raw_record.c.slice_id.in_(mine), raw_record.c.body.is_not(None), raw_record.c.observed_at < before, ~waits
    )


def expiring(c: Connection, connection_id: str, stream: str, before: str) -> Expired:
    """What ``expire_bodies`` would let go."""
    size = func.coalesce(func.sum(body_bytes(c)), 0)
    found = c.execute(select(func.count(), size).where(_old_bodies(connection_id, stream, before))).one()
    return Expired(int(found[0]), int(found[1]))


def expire_bodies(db: Database, lease: Lease, connection_id: str, stream: str, before: str) -> Expired:
    """Lets go of the bodies of a stream that were stored before then."""
    old = _old_bodies(connection_id, stream, before)
    done, last = Expired(), -1
    while True:
        with db.read() as c:
            query = select(raw_record.c.id, body_bytes(c)).where(old, raw_record.c.id > last)
            rows = c.execute(query.order_by(raw_record.c.id).limit(BATCH)).all()
        if not rows:
            return done
        last = rows[-1][0]
        with db.write(lease) as c:
            # Once more: a record that was read again meanwhile keeps its new body.
            gone = update(raw_record).where(among(raw_record.c.id, "ids"), raw_record.c.observed_at < bindparam("old"))
            c.execute(gone.values(body=None), {"ids": [row[0] for row in rows], "old": before})
        done += Expired(len(rows), sum(row[1] for row in rows))


def prune_runs(db: Database, lease: Lease, before: str) -> int:
    """Forgets runs that began before then, with their logs; of each stream the last run of each kind stays, since the
    status goes by it."""
    last = select(func.max(run.c.id)).group_by(run.c.kind, run.c.connection_id, run.c.stream)
    heads = select(run.c.part_of).where(run.c.id.in_(last), run.c.part_of.is_not(None))
    old = select(run.c.id).where(
        run.c.started_at < before,
        run.c.status != RunStatus.RUNNING.value,
        run.c.id.not_in(last),
        run.c.id.not_in(heads),
    )
    return _prune(db, lease, run, old, also=run_log.c.run_id)


def prune_letters(db: Database, lease: Lease, before: str) -> int:
    """Forgets dead letters that were resolved, and last heard of before then."""
    old = select(dead_letter.c.id).where(dead_letter.c.state != "open", dead_letter.c.last_at < before)
    return _prune(db, lease, dead_letter, old)


def prune_events(db: Database, lease: Lease, before: str) -> int:
    """Forgets what happened before then."""
    return _prune(db, lease, event, select(event.c.id).where(event.c.at < before))


def _prune(
    db: Database, lease: Lease, table: Table, old: Select[tuple[int]], also: ColumnElement[int] | None = None
) -> int:
    done = 0
    while True:
        with db.read() as c:
            ids = [row[0] for row in c.execute(old.limit(BATCH))]
        if not ids:
            return done
        with db.write(lease) as c:
            if also is not None:
                c.execute(delete(run_log).where(among(also, "ids")), {"ids": ids})
            c.execute(delete(table).where(among(table.c.id, "ids")), {"ids": ids})
        done += len(ids)
