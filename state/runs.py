"""Runs: what was done when, how it ended, and what it counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, select, union, update
from structlog.contextvars import bound_contextvars

from state import runlog, tallies
from state.costs import Costs
from state.database import Database, parse_stamp, stamp
from state.leases import Lease, Leases
from state.owners import is_gone
from state.tables import connection, lease, run

_COMMAND: ContextVar[list[int] | None] = ContextVar("command", default=None)
"""The first run of the command under way, as soon as there is one."""
_JOB: ContextVar[str | None] = ContextVar("job", default=None)
"""The job that the command is, where a server started it."""

NOTED_SECONDS = 60.0
LONGEST_CAUSE = 40
LOOKED_BACK = 5000
"""Runs among which the newest of every stream is looked for."""

NO_COSTS = Costs()
FAILED_RECORDS = "failed"
"""The count that keeps a run from being shown as ok."""


class RunStatus(StrEnum):
    """How a run ended, or that it has not. INTERRUPTED: its process died, or it was stopped."""

    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"


LEVELS = {RunStatus.OK: "info", RunStatus.FAILED: "error"}
"""How loudly the log tells that a run ended so; what is not named: as a warning."""


@contextmanager
def together(job: str | None = None) -> Iterator[None]:
    """The runs that are started inside, in this thread, belong to one command. Inside another such block: to that.

    ``job`` names the job of a server that the command is.
    """
    if _COMMAND.get() is not None:
        yield
        return
    command, of = _COMMAND.set([]), _JOB.set(job)
    try:
        with bound_contextvars(**({"job": job} if job else {})):
            yield
    finally:
        _COMMAND.reset(command)
        _JOB.reset(of)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. ``counts`` are records by what became of them ("read", "written", "failed", ...), ``costs`` what its
    requests cost, ``job`` the job of a server that it belongs to; ``cause`` names the error that ended it."""

    id: int
    kind: str
    connection_id: str | None
    stream: str | None
    started_at: datetime
    ended_at: datetime | None
    status: RunStatus
    error: str
    counts: Mapping[str, int] = field(default_factory=dict)
    cause: str = ""
    costs: Costs = NO_COSTS
    job: str = ""


class Runs:
    """The runs of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def start(self, kind: str, held: Lease, connection_id: str | None = None, stream: str | None = None) -> int:
        """The id of a new run. ``held`` is the lease it works under: while it lives, so does the run.

        What this thread notes until the run is finished belongs to it (state/runlog.py). Runs that died under the
        same lease are ended as interrupted.
        """
        row: dict[str, object] = {
            "kind": kind,
            "connection_id": connection_id,
            "stream": stream,
            "started_at": self._db.stamp(),
            "status": RunStatus.RUNNING.value,
            "counts": {},
            "lease": held.name,
            "fence": held.fence,
            "job": _JOB.get(),
        }
        command = _COMMAND.get()
        with self._db.write() as c:
            part_of = command[0] if command else None
            number = int(c.execute(insert(run).returning(run.c.id), {**row, "part_of": part_of}).scalar_one())
            self._bury(c, held)
            name = c.execute(select(connection.c.name).where(connection.c.id == connection_id)).scalar()
        if command == []:
            command.append(number)
        known = {"kind": kind, "connection": name or connection_id or "", "stream": stream or ""}
        runlog.begin(self._db, number, {what: word for what, word in known.items() if word})
        runlog.note("begun")
        return number

    def _bury(self, c: Connection, held: Lease) -> None:
        """Ends the runs whose process died under this lease: it has changed hands, so they write nothing more."""
        dead = and_(run.c.status == RunStatus.RUNNING.value, run.c.lease == held.name, run.c.fence < held.fence)
        rows = c.execute(select(run.c.id, run.c.kind, run.c.connection_id, run.c.stream).where(dead)).all()
        for number, kind, connection_id, stream in rows:
            c.execute(update(run).where(run.c.id == number).values(status=RunStatus.INTERRUPTED.value))
            tallies.add(c, kind, connection_id, stream, RunStatus.INTERRUPTED.value, {}, NO_COSTS)

    def count(self, c: Connection, id: int, counts: Mapping[str, int]) -> None:
        """Keeps what was counted so far, in the transaction of the work itself."""
        c.execute(update(run).where(run.c.id == id).values(counts=dict(counts)))

    def finish(
        self,
        id: int,
        status: RunStatus,
        counts: Mapping[str, int],
        error: str = "",
        cause: BaseException | None = None,
        costs: Costs = NO_COSTS,
    ) -> RunStatus:
        """Ends the run and returns the status it is kept with: OK becomes PARTIAL when any record failed.

        ``error`` is shown to people and holds no personal data; of ``cause`` only the name is kept.
        """
        if status is RunStatus.OK and counts.get(FAILED_RECORDS):
            status = RunStatus.PARTIAL
        told = {name: count for name, count in counts.items() if count} | ({"reason": error} if error else {})
        runlog.note(f"ended as {status.value}", level=LEVELS.get(status, "warning"), **told)
        said = runlog.end(id)
        now = self._db.now()
        name = type(cause).__name__[:LONGEST_CAUSE] if cause is not None else None
        ended = {"ended_at": stamp(now), "status": status.value, "error": error, "cause": name}
        values = {**ended, "counts": dict(counts)}
        well = status in (RunStatus.OK, RunStatus.PARTIAL)
        with self._db.write() as c:
            c.execute(update(run).where(run.c.id == id).values({**values, "costs": costs.kept()}))
            of = c.execute(select(run.c.kind, run.c.connection_id, run.c.stream).where(run.c.id == id)).one_or_none()
            if of is not None:
                tallies.add(c, *of, status.value, counts, costs, now.timestamp() if well else None)
            if said is not None:
                said.write(c, last=True)
        return status

    def note(
        self,
        place: tuple[str, str, str | None],
        under: str,
        owner: str,
        status: RunStatus,
        error: str = "",
        cause: BaseException | None = None,
        costs: Costs = NO_COSTS,
    ) -> None:
        """Keeps a run in which nothing was done. ``place`` is its kind, connection and stream.

        None is kept while another process holds the lease ``under``: that one's run tells more.
        """
        held = Leases(self._db).acquire(under, owner, NOTED_SECONDS)
        if held is not None:
            kind, connection_id, stream = place
            self.finish(self.start(kind, held, connection_id, stream), status, {}, error, cause, costs)
            held.release()

    def recent(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        kind: str | None = None,
        connection_id: str | None = None,
        stream: str | None = None,
    ) -> list[RunRow]:
        """The newest runs first; ``before`` an id, to page on."""
        query = _runs().order_by(run.c.id.desc()).limit(limit)
        wanted = {run.c.kind: kind, run.c.connection_id: connection_id, run.c.stream: stream}
        for column, value in wanted.items():
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(run.c.id < before)
        with self._db.read() as c:
            rows = c.execute(query).mappings().all()
        now = self._db.stamp()
        return [_row(row, now) for row in rows]

    def newest(self) -> list[RunRow]:
        """The newest run of each kind, connection and stream that is over: ended, or cut off. None of long ago."""
        last = select(func.coalesce(func.max(run.c.id), 0)).scalar_subquery()
        groups = (run.c.kind, run.c.connection_id, run.c.stream)
        recent = run.c.id > last - LOOKED_BACK
        over = run.c.status != RunStatus.RUNNING.value
        numbers = [select(func.max(run.c.id)).where(where).group_by(*groups) for where in (recent, recent & over)]
        with self._db.read() as c:
            rows = c.execute(_runs().where(run.c.id.in_(union(*numbers))).order_by(run.c.id)).mappings().all()
        now = self._db.stamp()
        found = [one for one in (_row(row, now) for row in rows) if one.status is not RunStatus.RUNNING]
        return list({(one.kind, one.connection_id, one.stream): one for one in found}.values())

    def commands(self, limit: int) -> list[list[RunRow]]:
        """The runs of the newest commands, newest first; each with its runs in the order they were started in."""
        query = _runs().where(run.c.part_of.is_(None)).order_by(run.c.id.desc()).limit(limit)
        with self._db.read() as c:
            heads = c.execute(query).mappings().all()
            numbers = [head["id"] for head in heads]
            parts = c.execute(_runs().where(run.c.part_of.in_(numbers)).order_by(run.c.id)).mappings().all()
        now = self._db.stamp()
        found = {head["id"]: [_row(head, now)] for head in heads}
        for part in parts:
            found[part["part_of"]].append(_row(part, now))
        return list(found.values())

    def command(self, id: int) -> list[RunRow]:
        """The runs of the command that begins with this one; just this one, if it does not begin any."""
        query = _runs().where((run.c.id == id) | (run.c.part_of == id)).order_by(run.c.id)
        with self._db.read() as c:
            rows = c.execute(query).mappings().all()
        now = self._db.stamp()
        return [_row(row, now) for row in rows]

    def unended(self) -> list[RunRow]:
        """The runs that are at work, and those whose process died and that nobody has followed since."""
        with self._db.read() as c:
            rows = c.execute(_runs().where(run.c.status == RunStatus.RUNNING.value).order_by(run.c.id)).mappings().all()
        now = self._db.stamp()
        return [_row(row, now) for row in rows]

    def show(self, id: int) -> RunRow | None:
        """The run of that id, if there is one."""
        with self._db.read() as c:
            row = c.execute(_runs().where(run.c.id == id)).mappings().one_or_none()
        return _row(row, self._db.stamp()) if row else None


def _runs() -> Select[tuple[object, ...]]:
    same = and_(lease.c.name == run.c.lease, lease.c.fence == run.c.fence, lease.c.owner.is_not(None))
    held = (lease.c.until.label("until"), lease.c.owner.label("owner"))
    return select(run, *held).join_from(run, lease, same, isouter=True)


def _row(row: RowMapping, now: str) -> RunRow:
    status = RunStatus(row["status"])
    if status is RunStatus.RUNNING and (row["until"] is None or row["until"] <= now or is_gone(row["owner"])):
        status = RunStatus.INTERRUPTED
    return RunRow(
        id=row["id"],
        kind=row["kind"],
        connection_id=row["connection_id"],
        stream=row["stream"],
        started_at=parse_stamp(row["started_at"]),
        ended_at=parse_stamp(row["ended_at"]) if row["ended_at"] else None,
        status=status,
        error=row["error"] or "",
        counts=row["counts"],
        cause=row["cause"] or "",
        costs=Costs(**row["costs"]) if row["costs"] else NO_COSTS,
        job=row["job"] or "",
    )
