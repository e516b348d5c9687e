"""Series: which occurrences there are, when they begin, and what is not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.model import Kind
from mapping.recurrence import Horizon, occurrences
from mapping.rules import EntityRules

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)  # a Wednesday
HORIZON = Horizon.at(NOW, timedelta(days=90)).told()


def _series(
    start: str, *rules: str, zone: str = "Europe/Amsterdam", also: Sequence[str] = (), left_out: Sequence[str] = ()
) -> dict[str, Any]:
    series = {"start": start, "zone": zone, "rules": list(rules), "also": list(also), "except": list(left_out)}
    return {"uid": "u", "id": "u", "start": f"{start}Z", "SUMMARY": "Weekly", "series": series}


def _starts(*events: dict[str, Any], horizon: Any = HORIZON) -> list[str]:
    return [one["start"] for one in occurrences(list(events), horizon)]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=HOURLY", "FREQ=MINUTELY;COUNT=3", "freq=secondly", "FREQ=NONSENSE", "COUNT=3", "", "FREQ=DAILY;BYDAY=X"],
)
def test_a_rule_that_is_none_costs_its_record(rule: str) -> None:
    with pytest.raises(RecordError):
        occurrences([_series("2026-06-01T10:00:00", rule)], HORIZON)


@pytest.mark.parametrize("broken", [{"zone": "Nowhere/Zone"}, {"start": "soon"}, {"also": ["tomorrow"]}, {"rules": 7}])
def test_a_series_in_another_form_costs_its_record(broken: dict[str, Any]) -> None:
    event = _series("2026-06-01T10:00:00", "FREQ=WEEKLY")
    with pytest.raises(RecordError):
        occurrences([{**event, "series": {**event["series"], **broken}}], HORIZON)


def test_a_rule_that_gives_more_than_half_a_century_of_days_is_refused() -> None:
    minutes = ",".join(str(minute) for minute in range(60))
    with pytest.raises(RecordError, match="too often"):
        occurrences([_series("2020-01-01T00:00:00", f"FREQ=DAILY;BYHOUR=8,9,10;BYMINUTE={minutes}")], HORIZON)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=00",
        "FREQ=DAILY;INTERVAL=1;INTERVAL=0",
        "FREQ=MONTHLY;INTERVAL=-1",
        "FREQ=YEARLY;BYEASTER=0",
        f"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS={','.join(map(str, range(250, 320)))}",
        f"FREQ=DAILY;BYMONTHDAY={','.join(['1'] * 200)}",
    ],
)
def test_a_rule_that_would_never_come_to_an_end_costs_its_record(rule: str) -> None:
    with pytest.raises(RecordError):
        occurrences([_series("2026-06-01T10:00:00", rule)], HORIZON)


def test_a_series_with_a_heap_of_rules_costs_its_record() -> None:
    with pytest.raises(RecordError):
        occurrences([_series("2026-06-01T10:00:00", *["FREQ=WEEKLY"] * 100)], HORIZON)


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_is_never_met_is_given_up_soon(frequency: str) -> None:
    never = _series("2026-06-01T10:00:00", f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30")
    begun = process_time()
    assert _starts(never) == ["2026-06-01T08:00:00Z"]
    assert process_time() - begun < 1.5  # dateutil by itself takes 3 seconds and more to look through all years


@given(
    st.dates(date(1950, 1, 1), date(2026, 1, 1)),
    st.sampled_from(
        [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
            "FREQ=YEARLY;BYYEARDAY=-1;INTERVAL=3",
            "FREQ=MONTHLY;BYDAY=-1FR;INTERVAL=5",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=40",
            "FREQ=WEEKLY;INTERVAL=7;BYDAY=SU,MO;WKST=SU;UNTIL=20240229T235959",
            "FREQ=WEEKLY;INTERVAL=11;UNTIL=99991231T235959",
        ]
    ),
)
def test_occurrences_are_those_that_dateutil_gives_from_the_very_beginning(day: date, rule: str) -> None:
    first = datetime.fromisoformat(f"{day}T10:30:00")
    told = rrulestr(rule, dtstart=first).between(first, datetime.fromisoformat("2026-09-05T23:59:59"), inc=True)
    found = _starts(_series(first.isoformat(), rule, zone="UTC"))
    assert found == [f"{at.isoformat()}Z" for at in sorted({first, *told})[-250:]]


def test_a_series_from_before_there_were_calendars_costs_its_record() -> None:
    with pytest.raises(RecordError):
        occurrences([_series("0001-06-01T10:00:00", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", zone="UTC")], HORIZON)


def test_a_birthday_without_a_year_comes_round_this_year_too() -> None:
    """Address books write 1604 for a year that nobody told."""
    assert _starts(_series("1604-05-12", "FREQ=YEARLY", zone=""))[-1] == "2026-05-12"


def test_what_does_not_repeat_is_as_it_is() -> None:
    event = {"uid": "u", "id": "u", "start": "2026-06-01T08:00:00Z"}
    assert occurrences([event], HORIZON) == [event]
    assert occurrences(event) == [event]
    assert occurrences(None) == []


def test_an_endless_series_reaches_to_the_horizon_and_no_further() -> None:
    found = _starts(_series("2026-06-01T10:00:00", "FREQ=WEEKLY"))
    assert found[0] == "2026-06-01T08:00:00Z"
    assert found[-1] == "2026-08-31T08:00:00Z"  # 90 days after the end of this week is 6 September
    assert len(found) == 14


def test_the_horizon_moves_on_mondays_only() -> None:
    week = [Horizon.at(datetime(2026, 6, day, hour, tzinfo=UTC)) for day in range(1, 8) for hour in (0, 23)]
    assert len(set(week)) == 1
    assert Horizon.at(datetime(2026, 6, 8, tzinfo=UTC)).until - week[0].until == timedelta(days=7)
    assert all(one.until - NOW >= timedelta(days=90) for one in week)


def test_of_an_old_series_the_newest_occurrences_count() -> None:
    found = _starts(_series("1996-06-03T10:00:00", "FREQ=DAILY"))
    assert len(found) == 250
    assert found[-1] == "2026-09-05T08:00:00Z"


def test_without_a_horizon_a_series_counts_from_its_beginning() -> None:
    assert len(_starts(_series("1996-06-03T10:00:00", "FREQ=DAILY"), horizon=None)) == 250
    assert len(_starts(_series("1996-06-03T10:00:00", "FREQ=DAILY;COUNT=3"), horizon=None)) == 3


def test_the_wall_clock_repeats_not_the_instant() -> None:
    found = _starts(_series("2026-03-21T10:00:00", "FREQ=WEEKLY;COUNT=3"))
    assert found == ["2026-03-21T09:00:00Z", "2026-03-28T09:00:00Z", "2026-04-04T08:00:00Z"]


def test_a_time_that_the_clocks_leap_over_counts_by_the_offset_before() -> None:
    found = _starts(_series("2026-03-28T02:30:00", "FREQ=DAILY;COUNT=3"))
    assert found == ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]


def test_a_time_that_there_is_twice_is_the_first_of_the_two() -> None:
    found = _starts(_series("2026-10-24T02:30:00", "FREQ=DAILY;COUNT=2"), horizon=None)
    assert found == ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"]


def test_whole_days_repeat_as_dates() -> None:
    event = _series("2026-03-27", "FREQ=DAILY;UNTIL=20260330", zone="")
    found = occurrences([{**event, "start": "2026-03-27", "end": "2026-03-29"}], HORIZON)
    assert [(one["id"], one["start"], one["end"]) for one in found] == [
        ("u/20260327", "2026-03-27", "2026-03-29"),
        ("u/20260328", "2026-03-28", "2026-03-30"),
        ("u/20260329", "2026-03-29", "2026-03-31"),
        ("u/20260330", "2026-03-30", "2026-04-01"),
    ]


def test_left_out_and_added_occurrences() -> None:
    event = _series(
        "2026-06-01T10:00:00",
        "FREQ=WEEKLY;COUNT=4",
        left_out=["20260608T080000Z", "20260615"],
        also=["20260610T070000Z"],
    )
    assert _starts(event) == ["2026-06-01T08:00:00Z", "2026-06-10T07:00:00Z", "2026-06-22T08:00:00Z"]


def test_the_first_beginning_counts_whatever_the_rule_says() -> None:
    assert _starts(_series("2026-06-03T10:00:00", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260609T000000")) == [
        "2026-06-03T08:00:00Z",
        "2026-06-08T08:00:00Z",
    ]


def test_an_exception_takes_the_place_of_its_occurrence_and_the_higher_of_two_wins() -> None:
    moved = {"uid": "u", "id": "u/20260608T080000Z", "start": "2026-06-09T08:00:00Z", "sequence": 1}
    older = {**moved, "start": "2026-06-10T08:00:00Z", "sequence": 0}
    found = occurrences([_series("2026-06-01T10:00:00", "FREQ=WEEKLY;COUNT=2"), moved, older], HORIZON)
    assert [(one["id"], one["start"], one.get("derived", False)) for one in found] == [
        ("u/20260601T080000Z", "2026-06-01T08:00:00Z", True),
        ("u/20260608T080000Z", "2026-06-09T08:00:00Z", False),
    ]


def test_an_occurrence_is_as_long_as_the_first() -> None:
    event = _series("2026-06-01T10:00:00", "FREQ=WEEKLY;COUNT=2") | {"start": "2026-06-01T08:00:00Z"}
    found = occurrences([{**event, "end": "2026-06-01T09:30:00Z"}], HORIZON)
    assert [one["end"] for one in found] == ["2026-06-01T09:30:00Z", "2026-06-08T09:30:00Z"]


@given(st.lists(st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=MONTHLY;COUNT=5"]), max_size=3))
def test_occurrences_are_in_order_and_each_there_once(rules: list[str]) -> None:
    found = _starts(_series("2026-06-01T10:00:00", *rules))
    assert found == sorted(set(found))
    assert found[0] == "2026-06-01T08:00:00Z"


RULE = EntityRules(
    "m",
    Kind.ACTIVITY,
    {"key": "id", "activity": "'meeting'", "at": "start"},
    each="occurrences(events, _horizon)",
    part="id",
)


def test_a_mapper_whose_rules_ask_for_the_horizon_says_how_far_it_looks() -> None:
    body = {"events": [_series("2026-06-01T10:00:00", "FREQ=WEEKLY")]}
    near, far = (Mapper((RULE,), horizon=Horizon.at(NOW, timedelta(days=ahead))) for ahead in (0, 21))
    assert [len(one.map(body)) for one in (near, far)] == [1, 4]
    assert (near.until, far.until) == ("20260608", "20260629")
    assert near.version == far.version
    assert near.reads() == {"events"}


def test_rules_that_do_not_ask_for_it_do_not_change_with_time() -> None:
    plain = EntityRules("m", Kind.ACTIVITY, {"key": "id", "activity": "'note'"})
    assert Mapper((plain,), horizon=Horizon.at(NOW)).until == ""
