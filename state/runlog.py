"""What the run under way says: each line goes to the log of the process and is kept with the run."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from mapping.errors import TransientError
from state.database import Database, parse_stamp
from state.tables import run_log

MOST_LINES = 500
"""Lines kept of one run; of what is said beyond that, only how much it was."""
TOGETHER = 20
"""Lines that wait to be written, so that a run which says much writes rarely; one that is killed loses these."""
LONGEST = 2000
"""Characters of a text among the fields."""
BOUND = ("run", "kind", "connection", "stream")
"""What every line of the log is told with while a run is under way."""
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_CURRENT: ContextVar[RunLog | None] = ContextVar("run_log", default=None)

# By the standard library's logger, so that a program which sets up no logging hears nothing of it on its stdout.
log = structlog.wrap_logger(logging.getLogger("concord.run"), wrapper_class=structlog.stdlib.BoundLogger)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a run's log."""

    at: datetime
    level: str
    event: str
    fields: dict[str, Any]


@dataclass(slots=True)
class RunLog:
    """The lines of one run that are not written yet. ``said`` counts all there were."""

    db: Database
    run: int
    waiting: list[dict[str, Any]] = field(default_factory=list)
    said: int = 0

    def add(self, level: str, event: str, fields: dict[str, Any]) -> None:
        """One more line. Those that wait are written when they are many."""
        self.said += 1
        if self.said > MOST_LINES:
            return
        short = {name: one[:LONGEST] if isinstance(one, str) else one for name, one in fields.items()}
        self.waiting.append(self._line(level, event[:200], short))
        if len(self.waiting) >= TOGETHER:
            with suppress(TransientError), self.db.write() as c:  # a run that works on is worth more than its log
                self.write(c)

    def _line(self, level: str, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        return {"run_id": self.run, "at": self.db.stamp(), "level": level, "event": event, "fields": fields}

    def write(self, c: Connection, *, last: bool = False) -> None:
        """Writes what waits; with ``last`` also how many lines there was no room for."""
        if last and self.said > MOST_LINES:
            more = {"lines": self.said - MOST_LINES}
            self.waiting.append(
                {
                    "run_id": self.run,
                    "at": self.db.stamp(),
                    "level": "warning",
                    "event": "more was said",
                    "fields": more,
                }
            )
        if self.waiting:
            c.execute(insert(run_log), self.waiting)
            self.waiting = []


def begin(db: Database, run: int, known: dict[str, str]) -> None:
    """Lets what this thread says from now on belong to the run. ``known`` is told with every line of the log."""
    _CURRENT.set(RunLog(db, run))
    structlog.contextvars.unbind_contextvars(*BOUND)  # of a run that never came to its end
    structlog.contextvars.bind_contextvars(run=run, **known)


def end(run: int) -> RunLog | None:
    """Ends that. Returns the log, for its last lines to be written; None where another run has begun meanwhile."""
    current = _CURRENT.get()
    if current is None or current.run != run:
        return None
    _CURRENT.set(None)
    structlog.contextvars.unbind_contextvars(*BOUND)
    return current


def note(event: str, *, level: str = "info", **fields: Any) -> None:
    """Says something about the run under way in this thread: a sentence of ours, and fields without personal data.

    It must not be called inside a write transaction, since it may write. Outside a run it goes to the log alone.
    """
    log.log(LEVELS[level], event, **fields)
    current = _CURRENT.get()
    if current is not None:
        current.add(level, event, fields)


def lines(db: Database, runs: Iterable[int]) -> list[tuple[int, Line]]:
    """What these runs said, each line with its run, in the order in which it was said."""
    query = select(run_log).where(run_log.c.run_id.in_(list(runs))).order_by(run_log.c.id)
    with db.read() as c:
        rows = c.execute(query).mappings().all()
    return [(row["run_id"], Line(parse_stamp(row["at"]), row["level"], row["event"], row["fields"])) for row in rows]
