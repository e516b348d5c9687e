"""One piece of work in two processes: the first half here, the second in a fork that shares what is in memory."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple


class Spent(NamedTuple):
    """What the other processes took besides this one: seconds of processor, megabytes that were theirs alone."""

    cpu_seconds: float
    peak_mb: float


class Halves:
    """Does work in halves and adds up what the forks took. ``alone`` does both halves here."""

    def __init__(self, *, alone: bool = False) -> None:
        self.alone = alone
        self.own_mb = 0.0

    def run(self, work: Callable[[int, int], bytes], middle: int, end: int) -> tuple[bytes, bytes]:
        """``work(0, middle)`` and ``work(middle, end)``. Raises RuntimeError where the fork failed."""
        if self.alone:
            return work(0, middle), work(middle, end)
        context = get_context("fork")
        here, there = context.Pipe(duplex=False)
        with _unmoved():
            other = context.Process(target=_sent, args=(there, work, middle, end))
            other.start()
            there.close()
            first = work(0, middle)
            try:
                second, own = here.recv_bytes(), float(here.recv_bytes())
            except EOFError as error:
                raise RuntimeError("the second half of the work failed") from error
            finally:
                other.join()
        self.own_mb = max(self.own_mb, own)
        return first, second

    def spent(self) -> Spent:
        """What all forks took so far."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Spent(used.ru_utime + used.ru_stime, self.own_mb)


def _sent(pipe: Connection, work: Callable[[int, int], bytes], begin: int, end: int) -> None:
    pipe.send_bytes(work(begin, end))
    pipe.send_bytes(str(_own_mb()).encode())
    pipe.close()


@contextmanager
def _unmoved() -> Iterator[None]:
    """Without collections of garbage, which would write to all that both share and so copy it."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _own_mb() -> float:
    """Megabytes of this process that no other shares; all of it where the system does not tell."""
    told = Path("/proc/self/smaps_rollup")
    if not told.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = (line.split() for line in told.read_text(encoding="ascii").splitlines())
    return sum(int(words[1]) for words in lines if words[0].startswith("Private_")) / 1024
