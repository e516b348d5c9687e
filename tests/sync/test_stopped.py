"""What a person or the system stops (Ctrl-C, SIGTERM) was interrupted, whatever it was at; what a fault ends failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from admin.cli.edge import Termination
from sync.backfilled import Asked
from sync.hub import Hub
from tests.sync.hubs import Stage, person

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def backfill(hub: Hub) -> None:
    """Reads the past of the shop."""
    hub.backfills.run(hub.backfills.add(hub.backfills.draft("shop", Asked(SINCE, UNTIL, "1mo"))))


def push(hub: Hub) -> None:
    """Plans and applies."""
    hub.apply(hub.plan().hash)


WORK: dict[str, tuple[str, Callable[[Hub], object]]] = {
    "pull": ("sync.pull.SlicePull.run", Hub.sync),
    "sweep": ("sync.sweeper._StreamSweep._sweep", lambda hub: hub.sweep(["shop"])),
    "resolve": ("sync.resolve.Resolver.run", Hub.sync),
    "compare": ("sync.match.Matcher.run", Hub.sync),
    "traits": ("sync.traits.TraitKeeper.run", Hub.sync),
    "rebuild": ("sync.match.Matcher.run", lambda hub: hub.identity.rebuild()),
    "replay": ("sync.replay.StreamWork._again", lambda hub: hub.mending.replay(["shop"])),
    "backfill": ("sync.intake.Intake.recover", backfill),
    "push": ("sync.push.Pusher.push", push),
    "care": ("state.retention.prune_runs", lambda hub: hub.care.tidy()),
}


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """A stage with one customer whom the CRM lacks, and another one who was not read yet."""
    stage.configure(identity={"compare": True})
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    return stage


def broken_off(stage: Stage, patched: pytest.MonkeyPatch, what: str, stop: BaseException) -> tuple[str, str]:
    """The status and the words of the run that this broke off."""
    place, work = WORK[what]

    def broken(*_: object, **__: object) -> None:
        raise stop

    with patched.context() as patch:
        patch.setattr(place, broken)
        with pytest.raises(type(stop)):
            work(stage.hub)
    newest = stage.hub.runs(1, each=True)[0]
    return newest.status, newest.error


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Termination()], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("what", WORK)
def test_what_is_stopped_was_interrupted_and_has_not_failed(
    busy: Stage, monkeypatch: pytest.MonkeyPatch, what: str, stop: BaseException
) -> None:
    status, told = broken_off(busy, monkeypatch, what, stop)
    assert status == "interrupted"
    assert told.startswith("It was stopped by a person or the system. Nothing is lost: ")


@pytest.mark.parametrize("what", ["resolve", "backfill", "care"])
def test_a_fault_in_work_that_raises_it_has_failed_and_its_text_is_not_kept(
    busy: Stage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    status, told = broken_off(busy, monkeypatch, what, ValueError("ann@home.example"))
    assert status == "failed"
    assert told.startswith("unexpected ValueError at test_stopped.py:")


def test_a_backfill_that_a_person_stops_alerts_nobody(busy: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_off(busy, monkeypatch, "backfill", KeyboardInterrupt())
    busy.clock.sleep(7_200)
    busy.hub.alerts.tell()
    assert busy.rows("alert") == []
    assert any("concord backfills resume 1" in line for line in busy.hub.status().advice)
