"""Runs: what was done when, how it ended, and what it counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, select, union, update

from state.database import Database, parse_stamp
from state.leases import Lease, Leases
from state.owners import is_gone
from state.tables import lease, run

_COMMAND: ContextVar[list[int] | None] = ContextVar("command", default=None)
"""The first run of the command under way, as soon as there is one."""

NOTED_SECONDS = 60.0
LONGEST_CAUSE = 40
LOOKED_BACK = 5000
"""Runs among which the newest of every stream is looked for."""

FAILED_RECORDS = "failed"
"""The count that keeps a run from being shown as ok."""


class RunStatus(StrEnum):
    """How a run ended, or that it has not. INTERRUPTED: its process died."""

    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"


@contextmanager
def together() -> Iterator[None]:
    """The runs that are started inside, in this thread, belong to one command. Inside another such block: to that."""
    if _COMMAND.get() is not None:
        yield
        return
    token = _COMMAND.set([])
    try:
        yield
    finally:
        _COMMAND.reset(token)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. ``counts`` are records by what became of them ("read", "written", "failed", ...); ``cause`` names the
    error that ended it."""

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


class Runs:
    """The runs of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def start(self, kind: str, held: Lease, connection_id: str | None = None, stream: str | None = None) -> int:
        """The id of a new run. ``held`` is the lease it works under: while it lives, so does the run."""
        row: dict[str, object] = {
            "kind": kind,
            "connection_id": connection_id,
            "stream": stream,
            "started_at": self._db.stamp(),
            "status": RunStatus.RUNNING.value,
            "counts": {},
            "lease": held.name,
            "fence": held.fence,
        }
        command = _COMMAND.get()
        with self._db.write() as c:
            part_of = command[0] if command else None
            number = int(c.execute(insert(run).returning(run.c.id), {**row, "part_of": part_of}).scalar_one())
        if command == []:
            command.append(number)
        return number

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
    ) -> RunStatus:
        """Ends the run and returns the status it is kept with: OK becomes PARTIAL when any record failed.

        ``error`` is shown to people and holds no personal data; of ``cause`` only the name is kept.
        """
        if status is RunStatus.OK and counts.get(FAILED_RECORDS):
            status = RunStatus.PARTIAL
        name = type(cause).__name__[:LONGEST_CAUSE] if cause is not None else None
        ended = {"ended_at": self._db.stamp(), "status": status.value, "error": error, "cause": name}
        values = {**ended, "counts": dict(counts)}
        with self._db.write() as c:
            c.execute(update(run).where(run.c.id == id).values(values))
        return status

    def note(
        self,
        place: tuple[str, str, str | None],
        under: str,
        owner: str,
        status: RunStatus,
        error: str = "",
        cause: BaseException | None = None,
    ) -> None:
        """Keeps a run in which nothing was done. ``place`` is its kind, connection and stream.

        None is kept while another process holds the lease ``under``: that one's run tells more.
        """
        held = Leases(self._db).acquire(under, owner, NOTED_SECONDS)
        if held is not None:
            kind, connection_id, stream = place
            self.finish(self.start(kind, held, connection_id, stream), status, {}, error, cause)
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
    )
