"""How common values are: the snapshot that pairs are scored by, taken in flat memory, and the models they are scored
with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, select, update

from mapping.comparison import load
from mapping.identity import EMAIL, PHONE, Identifier
from mapping.model import Kind
from mapping.scoring import KNOWN, Model, default, shipped
from mapping.scoring import load as load_model
from mapping.statistics import Count, Snapshot, counted, distinct
from state.batches import Prepared, among, insert_rows
from state.database import Database
from state.leases import Lease
from state.records import chunks
from state.tables import comparison, scoring_model, statistics, value_count

GROWN = 1.25
"""A snapshot is taken anew once there are so many times as many records as it was taken from."""
READ, PART = 2000, 5000
"""Comparisons read at once, and counts written in one transaction."""
NAMED = (EMAIL, PHONE)


class Standing(NamedTuple):
    """The snapshot of one kind of profile. ``version`` is empty where there is none; ``held``: comparisons now."""

    kind: str
    version: str
    records: int
    held: int

    @property
    def due(self) -> bool:
        """Whether it has to be taken, for the first time or anew."""
        return self.held > 0 and (not self.version or self.held >= self.records * GROWN)


class Taken(NamedTuple):
    """A snapshot just counted. Equal counts have equal versions."""

    kind: str
    version: str
    records: int


def standing(c: Connection) -> dict[str, Standing]:
    """The snapshots by kind of profile."""
    rows = c.execute(select(statistics.c.kind, statistics.c.version, statistics.c.records, statistics.c.held))
    return {row[0]: Standing(*row) for row in rows}


_HELD = update(statistics).where(statistics.c.kind == bindparam("k")).values(held=statistics.c.held + bindparam("more"))


def grow(c: Connection, more: Iterable[tuple[str, int]]) -> None:
    """So many more comparisons are held of a kind."""
    rows = [{"k": kind, "more": count} for kind, count in more if count]
    if rows:
        c.execute(_HELD, rows)


def digest(kind: str, value: str) -> int:
    """The number by which a value is counted."""
    return int.from_bytes(blake2b(f"{kind} {value}".encode(), digest_size=8).digest(), "big", signed=True)


_COUNTED = Prepared(
    select(value_count.c.digest, value_count.c.records, value_count.c.names).where(
        value_count.c.kind == bindparam("kind"), among(value_count.c.digest, "digests")
    )
)


def counts(c: Connection, kind: str, values: Iterable[Identifier]) -> dict[Identifier, Count]:
    """How common these values are among profiles of a kind; those that one record holds are left out."""
    found: dict[Identifier, Count] = {}
    for some in chunks(values):
        digests = {digest(*value): value for value in some}
        for row in _COUNTED.rows(c, {"kind": kind, "digests": list(digests)}):
            found[digests[row[0]]] = Count(row[1], row[2])
    return found


def snapshot(c: Connection, kind: str, values: Iterable[Identifier]) -> Snapshot:
    """The snapshot in force, as far as it tells of these values."""
    found = standing(c).get(kind)
    return Snapshot(counts(c, kind, values), found.records if found else 0)


def take(db: Database, lease: Lease, kind: str) -> Taken:
    """Counts what is common among a kind of profile. It is in force once it was ``settle``d; until then there is no
    snapshot.

    Counting goes through a database of digests that SQLite keeps in a file without a name where it outgrows its cache,
    so that memory stays flat and a process that is killed leaves nothing behind.
    """
    tally = sqlite3.connect("", isolation_level=None)
    try:
        records = _tally(db, kind, tally)
        with db.write(lease) as c:
            c.execute(update(statistics).where(statistics.c.kind == kind).values(version=""))
        _clear(db, lease, kind)
        # Equal counts of so many records that it is known how rare a name is score otherwise than those of fewer.
        seal = blake2b(b"known" if records >= KNOWN else b"", digest_size=8)
        for rows in _common(tally):
            seal.update(orjson.dumps(rows))
            with db.write(lease) as c:
                insert_rows(c, value_count, ("kind", "digest", "records", "names"), [(kind, *row) for row in rows])
    finally:
        tally.close()
    return Taken(kind, seal.hexdigest(), records)


def settle(c: Connection, taken: Taken, at: str) -> None:
    """From now on pairs are scored by this snapshot."""
    _, version, records = taken
    values = {"version": version, "at": at, "records": records, "held": records}
    c.execute(update(statistics).where(statistics.c.kind == taken.kind).values(values))


def _tally(db: Database, kind: str, tally: sqlite3.Connection) -> int:
    """Every value of every comparison, with the name that it is held under, into the file; returns how many there
    are."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000", "temp_store = FILE"):
        tally.execute(f"PRAGMA {pragma}")
    tally.execute("CREATE TABLE held (digest INTEGER NOT NULL, name INTEGER)")
    records = 0
    for bodies in _bodies(db, kind):
        rows: list[tuple[int, int | None]] = []
        for body in bodies:
            one = load(orjson.loads(body))
            name = distinct(one)
            mark = digest("name", name) if name else None
            rows.extend((digest(*value), mark if value[0] in NAMED else None) for value in counted(one))
        tally.execute("BEGIN")
        tally.executemany("INSERT INTO held VALUES (?, ?)", rows)
        tally.execute("COMMIT")
        records += len(bodies)
    return records


def _bodies(db: Database, kind: str) -> Iterator[list[str]]:
    statement = (
        select(comparison.c.entity_id, comparison.c.body)
        .where(comparison.c.entity_id > bindparam("after"), comparison.c.kind == kind)
        .order_by(comparison.c.entity_id)
        .limit(READ)
    )
    after = 0
    while True:
        with db.read() as c:
            rows = c.execute(statement, {"after": after}).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [row[1] for row in rows]


def _common(tally: sqlite3.Connection) -> Iterator[list[tuple[int, int, int]]]:
    """The values that several records hold, in the order of their digests, with how many, and under how many names."""
    rows = tally.execute(
        "SELECT digest, count(*), max(1, count(DISTINCT name)) FROM held"
        " GROUP BY digest HAVING count(*) > 1 ORDER BY digest"
    )
    while some := rows.fetchmany(PART):
        yield some


def _clear(db: Database, lease: Lease, kind: str) -> None:
    """Drops the counts of the snapshot before, a part at a time."""
    some = select(value_count.c.digest).where(value_count.c.kind == kind).order_by(value_count.c.digest).limit(PART)
    while True:
        with db.write(lease) as c:
            digests: Sequence[int] = c.execute(some).scalars().all()
            if not digests:
                return
            statement = delete(value_count).where(value_count.c.kind == kind, value_count.c.digest <= digests[-1])
            c.execute(statement)


def model(c: Connection, kind: str) -> Model:
    """The model in force for a kind of profile, or the one that ships.

    Of that one the row says only that a hub went back to it: its weights are always those of this version of Concord.
    """
    statement = (
        select(scoring_model.c.version, scoring_model.c.body)
        .where(scoring_model.c.kind == kind)
        .order_by(scoring_model.c.at.desc(), scoring_model.c.version.desc())
        .limit(1)
    )
    found = c.execute(statement).first()
    if found is None:
        return default(Kind(kind))
    ships = shipped(Kind(kind))
    return ships if found.version == ships.version else load_model(found.body)
