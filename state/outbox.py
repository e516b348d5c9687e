"""Attempts to write: persisted before they are sent, gone when the destination has answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from state.batches import among
from state.database import insert_or_update
from state.records import chunks
from state.tables import outbox, shadow


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write under way. ``state``: sending (its process may be dead), unknown (the answer was lost), parked."""

    connection_id: str
    object: str
    change_key: str
    subject_kind: str
    subject_key: str
    op: str
    change: Mapping[str, Any]
    plan_hash: str
    state: str = "sending"
    attempts: int = 1
    error: str | None = None
    sent_at: str = ""
    settle_until: str | None = None


_COLUMNS = [
    outbox.c.connection_id, outbox.c.object, outbox.c.change_key, outbox.c.subject_kind, outbox.c.subject_key,
    outbox.c.op, outbox.c.change, outbox.c.plan_hash, outbox.c.state, outbox.c.attempts, outbox.c.error,
    outbox.c.sent_at, outbox.c.settle_until,
]  # fmt: skip


def begin(c: Connection, attempts: Sequence[Attempt]) -> None:
    """Notes that these writes are about to be sent."""
    rows = [
        {column.name: getattr(one, column.name) for column in _COLUMNS if column.name != "change"}
        | {"change": dict(one.change)}
        for one in attempts
    ]
    changed = [column.name for column in _COLUMNS if column.name not in {"connection_id", "object", "change_key"}]
    insert_or_update(c, outbox, rows, ["connection_id", "object", "change_key"], changed)


def end(c: Connection, connection_id: str, object_: str, keys: Iterable[str]) -> None:
    """The destination has answered, or nothing was sent: the attempts are over."""
    for some in chunks(keys):
        where = (
            (outbox.c.connection_id == connection_id)
            & (outbox.c.object == object_)
            & among(outbox.c.change_key, "keys")
        )
        c.execute(delete(outbox).where(where), {"keys": some})


def mark(c: Connection, one: Attempt, state: str, error: str, settle_until: str | None = None) -> None:
    """The answer was lost (``unknown``), or a person must look (``parked``)."""
    where = (
        (outbox.c.connection_id == one.connection_id)
        & (outbox.c.object == one.object)
        & (outbox.c.change_key == one.change_key)
    )
    c.execute(update(outbox).where(where).values(state=state, error=error, settle_until=settle_until))


def is_open(c: Connection, connection_id: str, object_: str) -> bool:
    """Whether any write to an object waits for its answer; those that wait for a person apart."""
    where = (outbox.c.connection_id == connection_id) & (outbox.c.object == object_) & (outbox.c.state != "parked")
    return c.execute(select(outbox.c.id).where(where).limit(1)).first() is not None


def pending(c: Connection, connection_id: str, object_: str = "") -> list[Attempt]:
    """The attempts of one destination that have no answer, oldest first; parked ones too."""
    where = outbox.c.connection_id == connection_id
    if object_:
        where &= outbox.c.object == object_
    return [Attempt(*row) for row in c.execute(select(*_COLUMNS).where(where).order_by(outbox.c.id))]


def counts(c: Connection) -> dict[str, int]:
    """How many attempts stand in each state."""
    return {row[0]: row[1] for row in c.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))}


def held_count(c: Connection, connection_id: str, object_: str) -> int:
    """How many live records of a target we know over there."""
    where = (shadow.c.connection_id == connection_id) & (shadow.c.object == object_) & (shadow.c.state == "live")
    return int(c.execute(select(func.count()).select_from(shadow).where(where)).scalar_one())
