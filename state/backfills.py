"""Backfills: the ledger of what was asked for, which partitions it was cut into, and how far each has been read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from state.batches import Prepared
from state.database import Database
from state.tables import backfill, partition

BATCH = 1000


class BackfillState(StrEnum):
    """Where a backfill stands. RUNNING without a process that holds its lease: that process has died."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (BackfillState.PLANNED, BackfillState.RUNNING, BackfillState.PAUSED)
"""The states that a backfill may go on from by itself; from FAILED it goes on as well, once somebody has looked."""


class PartitionState(StrEnum):
    """Where a partition stands. SPLIT: others took its place."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """One backfill as asked for, from ``since`` (with it) to ``until`` (without it). Times are stamps.

    ``again_at``: when it may go on, where a budget or the vendor said so. ``worked_ms``: how long it was worked on.
    """

    id: int
    connection_id: str
    since: str
    until: str
    every: str
    workers: int
    state: BackfillState
    message: str
    created_at: str
    started_at: str | None
    ended_at: str | None
    again_at: str | None
    worked_ms: int


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: what lies in [since, until) of a slice; without both, the whole slice. ``counts`` are what its
    reading came to so far, by name."""

    stream: str
    slice_id: int
    since: str | None
    until: str | None
    id: int = 0
    state: PartitionState = PartitionState.WAITING
    cursor: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    tries: int = 0
    error: str = ""


def create(
    c: Connection, connection_id: str, since: str, until: str, every: str, workers: int, parts: Iterator[Part], now: str
) -> int:
    """The id of a new backfill with its partitions, none of which was begun."""
    values = {
        "connection_id": connection_id, "since": since, "until": until, "every": every, "workers": workers,
        "state": BackfillState.PLANNED.value, "created_at": now, "worked_ms": 0,
    }  # fmt: skip
    number = int(c.execute(insert(backfill).returning(backfill.c.id), values).scalar_one())
    add(c, number, parts, now)
    return number


def add(c: Connection, number: int, parts: Iterator[Part], now: str) -> None:
    """Adds partitions that wait to be read, in this order."""
    rows: list[dict[str, Any]] = []
    for one in parts:
        rows.append({
            "backfill_id": number, "stream": one.stream, "slice_id": one.slice_id, "since": one.since,
            "until": one.until, "state": PartitionState.WAITING.value, "counts": {}, "tries": 0, "updated_at": now,
        })  # fmt: skip
        if len(rows) == BATCH:
            c.execute(insert(partition), rows)
            rows = []
    if rows:
        c.execute(insert(partition), rows)


def find(c: Connection, number: int) -> BackfillRow | None:
    """The backfill of that number."""
    row = c.execute(select(backfill).where(backfill.c.id == number)).mappings().one_or_none()
    return _backfill(row) if row else None


def recent(c: Connection, limit: int) -> list[BackfillRow]:
    """The newest first."""
    rows = c.execute(select(backfill).order_by(backfill.c.id.desc()).limit(limit)).mappings()
    return [_backfill(row) for row in rows]


def unfinished(c: Connection) -> list[BackfillRow]:
    """Those that somebody has to do something about, or is at."""
    states = [*(one.value for one in OPEN), BackfillState.FAILED.value]
    rows = c.execute(select(backfill).where(backfill.c.state.in_(states)).order_by(backfill.c.id)).mappings()
    return [_backfill(row) for row in rows]


_STATE = Prepared(select(backfill.c.state).where(backfill.c.id == bindparam("number")))


def state(c: Connection, number: int) -> BackfillState:
    """Where it stands now, whoever had the last word."""
    return BackfillState(_STATE.rows(c, {"number": number})[0][0])


def begin(c: Connection, number: int, now: str) -> None:
    """It is worked on from now: what had failed waits once more, what a dead process was at goes on."""
    values = {"state": BackfillState.RUNNING.value, "ended_at": None, "again_at": None, "message": None}
    started = func.coalesce(backfill.c.started_at, now)
    c.execute(update(backfill).where(backfill.c.id == number).values(**values, started_at=started))
    stopped = partition.c.state.in_([PartitionState.RUNNING.value, PartitionState.FAILED.value])
    fresh = {"state": PartitionState.WAITING.value, "tries": 0, "error": None, "fence": None}
    c.execute(update(partition).where(partition.c.backfill_id == number, stopped).values(**fresh))


def end(
    c: Connection, number: int, found: BackfillState, message: str, now: str, worked_ms: int, again_at: str | None
) -> None:
    """Nobody works on it any more. What a person said meanwhile (paused, cancelled) stays so."""
    where = (backfill.c.id == number) & (backfill.c.state == BackfillState.RUNNING.value)
    c.execute(update(backfill).where(where).values(state=found.value))
    worked = backfill.c.worked_ms + worked_ms
    values = {"message": message, "ended_at": now, "worked_ms": worked, "again_at": again_at}
    c.execute(update(backfill).where(backfill.c.id == number).values(**values))
    back = (partition.c.backfill_id == number) & (partition.c.state == PartitionState.RUNNING.value)
    c.execute(update(partition).where(back).values(state=PartitionState.WAITING.value, fence=None))


def move(c: Connection, number: int, to: BackfillState, among: Sequence[BackfillState]) -> bool:
    """Lets a backfill in one of these states be in another; False when it is in none of them."""
    where = (backfill.c.id == number) & backfill.c.state.in_([one.value for one in among])
    return c.execute(update(backfill).where(where).values(state=to.value)).rowcount == 1


def claim(c: Connection, number: int, fence: int, now: str) -> Part | None:
    """The next partition that waits, marked as running under this fence."""
    where = (partition.c.backfill_id == number) & (partition.c.state == PartitionState.WAITING.value)
    row = c.execute(select(partition).where(where).order_by(partition.c.id).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    _set(c, row["id"], now, state=PartitionState.RUNNING.value, fence=fence)
    return _part(row)


_KEEP = (
    update(partition)
    .where(partition.c.id == bindparam("b_id"))
    .values(cursor=bindparam("b_cursor"), counts=bindparam("b_counts"), updated_at=bindparam("b_now"))
)


def keep_place(c: Connection, id: int, cursor: str | None, counts: Mapping[str, int], now: str) -> None:
    """How far a partition has been read; in the transaction of the page."""
    c.execute(_KEEP, {"b_id": id, "b_cursor": cursor, "b_counts": dict(counts), "b_now": now})


def forget_place(c: Connection, id: int, now: str) -> None:
    """Lets a partition be read from its beginning: the vendor has forgotten the place."""
    _set(c, id, now, cursor=None)


def finish(c: Connection, id: int, found: PartitionState, counts: Mapping[str, int], now: str, error: str = "") -> None:
    """How a partition ended."""
    _set(c, id, now, state=found.value, counts=dict(counts), error=error or None, fence=None)


def put_back(c: Connection, id: int, counts: Mapping[str, int], now: str, *, tries: int, error: str = "") -> None:
    """Lets a partition wait again, from the place that it has reached."""
    waiting = PartitionState.WAITING.value
    _set(c, id, now, state=waiting, counts=dict(counts), tries=tries, error=error or None, fence=None)


def counted(c: Connection, number: int) -> dict[str, dict[PartitionState, int]]:
    """How many partitions of each stream are in each state; the streams in the order in which they are read."""
    columns = (partition.c.stream, partition.c.state, func.count())
    statement = (
        select(*columns).where(partition.c.backfill_id == number).group_by(partition.c.stream, partition.c.state)
    )
    found: dict[str, dict[PartitionState, int]] = {}
    for stream, name, count in c.execute(statement.order_by(func.min(partition.c.id))):
        found.setdefault(stream, {})[PartitionState(name)] = int(count)
    return found


def parts(db: Database, number: int, size: int = BATCH) -> Iterator[Part]:
    """The partitions that were begun, or failed, in batches, by their ids."""
    after = -1
    begun = or_(
        partition.c.state != PartitionState.WAITING.value, partition.c.tries > 0, partition.c.cursor.is_not(None)
    )
    while True:
        where = (partition.c.backfill_id == number) & (partition.c.id > after) & begun
        with db.read() as c:
            rows = c.execute(select(partition).where(where).order_by(partition.c.id).limit(size)).mappings().all()
        yield from (_part(row) for row in rows)
        if len(rows) < size:
            return
        after = rows[-1]["id"]


def _set(c: Connection, id: int, now: str, **values: Any) -> None:
    c.execute(update(partition).where(partition.c.id == id).values(**values, updated_at=now))


def _backfill(row: RowMapping) -> BackfillRow:
    known = {name: row[name] for name in BackfillRow.__slots__}
    return BackfillRow(**{**known, "state": BackfillState(row["state"]), "message": row["message"] or ""})


def _part(row: RowMapping) -> Part:
    known = {name: row[name] for name in Part.__slots__}
    return Part(**{**known, "state": PartitionState(row["state"]), "error": row["error"] or ""})
