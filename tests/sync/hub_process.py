"""A hub in a process of its own, for tests that kill it: ``python -m tests.sync.hub_process concord.yaml``.

It loads the program once and forks a hub for every line it reads, so that a start costs milliseconds. To every line it
answers with the hub's pid, and with its exit code when it has ended: 0 when nothing is left to do. The hub leads a
process group, and leaves what it was told beside the configuration, in ``<pid>.said``.

It works in small steps (short pages, batches and transactions), so that there are many places to be killed at.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

from connectors.core.protocols import Runtime
from connectors.files import reading
from connectors.hubspot import mapping, writes
from mapping.errors import ConcordError
from sync import newcomers, resolve
from sync.hub import Hub
from tests.engines import lighten_engines

STEP = 12
LONGEST_SLEEP = 0.05
"""The stand-in's index never lags, and a killed request is over there at once or not at all."""

DONE, MORE, FAILED = 0, 1, 3


def take_small_steps() -> None:
    """Makes pages, batches and transactions small."""
    reading.PAGE_RECORDS = STEP
    resolve.BATCH = 3 * STEP
    resolve.PART = newcomers.PART = STEP // 2
    small = tuple(replace(target, batch_size=STEP // 2) for target in mapping.TARGETS)
    setattr(writes, "TARGETS", small)  # noqa: B010 - where it is read; to mypy it is no name of that module


def work(config: Path) -> int:
    """Reads, resolves, plans and applies once; DONE when there was nothing left to send."""
    runtime = Runtime(sleep=lambda seconds: time.sleep(min(seconds, LONGEST_SLEEP)))
    with Hub.open(config, runtime=runtime) as hub:
        synced = hub.sync()
        said = [each.message for each in synced.streams] + [each.message for each in synced.pushes]
        planned = hub.plan()
        if not planned.empty:
            applied = hub.apply(planned.hash)
            said.append(applied.message)
        said += hub.crashes
    (config.parent / f"{os.getpid()}.said").write_text("\n".join(filter(None, said)))
    return DONE if synced.ok and planned.empty else MORE


def child(config: Path) -> int:
    """``work``, with every way to end as an exit code."""
    os.setpgid(0, 0)
    try:
        return work(config)
    except ConcordError:
        traceback.print_exc()
        return MORE
    except BaseException:  # noqa: BLE001 - the outermost edge of the process
        traceback.print_exc()
        return FAILED


def main(config: Path) -> None:
    """Forks a hub a line until there are no more lines."""
    take_small_steps()
    lighten_engines()
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(child(config))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
