"""The end state of a crash play: as tests/sync/end_state.py has it, for a CRM of the memory vendor, and more tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Table, select

from connectors.memory.rows import Row
from connectors.memory.sandbox import World
from state.bodies import text_of
from state.database import Database
from state.plans import LEFT_FOR
from state.tables import (
    alert,
    backfill,
    connection,
    judgement,
    judgement_member,
    partition,
    plan,
    raw_record,
    review_later,
    schedule,
    scoring_model,
    slice_,
    stream_schema,
    sweep,
    vault,
    waiting_match,
)
from tests.sync.end_state import EndState, State

OURS = frozenset({"id", "created_at", "updated_at", "refs", "account"})


@dataclass(frozen=True)
class _Remote:
    """One record over there, as the end state asks for it."""

    id: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class _Portal:
    """The memory vendor's world, looked at as HubSpot's portal is."""

    world: World

    def live(self, object_: str) -> list[_Remote]:
        return [_Remote(str(id_), dict(row.values)) for id_, row in self._rows(object_) if not row.archived]

    def linked(self, object_: str, id_: str, to: str) -> list[str]:
        rows = {str(one): row for one, row in self._rows(object_)}
        found = [one.split(":") for ids in rows[id_].refs.values() for one in ids]
        return [number for object_name, number in found if object_name == to]

    def _rows(self, object_: str) -> Sequence[tuple[str, Row]]:
        return [(str(id_), row) for id_, row in self.world.records(object_).items()]


class CrashEnd(EndState):
    """Reads both once. The clock of the hubs may be some days ahead of ours."""

    objects = ("people", "companies", "activities", "notes")
    own_id = re.compile(r"memory\.\w+:memory-crash-crm:(\w+):(\d+)")

    def __init__(self, db: Database, crm: World, old_ids: int, began: datetime) -> None:
        super().__init__(db, _Portal(crm), old_ids, began)
        self._window = (self._window[0], (datetime.now(UTC) + timedelta(days=9)).isoformat()[:19])

    def all(self) -> State:
        """Every section by its name. How often a page was stored is left out: a killed hub begins some anew."""
        found = super().all()
        del found["pages"]
        found["dead letters"] = [one for one in found["dead letters"] if one[-1] == "open"]
        slices, swept = self._table(slice_), self._table(sweep)
        return {
            **found, "connections": self._connections(), "judgements": self._judgements(), "jobs": self._jobs(),
            "alerts": sorted((row["kind"], row["connection"]) for row in self._table(alert)),
            "slices": sorted((row["connection_id"], row["stream"], row["key"], row["rules"]) for row in slices),
            "swept": sorted((row["connection_id"], row["stream"], bool(row["completed_at"])) for row in swept),
            "secrets": sorted(row["name"] for row in self._table(vault)),
            "models": sorted((row["kind"], row["version"]) for row in self._table(scoring_model)),
            "put off": len(self._table(review_later)), "backfills": self._backfills(), "fields": self._fields(),
            "waiting to be compared": len(self._table(waiting_match)),
            "plans left": sum(row["state"] == "open" and LEFT_FOR in row["header"] for row in self._table(plan)),
        }  # fmt: skip

    def _table(self, table: Table) -> list[dict[str, Any]]:
        """The rows of a table, bodies as text also where they are packed."""
        if table is not raw_record:
            return super()._table(table)
        with self._db.read() as c:
            rows = [dict(row) for row in c.execute(select(table)).mappings()]
            return [{**row, "body": text_of(c, row["body"])} for row in rows]

    def _plural(self, word: str) -> str:
        return word

    def _value(self, value: Any) -> str:
        """Ids come in the order of the records that they are of, and so of the ids that the CRM happened to give."""
        if isinstance(value, dict) and isinstance(value.get("ids"), list):
            value = {**value, "ids": sorted(self._said(one) for one in value["ids"])}
        return super()._value(value)

    def _body(self, row: Any) -> str:
        body = orjson.loads(row["body"] or "null")
        if self._slices[row["slice_id"]][0] == "crm":
            body = {name: value for name, value in body.items() if name not in OURS}
        return self._value(body)

    def _connections(self) -> list[Any]:
        return sorted((row["id"], row["name"], row["system"], row["paused"]) for row in self._table(connection))

    def _backfills(self) -> list[Any]:
        """Whoever is killed meets the same bad line again, so how often a window was cut says nothing."""
        unread = [row["backfill_id"] for row in self._table(partition) if row["state"] in ("waiting", "running")]
        return sorted((row["id"], row["state"], row["id"] in unread) for row in self._table(backfill))

    def _fields(self) -> list[Any]:
        return sorted(
            (row["connection_id"], row["stream"], row["field"], row["type"], row["was"], row["state"], row["used_by"])
            for row in self._table(stream_schema)
        )

    def _judgements(self) -> list[Any]:
        members = [self._said(f"{row['group_number']} {row['connection_id']}") for row in self._table(judgement_member)]
        return [sorted(bool(row["taken_back_at"]) for row in self._table(judgement)), sorted(members)]

    def _jobs(self) -> list[Any]:
        return sorted(
            (row["job"], row["spec"], row["status"], row["tries"], row["asked_at"]) for row in self._table(schedule)
        )
