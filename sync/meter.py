"""Meter: what a connection's calls cost, for its runs and by the thread that makes them, and the cap of a day.

Costs go into the purse from which runs take theirs, and a long wait into the log of the run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.core.protocols import Meter
from mapping.errors import RateLimitedError
from state import spending
from state.costs import RETRY, Purse
from state.database import Database
from state.runlog import note

LONG_WAIT = 1.0
"""Seconds from which on a wait is worth a line of the log; a request that is sent again always is."""


@dataclass(slots=True)
class Cost:
    """Calls, bytes that came back, and seconds waited for the vendor's sake."""

    calls: int = 0
    received: int = 0
    waited: float = 0.0

    def tally(self) -> dict[str, int]:
        """The cost as whole numbers by name; the wait in milliseconds."""
        return {"calls": self.calls, "bytes": self.received, "waited_ms": round(self.waited * 1000)}


@dataclass(frozen=True, slots=True)
class DayCap:
    """At most ``calls`` a day of the time zone, counted in the database, where every process adds to the same count."""

    db: Database
    connection_id: str
    connection: str
    calls: int
    timezone: str

    def spend(self) -> None:
        """Counts a call that is about to be made. Raises RateLimitedError, counting nothing, once the day is spent."""
        now = self.db.now()
        zone = ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        with self.db.write() as c:
            if spending.spend(c, self.connection_id, today.isoformat(), self.calls):
                return
        tomorrow = datetime.combine(today + timedelta(days=1), time(), zone)
        raise RateLimitedError(
            f"the {self.calls:,} calls a day that {self.connection} may make are spent until "
            f"{tomorrow:%Y-%m-%d %H:%M} ({self.timezone})",
            retry_after=(tomorrow.astimezone(UTC) - now).total_seconds(),
        )


class ConnectionMeter:
    """The meter of one connection; safe to share among threads. ``before`` hears everything too."""

    def __init__(self, before: Meter, cap: DayCap | None = None) -> None:
        self._before, self._cap = before, cap
        self._threads = threading.local()

    @contextmanager
    def counting(self) -> Iterator[Cost]:
        """What the calls of this thread cost while the block runs; so far, at any moment. Blocks nest."""
        before = getattr(self._threads, "cost", None)
        self._threads.cost = cost = Cost()
        try:
            yield cost
        finally:
            self._threads.cost = before
            if before is not None:
                before.calls += cost.calls
                before.received += cost.received
                before.waited += cost.waited

    def request(self, url: str) -> None:
        """Counts a request. Raises RateLimitedError at the cap of the day."""
        if self._cap is not None:
            self._cap.spend()
        self._before.request(url)
        cost = self._cost
        if cost is not None:
            cost.calls += 1

    def received(self, size: int) -> None:
        """Counts bytes."""
        self._before.received(size)
        cost = self._cost
        if cost is not None:
            cost.received += size

    def waited(self, seconds: float, why: str) -> None:
        """Counts a wait."""
        self._before.waited(seconds, why)
        cost = self._cost
        if cost is not None:
            cost.waited += seconds

    @property
    def _cost(self) -> Cost | None:
        return getattr(self._threads, "cost", None)


@dataclass(frozen=True, slots=True)
class CostMeter:
    """Fills the purse, and passes everything on to whoever else counts (and may refuse)."""

    purse: Purse
    next: Meter

    def request(self, url: str) -> None:
        """One request is about to be sent; raises what the next meter raises, and then counts nothing."""
        self.next.request(url)
        self.purse.call()

    def received(self, size: int) -> None:
        """So many bytes came back."""
        self.next.received(size)
        self.purse.received(size)

    def waited(self, seconds: float, why: str) -> None:
        """So long was waited for the vendor's sake."""
        self.next.waited(seconds, why)
        self.purse.waited(seconds, why)


def told(seconds: float, why: str) -> None:
    """Puts a wait into the log of the run under way."""
    if why == RETRY:
        note("a request is sent again", after_seconds=round(seconds, 3))
    elif seconds >= LONG_WAIT:
        note("waited", reason=why, seconds=round(seconds, 3))
