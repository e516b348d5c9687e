"""How a range is cut into windows, and how an estimate of a backfill is come by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mapping.errors import ConfigError
from sync.backfilled import Asked, EstimateReport
from sync.estimate import Limits, windows
from tests.sync.hubs import Stage, person

BEGINNING = datetime(2024, 1, 31, tzinfo=UTC)


@pytest.fixture
def dialect() -> str:
    """Looking writes nothing: one database is enough."""
    return "sqlite"


def at(month: int, day: int, year: int = 2024) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_months_are_those_of_the_calendar_also_where_one_is_short() -> None:
    found = [start for start, _ in windows(BEGINNING, at(6, 15), "1mo")]
    assert found == [at(1, 31), at(2, 29), at(3, 31), at(4, 30), at(5, 31)]
    assert [start for start, _ in windows(at(11, 30), at(7, 1, 2025), "3mo")] == [
        at(11, 30),
        at(2, 28, 2025),
        at(5, 30, 2025),
    ]


@pytest.mark.parametrize("every", ["6h", "1d", "1w", "2w", "1mo", "5MO", " 1d "])
def test_windows_lie_side_by_side_and_fill_the_range(every: str) -> None:
    end = at(5, 3) + timedelta(hours=5, seconds=7)
    found = list(windows(BEGINNING, end, every))
    assert (found[0][0], found[-1][1]) == (BEGINNING, end)
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert all(start < stop for start, stop in found)


@pytest.mark.parametrize("every", ["", "1", "d", "0d", "1y", "1.5d", "every 1 day", "99999d"])
def test_a_step_that_is_none_is_refused(every: str) -> None:
    with pytest.raises(ConfigError, match="no step of time"):
        windows(BEGINNING, at(5, 3), every)


def test_limits_say_how_long_calls_take_at_least() -> None:
    limits = Limits()
    assert limits.seconds(1000) == 0
    limits.heard(10, 1.0)
    limits.heard(100, 60.0)
    assert limits.seconds(10) == 0
    assert limits.seconds(1000) == pytest.approx(540), "the narrower of the two decides"


def draft(stage: Stage, every: str = "1w", *, days: int = 140) -> EstimateReport:
    asked = Asked(at(1, 1), at(1, 1) + timedelta(days=days), every, ("people",), 2)
    return stage.hub.backfills.draft("shop", asked).report


def fill(stage: Stage, count: int, days: int) -> None:
    with stage.shop.holdings():
        for number in range(count):
            values = person(f"Pat{number} Poe", email=f"p{number}@x.example")
            stage.shop.put("people", values, team="sales", at=at(1, 1) + timedelta(days=days) * number / count)


def test_few_windows_are_counted_to_the_record(stage: Stage) -> None:
    fill(stage, 12, 7)
    stage.shop.move("12", "support")
    (people,) = draft(stage, days=7).streams
    assert (people.sure, people.partitions, people.calls) == ("counted", 2, 2)


def test_many_windows_are_told_by_some_of_them(stage: Stage) -> None:
    stage.configure("shop", config={"page_size": 10})
    fill(stage, 400, 140)
    (people,) = draft(stage).streams
    assert (people.sure, people.partitions) == ("sampled", 40)
    assert people.records is not None
    assert 200 <= people.records <= 800, "one team of two has them all"


def test_windows_too_full_to_be_seen_whole_are_looked_at_through_narrower_ones(stage: Stage) -> None:
    stage.configure("shop", config={"page_size": 5})
    fill(stage, 1200, 140)
    before = stage.shop.requests["window"]
    report = draft(stage, every="2mo")
    (people,) = report.streams
    assert people.records is not None
    assert people.calls is not None
    assert 400 <= people.records <= 2600
    assert people.calls >= people.records / 5
    assert report.looked == stage.shop.requests["window"] - before < 60


def test_an_estimate_writes_nothing(stage: Stage) -> None:
    fill(stage, 5, 30)
    stage.hub.check(["shop"])
    before = stage.dump(())
    draft(stage)
    assert stage.dump(()) == before


def test_a_stream_without_windows_is_told_by_what_is_stored(stage: Stage) -> None:
    stage.configure("shop", streams={"companies": {}}, config={"page_size": 2})
    for number in range(7):
        stage.shop.put("companies", {"name": f"Firm {number}", "domain": f"f{number}.example"})
    asked = Asked(at(1, 1), at(5, 1), streams=("companies",))
    (unknown,) = stage.hub.backfills.draft("shop", asked).report.streams
    assert (unknown.sure, unknown.records) == ("unknown", None)
    stage.sync("shop")
    (known,) = stage.hub.backfills.draft("shop", asked).report.streams
    assert (known.sure, known.records, known.calls) == ("by what is stored", 7, 4)
