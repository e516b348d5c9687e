"""Spending: how many calls each connection has made on a day, counted before each is sent, by whichever process."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from state.database import insert_or_update
from state.tables import spending


def spend(c: Connection, connection_id: str, day: str, cap: int) -> bool:
    """Counts one call of a day (``2026-11-29``); False, counting nothing, when ``cap`` calls are spent."""
    row = {"connection_id": connection_id, "day": day, "calls": 0}
    insert_or_update(c, spending, [row], ["connection_id", "day"])
    here = (spending.c.connection_id == connection_id) & (spending.c.day == day) & (spending.c.calls < cap)
    return c.execute(update(spending).where(here).values(calls=spending.c.calls + 1)).rowcount == 1


def spent(c: Connection, connection_id: str, day: str) -> int:
    """How many calls were made on that day."""
    where = (spending.c.connection_id == connection_id) & (spending.c.day == day)
    return int(c.execute(select(spending.c.calls).where(where)).scalar() or 0)
