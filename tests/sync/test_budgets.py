"""Budgets: a share of the vendor's limits for each use, and a number of calls a day that all processes share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import BudgetSettings, Use
from connectors.core.protocols import Runtime
from mapping.errors import RateLimitedError
from state import spending
from state.schedules import JobKind
from sync.backfilled import Asked
from sync.job import Task, run
from sync.meter import ConnectionMeter, DayCap
from tests.sync.hubs import Stage, person


def capped(stage: Stage, calls: int, timezone: str = "UTC") -> None:
    """The shop may make so many calls a day, and the CRM rests."""
    stage.configure(hub={"timezone": timezone})
    stage.configure("shop", budget={"calls_a_day": calls}, config={"page_size": 2})


def fill(stage: Stage, count: int) -> None:
    for number in range(count):
        stage.shop.put("people", person(f"Pat{number} Poe", email=f"p{number}@x.example"))


def connection(stage: Stage) -> str:
    return str(next(row["id"] for row in stage.rows("connection") if row["name"] == "shop"))


def stored(stage: Stage) -> int:
    return len(stage.rows("raw_record"))


def test_the_shares_that_are_set_are_taken_and_the_rest_is_for_the_others() -> None:
    assert [BudgetSettings().share(use) for use in Use] == [1, 1, 1]
    some = BudgetSettings(backfill=0.3)
    assert [some.share(use) for use in Use] == [0.7, 0.3, 0.7]
    every = BudgetSettings(background=0.6, backfill=0.3, hooks=0.1)
    assert [every.share(use) for use in Use] == [0.6, 0.3, 0.1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"background": 0.8, "backfill": 0.3},
        {"background": 0.5, "backfill": 0.5},
        {"background": 0},
        {"background": 1.5},
        {"calls_a_day": 0},
        {"night": 0.5},
    ],
)
def test_shares_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        BudgetSettings.model_validate(wrong)


@pytest.mark.parametrize(("use", "share"), [(Use.BACKGROUND, 0.6), (Use.BACKFILL, 0.3), (Use.HOOKS, 0.1)])
def test_a_connector_is_built_with_the_share_of_its_use(stage: Stage, use: Use, share: float) -> None:
    stage.configure("shop", budget={"background": 0.6, "backfill": 0.3, "hooks": 0.1})
    connector = stage.hub._switchboard.build("shop", use)
    assert connector._runtime.share == share  # type: ignore[attr-defined]


def test_a_run_that_has_spent_the_day_ends_as_paused_and_the_next_day_goes_on_from_there(stage: Stage) -> None:
    fill(stage, 12)
    capped(stage, 5)
    (people,) = stage.sync("shop").streams
    assert people.status == "paused"
    assert "the 5 calls a day that shop may make are spent until 2026-06-02 00:00 (UTC)" in people.message
    assert 0 < stored(stage) < 12
    assert stage.hub.rests_until("shop").startswith("2026-06-02T00:00")
    before = stored(stage)
    assert [one.status for one in stage.sync("shop").streams] == ["paused"], "whoever asks on the same day"
    assert stored(stage) == before
    for _ in range(4):
        stage.clock.sleep(86_400)
        stage.sync("shop")
    assert stored(stage) == 12


def test_the_status_says_so(stage: Stage) -> None:
    fill(stage, 12)
    capped(stage, 5)
    stage.sync("shop")
    assert any("calls a day" in line for line in stage.hub.status().advice)


def test_the_day_is_that_of_the_hubs_time_zone(stage: Stage) -> None:
    fill(stage, 12)
    capped(stage, 5, "Pacific/Auckland")  # where it is midnight at 12:00 UTC in June
    stage.clock.instant = datetime(2026, 6, 1, 11, 58, tzinfo=UTC)
    (people,) = stage.sync("shop").streams
    assert "2026-06-02 00:00 (Pacific/Auckland)" in people.message
    before = stored(stage)
    stage.clock.sleep(180)
    stage.sync("shop")
    assert stored(stage) > before


def test_all_processes_spend_of_one_budget(stage: Stage) -> None:
    def cap() -> DayCap:
        return DayCap(stage.hub.db, "shop", "shop", 5, "UTC")

    one, other = ConnectionMeter(Runtime().meter, cap()), ConnectionMeter(Runtime().meter, cap())
    for meter in (one, other, one, other, one):
        meter.request("https://x.example")
    for meter in (one, other):
        with pytest.raises(RateLimitedError) as raised:
            meter.request("https://x.example")
        assert raised.value.retry_after == pytest.approx(12 * 3600, abs=5)
    with stage.hub.db.read() as c:
        assert spending.spent(c, "shop", "2026-06-01") == 5


def test_a_day_on_which_the_clocks_change_ends_at_its_own_midnight(stage: Stage) -> None:
    stage.clock.instant = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 00:30 in Berlin, before a day of 25 hours
    cap = DayCap(stage.hub.db, "shop", "shop", 1, "Europe/Berlin")
    cap.spend()
    with pytest.raises(RateLimitedError) as raised:
        cap.spend()
    assert raised.value.retry_after == pytest.approx(24.5 * 3600, abs=5)


def test_without_a_budget_nothing_is_counted(stage: Stage) -> None:
    fill(stage, 3)
    stage.sync("shop")
    assert stage.rows("spending") == []


def test_a_backfill_that_has_spent_the_day_pauses_and_says_when_it_may_go_on(stage: Stage) -> None:
    for number in range(20):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        stage.shop.put("people", person(f"Pat{number} Poe", email=f"p{number}@x.example"), at=at)
    asked = Asked(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), "1mo", workers=2)
    backfills = stage.hub.backfills
    number = backfills.add(backfills.draft("shop", asked))
    capped(stage, 8)
    report = stage.hub.backfills.run(number)
    assert report.state == "paused"
    assert "calls a day" in report.message
    assert report.again_at.startswith("2026-06-02T00:00")
    assert any("not before 2026-06-02 00:00" in line for line in stage.hub.status().advice)
    days = 0
    while report.state == "paused":
        days += 1
        assert days < 8
        stage.clock.sleep(86_400)
        report = stage.hub.backfills.run(number)
    assert (report.state, stored(stage)) == ("done", 20)
    assert report.streams[0].read == 20


def test_a_job_that_met_its_cap_is_due_when_the_day_is_over(stage: Stage) -> None:
    stage.configure("shop", budget={"calls_a_day": 1}, schedule="every 10 minutes")
    with stage.another() as hub:
        hub.close()
    path = stage.folder / "concord.yaml"
    ended = run(Task(path, path.read_text(), JobKind.READ, "shop"))
    assert ended.status == "paused"
    again = datetime.fromisoformat(ended.again_at)
    assert timedelta() < again - datetime.now(UTC) <= timedelta(days=1)
    assert again.strftime("%H:%M") == "00:00"


def test_a_vendor_that_asks_for_more_patience_than_a_run_has_puts_the_job_off(stage: Stage) -> None:
    stage.shop.fail(RateLimitedError("come back later", retry_after=7200), on="read")
    (people,) = stage.sync("shop").streams
    assert (people.status, "in 2 hours" in people.message) == ("paused", True)
    until = datetime.fromisoformat(stage.hub.rests_until("shop"))
    assert until - stage.clock.instant == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=5))
