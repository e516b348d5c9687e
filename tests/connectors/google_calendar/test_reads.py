"""What is special about reading Google Calendar: sync tokens, series read whole, calendars as slices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.core.google_sandbox import RefusalError
from mapping.contract import Slice
from mapping.errors import ConfigError, CursorExpiredError, ForbiddenError
from tests.connectors.google_calendar.bureau import BAS, ILSE, TEAM, Bureau, guests, times

WEEKLY = ["RRULE:FREQ=WEEKLY;COUNT=4"]


def instance(bureau: Bureau, series: str, weeks: int) -> str:
    """The id of an occurrence of a series that began at the clock's present."""
    return f"{series}_{bureau.clock.now() + timedelta(weeks=weeks):%Y%m%dT%H%M%SZ}"


def titles(bureau: Bureau, facts: dict[str, dict[str, object]]) -> list[object]:
    """Titles in the order of their times."""
    return [fact["title"] for fact in sorted(facts.values(), key=lambda fact: str(fact["at"]))]


def test_an_exception_hides_its_occurrence_and_a_cancelled_one_takes_it_away(bureau: Bureau) -> None:
    series = bureau.meet("Weekly", recurrence=WEEKLY)
    before = bureau.read()
    assert titles(bureau, before.facts) == ["Weekly"] * 4
    bureau.agenda.patch(ILSE, instance(bureau, series, 1), {"summary": "Moved"})
    after = bureau.read(before.cursor)
    assert titles(bureau, after.facts) == ["Weekly", "Moved", "Weekly", "Weekly"]
    bureau.agenda.delete(ILSE, instance(bureau, series, 2))
    bureau.agenda.delete(ILSE, instance(bureau, series, 1))
    last = bureau.read(after.cursor)
    assert titles(bureau, last.facts) == ["Weekly", "Weekly"]
    assert [str(record.remote_id) for record in last.records] == [series]
    assert titles(bureau, bureau.read().facts) == ["Weekly", "Weekly"]


def test_an_older_word_of_a_series_is_not_taken_for_newer(bureau: Bureau) -> None:
    """The exception that was revised last is cancelled, and of that Google says no time."""
    series = bureau.meet("Weekly", recurrence=WEEKLY)
    bureau.clock.advance(3_600)
    planned = f"{series}_{bureau.clock.now() + timedelta(weeks=1, hours=-1):%Y%m%dT%H%M%SZ}"
    bureau.agenda.patch(ILSE, planned, {"summary": "Moved"})
    before = bureau.read()
    bureau.agenda.delete(ILSE, planned)
    after = bureau.read(before.cursor)
    assert after.records[0].version != before.records[0].version
    assert after.records[0].changed_at is None


def test_a_series_is_fetched_once_a_run_however_often_it_is_met(bureau: Bureau) -> None:
    many = [bureau.meet(f"Series {number}", recurrence=WEEKLY) for number in range(3)]
    for series in many:
        for week in range(1, 4):
            bureau.agenda.patch(ILSE, instance(bureau, series, week), {"summary": "Moved"})
    found = bureau.read(page_size=2)
    assert sorted(str(record.remote_id) for record in found.records) == sorted(many)
    assert bureau.server.calls("GET", "events$") == 6 + 3
    assert bureau.server.calls("POST", "batch") <= 3


def test_a_series_that_is_deleted_is_one_tombstone(bureau: Bureau) -> None:
    series = bureau.meet("Weekly", recurrence=WEEKLY)
    bureau.agenda.patch(ILSE, instance(bureau, series, 1), {"summary": "Moved"})
    before = bureau.read()
    bureau.agenda.delete(ILSE, series)
    after = bureau.read(before.cursor)
    assert (after.records, after.gone) == ([], [series])


def test_a_meeting_may_become_a_series_and_one_again(bureau: Bureau) -> None:
    single = bureau.meet("Once")
    cursor = bureau.read().cursor
    bureau.agenda.patch(ILSE, single, {"recurrence": WEEKLY})
    more = bureau.read(cursor)
    assert [str(record.remote_id) for record in more.records] == [single]
    assert len(more.facts) == 4
    bureau.agenda.patch(ILSE, single, {"recurrence": []})
    assert len(bureau.read(more.cursor).facts) == 1


def test_who_is_invited_to_one_occurrence_sees_that_one(bureau: Bureau) -> None:
    """The series is on another's calendar; only the exception is on this one."""
    given: dict[str, Any] = {
        "recurringEventId": "elsewhere",
        "iCalUID": "elsewhere@google.com",
        "organizer": {"email": "x@else.example"},
    }
    planned = {"originalStartTime": times(bureau.clock.now())["start"]}
    bureau.meet("Guest at one", id="elsewhere_20260504T080000Z", **given, **planned)
    found = bureau.read()
    assert list(found.facts) == ["ical:elsewhere@google.com/20260504T080000Z"]
    assert [str(record.remote_id) for record in found.records] == ["elsewhere"]


def test_a_meeting_that_came_and_went_leaves_no_more_than_a_tombstone(bureau: Bureau) -> None:
    before = bureau.read()
    gone = bureau.meet()
    bureau.agenda.delete(ILSE, gone)
    after = bureau.read(before.cursor)
    assert (after.records, after.gone) == ([], [gone])
    assert bureau.read().tombstones == []


def test_an_answer_is_a_change(bureau: Bureau, firm: Bureau) -> None:
    meeting = firm.meet(attendees=guests((BAS, "needsAction"), ("kim@plum.example", "accepted")))
    before = firm.read(users=[ILSE, BAS])
    firm.clock.advance(60)
    firm.agenda.answer(BAS, meeting, "declined")
    (fact,) = firm.read(before.cursor, users=[ILSE, BAS]).facts.values()
    answers = {each["email"]: each.get("answer") for each in fact["participants"]}
    assert answers == {ILSE: None, BAS: "declined", "kim@plum.example": "accepted"}


def test_what_is_no_meeting_is_not_asked_for(bureau: Bureau) -> None:
    for kind in ("workingLocation", "focusTime", "outOfOffice", "birthday"):
        bureau.meet(kind, eventType=kind)
    meeting = bureau.meet()
    assert [str(record.remote_id) for record in bureau.read().records] == [meeting]


def test_resuming_in_the_middle_of_a_listing_goes_on_there(bureau: Bureau) -> None:
    for number in range(7):
        bureau.meet(f"Meeting {number}")
    whole = bureau.read(page_size=2)
    added = bureau.meet("Late")
    rest = bureau.read(whole.pages[1].cursor, page_size=2)
    assert len(rest.records) >= 3
    assert rest.pages[-1].complete
    assert added in [
        str(record.remote_id) for record in (*rest.records, *bureau.read(rest.cursor, page_size=2).records)
    ]


def test_a_page_that_is_forgotten_begins_the_listing_anew(bureau: Bureau) -> None:
    for number in range(4):
        bureau.meet(f"Meeting {number}")
    pages = bureau.read(page_size=2).pages
    refused = RefusalError(400, "invalid", "Invalid page token value.", "pageToken").reply()
    bureau.server.faults.fail(400, body=refused.body, path="/events")
    with pytest.raises(CursorExpiredError):
        bureau.read(pages[0].cursor, page_size=2)


def test_a_calendar_that_is_not_there_any_more_says_so(bureau: Bureau) -> None:
    with pytest.raises(ForbiddenError, match="not there"):
        bureau.read(slice_=TEAM)


def test_without_a_word_those_are_read_that_one_may_write_to(bureau: Bureau) -> None:
    bureau.agenda.add(TEAM, "Team", {ILSE: "writer"})
    bureau.agenda.add("holidays@group", "Holidays", {ILSE: "reader"})
    bureau.agenda.add("busy@group", "Colleague", {ILSE: "freeBusyReader"})
    bureau.agenda.add("alien@group", "Alien", {})

    def named(**config: object) -> list[str]:
        return sorted(slice_.title for slice_ in bureau.open(**config).slices())

    assert named() == ["Team", ILSE]
    assert named(calendars=["holidays", "primary"]) == ["Holidays", ILSE]
    assert named(calendars=["TEAM", "holidays@group"], exclude=["Holidays"]) == ["Team"]
    assert named(exclude=[ILSE]) == ["Team"]
    for wrong in ("Alien", "Colleague", "Teams"):
        with pytest.raises(ConfigError, match=wrong):
            named(calendars=[wrong])


def test_a_calendar_that_several_see_is_read_once_as_its_owner_sees_it(firm: Bureau) -> None:
    firm.agenda.add(TEAM, "Team", {ILSE: "writer", BAS: "owner"})
    firm.agenda.calendars[BAS].roles[ILSE] = "writer"
    meeting = firm.meet("Team", TEAM)
    stream = firm.open(users=[ILSE, BAS])
    assert sorted(slice_.key for slice_ in stream.slices()) == sorted([BAS, ILSE, TEAM])
    assert [str(record.remote_id) for record in firm.read(slice_=TEAM, users=[ILSE, BAS]).records] == [meeting]
    firm.meet("Own", BAS)
    firm.server.forget()
    assert next(iter(firm.open(users=[ILSE, BAS]).read(Slice(BAS), None))).records


def test_somebody_who_has_left_is_told_of_and_the_others_are_read(firm: Bureau) -> None:
    firm.meet("Own", BAS)
    config: dict[str, Any] = {"users": ["gone@acme.example", BAS], "exclude": ["Holidays"]}
    assert [slice_.key for slice_ in firm.open(**config).slices()] == ["gone@acme.example", BAS]
    with pytest.raises(ForbiddenError, match="cannot read for this person"):
        firm.read(slice_="gone@acme.example", **config)
    assert firm.read(slice_=BAS, **config).records


def test_an_idle_run_asks_once_a_calendar_and_once_for_the_list(bureau: Bureau) -> None:
    bureau.agenda.add(TEAM, "Team", {ILSE: "writer"})
    bureau.meet(recurrence=WEEKLY)
    stream = bureau.open()
    before = {slice_.key: list(stream.read(slice_, None))[-1].cursor for slice_ in stream.slices()}
    bureau.server.forget()
    stream = bureau.open()
    for slice_ in stream.slices():
        assert not [page for page in stream.read(slice_, before[slice_.key]) if page.records or page.tombstones]
    assert bureau.server.calls(path="calendar") == 3


def test_a_full_read_costs_hardly_more_than_its_pages(bureau: Bureau) -> None:
    for number in range(400):
        bureau.meet(f"Meeting {number}", recurrence=WEEKLY if number % 10 == 0 else [])
    bureau.server.forget()
    assert len(bureau.read(page_size=100).records) == 400
    assert bureau.server.calls("GET", "events$") - 40 == 4
    assert bureau.server.calls("POST", "batch") == 4


def test_the_quota_is_kept(bureau: Bureau) -> None:
    bureau.server.quota = 60
    for number in range(300):
        bureau.meet(f"Meeting {number}")
    assert len(bureau.read(page_size=2, requests_per_minute=60).records) == 300
    assert {each.reply.status for each in bureau.server.exchanges} == {200}
