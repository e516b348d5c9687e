"""What all runs come to, by kind, connection and stream: sums that only grow, whatever runs are still kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Executable, select
from sqlalchemy.dialects import postgresql, sqlite

from state.costs import Costs
from state.tables import tally

ENDED = "ended:"
"""Before a status: how many runs ended so."""
WAITED = "waited:"
"""Before a reason: the seconds that were waited for it."""
LAST_OK = "last_ok"
"""When the last run ended well, in seconds since 1970; of what is said twice the later stands."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum. ``connection_id`` and ``stream`` are empty where the runs are of none."""

    kind: str
    connection_id: str
    stream: str
    name: str
    value: float


def add(
    c: Connection,
    kind: str,
    connection_id: str | None,
    stream: str | None,
    status: str,
    counts: Mapping[str, int],
    costs: Costs,
    ended: float | None = None,
) -> None:
    """Adds one run that has ended, in the transaction that notes its end. ``ended`` where it ended well."""
    sums: dict[str, float] = {f"{ENDED}{status}": 1.0, **counts}
    sums |= {"calls": costs.calls, "bytes": costs.bytes, "retries": costs.retries}
    sums |= {f"{WAITED}{why}"[:80]: seconds for why, seconds in costs.waits.items()}
    place = {"kind": kind, "connection_id": connection_id or "", "stream": stream or ""}
    rows = [{**place, "name": name, "value": float(value)} for name, value in sums.items() if value]
    c.execute(_upsert(c.dialect.name, more=True), rows)
    if ended is not None:
        c.execute(_upsert(c.dialect.name, more=False), [{**place, "name": LAST_OK, "value": ended}])


@cache
def _upsert(dialect: str, *, more: bool) -> Executable:
    insert = postgresql.insert(tally) if dialect == "postgresql" else sqlite.insert(tally)
    new = tally.c.value + insert.excluded.value if more else insert.excluded.value
    return insert.on_conflict_do_update(index_elements=list(tally.primary_key.columns), set_={"value": new})


def every(c: Connection) -> list[Sum]:
    """Every sum."""
    return [Sum(*row) for row in c.execute(select(tally).order_by(*tally.primary_key.columns))]
