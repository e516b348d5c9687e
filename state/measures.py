"""What a monitoring system asks of a database: how much waits, how large it is, what is held and what is at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from state import customers, outbox, schedules, tallies
from state.connections import ConnectionRow, Connections
from state.database import Database
from state.leases import Leases
from state.runs import RunRow, Runs
from state.schedules import Job
from state.tables import dead_letter, dirty_entity, dirty_trait
from state.tallies import Sum


@dataclass(frozen=True, slots=True)
class Measures:
    """One look. ``letters`` are the open dead letters by connection id and direction, ``held`` the leases with the
    stamp until which they are held, ``sizes`` bytes by part of the database."""

    at: float
    connections: Sequence[ConnectionRow]
    sums: Sequence[Sum]
    queues: Mapping[str, int]
    letters: Mapping[tuple[str, str], int]
    customers: int
    facts: int
    jobs: Sequence[Job]
    held: Mapping[str, str]
    unended: Sequence[RunRow]
    sizes: Mapping[str, int]


def measure(db: Database) -> Measures:
    """A look at everything. Reads only, and waits for no writer."""
    with db.read() as c:
        letters = c.execute(
            select(dead_letter.c.connection_id, dead_letter.c.direction, func.count())
            .where(dead_letter.c.state == "open")
            .group_by(dead_letter.c.connection_id, dead_letter.c.direction)
        ).all()
        live, known_facts = customers.counts(c)
        sums, jobs = tallies.every(c), schedules.every(c)
        attempts = outbox.counts(c)
        queues = {
            "entities": _rows(c, dirty_entity.c.entity_id.distinct()),
            "traits": _rows(c, dirty_trait.c.value),
            "parked writes": attempts.pop("parked", 0),
            "unsettled writes": attempts.pop("sending", 0) + attempts.pop("unknown", 0),
        }
        sizes = {} if db.file else {"server": _server_bytes(c)}
    return Measures(
        at=db.now().timestamp(),
        connections=Connections(db).all(),
        sums=sums,
        queues=queues,
        letters={(row[0], row[1]): int(row[2]) for row in letters},
        customers=live,
        facts=known_facts,
        jobs=jobs,
        held=Leases(db).every_held(),
        unended=Runs(db).unended(),
        sizes=sizes if db.file is None else file_bytes(db.file),
    )


def _rows(c: Connection, column: object) -> int:
    return int(c.execute(select(func.count(column))).scalar_one())  # type: ignore[arg-type]


def _server_bytes(c: Connection) -> int:
    return int(c.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def file_bytes(path: Path) -> dict[str, int]:
    """The bytes of an SQLite database's file and of its write-ahead log."""
    log = path.with_name(path.name + "-wal")
    return {"main": path.stat().st_size, "wal": log.stat().st_size if log.exists() else 0}
