"""Sweeps by the clock: a sync sweeps what is due, and leaves alone what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mapping.errors import TransientError
from sync.reports import SyncReport
from tests.sync.hubs import Stage
from tests.sync.lists import Lists

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """A shop that lists what it has, and a CRM that is only read."""
    made = Stage(tmp_path, database_url, push={})
    yield made
    made.close()


@pytest.fixture
def shop(stage: Stage) -> Lists:
    """Five people in the shop, who were read once."""
    lists = Lists()
    lists.fill(5)
    stage.connectors["shop"] = lists
    stage.configure("shop")
    assert stage.sync().ok
    return lists


def synced(stage: Stage, *, after: float, full: bool = False) -> SyncReport:
    """A sync of the shop so many seconds from now."""
    stage.clock.sleep(after)
    return stage.sync("shop", full=full)


def test_a_sweep_that_the_guard_stopped_fails_the_sync_and_is_tried_again_after_an_hour(
    stage: Stage, shop: Lists
) -> None:
    shop.drop("1", "2", "3")
    report = synced(stage, after=8 * DAY)
    assert not report.ok
    assert [(one.status, one.gone) for one in report.sweeps] == [("failed", 0)]
    again = synced(stage, after=HOUR / 2)
    assert (again.ok, again.sweeps) == (True, [])
    assert not stage.hub.status().ok, "it is not forgotten in the meantime"
    assert [one.status for one in synced(stage, after=HOUR).sweeps] == ["failed"]
    assert len(stage.customers()) == 5


def test_a_full_reading_that_a_person_allowed_settles_a_sweep_that_was_stopped(stage: Stage, shop: Lists) -> None:
    shop.drop("1", "2", "3")
    synced(stage, after=8 * DAY)
    assert stage.sync("shop", full=True, allow_deletes=True).ok
    assert stage.hub.status().ok
    assert synced(stage, after=2 * HOUR).sweeps == []


def test_a_sync_that_may_delete_lets_its_sweeps_delete_too(stage: Stage, shop: Lists) -> None:
    shop.drop("1", "2", "3")
    stage.clock.sleep(8 * DAY)
    assert [one.gone for one in stage.sync("shop", allow_deletes=True).sweeps] == [3]


def test_a_stream_that_could_not_be_read_is_not_swept(
    stage: Stage, shop: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TransientError("away")

    monkeypatch.setattr(shop, "_read", away)
    report = synced(stage, after=8 * DAY)
    assert ([one.status for one in report.streams], report.sweeps) == (["failed"], [])


def test_a_sync_sweeps_once_the_last_reading_of_everything_is_a_week_ago(stage: Stage, shop: Lists) -> None:
    shop.drop("1")
    assert synced(stage, after=6 * DAY).sweeps == []
    (swept,) = synced(stage, after=DAY).sweeps
    assert (swept.connection, swept.stream, swept.status, swept.gone) == ("shop", "people", "ok", 1)
    assert len(stage.customers()) == 4, "what is gone is resolved in the same sync"
    assert synced(stage, after=6 * DAY).sweeps == []
    assert len(synced(stage, after=DAY).sweeps) == 1


def test_a_full_reading_counts_as_a_sweep(stage: Stage, shop: Lists) -> None:
    synced(stage, after=6 * DAY, full=True)
    assert synced(stage, after=2 * DAY).sweeps == []


def test_a_sweep_by_hand_counts_as_well_and_a_dry_run_does_not(stage: Stage, shop: Lists) -> None:
    stage.clock.sleep(6 * DAY)
    assert stage.hub.sweep(["shop"]).ok
    assert synced(stage, after=2 * DAY).sweeps == []
    stage.clock.sleep(5 * DAY)
    assert stage.hub.sweep(["shop"], dry_run=True).ok
    assert len(synced(stage, after=1).sweeps) == 1


@pytest.mark.parametrize(
    ("connection", "stream", "days", "due"),
    [
        ("never", None, 365, False),
        ("every 2 days", None, 1, False),
        ("every 2 weeks", None, 13, False),
        ("every 2 days", None, 2, True),
        ("never", "every 1 day", 1, True),
        ("every hour", "never", 365, False),
    ],
)
def test_the_admin_says_how_often(
    stage: Stage, shop: Lists, connection: str, stream: str | None, days: int, due: bool
) -> None:
    stage.configure("shop", sweep=connection, streams={"people": {"sweep": stream}})
    assert bool(synced(stage, after=days * DAY).sweeps) is due


def test_a_sweep_is_a_run_with_its_counts(stage: Stage, shop: Lists) -> None:
    shop.drop("1")
    synced(stage, after=8 * DAY)
    run = next(run for run in stage.hub.runs(each=True) if run.kind == "sweep")
    assert (run.connection, run.stream, run.status) == ("shop", "people", "ok")
    counts = {name: count for name, count in run.counts.items() if count}
    assert counts == {"known": 5, "met": 4, "gone": 1}
