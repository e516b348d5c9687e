"""What asks for a person beside connections and records: jobs and sweeps that fail, a full disk, an old backup."""

from __future__ import annotations

import shutil
from collections.abc import Container, Mapping
from datetime import timedelta

from mapping.errors import AuthError, ConfigError
from state import schedules, sweeps
from state.audit import last_audit
from state.database import Database, parse_stamp, stamp
from state.runs import RunRow, Runs, RunStatus
from state.sizes import Occupied
from sync.ending import sentence
from sync.safekeeping import BACKED_UP
from sync.schedule import DATABASE

AGAIN = 2
"""Starts without success from which on a job is told: the first failure is tried again within a minute."""
LEAST_SHARE = 0.1
"""Of its disk that should be free."""
OLD_BACKUP = timedelta(days=30)
BAD = (RunStatus.FAILED.value, RunStatus.INTERRUPTED.value)
ENDED_BADLY = (RunStatus.FAILED, RunStatus.PAUSED, RunStatus.INTERRUPTED)
RESTS = (AuthError.__name__, ConfigError.__name__)
"""What a connection that rests refuses work with."""
RECENT = 200
"""Sweeps among which the newest of every stream is looked for."""


def failing(db: Database, known: Container[str]) -> list[str]:
    """The jobs that failed again and again. Of the connections that are ``known`` to be bad more is told elsewhere."""
    with db.read() as c:
        jobs = schedules.every(c)
    told = []
    for job in jobs:
        if job.tries >= AGAIN and job.status in BAD and job.connection not in known:
            what = "the care of the database" if job.connection == DATABASE else f"{job.kind} {job.connection}"
            why = sentence(job.message or "it says nothing of why")
            told.append(f"{what} failed {job.tries} times in a row: {why} See concord schedules")
    return told


def rested(run: RunRow) -> bool:
    """Whether the run says only that its connection rested: the connection itself tells that, as long as it does."""
    return run.stream is None and run.status is RunStatus.PAUSED and run.cause in RESTS


def failed_sweeps(db: Database, names: Mapping[str, str]) -> list[str]:
    """What to do about sweeps that did not come to their end, unless a full reading has come since."""
    told = []
    met: set[tuple[str | None, str | None]] = set()
    for run in Runs(db).recent(limit=RECENT, kind="sweep"):
        place = (run.connection_id, run.stream)
        # A run of no stream could not even begin: any later one mends it.
        followed = place in met or (run.stream is None and any(other == run.connection_id for other, _ in met))
        met.add(place)
        name = names.get(run.connection_id or "")
        if followed or name is None or run.status not in ENDED_BADLY or rested(run):
            continue
        with db.read() as c:
            enumerated = sweeps.enumerated_at(c, run.connection_id or "", run.stream or "")
        if enumerated is None or enumerated < stamp(run.started_at):
            why = sentence(run.error or "it was cut off")
            stream = f" --stream {run.stream}" if run.stream else ""
            command = "" if "concord " in why else f" Then run concord sweep {name}{stream}"
            where = f"{name}/{run.stream}" if run.stream else name
            told.append(f"the last sweep of {where} ended as {run.status.value}: {why}{command}")
    return told


def room(found: Occupied, db: Database) -> list[str]:
    """Whether the disk under an SQLite file fills up: little of it is free, or less than the file would need anew."""
    if db.file is None or found.disk is None:
        return []
    total = shutil.disk_usage(db.file.absolute().parent).total
    if found.disk >= LEAST_SHARE * total and found.disk >= found.bytes:
        return []
    free, taken = (f"{count / 1e9:,.1f} GB" for count in (found.disk, found.bytes))
    return [
        f"the disk under {db.place} has {free} free, and the database takes {taken}: make room; concord db stats shows"
        " what takes it, and retention lets go of what is old"
    ]


def old_backup(db: Database) -> tuple[str, list[str]]:
    """The stamp of the last backup, empty where none was ever made, and what to do where it is old."""
    last = last_audit(db, BACKED_UP)
    if not last or parse_stamp(last) + OLD_BACKUP > db.now():
        return last, []
    days = (db.now() - parse_stamp(last)).days
    return last, [f"the last backup is {days} days old: concord db backup FOLDER"]
