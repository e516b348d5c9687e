"""The hubs that are killed: ``python -m tests.crashes.process FOLDER`` forks one for every order it reads.

An order is a line of JSON: the act, how far the clock is ahead, and the strikes that are not to be carried out (again).
A strike is a place and a moment: ``sync.push.Pusher._send before`` is just before the commit there, ``after`` just
after it. The hub kills itself at the first strike that it meets and that is not spared. The answer is a line: the exit
code and the strike, if there was one.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from state.database import Connection, Database
from state.leases import Lease
from tests.checkout import ROOT
from tests.crashes.acts import ACTS, small_steps
from tests.crashes.company import Company
from tests.crashes.places import write_places
from tests.crashes.played import Played
from tests.engines import lighten_engines

EVERY_STRIKE = "*"
FAILED = 3


def arm(spared: frozenset[str], met: Path, struck: Path) -> None:
    """Lets this process die at the first strike that is not spared; the places that it meets are noted in ``met``."""
    write, places, seen = Database.write, write_places(), set[str]()
    files = {str(ROOT / name): name for name, _ in places}

    def strike(place: str, moment: str) -> None:
        if EVERY_STRIKE in spared or f"{place} {moment}" in spared:
            return
        struck.write_text(f"{place} {moment}")
        os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watched(inner: AbstractContextManager[Connection], place: str) -> Iterator[Connection]:
        if place not in seen:
            seen.add(place)
            with met.open("a") as known:
                known.write(f"{place}\n")
        with inner as connection:
            try:
                yield connection
            finally:
                strike(place, "before")  # also of a rollback
        strike(place, "after")

    def deadly(self: Database, lease: Lease | None = None) -> AbstractContextManager[Connection]:
        caller = sys._getframe(1)
        file = files.get(caller.f_code.co_filename)
        place = places.get((file, caller.f_lineno)) if file else None
        inner = write(self, lease)
        return watched(inner, place) if place else inner

    setattr(Database, "write", deadly)  # noqa: B010 - a method is replaced on purpose


def child(folder: Path, order: dict[str, Any]) -> int:
    """Plays one act; 0 when it came to its end."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # where the log goes; what is answered is the parent's
    arm(frozenset(order["spared"]), folder / "met", folder / "struck")
    company = Company(folder, order["database"])
    (act,) = [one for one in ACTS if one.name == order["act"]]
    try:
        act.play(Played(company, timedelta(seconds=order["ahead"])))
    except BaseException:  # noqa: BLE001 - the outermost edge of the process
        traceback.print_exc()
        return FAILED
    return 0


def warm_up(folder: Path) -> None:
    """Does and loads once what every hub would do and load, and keeps it out of the collector's way."""
    import apprise  # noqa: F401

    write_places()
    company = Company(folder, f"sqlite:///{folder}/warm.db")
    before = company.config.read_text()
    company.write({**json.loads(before), "hub": {**company.settings()["hub"], "database": company.database}})
    with Played(company, timedelta(0)).hub() as hub:
        hub.sync()
        hub.plan()
    company.config.write_text(before)
    gc.collect()
    gc.freeze()


def main(folder: Path) -> None:
    """Forks a hub an order until there are no more."""
    small_steps()
    lighten_engines()
    warm_up(folder)
    struck = folder / "struck"
    for line in sys.stdin:
        struck.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            os._exit(child(folder, json.loads(line)))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps([code, struck.read_text() if struck.exists() else ""]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
