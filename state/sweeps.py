"""Sweeps: when each stream was last swept, which records a generation did not meet, and what is known a slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from state.database import Database, insert_or_update
from state.tables import cursor, raw_record, sighting, slice_, sweep


@dataclass(frozen=True, slots=True)
class LastSweep:
    """When a stream's last sweep began, however it ended, and when the last one that was completed ended."""

    tried_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSlice:
    """A slice that was read before, and how many live records it has."""

    id: int
    key: str
    live: int


def last(c: Connection, connection_id: str, stream: str) -> LastSweep:
    """The stream's last sweep; without times when there was none."""
    where = (sweep.c.connection_id == connection_id) & (sweep.c.stream == stream)
    row = c.execute(select(sweep.c.tried_at, sweep.c.completed_at).where(where)).one_or_none()
    return LastSweep(*row) if row else LastSweep()


def note_tried(c: Connection, connection_id: str, stream: str, at: str) -> None:
    """A sweep of the stream begins."""
    row = {"connection_id": connection_id, "stream": stream, "tried_at": at}
    insert_or_update(c, sweep, [row], ["connection_id", "stream"], ["tried_at"])


def note_completed(c: Connection, connection_id: str, stream: str, at: str) -> None:
    """A sweep of the stream has been completed."""
    row = {"connection_id": connection_id, "stream": stream, "completed_at": at}
    insert_or_update(c, sweep, [row], ["connection_id", "stream"], ["completed_at"])


def enumerated_at(c: Connection, connection_id: str, stream: str) -> str | None:
    """When the oldest of the full readings began that the slices of a stream go by; None while none was completed."""
    statement = (
        select(func.min(cursor.c.began_at))
        .join(slice_, slice_.c.id == cursor.c.slice_id)
        .where(
            slice_.c.connection_id == connection_id,
            slice_.c.stream == stream,
            cursor.c.value.is_not(None),
            cursor.c.enumerating.is_(False),
        )
    )
    return c.execute(statement).scalar()


def known_slices(c: Connection, connection_id: str, stream: str) -> list[KnownSlice]:
    """The slices of a stream that were ever read."""
    live = func.count(raw_record.c.id)
    statement = (
        select(slice_.c.id, slice_.c.key, live)
        .outerjoin(raw_record, (raw_record.c.slice_id == slice_.c.id) & (raw_record.c.state == "live"))
        .where(slice_.c.connection_id == connection_id, slice_.c.stream == stream)
        .group_by(slice_.c.id, slice_.c.key)
        .order_by(slice_.c.id)
    )
    return [KnownSlice(*row) for row in c.execute(statement)]


def holding(c: Connection, connection_id: str) -> list[str]:
    """The streams of a connection that have live records."""
    statement = (
        select(slice_.c.stream)
        .where(
            slice_.c.connection_id == connection_id,
            exists().where(raw_record.c.slice_id == slice_.c.id, raw_record.c.state == "live"),
        )
        .distinct()
        .order_by(slice_.c.stream)
    )
    return list(c.execute(statement).scalars())


def count_lost(c: Connection, slice_id: int, generation: int, began: str) -> int:
    """How many live records of a slice a sweep did not meet. One that was stored since it ``began`` is none of them."""
    statement = select(func.count()).select_from(_WITH_SIGHTING).where(*_lost(slice_id, generation, began))
    return int(c.execute(statement).scalar_one())


def lost(c: Connection, slice_id: int, generation: int, began: str, limit: int) -> list[str]:
    """Remote ids of the first of them."""
    statement = (
        select(raw_record.c.remote_id)
        .select_from(_WITH_SIGHTING)
        .where(*_lost(slice_id, generation, began))
        .order_by(raw_record.c.id)
        .limit(limit)
    )
    return list(c.execute(statement).scalars())


def live(c: Connection, slice_id: int, limit: int) -> list[str]:
    """Remote ids of the first live records of a slice."""
    where = (raw_record.c.slice_id == slice_id) & (raw_record.c.state == "live")
    return list(c.execute(select(raw_record.c.remote_id).where(where).order_by(raw_record.c.id).limit(limit)).scalars())


def iter_live(db: Database, slice_id: int, size: int = 5_000) -> Iterator[Sequence[tuple[int, str]]]:
    """(row id, remote id) of the live records of a slice, in batches."""
    after = -1
    while True:
        statement = (
            select(raw_record.c.id, raw_record.c.remote_id)
            .where(raw_record.c.slice_id == slice_id, raw_record.c.state == "live", raw_record.c.id > after)
            .order_by(raw_record.c.id)
            .limit(size)
        )
        with db.read() as c:
            rows = [(int(row[0]), str(row[1])) for row in c.execute(statement)]
        if not rows:
            return
        yield rows
        after = rows[-1][0]


_WITH_SIGHTING = raw_record.outerjoin(sighting, sighting.c.raw_id == raw_record.c.id)


def _lost(slice_id: int, generation: int, began: str) -> tuple[ColumnElement[bool], ...]:
    return (
        raw_record.c.slice_id == slice_id,
        raw_record.c.state == "live",
        raw_record.c.generation < generation,
        raw_record.c.observed_at < began,
        or_(sighting.c.generation.is_(None), sighting.c.generation < generation),
    )
