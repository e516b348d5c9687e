"""A backfill in a process of its own that is killed: ``python -m tests.sync.backfill_process concord.yaml``.

It loads the program once and forks a hub for every line it reads, which holds a number of commits. The hub works the
backfill off with three workers and is killed with SIGKILL right after that many commits (0: by nobody but its parent,
whom it tells its pid). It counts its calls of windows in a file, so that they outlive it. To every line it answers with
the pid, and then with the exit code (negative when killed). A hub that fails leaves why beside the configuration, in
``<pid>.said``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.core.protocols import Runtime
from connectors.memory.api import Api
from connectors.memory.faults import Fault
from state.backfills import BackfillState
from state.database import Connection, Database
from state.leases import Lease
from sync.backfilled import Asked
from sync.hub import Hub

WORKERS = 3
FAILED = 3
BEGINNING, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)


def begin(hub: Hub) -> int:
    """The backfill, in the ledger."""
    asked = Asked(BEGINNING, END, "2w", ("people",), WORKERS)
    return hub.backfills.add(hub.backfills.draft("shop", asked))


def die_after(commits: int) -> None:
    """Lets this process be killed as soon as it has committed so often."""
    write, left, lock = Database.write, commits, threading.Lock()

    @contextmanager
    def deadly(self: Database, lease: Lease | None = None) -> Iterator[Connection]:
        nonlocal left
        with write(self, lease) as connection:
            yield connection
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    setattr(Database, "write", deadly)  # noqa: B010 - a method is replaced on purpose


def note_pages(place: Path) -> None:
    """Writes a line for every page of a window that is asked for."""
    request = Api.request

    def noted(self: Api, door: str, api_key: str) -> Fault | None:
        if door == "window":
            with place.open("a") as file:
                file.write("page\n")
        return request(self, door, api_key)

    setattr(Api, "request", noted)  # noqa: B010 - a method is replaced on purpose


def child(config: Path, commits: int) -> int:
    """Works the backfill off; 0 when it came to its end."""
    note_pages(config.parent / "pages")
    runtime = Runtime(sleep=lambda seconds: time.sleep(min(seconds, 0.01)))
    with Hub.open(config, runtime=runtime) as hub:
        (row,) = hub.backfills.ledger.recent(1)
        if row.state == BackfillState.DONE:  # the life before was killed after its last word
            return 0
        if commits:
            die_after(commits)
        report = hub.backfills.run(row.id)
        if report.ok and not hub.crashes:
            return 0
        (config.parent / f"{os.getpid()}.said").write_text("\n".join([repr(report), *hub.crashes]))
        return FAILED


def main(config: Path) -> None:
    """Forks a hub a line until there are no more lines."""
    with Hub.open(config) as hub:  # loads what is loaded at first need, so that no child has to
        hub.status()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                os._exit(child(config, int(line)))
            except BaseException:  # noqa: BLE001 - the outermost edge of the process
                (config.parent / f"{os.getpid()}.said").write_text(traceback.format_exc())
                os._exit(FAILED)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
