"""What happened to customers and connections, and who did what: ids only, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from state.database import Database, parse_stamp
from state.tables import audit, event

Ids = Mapping[str, str | int | Sequence[str] | Sequence[int]]
"""A role ("customer", "merged_into") to an id of the hub's own, or several."""

ID = re.compile(r"[A-Za-z0-9_.:-]{1,120}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. ``what`` is the kind of an event or the action of an audit line."""

    id: int
    at: datetime
    actor: str
    what: str
    ids: Mapping[str, Any]


def write_event(c: Connection, db: Database, kind: str, actor: str, ids: Ids) -> None:
    """Records what happened, in the transaction in which it happened.

    Raises ValueError for anything that is not an id of ours: remote ids and fact keys may hold an address, so the row
    ids stand for them.
    """
    c.execute(insert(event), {"at": db.stamp(), "kind": kind, "actor": actor[:80], "ids": _ids(ids)})


def write_audit(c: Connection, db: Database, actor: str, action: str, ids: Ids) -> None:
    """Records what a person or a job did, in the same transaction. Raises ValueError as ``write_event`` does."""
    c.execute(insert(audit), {"at": db.stamp(), "actor": actor[:80], "action": action, "ids": _ids(ids)})


def events(db: Database, *, limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest events first; ``before`` an id, to page on."""
    return _entries(db, event, "kind", limit, before)


def audits(db: Database, *, limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest audit lines first; ``before`` an id, to page on."""
    return _entries(db, audit, "action", limit, before)


def last_audit(db: Database, action: str) -> str:
    """The stamp of the last audit line of this action; empty where there is none."""
    query = select(func.max(audit.c.at)).where(audit.c.action == action)
    with db.read() as c:
        return str(c.execute(query).scalar() or "")


def _entries(db: Database, table: Table, what: str, limit: int, before: int | None) -> list[Entry]:
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.id < before)
    with db.read() as c:
        rows = c.execute(query).mappings().all()
    return [Entry(row["id"], parse_stamp(row["at"]), row["actor"], row[what], row["ids"]) for row in rows]


def _ids(ids: Ids) -> Mapping[str, Any]:
    for role, value in ids.items():
        several = [value] if isinstance(value, str | int) else value
        if not all(isinstance(one, int) or ID.fullmatch(one) for one in several):
            raise ValueError(f"what stands under {role!r} is not an id")
    return dict(ids)
