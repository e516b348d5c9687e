"""What every act is made of: the company at play in one process, and the act itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from config import loader
from connectors.core.protocols import Runtime
from connectors.core.registry import catalogue
from state.database import Database, utc_now
from state.vault import Vault
from sync.hub import Hub
from sync.opening import models
from tests.crashes.company import Company

MOST_ROUNDS = 8
LATER = timedelta(hours=3)


@dataclass(frozen=True)
class Played:
    """A process at play: the company, and how far its clock is ahead."""

    company: Company
    ahead: timedelta

    def now(self) -> datetime:
        """Its time."""
        return utc_now() + self.ahead

    @property
    def state(self) -> Path:
        """The folder of working files, made when it is missing."""
        found = self.company.folder / "state"
        found.mkdir(mode=0o700, exist_ok=True)
        return found

    def database(self) -> Database:
        """The database, brought to this version."""
        db = Database(self.company.database, now=self.now)
        db.migrate()
        return db

    def hub(self) -> Hub:
        """The hub, on that time."""
        db = self.database()
        vault = Vault(db, self.state)
        settings = loader.load(self.company.config, models(catalogue()), vault.get)
        return Hub(settings, db, vault, runtime=Runtime(now=self.now, sleep=lambda seconds: None))

    def settle(self) -> None:
        """Syncs and pushes until nothing is left to do, and what was written was read back; writes that could not be
        confirmed are looked up by hand."""
        with self.hub() as hub:
            for _ in range(MOST_ROUNDS):
                report = hub.sync()
                planned = hub.plan()
                assert hub.crashes == [], hub.crashes
                lost = [one.id for one in hub.dead_letters() if one.direction == "out"]
                moved = any(one.new or one.changed or one.gone for one in report.streams)
                if planned.empty and report.ok and not lost and not moved:
                    return
                if lost:
                    hub.replay_dead_letters(lost)
                if not planned.empty:
                    hub.apply(planned.hash, skip_moved=True)
            open_ = [(one.direction, one.stream, one.reason) for one in hub.dead_letters()]
            statuses = [(one.connection, one.stream, one.message) for one in report.streams if one.message]
            raise AssertionError(f"it does not come to an end: {open_} {statuses} {report.pushes} {planned.targets}")


def nothing(company: Company) -> None:
    """Nothing happens."""


@dataclass(frozen=True)
class Act:
    """One act."""

    name: str
    play: Callable[[Played], None]
    prepare: Callable[[Company], None] = nothing
    ahead: timedelta = timedelta(0)
