"""Schemas: the fields that each stream was met with, what happened to them, and which of them wait for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from mapping.contract import SchemaField
from mapping.drift import PENDING, Drift, KnownField, State
from state.database import insert_or_update
from state.tables import drift_event, stream_schema

KEY = ("connection_id", "stream", "field")
_VALUES = ("type", "was", "state", "shape", "used_by", "met", "looked", "first_at", "last_at")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened to one field of a stream."""

    id: int
    at: str
    connection_id: str
    stream: str
    drift: Drift


def load(c: Connection, connection_id: str, stream: str) -> dict[str, KnownField]:
    """The fields of a stream by name; empty where it was never looked at."""
    where = (stream_schema.c.connection_id == connection_id) & (stream_schema.c.stream == stream)
    rows = c.execute(select(stream_schema).where(where).order_by(stream_schema.c.field)).mappings()
    return {row["field"]: _field(row) for row in rows}


def unsettled(c: Connection, connection_id: str, stream: str) -> dict[str, KnownField]:
    """The fields of a stream that are not simply known: what a reading has to hold back or keep."""
    where = (
        (stream_schema.c.connection_id == connection_id)
        & (stream_schema.c.stream == stream)
        & (stream_schema.c.state != State.KNOWN.value)
    )
    rows = c.execute(select(stream_schema).where(where).order_by(stream_schema.c.field)).mappings()
    return {row["field"]: _field(row) for row in rows}


def streams(c: Connection, connection_id: str) -> list[str]:
    """The streams of a connection whose fields are known."""
    statement = select(stream_schema.c.stream).distinct().where(stream_schema.c.connection_id == connection_id)
    return sorted(c.execute(statement).scalars())


def save(c: Connection, connection_id: str, stream: str, fields: Iterable[KnownField]) -> None:
    """Keeps these fields as they are now; in the transaction of what is told of them."""
    rows = [_row(connection_id, stream, one) for one in fields]
    insert_or_update(c, stream_schema, rows, KEY, _VALUES)


def met_again(c: Connection, connection_id: str, stream: str, before: str, now: str) -> None:
    """The fields that are still there were last met now, unless that was noted since ``before``."""
    where = (
        (stream_schema.c.connection_id == connection_id)
        & (stream_schema.c.stream == stream)
        & stream_schema.c.shape.is_not(None)
        & stream_schema.c.state.not_in([State.VANISHED.value, State.DROPPED.value])
        & (stream_schema.c.last_at < before)
    )
    c.execute(update(stream_schema).where(where).values(last_at=now))


def note(c: Connection, connection_id: str, stream: str, drifts: Sequence[Drift], now: str) -> None:
    """Keeps what happened to fields of a stream."""
    rows = [
        {
            "at": now, "connection_id": connection_id, "stream": stream, "field": one.field, "kind": one.kind.value,
            "before": one.before[:20], "after": one.after[:20], "detail": one.detail[:200],
        }
        for one in drifts
    ]  # fmt: skip
    if rows:
        c.execute(insert(drift_event), rows)


def events(
    c: Connection, connection_id: str | None = None, stream: str | None = None, limit: int = 50
) -> list[EventRow]:
    """What happened to fields, the newest first."""
    query = select(drift_event).order_by(drift_event.c.id.desc()).limit(limit)
    if connection_id is not None:
        query = query.where(drift_event.c.connection_id == connection_id)
    if stream is not None:
        query = query.where(drift_event.c.stream == stream)
    return [
        EventRow(
            row["id"], row["at"], row["connection_id"], row["stream"],
            Drift(row["field"], row["kind"], row["before"], row["after"], row["detail"]),
        )
        for row in c.execute(query).mappings()
    ]  # fmt: skip


def pending(c: Connection) -> Mapping[tuple[str, str], Mapping[State, int]]:
    """How many fields of each (connection id, stream) wait for a person, by how they stand."""
    statement = (
        select(stream_schema.c.connection_id, stream_schema.c.stream, stream_schema.c.state, func.count())
        .where(stream_schema.c.state.in_([state.value for state in PENDING]))
        .group_by(stream_schema.c.connection_id, stream_schema.c.stream, stream_schema.c.state)
        .order_by(stream_schema.c.connection_id, stream_schema.c.stream)
    )
    found: dict[tuple[str, str], dict[State, int]] = {}
    for connection_id, stream, state, count in c.execute(statement):
        found.setdefault((connection_id, stream), {})[State(state)] = count
    return found


def _row(connection_id: str, stream: str, one: KnownField) -> dict[str, Any]:
    return {
        "connection_id": connection_id, "stream": stream, "field": one.name, "type": one.type[:20], "was": one.was[:20],
        "state": one.state.value, "shape": json.dumps(asdict(one.shape)) if one.shape else None,
        "used_by": one.used_by, "met": one.met,
        "looked": one.looked, "first_at": one.first_at, "last_at": one.last_at,
    }  # fmt: skip


def _field(row: RowMapping) -> KnownField:
    shape = json.loads(row["shape"]) if row["shape"] else None
    return KnownField(
        name=row["field"],
        type=row["type"],
        was=row["was"],
        state=State(row["state"]),
        shape=SchemaField(**{**shape, "options": tuple(shape["options"])}) if shape else None,
        used_by=row["used_by"],
        met=row["met"],
        looked=row["looked"],
        first_at=row["first_at"],
        last_at=row["last_at"],
    )
