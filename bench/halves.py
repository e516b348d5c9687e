"""Work in two processes: one part here, the other in a fork that shares what is in memory."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, TypeVar

Made = TypeVar("Made")


class Spent(NamedTuple):
    """What the other processes took besides this one: seconds of processor, megabytes that were theirs alone."""

    cpu_seconds: float
    peak_mb: float


class Halves:
    """Does work in two parts and adds up what the forks took. ``alone`` does both parts here."""

    def __init__(self, *, alone: bool = False) -> None:
        self.alone = alone
        self.own_mb = 0.0

    def run(self, work: Callable[[int, int], bytes], middle: int, end: int) -> tuple[bytes, bytes]:
        """``work(0, middle)`` and ``work(middle, end)``. Raises RuntimeError where the fork failed."""
        return self.both(lambda: work(0, middle), lambda: work(middle, end))

    def both(self, here: Callable[[], Made], there: Callable[[], bytes]) -> tuple[Made, bytes]:
        """What two pieces of work make, the second of them in a fork. Raises RuntimeError where that failed."""
        if self.alone:
            return here(), there()
        context = get_context("fork")
        told, tells = context.Pipe(duplex=False)
        with unmoved():
            other = context.Process(target=_sent, args=(tells, there))
            other.start()
            tells.close()
            first = here()
            try:
                second, own = told.recv_bytes(), float(told.recv_bytes())
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


def _sent(pipe: Connection, work: Callable[[], bytes]) -> None:
    pipe.send_bytes(work())
    pipe.send_bytes(str(_own_mb()).encode())
    pipe.close()


@contextmanager
def unmoved() -> Iterator[None]:
    """Without collections of garbage, which would walk all that is held again and again, and write to what a fork
    shares and so copy it."""
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
