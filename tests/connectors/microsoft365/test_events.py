"""Meetings of Graph's: series and their exceptions, spans of time, other calendars, and words that mean little."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.microsoft365.events import AHEAD, LONGEST, spans
from mapping.contract import Reason, RemoteId, Slice
from mapping.errors import ConfigError, CursorExpiredError, ForbiddenError
from tests.connectors.microsoft365.company import BAS, ILSE, Company, guests, mail, times, weekly
from tests.connectors.rig import Clock

MONDAY = datetime(2026, 5, 4, 8, tzinfo=UTC)


def occurrence(id_: str, day: str) -> str:
    return f"{id_.removesuffix('=')}_{day}="


def test_a_calendar_that_nobody_has_is_a_mistake(home: Company) -> None:
    with pytest.raises(ConfigError, match="team"):
        home.open("events", calendars=["primary", "Team"]).slices()


def test_a_calendar_that_is_gone_pauses_the_stream(home: Company) -> None:
    home.diary.add(ILSE, "Team")
    stream = home.open("events", calendars=["Team"])
    (slice_,) = stream.slices()
    del home.diary.calendars[ILSE]["Team"]
    with pytest.raises(ForbiddenError):
        list(home.open("events").read(slice_, None))


def test_a_calendar_that_goes_while_it_is_read_says_so(home: Company) -> None:
    missing = {"error": {"code": "ErrorItemNotFound", "message": ""}}
    home.server.faults.fail(404, body=missing, path=r"/calendarView/delta")
    with pytest.raises(ForbiddenError, match="not there"):
        home.read("events")


def test_a_missing_permission_is_named() -> None:
    company = Company(permissions=frozenset({"User.Read", "Mail.Read"}))
    try:
        company.box.deliver(mail(1))
        assert company.read().ids, "mail is read all the same"
        with pytest.raises(ForbiddenError, match=r"Calendars\.Read"):
            company.read("events")
    finally:
        company.close()


def test_a_link_that_has_expired_says_so(home: Company) -> None:
    home.meet()
    before = home.read("events")
    home.server.forget()
    with pytest.raises(CursorExpiredError):
        home.read("events", before.cursor)


def test_a_series_is_one_record_with_its_exceptions(home: Company) -> None:
    id_ = home.meet("Standing", recurrence=weekly("monday", 4))
    home.diary.change(ILSE, occurrence(id_, "2026-05-11"), {**times(MONDAY + timedelta(days=8)), "subject": "Moved"})
    home.diary.delete(ILSE, occurrence(id_, "2026-05-18"))
    haul = home.read("events")
    assert haul.ids == [id_]
    uid = haul.records[0].body["events"][0]["uid"]
    assert {*haul.facts} == {f"ical:{uid}/202605{day}T080000Z" for day in ("04", "11", "25")}
    assert haul.facts[f"ical:{uid}/20260511T080000Z"]["title"] == "Moved"


def test_an_occurrence_that_is_cancelled_later_is_taken_out(home: Company) -> None:
    """Of it Graph tells nothing; its series is told of again (microsoft-graph-docs, pull request 4501)."""
    id_ = home.meet(recurrence=weekly("monday", 3))
    before = home.read("events")
    home.diary.delete(ILSE, occurrence(id_, "2026-05-11"))
    after = home.read("events", before.cursor)
    assert {*after.ids} == {id_}
    assert not after.tombstones
    assert len(after.facts) == 2


def test_a_series_is_asked_for_once_however_many_of_its_occurrences_are_told(home: Company) -> None:
    home.meet(recurrence=weekly("monday", 200))
    home.server.exchanges.clear()
    assert len(home.read("events", page_size=5).records) == 1
    asked = [each for each in home.server.exchanges if each.template.endswith("/events/{id}")]
    assert len(asked) == 1


def test_a_series_that_changes_while_it_is_read_is_asked_for_again(home: Company) -> None:
    home.meet("First")
    id_ = home.meet("Before", recurrence=weekly("monday", 3))
    old = home.read("events", page_size=1)
    home.diary.change(ILSE, id_, {"subject": "While"})
    for number in range(3):
        home.meet(f"Other {number}")
    pages = home.open("events", page_size=1).read(Slice(ILSE), old.cursor)
    assert "While" in str(next(pages).records)
    home.diary.change(ILSE, id_, {"subject": "After"})
    late = list(home.open("events").read(Slice(ILSE), [*pages][-1].cursor))
    assert "After" in str(late)


def test_an_exception_that_is_taken_back_leaves_the_occurrence(home: Company) -> None:
    id_ = home.meet("Standing", recurrence=weekly("monday", 2))
    home.diary.change(ILSE, occurrence(id_, "2026-05-11"), {"subject": "Moved"})
    before = home.read("events")
    entry = home.diary.find(ILSE, id_)[1]
    entry.exceptions.clear()
    home.diary.change(ILSE, id_, {})
    after = home.read("events", before.cursor)
    assert {fact["title"] for fact in after.facts.values()} == {"Standing"}
    assert after.records[0].version != before.records[0].version


def test_a_meeting_that_is_erased_is_gone_and_one_that_is_called_off_says_so(home: Company) -> None:
    erased, off = home.meet("One"), home.meet("Two")
    before = home.read("events")
    home.diary.delete(ILSE, erased)
    home.diary.change(ILSE, off, {"isCancelled": True, "subject": "Canceled: Two"})
    after = home.read("events", before.cursor)
    assert {*after.gone} == {erased}
    assert [fact["status"] for fact in after.facts.values()] == ["cancelled"]


def test_a_series_that_is_erased_is_gone(home: Company) -> None:
    id_ = home.meet(recurrence=weekly("monday", 5))
    before = home.read("events")
    home.diary.delete(ILSE, id_)
    assert {*home.read("events", before.cursor).gone} == {id_}


def test_a_meeting_that_is_moved_from_one_span_to_another_is_not_taken_for_gone(home: Company) -> None:
    late, early = home.meet("Late"), home.meet("Early", **times(datetime(2021, 3, 1, 9, tzinfo=UTC)))
    before = home.read("events")
    home.diary.change(ILSE, late, times(datetime(2021, 4, 1, 9, tzinfo=UTC)))
    home.diary.change(ILSE, early, times(MONDAY))
    after = home.read("events", before.cursor)
    assert {*after.ids} == {late, early}
    assert not after.tombstones


def test_what_lies_out_of_reach_is_told_as_removed_and_means_nothing(home: Company) -> None:
    home.meet("Now")
    before = home.read("events")
    far = home.meet("In nine years", **times(MONDAY + timedelta(days=9 * 365)))
    after = home.read("events", before.cursor)
    assert not after.records
    assert [(stone.remote_id, stone.reason) for stone in after.tombstones] == [(far, Reason.OUT_OF_SCOPE)] * 2


def test_a_meeting_that_comes_into_reach_is_read_as_time_goes_by(home: Company) -> None:
    now, far = home.meet("Now"), home.meet("Next spring", **times(MONDAY + timedelta(days=330)))
    before = home.read("events")
    assert before.ids == [now]
    home.clock.advance(200 * 86_400)
    after = home.read("events", before.cursor)
    assert {*after.ids} == {now, far}, "all is enumerated anew, so that nothing falls out"
    assert after.pages[0].begins
    assert after.pages[-1].complete
    assert not any(page.begins for page in home.read("events", after.cursor).pages)


def test_a_series_without_an_end_is_read_to_the_horizon_and_not_beyond(home: Company) -> None:
    home.meet(recurrence=weekly("monday"))
    assert 13 <= len(home.read("events").facts) <= 16


@pytest.mark.parametrize("now", [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)])
def test_spans_are_allowed_ones_that_follow_one_another_and_reach_far_enough(now: datetime) -> None:
    found = spans(date(2013, 2, 3), now)[::-1]
    assert found[0][0] == datetime(2013, 2, 3, tzinfo=UTC)
    assert all(end - start <= LONGEST for start, end in found)
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert AHEAD <= found[-1][1] - now <= AHEAD + timedelta(days=93)
    assert found[-1][1].month in (1, 4, 7, 10)


def test_a_beginning_in_the_future_is_a_span_all_the_same() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    assert spans(date(2030, 12, 31), now) == [(datetime(2030, 12, 31, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))]


def test_other_calendars_are_read_by_name(home: Company) -> None:
    home.diary.add(ILSE, "Team")
    home.diary.add(ILSE, "Private")
    own, team = home.meet("Own"), home.meet("Team", calendar="Team")
    home.meet("Private", calendar="Private")
    stream = home.open("events", calendars=["primary", "team"])
    slices = stream.slices()
    assert [slice_.title for slice_ in slices] == [ILSE, f"Team ({ILSE})"]
    found = [[str(r.remote_id) for page in stream.read(each, None) for r in page.records] for each in slices]
    assert found == [[own], [team]]


def test_one_meeting_in_two_calendars_is_one_fact(firm: Company) -> None:
    firm.meet(attendees=guests((BAS, "accepted"), ("kim@plum.example", "none")), recurrence=weekly("monday", 2))
    ours, theirs = (firm.read("events", slice_=each, users=[ILSE, BAS]) for each in (ILSE, BAS))
    assert ours.facts.keys() == theirs.facts.keys()
    own = [
        [p["role"] for p in fact["participants"] if p.get("own")]
        for haul in (ours, theirs)
        for fact in haul.facts.values()
    ]
    assert own == [["organizer"], ["organizer"], ["attendee"], ["attendee"]]


def test_a_window_is_of_what_takes_place_in_it(home: Company) -> None:
    single, series = home.meet(), home.meet(recurrence=weekly("monday", 8))
    home.meet("Later", **times(MONDAY + timedelta(days=60)))
    stream = home.open("events", page_size=2)
    assert stream.window
    pages = list(stream.window(Slice(ILSE), MONDAY, MONDAY + timedelta(days=30), None))
    assert [str(record.remote_id) for page in pages for record in page.records] == [single, series]


def test_get_gives_series_whole_and_leaves_out_what_is_not_there(home: Company) -> None:
    id_ = home.meet(recurrence=weekly("monday", 2))
    stream = home.open("events")
    assert stream.get
    (found,) = stream.get(Slice(ILSE), [RemoteId(id_), RemoteId("AAMkx=")])
    assert found.body == home.read("events").records[0].body


def test_an_idle_sync_asks_once_in_each_span(home: Company) -> None:
    home.meet(recurrence=weekly("monday", 20))
    before = home.read("events", meetings_since="2024-01-01")
    home.clock.requests = 0
    home.read("events", before.cursor, meetings_since="2024-01-01")
    assert home.clock.requests == 3, "login, whose it is, and the calendar"


@pytest.mark.parametrize(
    ("start", "zone", "expected"),
    [
        (datetime(2026, 10, 19, 7, tzinfo=UTC), "W. Europe Standard Time", ["07:00", "08:00"]),
        (datetime(2026, 10, 19, 7, tzinfo=UTC), "Europe/Amsterdam", ["07:00", "08:00"]),
        (datetime(2026, 10, 19, 7, tzinfo=UTC), "tzone://Microsoft/Custom", ["07:00", "07:00"]),
        (datetime(2026, 10, 26, 1, tzinfo=UTC), "Pacific Standard Time", ["01:00", "02:00"]),
    ],
)
def test_a_series_keeps_its_hour_when_the_clocks_change(start: datetime, zone: str, expected: list[str]) -> None:
    company = Company(clock=Clock(start))
    try:
        day = "sunday" if zone.startswith("Pacific") else "monday"
        company.meet(**times(start, zone=zone), recurrence=weekly(day, 2))
        facts: list[dict[str, Any]] = sorted(company.read("events").facts.values(), key=lambda each: str(each["at"]))
        assert [str(fact["at"])[11:16] for fact in facts] == expected
    finally:
        company.close()
