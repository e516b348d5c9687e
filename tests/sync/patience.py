"""Waiting for what other processes do, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LIMIT = 20.0


def wait(done: Callable[[], object], limit: float = LIMIT) -> None:
    """Looks until it is so, with a limit in seconds."""
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, "it did not come to its end"
        time.sleep(0.005)


def asleep(pid: int) -> bool:
    """Whether the process's first thread waits for something. A signal that comes just before it does is heard only
    when what it waits for has come: Python looks for signals before a call of the system, and not in its first step."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "S"
