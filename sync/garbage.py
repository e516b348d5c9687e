"""Fewer collections of garbage where rows are made by the hundred thousand."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ROWS = 100_000
"""New objects before the collector looks. Its default of 700 walks the rows of a batch again and again: it took a
fifth of the time of resolving, by turns of both in one process."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Rows hold no cycles; the collector would walk them all for nothing."""
    before = gc.get_threshold()
    gc.set_threshold(ROWS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
