"""Rehearsals: who is who is decided once more by the engine itself, on a copy, so that nothing here changes by it.

A transaction that is rolled back would show the same, but nobody else could write while it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.settings import Settings
from mapping.counts import many
from mapping.quality import Drift, drift
from mapping.scoring import Model
from state import belonging, matching
from state.database import Database
from state.leases import Leases, new_owner
from state.rehearsal import copied
from state.vault import Vault
from sync.reports import Observer
from sync.train import put_in_force

if TYPE_CHECKING:
    from sync.hub import Hub

Lesson = tuple[str, Model]
"""A kind of profile, and the model that it shall be scored by."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Who was whose before, and is now; ``db`` is the copy, as long as the rehearsal lasts."""

    db: Database
    before: Mapping[int, str]
    after: Mapping[int, str]

    def drift(self) -> Drift:
        """What is different."""
        return drift(self.before, self.after)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Passes progress on as that of a rehearsal, and keeps what came of it to itself: nothing came of it."""

    observer: Observer

    def started(self, what: str, total: int | None) -> None:
        """Under the rehearsal's own name."""
        self.observer.started(f"rehearse {what}", total)

    def advanced(self, what: str, done: int) -> None:
        """Under the rehearsal's own name."""
        self.observer.advanced(f"rehearse {what}", done)

    def finished(self, what: str, note: str) -> None:
        """Without the note."""
        self.observer.finished(f"rehearse {what}", "done")


@contextmanager
def rehearsed(hub: Hub, settings: Settings, model: Lesson | None = None) -> Iterator[Rehearsed]:
    """Everything of the ``hub`` decided anew by these ``settings``, and scored by the ``model`` of a kind where one is
    given, on a copy that lasts as long as the block."""
    folder = hub.settings.hub.state_dir
    hub.observer.started("copy", None)
    with copied(hub.db, folder, scored=True) as copy:
        _let_wait(copy, model)
        with copy.read() as c:
            before = belonging.everybody(c)
        hub.observer.finished("copy", f"{many(len(before), 'record')} of customers")
        changed = settings.model_copy(update={"hub": settings.hub.model_copy(update={"state_dir": folder})})
        trial = type(hub)(changed, copy, Vault(copy, folder), observer=_Trial(hub.observer))
        trial.resolve()
        with copy.read() as c:
            after = belonging.everybody(c)
        yield Rehearsed(copy, before, after)


def _let_wait(copy: Database, model: Lesson | None) -> None:
    """Lets everybody be decided again, and be scored by a model where one is given."""
    held = Leases(copy).acquire("resolve", new_owner(), 3600.0)
    assert held is not None, "nobody else knows of the copy"
    try:
        matching.queue_everything(copy, held)
        if model is not None:
            put_in_force(copy, held, *model, "rehearsed")
    finally:
        held.release()
