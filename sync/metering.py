"""Metering: what a connection's requests cost goes into its purse, and a long wait into the log of the run."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.core.protocols import Meter
from state.costs import RETRY, Purse
from state.runlog import note

LONG_WAIT = 1.0
"""Seconds from which on a wait is worth a line of the log; a request that is sent again always is."""


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
