"""Plans by hash: that they were made, until when they hold, what became of them. Their contents lie in a private
file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from state.database import insert_or_update
from state.tables import plan

LEFT_FOR = "left_for"
"""The key of the header under which the destination stands whose schedule made the plan."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """One plan. ``state``: open | applied | refused | replaced."""

    hash: str
    created_at: str
    expires_at: str
    state: str
    header: Mapping[str, Any]


def save(c: Connection, one: StoredPlan) -> None:
    """Keeps the plan; one made again from the same world takes the place of the former."""
    row = {
        "hash": one.hash,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "state": one.state,
        "header": dict(one.header),
    }
    insert_or_update(c, plan, [row], ["hash"], ["created_at", "expires_at", "state", "header"])


def find(c: Connection, prefix: str) -> list[StoredPlan]:
    """The plans whose hash begins so, newest first."""
    columns = (plan.c.hash, plan.c.created_at, plan.c.expires_at, plan.c.state, plan.c.header)
    statement = (
        select(*columns).where(plan.c.hash.startswith(prefix, autoescape=True)).order_by(plan.c.created_at.desc())
    )
    return [StoredPlan(*row) for row in c.execute(statement)]


def set_state(c: Connection, hash_: str, state: str) -> None:
    """Notes what became of a plan."""
    c.execute(update(plan).where(plan.c.hash == hash_).values(state=state))


def note_left(c: Connection, hash_: str, connection_id: str) -> None:
    """Notes that the plan was made by the schedule of a destination, and waits for a person."""
    header = c.execute(select(plan.c.header).where(plan.c.hash == hash_)).scalar_one()
    c.execute(update(plan).where(plan.c.hash == hash_).values(header={**header, LEFT_FOR: connection_id}))


def left(c: Connection, connection_id: str) -> list[str]:
    """The plans of a destination that its schedule made and nobody has applied."""
    rows = c.execute(select(plan.c.hash, plan.c.header).where(plan.c.state == "open"))
    return [hash_ for hash_, header in rows if header.get(LEFT_FOR) == connection_id]
