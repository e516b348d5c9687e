"""What is told of backfills: how each stands, what became of its streams, and what to do about those that rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mapping.errors import GoneError
from state import backfills
from state.backfills import BackfillRow, BackfillState, PartitionState
from state.connections import Connections
from state.database import Database
from state.leases import Leases
from sync.backfilled import BackfillReport, StreamBackfill

SHOWN = 5
"""Failed partitions of a stream that a report tells of."""
ON = "go on with: concord backfills resume {number}"


def lease_of(connection_id: str) -> str:
    """The lease that a connection's backfills are worked off under, one at a time."""
    return f"backfill:{connection_id}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads the ledger, and never writes."""

    db: Database

    def recent(self, limit: int = 20) -> Sequence[BackfillReport]:
        """The newest first, without their streams."""
        with self.db.read() as c:
            rows = backfills.recent(c, limit)
        return [self._report(row) for row in rows]

    def show(self, number: int) -> BackfillReport:
        """One backfill with its streams. Raises GoneError when there is none of that number."""
        return replace(self._report(self.row(number)), streams=self.streams(number))

    def row(self, number: int) -> BackfillRow:
        """What is kept of a backfill. Raises GoneError when there is none of that number."""
        with self.db.read() as c:
            row = backfills.find(c, number)
        if row is None:
            raise GoneError(f"There is no backfill {number}; concord backfills lists them.")
        return row

    def name(self, row: BackfillRow) -> str:
        """The name of its connection."""
        return next((one.name for one in Connections(self.db).all() if one.id == row.connection_id), row.connection_id)

    def _report(self, row: BackfillRow) -> BackfillReport:
        with self.db.read() as c:
            counted = list(backfills.counted(c, row.id).values())
        sums = {state: sum(one.get(state, 0) for one in counted) for state in PartitionState}
        return BackfillReport(
            row.id, self.name(row), row.since, row.until, row.every, row.workers, standing(self.db, row),
            sum(sums.values()) - sums[PartitionState.SPLIT], sums[PartitionState.DONE], sums[PartitionState.FAILED],
            row.created_at, row.started_at or "", row.ended_at or "", row.again_at or "", row.worked_ms / 1000,
            row.message,
        )  # fmt: skip

    def streams(self, number: int) -> list[StreamBackfill]:
        """Its streams, in the order in which they are read."""
        with self.db.read() as c:
            counted = backfills.counted(c, number)
        sums: dict[str, dict[str, int]] = {stream: {} for stream in counted}
        failures: dict[str, list[str]] = {stream: [] for stream in counted}
        for part in backfills.parts(self.db, number):
            mine = sums[part.stream]
            for name, count in part.counts.items():
                mine[name] = mine.get(name, 0) + count
            if part.state is PartitionState.FAILED and len(failures[part.stream]) < SHOWN:
                span = f"{part.since[:16]} to {(part.until or '')[:16]}: " if part.since else ""
                failures[part.stream].append(f"{span}{part.error}")
        return [_stream(name, found, sums[name], failures[name]) for name, found in counted.items()]


def standing(db: Database, row: BackfillRow) -> str:
    """The state of a backfill; ``interrupted`` where its process has died."""
    dead = row.state is BackfillState.RUNNING and Leases(db).held(lease_of(row.connection_id)) is None
    return "interrupted" if dead else row.state.value


def advice(db: Database, names: Mapping[str, str]) -> list[str]:
    """What to do about backfills that stand still. ``names``: connection id to its name."""
    with db.read() as c:
        rows = [row for row in backfills.unfinished(c) if row.connection_id in names]
    told = []
    for row in rows:
        state = standing(db, row)
        if state != BackfillState.RUNNING.value:
            when = f", not before {row.again_at[:16].replace('T', ' ')} UTC" if row.again_at else ""
            told.append(
                f"backfill {row.id} of {names[row.connection_id]} is {state}: {ON.format(number=row.id)}{when}, or end"
                f" it with: concord backfills cancel {row.id}"
            )
    return told


def _stream(
    name: str, found: Mapping[PartitionState, int], sums: Mapping[str, int], failures: Sequence[str]
) -> StreamBackfill:
    split = found.get(PartitionState.SPLIT, 0)
    counts = {one: sums.get(one, 0) for one in ("read", "new", "changed", "unchanged", "gone", "dropped", "pages")}
    return StreamBackfill(
        name, sum(found.values()) - split, found.get(PartitionState.DONE, 0), found.get(PartitionState.FAILED, 0),
        split, **counts, dead=sums.get("failed", 0), calls=sums.get("calls", 0), bytes=sums.get("bytes", 0),
        waited=sums.get("waited_ms", 0) / 1000, seconds=sums.get("worked_ms", 0) / 1000, failures=failures,
    )  # fmt: skip


def sums(streams: Sequence[StreamBackfill]) -> dict[str, int]:
    """The counts of all streams together, as a run keeps them."""
    return {
        "read": sum(one.read for one in streams), "new": sum(one.new for one in streams),
        "changed": sum(one.changed for one in streams), "gone": sum(one.gone for one in streams),
        "failed": sum(one.dead for one in streams), "calls": sum(one.calls for one in streams),
    }  # fmt: skip
