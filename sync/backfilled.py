"""What backfills tell the people who asked: plain frozen values, ready for a table or for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A backfill as asked for: everything that changed in [since, until), cut into steps of ``every`` (``1d``, ``1w``,
    ``1mo``, by the calendar in UTC). Without ``streams``: all that are read."""

    since: datetime
    until: datetime
    every: str = "1w"
    streams: Sequence[str] = ()
    workers: int = 2


@dataclass(frozen=True, slots=True)
class StreamEstimate:
    """What a stream will take. ``records`` and ``calls`` are None where nobody can tell; ``sure``: counted | sampled |
    by what is stored | unknown."""

    stream: str
    slices: int
    partitions: int
    records: int | None
    calls: int | None
    sure: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class EstimateReport:
    """What a backfill will take, before anything is read into the database.

    ``seconds`` is None where no stream could be estimated. ``held_by`` names what decides on the time: the vendor's
    limits, or how long its answers take. ``looked``: the calls that the estimate itself has cost.
    """

    connection: str
    since: str
    until: str
    every: str
    workers: int
    streams: Sequence[StreamEstimate]
    partitions: int
    calls: int | None
    seconds: float | None
    held_by: str
    looked: int


@dataclass(frozen=True, slots=True)
class StreamBackfill:
    """A stream in a backfill: its partitions by their state, what became of its records, and what it cost.

    ``seconds`` and ``waited`` are summed over the workers. ``failures`` tells of some partitions that failed.
    """

    stream: str
    partitions: int = 0
    done: int = 0
    failed: int = 0
    split: int = 0
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dead: int = 0
    dropped: int = 0
    pages: int = 0
    calls: int = 0
    bytes: int = 0
    waited: float = 0.0
    seconds: float = 0.0
    failures: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """One backfill. ``state``: planned | running | interrupted | paused | done | failed | cancelled; times are stamps,
    ``seconds`` is how long it was worked on. ``streams`` only where one is shown by its number."""

    id: int
    connection: str
    since: str
    until: str
    every: str
    workers: int
    state: str
    partitions: int
    done: int
    failed: int
    created_at: str
    started_at: str
    ended_at: str
    again_at: str
    seconds: float
    message: str
    streams: Sequence[StreamBackfill] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for has been read, to the last record."""
        return self.state == "done" and not any(one.dead for one in self.streams)
