"""History: what was run, a line a command, and each command run by run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mapping.errors import GoneError
from state.connections import Connections
from state.database import Database, stamp
from state.runlog import lines
from state.runs import RunRow, Runs, RunStatus
from sync.reports import LogLine, RunView

WORST_FIRST = (
    RunStatus.RUNNING,
    RunStatus.FAILED,
    RunStatus.INTERRUPTED,
    RunStatus.PAUSED,
    RunStatus.PARTIAL,
    RunStatus.OK,
)
TOLD: Mapping[str, Mapping[str, str]] = {
    "pull": {name: name for name in ("read", "new", "changed", "gone", "failed")},
    "sweep": {name: name for name in ("new", "gone", "failed")},
    "replay": {name: name for name in ("changed", "healed", "failed")},
    "backfill": {name: name for name in ("read", "new", "changed", "failed")},
    "resolve": {"created": "customers", "merged": "merged"},
    "push": {name: name for name in ("created", "updated", "associated", "failed", "parked")},
}
"""The counts that a command's line tells, by the kind of run and with the name they have there."""


@dataclass(frozen=True, slots=True)
class History:
    """Reads, and never writes."""

    db: Database

    def runs(self, limit: int, *, each: bool = False) -> list[RunView]:
        """The newest commands, each as one run without its parts; with ``each`` the newest runs, one by one."""
        names = self._names()
        if each:
            return [_run(row, names) for row in Runs(self.db).recent(limit=limit)]
        return [_command(rows, names) for rows in Runs(self.db).commands(limit)]

    def run(self, number: int) -> RunView:
        """One run with what it said; with its parts, where it is the first of a command. Raises GoneError when there
        is none."""
        rows = Runs(self.db).command(number)
        if not rows:
            raise GoneError(f"There is no run {number}; concord runs lists them.")
        said = [
            LogLine(run, stamp(line.at), line.level, line.event, line.fields)
            for run, line in lines(self.db, [row.id for row in rows])
        ]
        return replace(_command(rows, self._names(), whole=True), log=said)

    def _names(self) -> dict[str, str]:
        return {row.id: row.name for row in Connections(self.db).all()}


def _command(rows: Sequence[RunRow], names: Mapping[str, str], *, whole: bool = False) -> RunView:
    views = [_run(row, names) for row in rows]
    if len(rows) == 1:
        return views[0]
    kinds = {row.kind for row in rows}
    streams = list(dict.fromkeys(f"{one.connection}/{one.stream}" for one in views if one.stream))
    statuses = {row.status for row in rows}
    return RunView(
        id=rows[0].id,
        kind="sync" if "pull" in kinds else rows[0].kind,
        connection=", ".join(dict.fromkeys(one.connection for one in views if one.connection)),
        stream=f"{len(streams)} streams" if len(streams) > 1 else "".join(one.partition("/")[2] for one in streams),
        started_at=views[0].started_at,
        ended_at="" if RunStatus.RUNNING in statuses else max(one.ended_at for one in views),
        status=next(status for status in WORST_FIRST if status in statuses).value,
        counts=_sums(rows),
        error=_errors(views),
        parts=views if whole else (),
        calls=sum(one.calls for one in views),
        bytes=sum(one.bytes for one in views),
        retries=sum(one.retries for one in views),
        waits=_waits(views),
        job=views[0].job,
    )


def _waits(views: Iterable[RunView]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for one in views:
        for why, seconds in one.waits.items():
            sums[why] = sums.get(why, 0.0) + seconds
    return sums


def _sums(rows: Iterable[RunRow]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        for name, told in TOLD.get(row.kind, {}).items():
            sums[told] = sums.get(told, 0) + row.counts.get(name, 0)
    return sums


def _errors(views: Sequence[RunView]) -> str:
    worst = sorted(views, key=lambda one: WORST_FIRST.index(RunStatus(one.status)))
    told = [f"{place}: {one.error}" if (place := _place(one)) else one.error for one in worst if one.error]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{told[0]}{more}" if told else ""


def _place(one: RunView) -> str:
    return f"{one.connection}/{one.stream}" if one.stream else one.connection


def _run(row: RunRow, names: Mapping[str, str]) -> RunView:
    return RunView(
        row.id, row.kind, names.get(row.connection_id or "", row.connection_id or ""), row.stream or "",
        stamp(row.started_at), stamp(row.ended_at) if row.ended_at else "", row.status.value, row.counts, row.error,
        calls=row.costs.calls, bytes=row.costs.bytes, retries=row.costs.retries, waits=row.costs.waits, job=row.job,
    )  # fmt: skip
