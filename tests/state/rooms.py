"""Rows that several tests of the repositories need: a slice with records, and entities of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from state import records
from state.database import Database
from state.records import EntityRow, RawRow

NOW = "2026-11-23T12:00:00.000000Z"
LATER = "2026-11-23T13:00:00.000000Z"


def raw(remote_id: str, *, id: int | None = None, state: str = "live", body: str | None = "{}") -> RawRow:
    """A raw record to write."""
    return RawRow(id, remote_id, state, None, "hash", "1", NOW, body)


def entity(remote_id: str, *, id: int | None = None, part: str = "person", **fields: Any) -> EntityRow:
    """An entity to write."""
    known: dict[str, Any] = {
        "kind": "person", "founding": True, "live": True, "fact_key": None, "name_key": None, "alias": None,
        "values": "{}", "since": '{"*":""}', "echo": "[]", "rules": "r1",
    }  # fmt: skip
    return EntityRow(id=id, remote_id=remote_id, part=part, **{**known, **fields})


def fill(db: Database, *rows: EntityRow, connection: str = "shop", stream: str = "people", key: str = "") -> list[int]:
    """Writes entities with their raw records; returns their ids in the order given."""
    number = records.slice_id(db, connection, stream, key)
    with db.write() as c:
        remote_ids = list(dict.fromkeys(row.remote_id for row in rows))
        raw_ids = records.write_raws(db, c, number, 1, NOW, [raw(one) for one in remote_ids])
        records.write_entities(db, c, rows, raw_ids)
        stored = records.load_entities(c, raw_ids.values())
    return [stored[raw_ids[row.remote_id]][row.part].id for row in rows]


def text(values: Mapping[str, Any]) -> str:
    """JSON text."""
    return orjson.dumps(values).decode()
