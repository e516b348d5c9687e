"""One meeting in two calendars is one fact, and what becomes of it follows into timelines and plans."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sync.calendars import ANN, BOB, KIM, NOOR, Calendar, calendar, office
from tests.sync.hubs import Stage

WEEK = 7 * 86_400


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Ann and Bob are customers; the clock says the first of June 2026, a Monday."""
    made = office(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def noor(stage: Stage) -> Calendar:
    """The calendar of who organises."""
    return calendar(stage, "noor", NOOR)


@pytest.fixture
def kim(stage: Stage) -> Calendar:
    """The calendar of a colleague who is invited."""
    return calendar(stage, "kim", KIM)


def _meeting(sequence: int = 0, day: int = 1, **more: Any) -> dict[str, Any]:
    people = more.pop("people", {ANN: "accepted", KIM: ""})
    return {
        "UID": "m", "SUMMARY": "Tasting", "DTSTART": f"202607{day:02}T100000Z", "SEQUENCE": sequence,
        "LAST_MODIFIED": f"20260501T0000{sequence:02}Z", "ORGANIZER": f"mailto:{NOOR}", "people": people, **more,
    }  # fmt: skip


def _lines(stage: Stage, who: str) -> list[tuple[str, str]]:
    """The timeline of a customer, oldest first: when, and what."""
    items = stage.hub.timeline(stage.customer(who).id, 500)
    return sorted((item.at[:16], item.line) for item in items)


def _sync(stage: Stage) -> None:
    assert stage.sync(allow_deletes=True).ok


def _there(stage: Stage) -> list[tuple[str, str, list[str]]]:
    """The CRM's meetings: when, the status, and whose they are."""
    names = {f"people:{i}": row["email"][:3] for i, row in stage.remotes().items()}
    rows = [row for row in stage.crm.records("activities").values() if not row.archived]
    return sorted(
        (
            row.values["at"][:16],
            row.values.get("status") or "",
            sorted(names[end] for end in row.refs.get("person", ())),
        )
        for row in rows
    )


def test_a_meeting_in_two_calendars_is_one_and_the_sightings_say_where(
    stage: Stage, noor: Calendar, kim: Calendar
) -> None:
    noor.put("m", **_meeting())
    kim.put("m", **_meeting())
    _sync(stage)
    (item,) = stage.hub.timeline(stage.customer(ANN).id)
    assert item.sources == ["kim/events", "noor/events"]
    stage.push()
    assert _there(stage) == [("2026-07-01T10:00", "", ["ann"])]


def test_a_moved_meeting_moves_though_a_copy_still_says_otherwise(stage: Stage, noor: Calendar, kim: Calendar) -> None:
    for one in (noor, kim):
        one.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.put("m", **_meeting(1, day=3, LOCATION="Ede"))
    _sync(stage)
    stage.push()
    assert _there(stage) == [("2026-07-03T10:00", "", ["ann"])]
    kim.put("m", **_meeting(1, day=3, LOCATION="Ede"))
    _sync(stage)
    assert stage.hub.plan().changes == []


def test_who_is_invited_and_who_no_more_follows_into_the_crm(stage: Stage, noor: Calendar, kim: Calendar) -> None:
    for one in (noor, kim):
        one.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.put("m", **_meeting(1, people={BOB: "", KIM: ""}))
    _sync(stage)
    assert (_lines(stage, ANN), len(_lines(stage, BOB))) == ([], 1)
    stage.push()
    assert _there(stage) == [("2026-07-01T10:00", "", ["bob"])]
    assert stage.hub.plan().changes == []


def test_a_meeting_that_concerns_nobody_any_more_leaves_their_records(stage: Stage, noor: Calendar) -> None:
    noor.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.put("m", **_meeting(1, people={KIM: ""}))
    _sync(stage)
    stage.push()
    assert _there(stage) == [("2026-07-01T10:00", "", [])]
    assert stage.hub.plan().changes == []


def test_a_cancelled_meeting_is_marked_there_and_none_is_created(stage: Stage, noor: Calendar, kim: Calendar) -> None:
    for one in (noor, kim):
        one.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.put("m", **_meeting(1, STATUS="CANCELLED"))
    noor.put("n", **_meeting(day=9, UID="never told", STATUS="CANCELLED"))
    _sync(stage)
    assert [line.rsplit(", ", 1)[-1] for _, line in _lines(stage, ANN)] == ["cancelled", "cancelled"]
    stage.push()
    assert _there(stage) == [("2026-07-01T10:00", "cancelled", ["ann"])]
    assert stage.hub.plan().changes == []


def test_a_copy_that_is_deleted_takes_only_itself_away(stage: Stage, noor: Calendar, kim: Calendar) -> None:
    for one in (noor, kim):
        one.put("m", **_meeting())
    _sync(stage)
    stage.push()
    kim.drop("m")
    _sync(stage)
    assert stage.hub.plan().changes == []
    assert len(_lines(stage, ANN)) == 1


def test_a_meeting_to_come_that_no_calendar_has_any_more_is_cancelled_there(stage: Stage, noor: Calendar) -> None:
    noor.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.drop("m")
    _sync(stage)
    assert _lines(stage, ANN) == []
    stage.push()
    assert _there(stage) == [("2026-07-01T10:00", "cancelled", ["ann"])]
    (row,) = stage.remotes("activities").values()
    assert row["title"] == "Tasting", "what it was is left alone"
    assert stage.hub.plan().changes == []


def test_a_meeting_of_the_past_that_was_tidied_away_took_place(stage: Stage, noor: Calendar) -> None:
    noor.put("m", **_meeting())
    _sync(stage)
    stage.push()
    stage.clock.sleep(60 * 86_400)
    noor.drop("m")
    _sync(stage)
    assert stage.hub.plan().changes == []
    assert _there(stage) == [("2026-07-01T10:00", "", ["ann"])]


def test_time_brings_the_next_occurrences_in_though_the_calendar_did_not_change(stage: Stage, noor: Calendar) -> None:
    noor.put("m", **_meeting(), RRULE="FREQ=WEEKLY")
    _sync(stage)
    before = [when for when, _ in _lines(stage, ANN)]
    assert (before[0], before[-1], len(before)) == ("2026-07-01T10:00", "2026-09-02T10:00", 10)
    unchanged = stage.dump()
    stage.clock.sleep(3 * 86_400)
    _sync(stage)
    assert stage.dump() == unchanged, "within a week nothing is written"
    stage.clock.sleep(WEEK)
    _sync(stage)
    assert [when for when, _ in _lines(stage, ANN)] == [*before, "2026-09-09T10:00"]
    again = stage.dump()
    _sync(stage)
    assert stage.dump() == again


def test_a_hub_that_looks_later_sees_what_one_sees_that_looked_before(
    stage: Stage, noor: Calendar, tmp_path: Path, sqlite_template: Path
) -> None:
    noor.put("m", **_meeting(), RRULE="FREQ=WEEKLY")
    noor.put("x", **_meeting(1, day=9, RECURRENCE_ID="20260708T100000Z"))
    _sync(stage)
    stage.clock.sleep(2 * WEEK)
    _sync(stage)
    shutil.copy(sqlite_template, tmp_path / "late.db")
    late = office(tmp_path / "late", f"sqlite:///{tmp_path / 'late.db'}")
    try:
        late.clock.sleep(2 * WEEK)
        copy = calendar(late, "noor", NOOR)
        copy.events = dict(noor.events)
        copy.write()
        _sync(late)
        assert _lines(late, ANN) == _lines(stage, ANN)
    finally:
        late.close()


def test_an_exception_to_a_series_is_that_occurrence(stage: Stage, noor: Calendar, kim: Calendar) -> None:
    noor.put("m", **_meeting(), RRULE="FREQ=WEEKLY;COUNT=3")
    kim.put("m", **_meeting(), RRULE="FREQ=WEEKLY;COUNT=3")
    noor.put("x", **_meeting(1, day=9, RECURRENCE_ID="20260708T100000Z"))
    noor.put("y", **_meeting(1, day=15, RECURRENCE_ID="20260715T100000Z", STATUS="CANCELLED"))
    _sync(stage)
    assert _lines(stage, ANN) == [
        ("2026-07-01T10:00", "Meeting, Tasting"),
        ("2026-07-09T10:00", "Meeting, Tasting"),
        ("2026-07-15T10:00", "Meeting, Tasting, cancelled"),
    ]
    noor.drop("x")
    _sync(stage)
    assert [when for when, _ in _lines(stage, ANN)][1] == "2026-07-08T10:00"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_whole_day_stays_on_its_date(stage: Stage, noor: Calendar, zone: str) -> None:
    stage.configure(hub={**stage.settings["hub"], "timezone": zone})
    noor.put("m", **{**_meeting(), "DTSTART": ";VALUE=DATE:20260701"})
    noor.put("n", **{**_meeting(UID="fair"), "DTSTART": ";VALUE=DATE:20260710", "DTEND": ";VALUE=DATE:20260713"})
    _sync(stage)
    assert _lines(stage, ANN) == [
        ("2026-07-01", "Meeting, Tasting, all day"),
        ("2026-07-10", "Meeting, Tasting, all day until 2026-07-12"),
    ]
    stage.push()
    noon = {"UTC": "T12", "Pacific/Auckland": "T00", "America/Los_Angeles": "T19"}[zone]
    written = sorted((row["at"][:13], (row.get("ends_at") or "")[:13]) for row in stage.remotes("activities").values())
    assert written == [(f"2026-07-01{noon}", ""), (f"2026-07-10{noon}", f"2026-07-12{noon}")]


def test_a_time_without_a_zone_is_the_hubs(stage: Stage, noor: Calendar) -> None:
    stage.configure(hub={**stage.settings["hub"], "timezone": "Asia/Tokyo"})
    noor.put("m", **{**_meeting(), "DTSTART": "20260701T100000"})
    _sync(stage)
    assert [when for when, _ in _lines(stage, ANN)] == ["2026-07-01T01:00"]


def test_a_meeting_that_begins_to_repeat_becomes_its_occurrences(stage: Stage, noor: Calendar) -> None:
    noor.put("m", **_meeting())
    _sync(stage)
    stage.push()
    noor.put("m", **_meeting(1), RRULE="FREQ=WEEKLY;COUNT=2")
    _sync(stage)
    stage.push()
    assert _there(stage) == [
        ("2026-07-01T10:00", "", ["ann"]),
        ("2026-07-01T10:00", "cancelled", ["ann"]),
        ("2026-07-08T10:00", "", ["ann"]),
    ]
