"""Resolving beside the pull: a second process works out who is who while pages still come.

Threads of one process take turns at the interpreter, processes do not. The child opens the database itself and takes
the resolve lease for each round, as any other hub would, so it may end at any point: what it leaves waiting, and what
it failed at, the parent resolves when the pull is over, and an error shows where it always did.

The parent writes the task, then a line whenever another batch waits, and in the end ``END``, to which the child answers
with what it has done. A pipe that closes without that word means that the parent is gone: the child goes too.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any

from pydantic import TypeAdapter

from mapping.criteria import Criteria
from mapping.errors import ConcordError
from mapping.policy import Policy
from state.database import Database
from state.engines import LOG
from state.leases import Heartbeat, Leases, new_owner
from sync import resolve
from sync.crashes import told
from sync.garbage import few_collections
from sync.reports import ResolveReport
from sync.resolve import Resolver

ENOUGH = 3000
"""Waiting entities that make a child worth its start, which takes a third of a second of a core and 60 MB."""
STEP = 2000
"""Waiting entities that make a batch worth its queries, and the pages of the index of identifiers that it touches; what
is left at the end, the parent resolves by itself."""
BEHIND = 10_000
"""Waiting entities from which on the child no longer yields: the work would only be left to the end."""
LEASE_SECONDS = 60.0
PATIENCE = 60.0
"""Seconds that the batch in hand may take in the end; what the child has not written by then is done again."""
HURRY = 2.0
"""The same when a person wants the work to stop."""

Wishes = Mapping[str, Mapping[str, Any]]
"""What ``Policy`` takes."""
READY, MORE, END = b"ready\n", b"more\n", b"end\n"


@dataclass(frozen=True, slots=True)
class Task:
    """What the child has to know. It goes through a pipe: the address of a database may hold a password."""

    database: str
    criteria: Criteria
    golden: Wishes
    batch: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child did, and where it failed for a reason that nobody expected."""

    report: ResolveReport = field(default_factory=ResolveReport)
    crash: str = ""


_TASK = TypeAdapter(Task)
_ANSWER = TypeAdapter(Answer)


def several_cores() -> bool:
    """Whether a second process would run beside this one, and not in its place."""
    return len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) > 1


class Beside:
    """The parent's end. ``criteria`` and ``golden`` are asked for when the child starts; without several cores none
    ever does."""

    def __init__(self, database: str, criteria: Callable[[], Criteria], golden: Callable[[], Wishes]) -> None:
        self._database, self._criteria, self._golden = database, criteria, golden
        self._child: subprocess.Popen[bytes] | None = None
        self._possible = several_cores()
        self._waiting = 0

    def stored(self, entities: int) -> None:
        """So many more entities wait."""
        self._waiting += entities
        if self._child is not None:
            if self._waiting >= min(STEP, resolve.BATCH):
                self._say(MORE)
        elif self._possible and self._waiting >= ENOUGH:
            self._start()

    def _start(self) -> None:
        # -P: a folder in which somebody happens to work shall not lend its modules to the child.
        command = [sys.executable, "-P", "-m", "sync.beside"]
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)  # noqa: S603  ours
        except OSError:
            self._possible = False  # no process or memory to spare: it is resolved after the pull
            return
        task = Task(self._database, self._criteria(), self._golden(), resolve.BATCH)
        self._say(_TASK.dump_json(task) + b"\n" + MORE * max(self._waiting // STEP, 1))

    def _say(self, words: bytes) -> None:
        self._waiting = 0
        if self._child is not None and self._child.stdin is not None and self._child.poll() is None:
            try:
                self._child.stdin.write(words)
                self._child.stdin.flush()
            except BrokenPipeError:
                pass  # it ended just now; nothing is lost

    def finish(self, patience: float = PATIENCE, meanwhile: Callable[[], object] = lambda: None) -> Answer:
        """Lets the child end after the batch in hand, and returns what it did. ``meanwhile`` is done while it works."""
        child, self._possible = self._child, False
        if child is None:
            return Answer()
        if child.stdout is not None and not select.select([child.stdout], [], [], 0)[0]:
            child.kill()  # not even ready: it has begun nothing
        else:
            self._say(END)
            meanwhile()
        self._child = None
        try:
            said, _ = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
        except BrokenPipeError:
            said = b""  # it died over a line that it had not read
            child.wait()
        answer = said.removeprefix(READY)
        return _ANSWER.validate_json(answer) if answer else Answer()

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(HURRY)


class _Orders:
    """What the parent has said so far."""

    def __init__(self) -> None:
        self.more = threading.Event()
        self.over = threading.Event()
        self.stored = 0
        self.resolved = 0

    @property
    def urgent(self) -> bool:
        """Whether our work is what others will wait for."""
        return self.over.is_set() or self.stored - self.resolved >= BEHIND

    def listen(self, pipe: IO[bytes]) -> None:
        """Hears until the end, or ends the process together with the parent."""
        for line in pipe:
            if line == END:
                self.over.set()
            else:
                self.stored += STEP
            self.more.set()
            if line == END:
                return
        os._exit(1)


def _round(db: Database, task: Task, orders: _Orders) -> ResolveReport:
    """Resolves while enough wait. Nothing while another process is at it: that one resolves ours too."""
    held = Leases(db).acquire("resolve", new_owner(), LEASE_SECONDS)
    if held is None:
        return ResolveReport()
    try:
        with Heartbeat(held):
            before = orders.resolved

            def advanced(done: int) -> None:
                orders.resolved = before + done

            resolver = Resolver(db, held, task.criteria, Policy(task.golden), advanced, task.batch)
            return resolver.run(at_least=min(STEP, task.batch), stop=orders.over.is_set)
    finally:
        held.release()


def _work(task: Task, orders: _Orders) -> Answer:
    # Each write waits for the pull to have stored a page, so that it does not get in the way of the next one; and the
    # log is full for us before it is for the pull.
    db = Database(task.database, yielding=lambda: not orders.urgent, log=LOG // 4)
    report = ResolveReport()
    try:
        while True:
            orders.more.wait()
            orders.more.clear()
            if orders.over.is_set():
                break
            try:
                report += _round(db, task, orders)
            except ConcordError:
                continue  # busy, or no longer ours: the parent comes to it after the pull, and says so if it lasts
    except Exception as error:  # noqa: BLE001  the outermost edge of the process: the parent tells it
        return Answer(report, told(error))
    finally:
        db.close()
    return Answer(report)


def main() -> None:
    """The child: one task from stdin, one answer to stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but it is the parent who ends the work
    task = _TASK.validate_json(sys.stdin.buffer.readline())
    orders = _Orders()
    threading.Thread(target=orders.listen, args=(sys.stdin.buffer,), daemon=True).start()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    with few_collections():
        answer = _work(task, orders)
    sys.stdout.buffer.write(_ANSWER.dump_json(answer))
    sys.stdout.buffer.flush()
    orders.over.wait()
    os._exit(0)  # others wait for it, and a thread that still reads stdin would hold the interpreter on its way out


if __name__ == "__main__":
    main()
