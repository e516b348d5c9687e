"""Waiting for what other processes do, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT = 20.0


def wait(done: Callable[[], object], limit: float = LIMIT) -> None:
    """Looks until it is so, with a limit in seconds."""
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, "it did not come to its end"
        time.sleep(0.005)
