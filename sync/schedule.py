"""When a job is due: by its interval or cron line, a little later by chance, and again soon after a failure.

What was missed while nothing served is made up by one run at once, however many were missed; the next one is then due
one interval later, or at the cron line's next time.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from config import schedule as configured
from config.settings import Settings
from mapping.errors import ConcordError
from state import schedules
from state.database import Database, stamp
from state.leases import Leases
from state.schedules import Job, JobKind, Wanted
from sync.reports import JobView

DOES = {
    JobKind.READ: "read and resolve",
    JobKind.SWEEP: "search for what is gone",
    JobKind.PUSH: "plan and push",
    JobKind.CARE: "look after it",
}
DATABASE = "(database)"
"""What stands for the connection in a job that is of none; no connection can be called so."""
DAILY = "every 1 days"
WHEN_NEWS = "when something changed"
"""The schedule of a push."""
LONGEST_JITTER = timedelta(seconds=60)
CRON_JITTER = timedelta(seconds=20)
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)
GRACE = timedelta(minutes=30)
"""How late a job may be before somebody is told: longer than a push waits for what is being read."""


def next_due(spec: str, timezone: str, after: datetime, job: str) -> datetime | None:
    """The next time after ``after``; None for a job without a schedule. A cron line is read in ``timezone``.

    Up to a tenth of the interval, and a minute at most, is added (to a cron line: up to twenty seconds), so that the
    jobs of many hubs do not reach a vendor at once. The same moment and job give the same answer.
    """
    if spec in ("", WHEN_NEWS):
        return None
    schedule = configured.parse(spec)
    if schedule.every is not None:
        return after + schedule.every + _jitter(min(schedule.every / 10, LONGEST_JITTER), job, after)
    trigger = CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(timezone))
    found: datetime | None = trigger.get_next_fire_time(None, after)
    return found.astimezone(UTC) + _jitter(CRON_JITTER, job, found) if found else None


def retry_at(tries: int, now: datetime) -> datetime:
    """When a job is started again that did not end well: after a minute, then twice as long each time, at most an
    hour."""
    return now + min(FIRST_RETRY * (1 << min(max(tries, 1) - 1, 10)), LAST_RETRY)


def wanted(settings: Settings, now: datetime) -> list[Wanted]:
    """The jobs that a configuration asks for, and when each is first due.

    Every connection that is read has one, without a schedule only for being asked. An interval begins at once, a cron
    line at its next time. One that has a schedule is swept by a job of its own, which looks at once what is due. Every
    destination has a job that follows the news, and the database one a day.
    """
    jobs = []
    for name, one in settings.connections.items():
        if one.reads_anything():
            spec = one.schedule or ""
            first = stamp(now) if spec and configured.parse(spec).every is not None else None
            if spec and first is None:
                due = next_due(spec, settings.hub.timezone, now, f"{JobKind.READ}:{name}")
                first = stamp(due) if due else None
            jobs.append(Wanted(JobKind.READ, name, spec, first))
            searched = one.sweeps()
            if searched is not None:
                jobs.append(Wanted(JobKind.SWEEP, name, searched if spec else "", stamp(now) if spec else None))
        if any(target.enabled for target in one.push.values()):
            jobs.append(Wanted(JobKind.PUSH, name, WHEN_NEWS, stamp(now)))
    due = next_due(DAILY, settings.hub.timezone, now, f"{JobKind.CARE}:{DATABASE}")
    jobs.append(Wanted(JobKind.CARE, DATABASE, DAILY, stamp(due) if due else None))
    return jobs


def ask(db: Database, connection: str) -> list[str]:
    """Asks for the jobs of a connection to be run now; returns their names. Raises ConcordError where it has none."""
    now = db.stamp()
    with db.write() as c:
        asked = [name for kind in JobKind if schedules.ask(c, name := f"{kind}:{connection}", now)]
    if not asked:
        raise ConcordError(f"Nobody serves {connection!r} here yet: start concord serve, or run concord sync by hand.")
    return asked


def views(db: Database, resting: Container[str]) -> list[JobView]:
    """Every job for people: what runs first, then by when it is due. ``resting`` are the connections at rest."""
    now, leases = db.stamp(), Leases(db)
    with db.read() as c:
        found = schedules.every(c)
    shown = [
        _view(one, now, running=leases.held(lease_of(one.job)) is not None, rests=one.connection in resting)
        for one in found
    ]
    return sorted(shown, key=lambda one: one.state != "running")


def _view(one: Job, now: str, *, running: bool, rests: bool) -> JobView:
    state = "running" if running else "paused" if rests else "asked" if one.asked_at else "waiting"
    if state == "waiting" and one.is_due(now):
        state = "due"
    next_ = "" if state in ("running", "paused") else one.due_at or ""  # until it ends, due_at is a precaution
    return JobView(
        one.connection, DOES[one.kind], one.spec or "when asked", state, next_, one.started_at or "",
        one.ended_at or "", one.status, one.message,
    )  # fmt: skip


def lease_of(job: str) -> str:
    """The lease that a job is done under."""
    return f"job:{job}"


def overdue(db: Database, grace: timedelta = GRACE) -> list[Job]:
    """The jobs that should have been started longer ago than ``grace``, had anybody served."""
    late = stamp(db.now() - grace)
    with db.read() as c:
        return [one for one in schedules.every(c) if one.is_due(late) and (one.asked_at or "") <= late]


def _jitter(longest: timedelta, job: str, moment: datetime) -> timedelta:
    digest = blake2b(f"{job} {moment.isoformat()}".encode(), digest_size=4).digest()
    return longest * (int.from_bytes(digest) / 2**32)
