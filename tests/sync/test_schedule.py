"""When jobs are due: intervals and cron lines in their zones, a little chance, and patience after failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.schedule import CRON_JITTER, WHEN_NEWS, next_due, retry_at

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def due(spec: str, timezone: str = "UTC", after: datetime = NOON, job: str = "read:shop") -> datetime:
    found = next_due(spec, timezone, after, job)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("spec", "shortest", "longest"),
    [
        ("every 10 minutes", timedelta(minutes=10), timedelta(minutes=11)),
        ("every 10 seconds", timedelta(seconds=10), timedelta(seconds=11)),
        ("every 2 days", timedelta(days=2), timedelta(days=2, minutes=1)),
    ],
)
def test_an_interval_is_never_shorter_than_it_says_and_hardly_longer(
    spec: str, shortest: timedelta, longest: timedelta
) -> None:
    for number in range(50):
        assert shortest <= due(spec, job=f"read:{number}") - NOON <= longest


def test_jobs_of_one_interval_spread() -> None:
    assert len({due("every 10 minutes", job=f"read:{number}") for number in range(20)}) == 20


def test_the_same_moment_gives_the_same_time() -> None:
    assert due("every 10 minutes") == due("every 10 minutes")


@pytest.mark.parametrize(
    ("after", "at"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 4, 0, tzinfo=UTC)),  # the clocks went forward
        (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 28, 5, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 5, 0, tzinfo=UTC)),  # and back
    ],
)
def test_a_cron_line_is_read_in_its_zone_also_when_the_clocks_change(after: datetime, at: datetime) -> None:
    found = due("0 6 * * *", "Europe/Berlin", after)
    assert timedelta() <= found - at <= CRON_JITTER


def test_weekdays_of_a_cron_line_count_from_sunday() -> None:
    assert due("0 6 * * 1", after=NOON).date() == datetime(2026, 6, 8, tzinfo=UTC).date(), "the Monday after"


@pytest.mark.parametrize("spec", ["", WHEN_NEWS])
def test_what_has_no_schedule_is_not_due_by_itself(spec: str) -> None:
    assert next_due(spec, "UTC", NOON, "push:crm") is None


def test_a_failed_job_is_tried_again_after_a_minute_then_ever_later_but_within_the_hour() -> None:
    waits = [retry_at(tries, NOON) - NOON for tries in range(1, 12)]
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits == sorted(waits)
    assert waits[-1] == retry_at(1_000_000, NOON) - NOON == timedelta(hours=1)
