"""The rate limits a vendor declares, kept on our side so that its refusals stay the exception."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from connectors.core.protocols import Runtime
from mapping.errors import RateLimitedError


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``calls`` requests in any ``seconds``.

    ``match`` is a regular expression searched in ``METHOD /path``; empty, the limit holds for every request. ``header``
    names the response header in which the vendor says how many calls are left of this limit.
    """

    calls: int
    seconds: float
    name: str = ""
    match: str = ""
    header: str = ""

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(f"limit {self.name!r}: {self.calls} calls in {self.seconds} seconds lets nothing through")

    def shared(self, share: float) -> Limit:
        """The limit for whoever may use this part of it: fewer calls, or where that is less than one, a longer wait."""
        if share >= 1:
            return self
        allowed = self.calls * share
        calls = max(1, int(allowed))
        return replace(self, calls=calls, seconds=self.seconds * calls / allowed)

    def holds_for(self, method: str, path: str) -> bool:
        """Whether a request counts against this limit."""
        return not self.match or re.search(self.match, f"{method} {path}") is not None


@dataclass(slots=True)
class _Window:
    """The instants (monotonic seconds, sorted) of the calls that still count; some may lie ahead, already promised."""

    limit: Limit
    sent: list[float] = field(default_factory=list)

    def earliest(self, now: float, limit: Limit, calls: int = 1) -> float:
        """When so many more calls may go, so that no half-open window of the limit's length ever holds too many.
        ``limit`` is the share of it that may be used."""
        del self.sent[: bisect_right(self.sent, now - limit.seconds)]
        over = min(len(self.sent) + calls - limit.calls, len(self.sent))
        return max(now, self.sent[over - 1] + limit.seconds) if over > 0 else now


class Budget:
    """Sliding windows over every declared limit, safe to share among threads and among several ``Http``.

    A wait longer than ``patience`` seconds is not sat out: ``take`` raises instead, and the run resumes later. Of each
    limit only the runtime's share is used.
    """

    def __init__(self, *limits: Limit, patience: float = 60.0) -> None:
        self._windows = [_Window(limit) for limit in limits]
        self._patience = patience
        self._closed_until = 0.0
        self._lock = Lock()

    def take(self, runtime: Runtime, method: str, path: str, calls: int = 1) -> None:
        """Returns when the request may be sent, and counts it. Raises RateLimitedError, counting nothing.

        ``calls`` is how many calls it holds, for vendors that take several in one request and count each; more than a
        limit allows at a time wait until the limit is quite unused.

        Each caller is promised its own instant under the lock and sleeps outside it, so the order of arrival is kept
        and nobody wakes in vain.
        """
        with self._lock:
            now = runtime.monotonic()
            windows = [window for window in self._windows if window.limit.holds_for(method, path)]
            start, tightest = (now, "") if now >= self._closed_until else (self._closed_until, "vendor's")
            for window in windows:
                limit = window.limit.shared(runtime.share)
                runtime.paced(limit.calls, limit.seconds)
                earliest = window.earliest(now, limit, calls)
                if earliest > start:
                    start, tightest = earliest, limit.name
            wait = start - now
            if wait > self._patience:
                raise RateLimitedError(f"the {tightest or 'rate'} limit is used up", retry_after=wait)
            for window in windows:
                for _ in range(calls):
                    insort(window.sent, start)
        if wait > 0:
            runtime.meter.waited(wait, f"{tightest or 'rate'} limit")
            runtime.sleep(wait)

    def learn(self, runtime: Runtime, name: str, remaining: int) -> None:
        """Takes the vendor's word that only so many calls are left of the limit of that name, if fewer than we count.

        Other programs may share the account: what they used counts as used now, and comes back one window from now. Of
        what is left, a runtime with a share may still use all up to its share.
        """
        with self._lock:
            now = runtime.monotonic()
            for window in self._windows:
                if window.limit.name == name:
                    limit = window.limit.shared(runtime.share)
                    window.earliest(now, limit)
                    unseen = limit.calls - max(0, remaining) - len(window.sent)
                    for _ in range(unseen):
                        insort(window.sent, now)

    def close(self, runtime: Runtime, seconds: float) -> None:
        """Lets nobody send for so long: the vendor has asked one of them for patience, and means all."""
        with self._lock:
            self._closed_until = max(self._closed_until, runtime.monotonic() + seconds)

    def heed(self, runtime: Runtime, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Learns from the response headers that this request's limits declare; one that is no number is let be."""
        for limit in self._declaring(method, path):
            value = headers.get(limit.header, "")
            if value.isascii() and value.isdigit():
                self.learn(runtime, limit.name, int(value))

    def _declaring(self, method: str, path: str) -> Sequence[Limit]:
        limits = (window.limit for window in self._windows)
        return [limit for limit in limits if limit.header and limit.holds_for(method, path)]
