"""Backfills: the past is read window by window, beside the increments, and never loses or wins against newer data."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mapping.errors import (
    AuthError,
    ConfigError,
    CursorExpiredError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    TransientError,
)
from state.leases import Leases, new_owner
from sync.backfill_views import lease_of
from sync.backfilled import Asked, BackfillReport
from sync.partition import PartitionRead
from sync.reports import Silent
from sync.resolve import Resolver
from tests.sync.hubs import BOOKKEEPING, Stage, person

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 5, 1, tzinfo=UTC)


def fill(stage: Stage, count: int = 20, *, team: str = "") -> None:
    """So many people, one every five days from the beginning of the year."""
    for number in range(count):
        at = BEGINNING + timedelta(days=5 * number)
        values = person(f"Pat{number} Poe", email=f"p{number}@x.example")
        stage.shop.put("people", values, at=at, team=team)


def asked(**more: Any) -> Asked:
    return Asked(**{"since": BEGINNING, "until": LATER, "every": "2mo", "workers": 1, **more})


def begin(stage: Stage, **more: Any) -> int:
    """A backfill of the shop in the ledger, not begun."""
    backfills = stage.hub.backfills
    return backfills.add(backfills.draft("shop", asked(**more)))


def run(stage: Stage, number: int) -> BackfillReport:
    report = stage.hub.backfills.run(number)
    assert stage.hub.crashes == []
    return report


def bodies(stage: Stage) -> dict[str, str]:
    return {row["remote_id"]: row["body"] for row in stage.rows("raw_record") if row["state"] == "live"}


class Page(Silent):
    """Does something whenever a page of people has been stored."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action

    def advanced(self, what: str, done: int) -> None:
        """A page more."""
        if what == "backfill shop/people" and done:
            self.action()


@pytest.mark.parametrize("workers", [1, 3])
def test_a_backfill_brings_what_a_full_sync_brings(stage: Stage, workers: int) -> None:
    fill(stage)
    report = run(stage, begin(stage, workers=workers))
    assert (report.state, report.failed, report.done) == ("done", 0, report.partitions)
    (people,) = report.streams
    assert (people.read, people.new, people.dead) == (20, 20, 0)
    found = bodies(stage)
    assert len(stage.customers()) == 20
    again = stage.sync("shop")
    assert sum(one.new + one.changed for one in again.streams) == 0
    assert bodies(stage) == found


def test_a_second_backfill_of_the_same_range_writes_no_data_row(stage: Stage) -> None:
    fill(stage)
    run(stage, begin(stage))
    left_out = {*BOOKKEEPING, "backfill", "partition"}
    before = stage.dump(left_out)
    report = run(stage, begin(stage))
    assert report.streams[0].unchanged == 20
    assert stage.dump(left_out) == before


def test_only_the_range_that_was_asked_for_is_read(stage: Stage) -> None:
    fill(stage)
    until = BEGINNING + timedelta(days=10)
    run(stage, begin(stage, until=until))
    assert sorted(bodies(stage)) == ["1", "2"]


def test_a_stream_without_windows_is_read_whole_and_held_to_the_range(stage: Stage) -> None:
    stage.configure("shop", streams={"companies": {}})
    stage.shop.put("companies", {"name": "Old", "domain": "old.example"}, at=BEGINNING + timedelta(days=3))
    stage.shop.put("companies", {"name": "New", "domain": "new.example"})
    backfills = stage.hub.backfills
    draft = backfills.draft("shop", asked(streams=("companies",)))
    assert "read whole" in draft.report.streams[0].message
    report = run(stage, backfills.add(draft))
    assert (report.state, report.partitions) == ("done", 1)
    assert list(bodies(stage)) == ["1"]


def test_the_place_of_the_increments_is_not_touched(stage: Stage) -> None:
    fill(stage, 3)
    stage.sync("shop")
    before = stage.rows("cursor")
    stage.shop.change("people", "1", {"city": "Leeds"})
    run(stage, begin(stage))
    assert stage.rows("cursor") == before
    assert sum(one.changed for one in stage.sync("shop").streams) == 1


# Newer and older data


MOMENTS = ("_store", "_write")
"""When something happens: a page was given out and nothing looked up yet, or its rows are about to be written."""


def interleaved(stage: Stage, moment: str, meanwhile: Callable[[], None]) -> None:
    """A backfill whose first page is on its way into the database when something happens."""
    go_on, todo = getattr(PartitionRead, moment), [meanwhile]

    def late(self: PartitionRead, *args: Any) -> Any:
        if todo:
            todo.pop()()
        return go_on(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartitionRead, moment, late)
        report = run(stage, begin(stage))
    assert todo == []
    assert report.state == "done"


def other_sync(stage: Stage) -> None:
    with stage.another() as other:
        assert [one.status for one in other.sync(["shop"]).streams] == ["ok"], "a backfill keeps no increment away"


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_increment_that_was_quicker_is_not_replaced_by_older_data(stage: Stage, moment: str) -> None:
    fill(stage, 2)

    def newer() -> None:
        stage.shop.change("people", "1", {"city": "Leeds"})
        other_sync(stage)

    interleaved(stage, moment, newer)
    assert '"city":"Leeds"' in bodies(stage)["1"]
    assert [one.values for one in stage.customers("p0@x.example")]
    assert len(stage.rows("raw_record")) == 2


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_record_that_was_stored_before_is_not_replaced_by_older_data_either(stage: Stage, moment: str) -> None:
    fill(stage, 2)
    stage.sync("shop")

    def newer() -> None:
        stage.shop.change("people", "1", {"city": "Leeds"})
        other_sync(stage)

    interleaved(stage, moment, newer)
    assert '"city":"Leeds"' in bodies(stage)["1"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deletion_that_was_seen_meanwhile_is_not_undone(stage: Stage, moment: str) -> None:
    fill(stage, 2)
    stage.sync("shop")

    def gone() -> None:
        stage.shop.delete("people", "1")
        other_sync(stage)

    interleaved(stage, moment, gone)
    assert list(bodies(stage)) == ["2"]
    assert len(stage.customers()) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_came_and_went_meanwhile_stays_gone(stage: Stage, moment: str) -> None:
    fill(stage, 2)

    def came_and_went() -> None:
        other_sync(stage)
        stage.shop.delete("people", "1")
        other_sync(stage)

    interleaved(stage, moment, came_and_went)
    assert list(bodies(stage)) == ["2"]


def test_what_was_deleted_before_it_is_stored_again_only_in_a_newer_version(stage: Stage) -> None:
    fill(stage, 2)
    stage.sync("shop")
    stage.shop.archive("people", "1")
    stage.sync("shop")
    stage.shop.restore("people", "1")
    run(stage, begin(stage, until=stage.clock.instant + timedelta(days=1)))
    assert sorted(bodies(stage)) == ["1", "2"]


def test_what_lies_before_the_start_date_of_a_stream_is_read_and_stays(stage: Stage) -> None:
    fill(stage, 4)
    stage.configure("shop", streams={"people": {"since": "2026-05-01"}})
    stage.sync("shop")
    assert bodies(stage) == {}
    run(stage, begin(stage))
    assert len(bodies(stage)) == 4
    stage.shop.put("people", person("Kit Kay", email="kit@x.example"))
    (people,) = stage.sync("shop", full=True).streams
    assert (people.new, people.gone) == (1, 0)
    assert len(bodies(stage)) == 5


def test_what_was_read_before_its_stream_was_ever_synced_stays_too(stage: Stage) -> None:
    fill(stage, 4)
    run(stage, begin(stage))
    stage.configure("shop", streams={"people": {"since": "2026-05-01"}})
    stage.shop.put("people", person("Kit Kay", email="kit@x.example"))
    (people,) = stage.sync("shop").streams
    assert (people.new, people.unchanged, people.gone) == (1, 4, 0)
    assert len(bodies(stage)) == 5


# What may happen on the way


def test_a_window_that_holds_too_much_is_halved_until_each_half_fits(stage: Stage) -> None:
    fill(stage)
    stage.shop.window_cap = 2
    report = run(stage, begin(stage, every="1mo"))
    assert report.state == "done"
    assert report.streams[0].split > 0
    assert len(bodies(stage)) == 20


def test_a_second_that_holds_too_much_fails_and_the_others_go_on(stage: Stage) -> None:
    fill(stage, 3)
    stage.shop.window_cap = 2
    at = BEGINNING + timedelta(days=2)
    for number in range(3):
        stage.shop.put("people", person(f"Same{number} Time", email=f"s{number}@x.example"), at=at)
    report = run(stage, begin(stage))
    assert (report.state, report.failed) == ("failed", 1)
    assert "cannot be halved" in report.streams[0].failures[0]
    assert len(bodies(stage)) == 3
    assert f"concord backfills resume {report.id}" in " ".join(stage.hub.status().advice)
    stage.shop.window_cap = 0
    mended = run(stage, report.id)
    assert (mended.state, mended.failed) == ("done", 0)
    assert len(bodies(stage)) == 6


def test_what_waiting_mends_is_tried_again(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage)
    stage.shop.fail(TransientError("out of order"), on="window", times=3)
    report = run(stage, number)
    assert report.state == "done"
    assert len(bodies(stage)) == 3


def test_what_keeps_failing_is_given_up_after_some_tries(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage, every="1mo")
    stage.shop.fail(TransientError("out of order"), on="window", times=5)
    report = run(stage, number)
    assert (report.state, report.failed) == ("failed", 1)
    assert "It was tried 5 times." in report.streams[0].failures[0]


def test_a_partition_that_gets_on_between_its_failures_is_not_given_up(stage: Stage) -> None:
    fill(stage, 20)
    stage.configure("shop", config={"page_size": 2})
    number = begin(stage, every="6mo")
    for _ in range(8):
        stage.shop.fail(TransientError("out of order"), on="window", after=1)
    assert run(stage, number).state == "done"
    assert len(bodies(stage)) == 20


def test_what_is_never_mended_fails_with_its_reason_and_stops_nothing(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage)
    stage.shop.fail(ForbiddenError("no scope for this"), on="window")
    report = run(stage, number)
    assert (report.state, report.failed) == ("failed", 1)
    assert "no scope for this" in report.streams[0].failures[0]
    assert report.done == report.partitions - 1


def test_a_place_that_the_vendor_forgot_is_read_from_its_beginning(stage: Stage) -> None:
    fill(stage, 8)
    stage.configure("shop", config={"page_size": 2})
    number = begin(stage, every="1mo")
    stage.shop.fail(CursorExpiredError(), on="window", after=1)
    assert run(stage, number).state == "done"
    assert len(bodies(stage)) == 8


def test_a_vendor_that_asks_for_patience_gets_it_from_all_workers(stage: Stage) -> None:
    fill(stage, 6)
    number = begin(stage, workers=2)
    stage.shop.fail(RateLimitedError("slow down", retry_after=120), on="window")
    stage.clock.slept.clear()
    report = run(stage, number)
    assert report.state == "done"
    assert sum(stage.clock.slept) >= 120
    assert len(bodies(stage)) == 6


def test_more_patience_than_we_have_pauses_it_until_it_may_go_on(stage: Stage) -> None:
    fill(stage, 6)
    number = begin(stage, workers=2)
    stage.shop.fail(RateLimitedError("come back tomorrow", retry_after=40_000), on="window")
    report = run(stage, number)
    assert report.state == "paused"
    assert "come back tomorrow" in report.message
    assert report.again_at > "2026-06-01T22"
    stage.clock.instant += timedelta(days=1)
    assert run(stage, number).state == "done"
    assert len(bodies(stage)) == 6


def test_a_refused_login_pauses_the_backfill_and_the_connection(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage)
    stage.shop.fail(AuthError("the key is gone"), on="window")
    report = run(stage, number)
    assert report.state == "paused"
    assert "the key is gone" in report.message
    assert stage.hub.status().connections[0].state == "paused"
    assert run(stage, number).state == "done"


def test_a_bad_record_costs_one_record(stage: Stage) -> None:
    fill(stage, 3)
    stage.shop.put("people", person("Bad One"), at=BEGINNING + timedelta(days=1), broken=True)
    report = run(stage, begin(stage))
    assert (report.state, report.streams[0].dead, report.ok) == ("done", 1, False)
    assert len(bodies(stage)) == 3
    assert [one.stream for one in stage.hub.dead_letters("shop")] == ["people"]


def test_two_backfills_of_a_connection_do_not_run_at_once(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage)
    connection = next(row["id"] for row in stage.rows("connection") if row["name"] == "shop")
    held = Leases(stage.hub.db).acquire(lease_of(connection), new_owner(), 60)
    assert held is not None
    with pytest.raises(ConfigError, match="Another process"):
        stage.hub.backfills.run(number)
    held.release()
    assert run(stage, number).state == "done"


# Stopped and resumed


def test_a_paused_backfill_stops_at_the_page_and_goes_on_from_there(stage: Stage) -> None:
    fill(stage)
    stage.configure("shop", config={"page_size": 2})
    number = begin(stage, every="1mo")

    def pause() -> None:
        with stage.another() as other:
            if other.backfills.ledger.show(number).state == "running":
                other.backfills.pause(number)

    stage.watch(Page(pause))
    report = run(stage, number)
    assert report.state == "paused"
    assert len(bodies(stage)) == 2
    stage.watch(Silent())
    stage.shop.requests.clear()
    assert run(stage, number).state == "done"
    assert len(bodies(stage)) == 20
    assert sum(one.read for one in stage.hub.backfills.ledger.show(number).streams) == 20


def test_a_cancelled_backfill_keeps_what_it_has_read_and_never_goes_on(stage: Stage) -> None:
    fill(stage, 3)
    number = begin(stage)
    assert stage.hub.backfills.cancel(number).state == "cancelled"
    with pytest.raises(ConfigError, match="cancelled"):
        stage.hub.backfills.run(number)
    with pytest.raises(ConfigError):
        stage.hub.backfills.pause(number)
    assert not [line for line in stage.hub.status().advice if "backfill" in line]


def test_one_that_lost_a_worker_is_not_taken_for_done(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(stage, 6)
    number = begin(stage)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    stage.shop.fail(KeyboardInterrupt(), on="window", after=1)
    report = stage.hub.backfills.run(number)
    assert report.state == "paused"
    assert "are not read" in report.message
    assert run(stage, number).state == "done"
    assert len(bodies(stage)) == 6


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), TransientError("busy"), ValueError("a bug")], ids=repr)
def test_one_that_is_stopped_before_it_has_resolved_goes_on_with_that(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    fill(stage)
    number = begin(stage)

    def stopped(*_: object) -> None:
        raise stop

    with monkeypatch.context() as patched:
        patched.setattr(Resolver, "run", stopped)
        with pytest.raises(type(stop)):
            stage.hub.backfills.run(number)
    (left,) = stage.hub.backfills.ledger.recent()
    assert (left.state, left.done, stage.customers()) == ("paused", left.partitions, [])
    assert any(f"concord backfills resume {number}" in line for line in stage.hub.status().advice)
    report = run(stage, number)
    assert (report.state, report.streams[0].read) == ("done", 20)
    assert len(stage.customers()) == 20


def test_a_backfill_that_is_not_there_is_told(stage: Stage) -> None:
    with pytest.raises(GoneError, match="no backfill 7"):
        stage.hub.backfills.run(7)
