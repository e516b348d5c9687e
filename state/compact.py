"""Making a database smaller: bodies packed, and the room that nothing uses given back to the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from sqlalchemy import bindparam, func, select, update

from mapping.errors import TransientError
from state import bodies
from state.database import Database
from state.failures import named
from state.leases import Lease
from state.sizes import occupied
from state.tables import raw_record, slice_

BATCH = 500
SAMPLE = 300
WORTH = 160
"""Bytes of a body below which packing saves next to nothing."""


def pack_bodies(
    db: Database, lease: Lease, connection_id: str, stream: str, before: str, done: Callable[[int], None]
) -> tuple[int, int]:
    """Packs the bodies of a stream that were stored before then; returns how many, and the bytes that saved.

    Does nothing on PostgreSQL. A body that is stored anew meanwhile stays as it is.
    """
    if db.file is None:
        return 0, 0
    mine = select(slice_.c.id).where(slice_.c.connection_id == connection_id, slice_.c.stream == stream)
    plain = select(raw_record.c.id, raw_record.c.hash, raw_record.c.body).where(
        raw_record.c.slice_id.in_(mine),
        raw_record.c.observed_at < before,
        func.typeof(raw_record.c.body) == "text",
        func.length(raw_record.c.body) >= WORTH,
    )
    words = _words(db, lease, connection_id, stream, before)
    packed = saved = 0
    last = -1
    while words is not None:
        with db.read() as c:
            rows = c.execute(plain.where(raw_record.c.id > last).order_by(raw_record.c.id).limit(BATCH)).all()
        if not rows:
            break
        last = rows[-1][0]
        small = [(row[0], row[1], bodies.pack(row[2], words), len(row[2].encode())) for row in rows]
        changes = [{"b_id": id_, "b_hash": hash_, "packed": one} for id_, hash_, one, size in small if len(one) < size]
        if changes:
            with db.write(lease) as c:
                c.execute(_PACK, changes)
        packed += len(changes)
        saved += sum(size - len(one) for _, _, one, size in small if len(one) < size)
        done(packed)
    return packed, saved


_PACK = (
    update(raw_record)
    .where(
        raw_record.c.id == bindparam("b_id"),
        raw_record.c.hash == bindparam("b_hash"),
        func.typeof(raw_record.c.body) == "text",
    )
    .values(body=bindparam("packed"))
)


def _words(db: Database, lease: Lease, connection_id: str, stream: str, before: str) -> bytes | None:
    """The words to pack with: those of before, while they still hold most of the fields; None where nothing waits."""
    mine = select(slice_.c.id).where(slice_.c.connection_id == connection_id, slice_.c.stream == stream)
    sample = select(raw_record.c.body).where(
        raw_record.c.slice_id.in_(mine),
        raw_record.c.observed_at < before,
        func.typeof(raw_record.c.body) == "text",
        func.length(raw_record.c.body) >= WORTH,
    )
    with db.read() as c:
        found = list(c.execute(sample.order_by(raw_record.c.id.desc()).limit(SAMPLE)).scalars())
        known = bodies.known_words(c, connection_id, stream)
    if not found:
        return None
    fresh = bodies.words_for(found)
    fields = set(fresh.split(b","))
    for words in known:
        if len(fields & set(words.split(b","))) >= 0.9 * len(fields):
            return words
    with db.write(lease) as c:
        bodies.keep_words(c, connection_id, stream, fresh)
    return fresh


def compact(db: Database) -> None:
    """Gives the room that nothing uses back to the disk, and lets a server count its rows anew for its planner.

    Nobody can write to an SQLite file meanwhile. Raises TransientError where the disk has no room for a second one. Its
    planner is left as it is: it goes by what the tables declare, and statistics would change its ways unasked.
    """
    if db.file is None:
        db.vacuum()
        return
    before = occupied(db)
    needed = before.bytes - before.free
    if before.disk is not None and before.disk < needed:
        raise TransientError(
            f"The disk has {before.disk / 1e6:,.0f} MB free, and to write the database anew {needed / 1e6:,.0f} MB are"
            " needed; what has expired is gone, and its room is used for what comes."
        )
    try:
        with closing(sqlite3.connect(db.file, timeout=30, isolation_level=None)) as driver:
            driver.execute("PRAGMA busy_timeout = 30000")
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise named(error, db.place) from None
