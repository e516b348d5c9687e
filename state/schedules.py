"""Schedules: which jobs there are, when each is due, and how it last ended. Any process may ask, one may claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, Update, bindparam, case, delete, insert, or_, select, update

from state.batches import Prepared
from state.tables import schedule

ENDLESS = "9999-12-31T23:59:59.999999Z"


class JobKind(StrEnum):
    """What a job does: read a connection and resolve, search it for what is gone, plan (and push) a destination, or
    look after the database."""

    READ = "read"
    SWEEP = "sweep"
    PUSH = "push"
    CARE = "care"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as the configuration asks for it. ``due_at`` is when it is first due, None for only when asked for."""

    kind: JobKind
    connection: str
    spec: str
    due_at: str | None

    @property
    def job(self) -> str:
        """What the job is known by."""
        return f"{self.kind}:{self.connection}"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Instants are stamps; ``tries`` counts its starts since it last ended well."""

    job: str
    kind: JobKind
    connection: str
    spec: str
    due_at: str | None
    asked_at: str | None
    tries: int
    started_at: str | None
    ended_at: str | None
    status: str
    message: str

    def is_due(self, now: str) -> bool:
        """Whether it should be started now."""
        return self.asked_at is not None or (self.due_at is not None and self.due_at <= now)


def every(c: Connection) -> list[Job]:
    """Every job; those that a person asked for first, then by when they are due."""
    order = (schedule.c.asked_at.is_(None), case((schedule.c.due_at.is_(None), ENDLESS), else_=schedule.c.due_at))
    return [_job(row) for row in c.execute(select(schedule).order_by(*order, schedule.c.job)).mappings()]


def find(c: Connection, job: str) -> Job | None:
    """The job of that name, if there is one."""
    row = c.execute(select(schedule).where(schedule.c.job == job)).mappings().one_or_none()
    return _job(row) if row else None


def follow(c: Connection, wanted: Sequence[Wanted]) -> list[str]:
    """Keeps the jobs that are wanted, and no other. One whose schedule is another than before is due anew.

    Returns the names of the jobs that are new or changed.
    """
    known = {one.job: one for one in every(c)}
    names = {one.job for one in wanted}
    moved = []
    for one in wanted:
        before = known.get(one.job)
        if before is not None and before.spec == one.spec:
            continue
        moved.append(one.job)
        if before is None:
            row = {"job": one.job, "kind": str(one.kind), "connection": one.connection, "tries": 0, "status": ""}
            c.execute(insert(schedule), {**row, "spec": one.spec, "due_at": one.due_at})
        else:
            c.execute(_the(one.job).values(spec=one.spec, due_at=one.due_at, tries=0))
    for gone in known.keys() - names:
        c.execute(delete(schedule).where(schedule.c.job == gone))
    return moved


def begin(c: Connection, job: str, now: str, again_at: str) -> None:
    """Notes that the job starts. It is due again at ``again_at`` if nobody lives to tell how it ended."""
    c.execute(_the(job).values(started_at=now, asked_at=None, due_at=again_at, tries=schedule.c.tries + 1))


def end(
    c: Connection, job: str, now: str, status: str, message: str, *, well: bool, since: str, due_at: str | None
) -> None:
    """Notes how the job ended, and when it is due next; unless it was woken or put off while it ran.

    ``since`` is what ``begin`` was given as ``again_at``. ``well`` ends the count of tries.
    """
    moved = or_(schedule.c.due_at.is_(None), schedule.c.due_at != since)
    next_ = case((moved, schedule.c.due_at), else_=due_at)
    values = {"ended_at": now, "status": status, "message": message, "due_at": next_}
    c.execute(_the(job).values(**values, **({"tries": 0} if well else {})))


def ask(c: Connection, job: str, now: str) -> bool:
    """Asks for the job to be run as soon as somebody can; False when there is no such job."""
    return c.execute(_the(job).values(asked_at=now)).rowcount == 1


_WAKE = Prepared(
    update(schedule)
    .where(
        schedule.c.kind == bindparam("b_kind"),
        or_(schedule.c.due_at.is_(None), schedule.c.due_at > bindparam("b_now")),
    )
    .values(due_at=bindparam("b_now"))
)


def wake(c: Connection, now: str, kind: JobKind = JobKind.PUSH) -> None:
    """Makes every job of a kind due now: what it works on has changed."""
    _WAKE.change(c, {"b_kind": str(kind), "b_now": now})


def _the(job: str) -> Update:
    return update(schedule).where(schedule.c.job == job)


def _job(row: RowMapping) -> Job:
    known = {name: row[name] for name in Job.__slots__}
    return Job(**{**known, "kind": JobKind(row["kind"]), "message": row["message"] or ""})
