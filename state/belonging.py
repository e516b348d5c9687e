"""Who belongs to which customer, read as a stream: the whole partition at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from mapping.model import PROFILES
from state.tables import entity, membership, raw_record, slice_

AT_ONCE = 5_000
"""Rows that are held at a time."""

_KINDS = [str(kind) for kind in PROFILES]


class Placed(NamedTuple):
    """One live profile. ``customer_id`` is None where it belongs to no customer."""

    connection_id: str
    stream: str
    slice: str
    remote_id: str
    part: str
    kind: str
    entity_id: int
    customer_id: str | None


_PLACED = (
    select(
        slice_.c.connection_id, slice_.c.stream, slice_.c.key, raw_record.c.remote_id, entity.c.part, entity.c.kind,
        entity.c.id, membership.c.customer_id,
    )
    .select_from(entity)
    .join(raw_record, raw_record.c.id == entity.c.raw_id)
    .join(slice_, slice_.c.id == raw_record.c.slice_id)
    .outerjoin(membership, membership.c.entity_id == entity.c.id)
    .where(entity.c.kind.in_(_KINDS), entity.c.live)
    .execution_options(yield_per=AT_ONCE)
)  # fmt: skip


def placed(c: Connection) -> Iterator[Placed]:
    """Every live profile, in no particular order."""
    for row in c.execute(_PLACED):
        yield Placed._make(row)


def streams(c: Connection) -> set[tuple[str, str]]:
    """The streams of which anything was ever read, as (connection, stream)."""
    statement = select(slice_.c.connection_id, slice_.c.stream).distinct()
    return {(row[0], row[1]) for row in c.execute(statement)}


def everybody(c: Connection) -> dict[int, str]:
    """Every entity that belongs to a customer, with the customer; equal ids are one text in memory."""
    once: dict[str, str] = {}
    statement = select(membership.c.entity_id, membership.c.customer_id).execution_options(yield_per=AT_ONCE)
    return {row[0]: once.setdefault(row[1], row[1]) for row in c.execute(statement)}
