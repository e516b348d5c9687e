"""What asks for a person beside connections and records: jobs that fail, a disk that fills, a backup that grows old."""

from __future__ import annotations

import shutil
from collections.abc import Container
from datetime import timedelta

from state import schedules
from state.audit import last_audit
from state.database import Database, parse_stamp
from state.runs import RunStatus
from state.sizes import Occupied
from sync.intake import sentence
from sync.safekeeping import BACKED_UP
from sync.schedule import DATABASE

AGAIN = 2
"""Starts without success from which on a job is told: the first failure is tried again within a minute."""
LEAST_SHARE = 0.1
"""Of its disk that should be free."""
OLD_BACKUP = timedelta(days=30)
BAD = (RunStatus.FAILED.value, RunStatus.INTERRUPTED.value)


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
