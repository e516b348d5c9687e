"""Troubles: what is wrong right now, found in the database alone, so that any process sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from mapping.alerts import AlertKind
from mapping.errors import ForbiddenError, GuardError
from state import dead_letters, schedules
from state.connections import ConnectionRow, Connections, Pause
from state.database import Database, stamp
from state.leases import Leases
from state.runs import RunRow, Runs, RunStatus
from state.schedules import Job
from sync.ending import sentence
from sync.schedule import GRACE, lease_of, overdue

LONGEST_JOB = timedelta(hours=6)
"""A job that works longer than this hangs, or needs somebody who looks at it."""
DEATHS = 3
"""So often a job may be cut off in a row before somebody is told: it is started again by itself."""
SHOWN = 5
"""Streams of one connection that a message names."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong with a connection (empty: with the whole hub). ``message`` holds no personal data."""

    kind: AlertKind
    connection: str
    message: str
    amount: int = 1


def troubles(db: Database, settings: Settings) -> list[Trouble]:
    """Everything that a person should be told of, at most one of a kind and a connection."""
    rows = {row.id: row for row in Connections(db).all() if row.name in settings.connections}
    resting = {row.name for row in rows.values() if row.paused is Pause.ADMIN}
    resting |= {name for name, one in settings.connections.items() if one.paused}
    found = [*_logins(rows.values()), *_runs(db, settings, rows)]
    found = [one for one in found if one.connection not in resting]
    with db.read() as c:
        jobs = schedules.every(c)
    known = {one.connection for one in found}
    found += _jobs(db, [one for one in jobs if one.connection not in known | resting], rows)
    paused = resting | {row.name for row in rows.values() if row.paused is not None}
    found += _missed(db, [one for one in jobs if one.connection not in paused])
    return found + _letters(db, rows)


def _logins(rows: Iterable[ConnectionRow]) -> list[Trouble]:
    advice = "It rests until then. Mend it and run: concord check"
    return [
        Trouble(AlertKind.EXPIRED_LOGIN, row.name, f"{sentence(row.pause_reason)} {advice} {row.name}")
        for row in rows
        if row.paused in (Pause.AUTH, Pause.ACCOUNT)
    ]


def _runs(db: Database, settings: Settings, rows: dict[str, ConnectionRow]) -> list[Trouble]:
    """Connections whose newest runs did not end well. One that was cut off is given time to be made up for."""
    newest = [run for run in Runs(db).newest() if run.connection_id is None or run.connection_id in rows]
    late = db.now() - GRACE
    gathered: dict[tuple[AlertKind, str], list[str]] = {}
    for run in newest:
        name = rows[run.connection_id].name if run.connection_id else ""
        if _superseded(run, newest) or not _wanted(run, name, settings):
            continue
        refused = run.status is RunStatus.PAUSED and run.cause == ForbiddenError.__name__
        said_so = run.kind == "backfill" and run.ended_at is not None  # who stopped or cancelled it knows of it
        cut_off = run.status is RunStatus.INTERRUPTED and run.started_at < late and not said_so
        if run.status is RunStatus.FAILED or refused or cut_off:
            kind = AlertKind.GUARD_REFUSED if run.cause == GuardError.__name__ else AlertKind.FAILED_RUN
            what = f"{run.kind} {run.stream}" if run.stream else run.kind
            gathered.setdefault((kind, name), []).append(f"{what}: {sentence(run.error or 'it was cut off')}")
    return [Trouble(kind, name, _listed(said)) for (kind, name), said in gathered.items()]


def _superseded(run: RunRow, newest: Sequence[RunRow]) -> bool:
    """Whether a run of no stream, which could not even begin, was followed by one that could."""
    same = (other for other in newest if (other.kind, other.connection_id) == (run.kind, run.connection_id))
    return run.stream is None and any(other.id > run.id for other in same)


def _wanted(run: RunRow, name: str, settings: Settings) -> bool:
    """Whether the configuration still asks for what the run did."""
    if not name or run.stream is None:
        return True
    one = settings.connections[name]
    return bool(one.push) if run.kind == "push" else one.reads(run.stream) is not None


def _listed(said: Sequence[str]) -> str:
    shown = " ".join(dict.fromkeys(said[:SHOWN]))
    return f"{shown} And {len(said) - SHOWN} more: see concord status." if len(said) > SHOWN else shown


def _jobs(db: Database, jobs: Sequence[Job], rows: dict[str, ConnectionRow]) -> list[Trouble]:
    """Jobs that failed before there was a run to tell of it, or are cut off again and again."""
    ids = {row.name: row.id for row in rows.values()}
    begun = {run.connection_id: stamp(run.started_at) for run in Runs(db).newest()}
    found: dict[str, Trouble] = {}
    for job in jobs:
        failed = job.status == RunStatus.FAILED.value
        dies = job.status == RunStatus.INTERRUPTED.value and job.tries >= DEATHS
        mended = begun.get(ids.get(job.connection), "") > (job.ended_at or "")
        if (failed or dies) and not (failed and mended):
            said = f"{job.kind}: {sentence(job.message or 'it did not end well')}"
            found.setdefault(job.connection, Trouble(AlertKind.FAILED_RUN, job.connection, said))
    return list(found.values())


def _missed(db: Database, jobs: Sequence[Job]) -> list[Trouble]:
    """Jobs that nobody started, and those that somebody started so long ago that they must hang."""
    names = {one.job for one in jobs}
    leases = Leases(db)
    hanging = stamp(db.now() - LONGEST_JOB)
    found: dict[str, Trouble] = {}
    for job in overdue(db):
        if job.job not in names:
            continue
        if leases.held(lease_of(job.job)) is None:
            since = (job.asked_at or job.due_at or "")[:16].replace("T", " ")
            said = f"{job.kind}: due since {since} UTC and not started. Start concord serve, or see its log."
        elif (job.started_at or "") < hanging:
            since = (job.started_at or "")[:16].replace("T", " ")
            said = f"{job.kind}: at work since {since} UTC. See the log of concord serve for what holds it up."
        else:
            continue
        found.setdefault(job.connection, Trouble(AlertKind.MISSED_SCHEDULE, job.connection, said))
    return list(found.values())


def _letters(db: Database, rows: dict[str, ConnectionRow]) -> list[Trouble]:
    found = []
    for id_, count in sorted(dead_letters.open_counts(db).items()):
        if id_ in rows:
            told = f"{count:,} records" if count > 1 else "One record"
            said = f"{told} could not be taken or sent; see concord dead-letters list --connection {rows[id_].name}"
            found.append(Trouble(AlertKind.FAILED_ROWS, rows[id_].name, said, count))
    return found
