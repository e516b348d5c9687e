"""Instants and dates: what is ambiguous is refused, everything else has one form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.moments import birthday, day, either, instant


@pytest.mark.parametrize(
    "value",
    ["", "soon", "05/06/2025", "05-06-2025", "5/6/2025 10:15 PM", "2026-02-30", "32.12.2025",
     "13/13/2025", None, True, [],
     "9" * 60, 1e300, float("nan"), float("inf"), "07 Foo 2025", "12/31/2025 25:00",
     "12/31/2025 13:00 PM", "0000-00-00",
     "2026-05-01T10:00:00+99:99", "1" * 15 + "x", "²026-05-01"],
)  # fmt: skip
def test_what_names_no_one_moment_gives_none(value: Any) -> None:
    assert instant(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z"),
        ("2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00Z"),
        ("2026-05-01 10:00:00 +0200", "2026-05-01T08:00:00Z"),
        ("2026-05-01 08:00:00 UTC", "2026-05-01T08:00:00Z"),
        ("2026-05-01T08:00:00.250Z", "2026-05-01T08:00:00.250000Z"),
        ("2026-05-01 08:00", "2026-05-01T08:00:00Z"),
        ("2026-05-01", "2026-05-01T00:00:00Z"),
        (1777622400, "2026-05-01T08:00:00Z"),
        ("1777622400", "2026-05-01T08:00:00Z"),
        (1777622400123, "2026-05-01T08:00:00.123000Z"),
        ("1777622400123", "2026-05-01T08:00:00.123000Z"),
        ("Fri, 01 May 2026 10:00:00 +0200", "2026-05-01T08:00:00Z"),
        ("Fri, 1 May 2026 08:00:00 GMT", "2026-05-01T08:00:00Z"),
        ("07 Dec 2025", "2025-12-07T00:00:00Z"),
        ("7. Dezember 2025", "2025-12-07T00:00:00Z"),
        ("December 7, 2025", "2025-12-07T00:00:00Z"),
        ("Dec 7th, 2025 10:15 PM", "2025-12-07T22:15:00Z"),
        ("12/31/2025 10:15 PM", "2025-12-31T22:15:00Z"),
        ("31/12/2025 10:15", "2025-12-31T10:15:00Z"),
        ("05/05/2025", "2025-05-05T00:00:00Z"),
        ("31.12.2025 10:15:30", "2025-12-31T10:15:30Z"),
        ("06.05.2025", "2025-05-06T00:00:00Z"),
        ("2025/12/31 10:15", "2025-12-31T10:15:00Z"),
        ("12/31/2025 12:00 AM", "2025-12-31T00:00:00Z"),
        ("٢٠٢٦-٠٥-٠١ 08:00", "2026-05-01T08:00:00Z"),
        (datetime(2026, 5, 1, 8, tzinfo=UTC), "2026-05-01T08:00:00Z"),
    ],
)
def test_an_instant_has_one_form_however_it_was_written(value: Any, expected: str) -> None:
    assert instant(value) == expected


def test_a_named_form_decides_what_is_ambiguous() -> None:
    assert either("05/06/2025", "nonsense") is None
    assert either("05/06/2025", "%d/%m/%Y") == "2025-06-05"
    assert either("05/06/2025", "%m/%d/%Y") == "2025-05-06"
    assert either("05/06/2025 10:00", "%d/%m/%Y %H:%M") == "2025-06-05T10:00:00Z"
    assert either("05/06/2025 10:00 +0200", "%d/%m/%Y %H:%M %z") == "2025-06-05T08:00:00Z"


def test_a_date_is_the_one_at_its_own_place() -> None:
    assert day("2026-05-01T00:00:00+02:00") == "2026-05-01"
    assert day("20260501") == "2026-05-01"
    assert day(1777622400) == "2026-05-01"


def test_a_birthday_may_lack_its_year() -> None:
    assert birthday("--13-40") is None
    assert birthday("x") is None
    assert birthday("--03-07") == "--03-07"
    assert birthday("--0229") == "--02-29"
    assert birthday("1604-03-07") == "--03-07"
    assert birthday("07.03.1980") == "1980-03-07"


@given(st.text(max_size=40) | st.from_regex(r"[0-9./:TZ+ -]{4,30}", fullmatch=True) | st.integers() | st.floats())
def test_a_canonical_moment_stays_as_it_is_and_no_input_breaks_it(value: Any) -> None:
    found = instant(value)
    if found is not None:
        assert instant(found) == found
        assert datetime.fromisoformat(found).tzinfo is not None
    for read in (day, birthday, either):
        once = read(value)
        assert once is None or read(once) == once


# Hypothesis takes naive bounds only.
@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_every_instant_survives_the_way_through_text(moment: datetime) -> None:
    utc = moment.astimezone(UTC)  # zones compare by wall clock in the gaps that daylight saving leaves
    written = instant(moment.isoformat())
    assert written is not None
    assert abs((datetime.fromisoformat(written) - utc).total_seconds()) < 1
