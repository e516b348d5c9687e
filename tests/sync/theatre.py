"""Killing hubs on a stage: when to strike, how often it was done, and what is there in the end."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from sqlalchemy import func, select

from connectors.core.exchange import Request
from state.database import Database
from state.tables import membership, raw_record, shadow
from tests.sync.end_state import EndState
from tests.sync.hub_process import DONE, MORE, STEP
from tests.sync.stage import Actor, Stage, is_write

TABLES = {"raw": raw_record, "member": membership, "shadow": shadow}
BLINK = 0.002
MOST_ACTS = 6


@dataclass
class Theatre:
    """One stage, its hubs, and a count of their deaths. ``repeated`` holds for each hub how many pages of a listing it
    asked for although somebody had asked for them before."""

    stage: Stage
    actor: Actor
    db: Database
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    kills: int = 0
    repeated: list[int] = field(default_factory=list)
    watcher: Callable[[], None] | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def act(self, plot: Plot | None = None) -> int:
        """One hub from its start to its end, with somebody after it or not; returns its exit code."""
        crm = self.stage.crm
        crm.next_act()
        known = Counter(crm.listed)
        self.watcher, self.over = None, threading.Event()
        if plot is not None:
            plot(self)
        self.actor.start()
        thread = threading.Thread(target=self.watcher or (lambda: None))
        thread.start()
        code = self.actor.wait()
        self.over.set()
        thread.join()
        self.kills += code == -signal.SIGKILL
        self.repeated.append(sum(n - (page not in known) for page, n in (crm.listed - known).items()))
        assert code in (-signal.SIGKILL, DONE, MORE), self.stage.log()
        return code

    def finish(self) -> None:
        """Hubs that nobody is after, until nothing is left to do."""
        for _ in range(MOST_ACTS):
            if self.act() == DONE:
                return
        raise AssertionError("it does not come to an end: " + self.actor.said() + self.stage.log())

    def rows(self, name: str) -> int:
        """How many rows a table has now."""
        with self.db.read() as c:
            return int(c.execute(select(func.count()).select_from(TABLES[name])).scalar_one())

    @property
    def end(self) -> EndState:
        """What is there now."""
        return EndState(self.db, self.stage.crm.portal, self.stage.old_ids, self.began)


Plot = Callable[[Theatre], None]
"""Lies in wait for the hub that is about to start, and kills it."""


def at_request(number: int, *, writes: bool, answered: bool) -> Plot:
    """At the so-manieth request (or write): before it arrives, or when it was carried out but not answered."""

    def plot(theatre: Theatre) -> None:
        met = 0

        def reached(request: Request) -> bool:
            nonlocal met
            met += not writes or is_write(request)
            return met == number and (not writes or is_write(request))

        def before(request: Request) -> bool:
            if not answered and reached(request):
                theatre.actor.kill()
                return True
            return False

        def after(request: Request) -> None:
            if answered and reached(request):
                theatre.actor.kill()

        theatre.stage.crm.before, theatre.stage.crm.after = before, after

    return plot


def at_rows(name: str, rows: int, *, more: bool = False) -> Plot:
    """As soon as a table is seen to have so many rows, or so many more than now."""

    def plot(theatre: Theatre) -> None:
        goal = rows + more * theatre.rows(name)

        def watch() -> None:
            while not theatre.over.wait(BLINK):
                if theatre.rows(name) >= goal:
                    theatre.actor.kill()
                    return

        theatre.watcher = watch

    return plot


def at_moment(seconds: float, *, writing: bool = False) -> Plot:
    """So long after its start, or after its first write has arrived."""

    def plot(theatre: Theatre) -> None:
        begun = threading.Event()

        def before(request: Request) -> bool:
            if is_write(request):
                begun.set()
            return False

        def watch() -> None:
            while writing and not begun.wait(BLINK):
                if theatre.over.is_set():
                    return
            if not theatre.over.wait(seconds):
                theatre.actor.kill()

        theatre.stage.crm.before = before
        theatre.watcher = watch

    return plot


def plots(dice: Random) -> list[Plot]:
    """Plots for every stage of the work, in its order. Each strikes before the work can be done, however fast it is."""
    reading = [at_rows("raw", 25 * n + dice.randint(1, STEP)) for n in range(5)]
    reading += [at_moment(dice.uniform(0, 0.2)) for _ in range(2)]
    asking = [at_request(dice.randint(2, 8), writes=False, answered=n % 2 == 0) for n in range(5)]
    resolving = [at_rows("member", 30 * n + dice.randint(1, STEP)) for n in range(3)]
    writing = [at_request(dice.randint(1, 2), writes=True, answered=n % 2 == 0) for n in range(6)]
    writing += [at_moment(dice.uniform(0, 0.02), writing=True) for _ in range(3)]
    writing += [at_rows("shadow", 1, more=True) for _ in range(2)]
    dice.shuffle(writing)
    return [*reading, *asking, *resolving, *writing]
