"""A sweep in a process of its own that is killed at a commit: ``python -m tests.sync.sweep_process concord.yaml``.

It loads the program once and forks a hub for every number it reads. The hub sweeps in small steps and is killed with
SIGKILL right after that many commits. To every line it answers with the exit code (negative when killed) and with how
many batches of ids were met before.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.core.protocols import Runtime
from state.database import Connection, Database
from state.leases import Lease
from sync import sweep
from sync.hub import Hub
from sync.reports import Silent

STEP = 3
FAILED = 3


class Progress(Silent):
    """Keeps how far it came where the parent finds it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def advanced(self, what: str, done: int) -> None:
        """One batch more."""
        self.place.write_text(str(int(self.place.read_text()) + 1))


def die_after(commits: int) -> None:
    """Lets this process be killed as soon as it has committed so often."""
    write, left = Database.write, commits

    @contextmanager
    def deadly(self: Database, lease: Lease | None = None) -> Iterator[Connection]:
        nonlocal left
        with write(self, lease) as connection:
            yield connection
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(Database, "write", deadly)  # noqa: B010 - a method is replaced on purpose


def child(config: Path, commits: int) -> int:
    """Sweeps; 0 when it came to its end."""
    sweep.BATCH, sweep.RETRACT = STEP, 1
    progress = Progress(config.parent / "met")
    progress.place.write_text("0")
    with Hub.open(config, observer=progress, runtime=Runtime(sleep=lambda seconds: None)) as hub:
        die_after(commits)
        return 0 if hub.sweep(["shop"]).ok else FAILED


def main(config: Path) -> None:
    """Forks a hub a line until there are no more lines."""
    Hub.open(config).close()  # loads what is loaded at first need, so that no child has to
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(child(config, int(line)))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(code, (config.parent / "met").read_text(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
