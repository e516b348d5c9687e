"""Bad weather on order: what shall go wrong with the next calls to a world."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """One mishap. It strikes calls at ``door`` ('*': any), ``times`` over, once ``after`` of them have gone well.

    With ``error`` the call fails before anything happens. ``lost`` is for writes: the answer never arrives, and
    ``committed`` says whether the work was done; ``error`` is then raised afterwards in place of UNKNOWN outcomes, as
    if the process had died. ``refuse_every`` fails each n-th record of the batch.
    """

    door: str
    error: BaseException | None = None
    lost: bool = False
    committed: bool = True
    refuse_every: int = 0
    after: int = 0
    times: int = 1


@dataclass(slots=True)
class Faults:
    """The mishaps still to come, in the order in which they were asked for."""

    queue: deque[Fault] = field(default_factory=deque)

    def add(self, fault: Fault) -> None:
        """Queues a mishap behind those of the same door."""
        self.queue.append(fault)

    def strike(self, door: str) -> Fault | None:
        """The mishap that this call meets, if any; used up as it strikes."""
        for fault in self.queue:
            if fault.door not in ("*", door):
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                self.queue.remove(fault)
            return fault
        return None
