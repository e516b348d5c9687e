"""How patiently one request is repeated."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """At most ``attempts`` sends of one request, and ``patience`` seconds in all.

    Waits double from ``first`` up to ``longest`` seconds.
    ``chance`` gives numbers in [0, 1) and spreads the waits, so that many lanes do not come back in step.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    patience: float = 120.0
    chance: Callable[[], float] = random.random

    def delay(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait after the ``attempt``-th send (from 1): what the vendor asked for, or half to all of a step.

        A vendor that asks for less than ``first`` seconds gets ``first``: ``Retry-After: 0`` is no leave to hammer.
        """
        if asked is not None:
            return max(asked, self.first)
        step = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return step * (0.5 + 0.5 * self.chance())


USUAL = Retry()
"""How a client that says nothing of it tries again."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the vendor asks us to wait: ``Retry-After`` in either form of RFC 9110 section 10.2.3; None if absent.

    A date in the past is 0; a value that is neither form counts as absent.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        return _until(value, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(value: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
