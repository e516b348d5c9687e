"""One performance of the crash play: every act, with hubs that die at their strikes, and what is there after each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.memory.sandbox import forget_world
from state.database import Database
from tests.checkout import ROOT
from tests.crashes.acts import ACTS
from tests.crashes.company import Company
from tests.crashes.end import CrashEnd
from tests.crashes.played import Act
from tests.crashes.process import EVERY_STRIKE
from tests.sync.end_state import State

KILLED = -9
MOST_KILLS = 90
"""Of one act."""
DELAY = timedelta(minutes=2)
"""How much later a hub starts whose predecessor died: a job is not tried again at once."""


@dataclass
class Performance:
    """A company in a folder, and a program that forks hubs over it. ``strikes`` were carried out, in their order."""

    company: Company
    process: subprocess.Popen[str]
    began: datetime
    old_ids: int
    strikes: list[tuple[str, str]] = field(default_factory=list)

    def run(self, act: Act, spared: Callable[[], Sequence[str]]) -> State:
        """Plays an act to its end, however often its hubs are killed on the way; what is there then."""
        act.prepare(self.company)
        for kills in range(MOST_KILLS):
            late = DELAY * len(self.strikes) if act.ahead else timedelta(0)
            code, strike = self._order(act, act.ahead + late, spared())
            if code == 0:
                return self._end()
            assert (code, bool(strike)) == (KILLED, True), f"{act.name}, after {kills} kills: {self.log()}"
            self.strikes.append((act.name, strike))
        raise AssertionError(f"{act.name} does not come to its end: {self.strikes[-MOST_KILLS:]}")

    def met(self) -> set[str]:
        """The places that any hub came by."""
        return set((self.company.folder / "met").read_text().split())

    def log(self) -> str:
        """What the hubs wrote to stderr, for whoever reads that a test failed."""
        return (self.company.folder / "hubs.log").read_text()[-4000:]

    def _order(self, act: Act, ahead: timedelta, spared: Sequence[str]) -> tuple[int, str]:
        order: dict[str, Any] = {
            "act": act.name, "database": self.company.database, "ahead": ahead.total_seconds(), "spared": list(spared),
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.log()
        code, strike = json.loads(answer)
        return int(code), str(strike)

    def _end(self) -> State:
        db = Database(self.company.database)
        try:
            return CrashEnd(db, self.company.crm, self.old_ids, self.began).all()
        finally:
            db.close()


@contextmanager
def performance(folder: Path, database: str) -> Iterator[Performance]:
    """A new company over a database without a table."""
    folder.mkdir()
    company, began = Company(folder, database), datetime.now(UTC)
    company.found()
    old_ids = max(int(id_) for id_ in company.crm.records("people"))
    command = [sys.executable, "-m", "tests.crashes.process", str(folder)]
    with (folder / "hubs.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=log, text=True)
    try:
        yield Performance(company, process, began, old_ids)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        for world in (company.shop, company.crm):
            forget_world(world.name)


def undisturbed(folder: Path, database: str) -> tuple[dict[str, State], set[str]]:
    """What is there after each act where nobody is killed, and the places that were met."""
    with performance(folder, database) as calm:
        found = {act.name: calm.run(act, lambda: [EVERY_STRIKE]) for act in ACTS}
        return found, calm.met()


def compare(found: State, expected: State, where: str) -> None:
    """Section by section, so that a difference is told where it is."""
    for section, there in expected.items():
        if found[section] != there:
            only = [
                [one for one in mine if one not in theirs]
                for mine, theirs in ((found[section], there), (there, found[section]))
            ]
            raise AssertionError(f"{section} after {where}: is {only[0]}, should be {only[1]}")
