"""What people said of who is who, kept by the natural keys of records, so that it outlives every reload and rebuild.

Nothing is ever deleted: what is taken back is marked with its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from state.batches import among, insert_rows
from state.database import insert_or_update
from state.records import chunks
from state.tables import dirty_entity, entity, judgement, judgement_member, raw_record, slice_

Key = tuple[str, ...]
"""(connection, stream, slice, remote id, part)."""


class Member(NamedTuple):
    """One record as a judgement names it, with the customer that it belonged to then."""

    key: Key
    group: int
    customer_id: str


class Named(NamedTuple):
    """One entity that is there now, as a judgement names it. ``holds``: the judgement was not taken back."""

    judgement: int
    group: int
    entity_id: int
    customer_id: str
    holds: bool


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """One judgement."""

    id: int
    at: str
    actor: str
    note: str
    taken_back_at: str | None
    taken_back_by: str | None


_ROW = select(
    judgement.c.id, judgement.c.at, judgement.c.actor, judgement.c.note,
    judgement.c.taken_back_at, judgement.c.taken_back_by,
)  # fmt: skip
_MEMBER = judgement_member.c
_NAMING = (
    select(_MEMBER.judgement_id)
    .distinct()
    .join(
        slice_,
        (slice_.c.connection_id == _MEMBER.connection_id)
        & (slice_.c.stream == _MEMBER.stream)
        & (slice_.c.key == _MEMBER.slice),
    )
    .join(raw_record, (raw_record.c.slice_id == slice_.c.id) & (raw_record.c.remote_id == _MEMBER.remote_id))
    .join(entity, (entity.c.raw_id == raw_record.c.id) & (entity.c.part == _MEMBER.part))
    .where(among(entity.c.id, "ids"))
)
_NAMED = (
    select(
        _MEMBER.judgement_id, _MEMBER.group_number, entity.c.id, _MEMBER.customer_id, judgement.c.taken_back_at
    )
    .join(judgement, judgement.c.id == _MEMBER.judgement_id)
    .join(
        slice_,
        (slice_.c.connection_id == _MEMBER.connection_id)
        & (slice_.c.stream == _MEMBER.stream)
        & (slice_.c.key == _MEMBER.slice),
    )
    .join(raw_record, (raw_record.c.slice_id == slice_.c.id) & (raw_record.c.remote_id == _MEMBER.remote_id))
    .join(entity, (entity.c.raw_id == raw_record.c.id) & (entity.c.part == _MEMBER.part))
    .where(among(_MEMBER.judgement_id, "ids"))
    .order_by(_MEMBER.judgement_id, entity.c.id)
)  # fmt: skip


def exist(c: Connection) -> bool:
    """Whether anybody ever judged anything."""
    return c.execute(select(judgement.c.id).limit(1)).first() is not None


def naming(c: Connection, entity_ids: Iterable[int]) -> set[int]:
    """The judgements that name any of these entities, those that were taken back too."""
    found: set[int] = set()
    for ids in chunks(entity_ids):
        found.update(c.execute(_NAMING, {"ids": ids}).scalars())
    return found


def named(c: Connection, numbers: Iterable[int]) -> list[Named]:
    """The entities that these judgements name and that were ever read."""
    found: list[Named] = []
    for some in chunks(numbers):
        found.extend(Named(*row[:4], row[4] is None) for row in c.execute(_NAMED, {"ids": some}))
    return found


def put(c: Connection, at: str, actor: str, note: str, members: Sequence[Member]) -> int:
    """Keeps a judgement, and returns its number."""
    row = {"at": at, "actor": actor, "note": note}
    number = int(c.execute(insert(judgement).returning(judgement.c.id), row).scalar_one())
    columns = (
        "judgement_id", "connection_id", "stream", "slice", "remote_id", "part", "group_number", "customer_id",
    )  # fmt: skip
    rows = [(number, *one.key, one.group, one.customer_id) for one in members]
    insert_rows(c, judgement_member, columns, rows)
    return number


def take_back(c: Connection, number: int, at: str, actor: str) -> None:
    """Marks a judgement as taken back."""
    c.execute(update(judgement).where(judgement.c.id == number).values(taken_back_at=at, taken_back_by=actor))


def load(c: Connection, numbers: Iterable[int]) -> dict[int, JudgementRow]:
    """Judgements by number."""
    found: dict[int, JudgementRow] = {}
    for some in chunks(numbers):
        for row in c.execute(_ROW.where(among(judgement.c.id, "ids")), {"ids": some}):
            found[row[0]] = JudgementRow(*row)
    return found


def listed(c: Connection, limit: int) -> list[JudgementRow]:
    """The newest judgements, the newest first."""
    return [JudgementRow(*row) for row in c.execute(_ROW.order_by(judgement.c.id.desc()).limit(limit))]


def members(c: Connection, numbers: Iterable[int]) -> dict[int, list[Member]]:
    """Judgement to the records that it names, in the order of their groups and keys."""
    found: dict[int, list[Member]] = {}
    statement = select(
        _MEMBER.judgement_id, _MEMBER.connection_id, _MEMBER.stream, _MEMBER.slice, _MEMBER.remote_id, _MEMBER.part,
        _MEMBER.group_number, _MEMBER.customer_id,
    ).where(among(_MEMBER.judgement_id, "ids"))  # fmt: skip
    for some in chunks(numbers):
        for row in c.execute(statement, {"ids": some}):
            found.setdefault(row[0], []).append(Member(tuple(row[1:6]), row[6], row[7]))
    for many in found.values():
        many.sort(key=lambda one: (one.group, one.key))
    return found


def carry(c: Connection, connection_id: str, stream: str, slice_key: str, merged: Mapping[str, str]) -> None:
    """What was said of records is said of those that they were ``merged`` into over there (remote id to remote id),
    unless something was said of these in the same judgement already; whom it names waits to be resolved again."""
    here = (_MEMBER.connection_id == connection_id) & (_MEMBER.stream == stream) & (_MEMBER.slice == slice_key)
    rows = c.execute(select(judgement_member).where(here, _MEMBER.remote_id.in_([*merged]))).all()
    if not rows:
        return
    numbers = {row.judgement_id for row in rows}
    heirs = [
        {**row._mapping, "remote_id": merged[row.remote_id]}
        for row in sorted(rows, key=lambda row: (row.judgement_id, row.remote_id, row.part))
    ]
    once = {(row["judgement_id"], row["remote_id"], row["part"]): row for row in reversed(heirs)}
    keys = [column.name for column in judgement_member.primary_key.columns]
    insert_or_update(c, judgement_member, list(once.values()), keys)
    queue_again(c, [one.entity_id for one in named(c, numbers)])


def queue_again(c: Connection, entity_ids: Iterable[int]) -> None:
    """Puts entities into the queue of what waits to be resolved."""
    insert_rows(c, dirty_entity, ("entity_id",), [(number,) for number in sorted(set(entity_ids))])
