"""What a connection's requests cost: calls, bytes, retries, and the seconds that were waited for the vendor's sake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

RETRY = "retry"
"""The reason of a wait after which the same request is sent again."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What was spent. ``waits`` are seconds by the reason, which is a word of ours or a vendor's name for a limit."""

    calls: int = 0
    bytes: int = 0
    retries: int = 0
    waits: Mapping[str, float] = field(default_factory=dict)

    @property
    def waited(self) -> float:
        """Seconds waited in all."""
        return sum(self.waits.values())

    def kept(self) -> dict[str, Any] | None:
        """The form in which a run keeps them; None where nothing was spent."""
        return None if self == Costs() else asdict(self)


class Purse:
    """Sums up what is spent, from any thread, until somebody takes the sum. ``heard`` is told of each wait."""

    def __init__(self, heard: Callable[[float, str], None] = lambda seconds, why: None) -> None:
        self._lock = threading.Lock()
        self._heard = heard
        self._empty()

    def _empty(self) -> None:
        self._calls = self._bytes = self._retries = 0
        self._waits: dict[str, float] = {}

    def call(self) -> None:
        """One more request is sent."""
        with self._lock:
            self._calls += 1

    def received(self, size: int) -> None:
        """So many bytes came back."""
        with self._lock:
            self._bytes += size

    def waited(self, seconds: float, why: str) -> None:
        """So long was waited, for this reason."""
        with self._lock:
            self._retries += why == RETRY
            self._waits[why] = self._waits.get(why, 0.0) + seconds
        self._heard(seconds, why)

    def take(self) -> Costs:
        """What was spent since it was last taken."""
        with self._lock:
            waits = {why: round(seconds, 3) for why, seconds in self._waits.items()}
            taken = Costs(self._calls, self._bytes, self._retries, waits)
            self._empty()
        return taken
