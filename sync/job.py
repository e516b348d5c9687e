"""One job in a process of its own: reads or sweeps a connection, or plans (and
pushes) a destination, and says how it went.

The server writes the task to stdin and keeps the pipe open; a pipe that closes means that the server is gone, and the
job stops as it does for SIGTERM: what is committed stays, and the next start goes on from there. The answer goes to
stdout in one line.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from pydantic import TypeAdapter

from mapping.counts import many
from mapping.errors import ConcordError, RateLimitedError
from state.database import stamp
from state.runs import RunStatus, together
from state.schedules import JobKind
from sync.crashes import told
from sync.ending import failure
from sync.hub import Hub
from sync.reports import ApplyReport, StreamReport, StreamSweep, SyncReport

LONGEST, MOST_CRASHES = 2000, 5
"""Characters of a message, and traces: an answer must fit into a pipe that nobody empties before the process ended."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a job has to know. ``text`` is the configuration in force, whatever stands in the file at ``path`` now.

    It goes through a pipe, since a configuration may hold secrets.
    """

    path: Path
    text: str
    kind: JobKind
    connection: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended. ``message`` is for people and holds no personal data; ``crashes`` are traces without values.

    ``again_at``: when it is due again, where the work itself found that out.
    """

    status: str
    message: str = ""
    crashes: Sequence[str] = ()
    again_at: str = ""


TASK = TypeAdapter(Task)
RESULT = TypeAdapter(Result)


def run(task: Task) -> Result:
    """Carries the task out. Raises nothing but what stops a process."""
    try:
        with Hub.open(task.path, text=task.text) as hub, together(f"{task.kind}:{task.connection}"):
            again: datetime | None = None
            if task.kind is JobKind.CARE:
                hub.care.tidy()
                status, message = RunStatus.OK.value, ""
            elif task.kind is JobKind.READ:
                status, message = _read(hub.sync([task.connection], push=False, sweep=False))
            elif task.kind is JobKind.SWEEP:
                swept, again = hub.sweep_due(task.connection)
                status, message = _said_and_done([(each.stream, each) for each in swept.streams])
            else:
                status, message = _pushed(hub.deliver([task.connection]))
            again_at = hub.rests_until(task.connection) or (stamp(again) if again else "")
            return Result(status, message[:LONGEST], hub.crashes[:MOST_CRASHES], again_at)
    except ConcordError as error:
        status_, message = failure(error)
        return Result(status_.value, message, again_at=_rests_until(error))
    except Exception as error:  # noqa: BLE001  the outermost edge of the process: the server tells it
        return Result(RunStatus.FAILED.value, failure(error)[1], (told(error),))


def _rests_until(error: ConcordError) -> str:
    if isinstance(error, RateLimitedError) and error.retry_after:
        return stamp(datetime.now(UTC) + timedelta(seconds=error.retry_after))
    return ""


def _read(report: SyncReport) -> tuple[str, str]:
    """The worst of its streams, and what they said."""
    return _said_and_done([(one.stream, one) for one in report.streams])


def _said_and_done(parts: Sequence[tuple[str, StreamReport | StreamSweep]]) -> tuple[str, str]:
    told = [
        (stream, one.message or (f"{many(one.dead, 'record')} could not be taken" if one.dead else ""))
        for stream, one in parts
    ]
    return _worst([one.status for _, one in parts]), _said(told)


def _pushed(reports: Sequence[ApplyReport]) -> tuple[str, str]:
    return _worst([one.status for one in reports]), _said([("", one.message) for one in reports])


def _worst(found: Sequence[str]) -> str:
    order = (RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.PAUSED, RunStatus.PARTIAL)
    return next((status.value for status in order if status.value in found), RunStatus.OK.value)


def _said(parts: Sequence[tuple[str, str]]) -> str:
    return "; ".join(dict.fromkeys(f"{place}: {said}" if place else said for place, said in parts if said))


def _stop(number: int, _: object) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    raise KeyboardInterrupt


def _watch(server: int) -> None:
    """Waits until the server's end of the pipe closes."""
    while os.read(server, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """The child: one task from stdin, one answer to stdout; 1 where it was stopped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but it is the server who ends the work
    signal.signal(signal.SIGTERM, _stop)
    try:
        task = TASK.validate_json(sys.stdin.buffer.readline())
        threading.Thread(target=_watch, args=(sys.stdin.fileno(),), daemon=True).start()
        answer = run(task)
    except KeyboardInterrupt:
        return 1
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout.buffer.write(RESULT.dump_json(answer) + b"\n")
    sys.stdout.buffer.flush()
    os._exit(0)  # a thread that still reads stdin would hold the interpreter on its way out


if __name__ == "__main__":
    sys.exit(main())
