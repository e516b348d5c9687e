"""Real calendar servers fill, change, delete, are suddenly empty and refill; the hub follows, or stops and says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mapping.contract import RemoteId
from tests.connectors.caldav.desk import Desk
from tests.connectors.caldav.hubs import CalendarHub, there
from tests.servers.calendars import calendar, event, stamp

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def hub(desk: Desk, tmp_path: Path, sqlite_template: Path) -> Iterator[CalendarHub]:
    made = CalendarHub(tmp_path, sqlite_template, desk)
    yield made
    made.close()


def _fill(desk: Desk, count: int) -> None:
    for number in range(count):
        desk.put(number)
        desk.clock.advance(3600)


def test_a_calendar_that_was_removed_and_made_anew_empty_stops_at_the_guard(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 6)
    hub.sync()
    before = hub.dump()
    desk.calendars.remove(desk.paths[0])
    desk.calendars.make_at(desk.paths[0], desk.names[0])
    for _ in range(2):
        report = hub.one()
        assert report.status == "failed"
        assert "3 of 3 known records are no longer there; nothing was deleted" in report.message
        assert "--allow-deletes" in report.message
        assert hub.dump() == before


def test_a_calendar_that_is_refilled_after_it_was_empty_is_followed_again(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 6)
    hub.sync()
    kept = desk.calendars.objects(desk.paths[0])
    desk.calendars.remove(desk.paths[0])
    desk.calendars.make_at(desk.paths[0], desk.names[0])
    assert hub.one().status == "failed"
    for name, text in kept.items():
        desk.calendars.put(desk.paths[0], name, text)
    desk.put(7)
    assert hub.one().status == "ok"
    assert hub.objects() == there(desk)


def test_a_calendar_that_is_read_by_name_and_removed_stops_the_stream_and_says_which(
    hub: CalendarHub, desk: Desk
) -> None:
    _fill(desk, 6)
    hub.sync()
    held = hub.objects()
    desk.calendars.remove(desk.paths[0])
    report = hub.one()
    assert report.status == "failed"
    assert f"there is no calendar '{desk.names[0]}'" in report.message
    assert hub.objects() == held


def test_a_calendar_that_is_removed_from_the_account_goes_with_the_next_sweep(
    desk: Desk, tmp_path: Path, sqlite_template: Path
) -> None:
    hub = CalendarHub(tmp_path, sqlite_template, desk, everything=True)
    _fill(desk, 6)
    hub.sync()
    held = hub.objects()
    desk.calendars.remove(desk.paths[0])
    assert hub.one().status == "ok"
    assert hub.objects() == held, "that a calendar is not listed is no word on each of its meetings"
    assert hub.hub.sweep().ok
    gone = {key for key in held if key[0] == desk.paths[0]}
    assert held.keys() - hub.objects().keys() == gone
    hub.close()


def test_the_admin_can_allow_a_calendar_to_be_empty(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 6)
    hub.sync()
    desk.calendars.remove(desk.paths[0])
    desk.calendars.make_at(desk.paths[0], desk.names[0])
    assert hub.one().status == "failed"
    report = hub.one(allow_deletes=True)
    assert (report.status, report.gone) == ("ok", 3)
    assert hub.objects() == there(desk)


def test_a_token_that_the_server_forgot_is_made_up_for_by_a_full_reading(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 6)
    hub.sync()
    desk.delete((desk.paths[0], RemoteId("tea-0.ics")))
    desk.expire_cursors()
    report = hub.one()
    assert (report.status, report.gone) == ("ok", 1)
    assert "forgot our place" in report.message
    assert hub.objects() == there(desk)


def test_the_server_fills_changes_and_deletes_and_the_hub_follows(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 5)
    assert hub.one().new == 5
    assert hub.objects() == there(desk)
    desk.put(8)
    desk.change((desk.paths[1], RemoteId("tea-1.ics")))
    desk.delete((desk.paths[0], RemoteId("tea-2.ics")))
    report = hub.one()
    assert (report.status, report.new, report.changed, report.gone) == ("ok", 1, 1, 1)
    assert hub.objects() == there(desk)
    for path in desk.paths:
        for name in desk.calendars.objects(path):
            desk.calendars.delete(path, name)
    assert hub.one().gone == 5, "the server says of each meeting that it was deleted"
    assert hub.meetings() == {}


def test_an_unchanged_calendar_writes_no_row(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 5)
    hub.sync()
    before = hub.dump()
    assert hub.one().unchanged == 0
    assert hub.dump() == before
    assert hub.one(full=True).unchanged == 5
    assert hub.dump() == before


def test_an_object_that_becomes_unreadable_costs_itself_and_heals(hub: CalendarHub, desk: Desk) -> None:
    _fill(desk, 4)
    path, name = desk.put_bad()
    report = hub.one()
    assert (report.status, report.dead) == ("partial", 1)
    assert len(hub.meetings()) == 4
    desk.calendars.put(path, name, calendar(event("bad", MONDAY)))
    assert hub.one().status == "ok"
    assert len(hub.meetings()) == 5


def test_a_series_with_an_exception_is_a_meeting_for_each_occurrence(hub: CalendarHub, desk: Desk) -> None:
    uid = f"series-{desk.names[0].split()[1]}"
    again = MONDAY + timedelta(days=7)
    master = event(uid, MONDAY, "RRULE:FREQ=WEEKLY;COUNT=3", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@example.com")
    moved = event(uid, again + timedelta(hours=2), f"RECURRENCE-ID:{stamp(again)}", "SEQUENCE:1", summary="Late tea")
    desk.calendars.put(desk.paths[0], "series.ics", calendar(master, moved))
    hub.sync()
    told = {values["at"]: (values["title"], len(values.get("participants", ()))) for values in hub.meetings().values()}
    assert told == {
        "2026-11-02T09:00:00Z": ("Tea", 1),
        "2026-11-09T11:00:00Z": ("Late tea", 0),
        "2026-11-16T09:00:00Z": ("Tea", 1),
    }
    dropped = event(uid, MONDAY, "RRULE:FREQ=WEEKLY;COUNT=2", "SEQUENCE:2")
    desk.calendars.put(desk.paths[0], "series.ics", calendar(dropped))
    hub.sync()
    assert sorted(values["at"] for values in hub.meetings().values()) == [
        "2026-11-02T09:00:00Z",
        "2026-11-09T09:00:00Z",
    ]


def test_answers_and_cancellations_follow(hub: CalendarHub, desk: Desk) -> None:
    uid = f"answered-{desk.names[0].split()[1]}"
    organizer = "ORGANIZER;CN=Ada:mailto:ada@example.com"
    asked = event(uid, MONDAY, organizer, "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bo@example.com")
    desk.calendars.put(desk.paths[1], "asked.ics", calendar(asked))
    hub.sync()
    declined = event(uid, MONDAY, organizer, "ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.com", "SEQUENCE:1")
    desk.calendars.put(desk.paths[1], "asked.ics", calendar(declined))
    hub.sync()
    (meeting,) = hub.meetings().values()
    people = {one["role"]: (one["email"], one.get("answer")) for one in meeting["participants"]}
    assert people == {"organizer": ("ada@example.com", None), "attendee": ("bo@example.com", "declined")}
    cancelled = event(uid, MONDAY, organizer, "STATUS:CANCELLED", "SEQUENCE:2")
    desk.calendars.put(desk.paths[1], "asked.ics", calendar(cancelled))
    hub.sync()
    (meeting,) = hub.meetings().values()
    assert meeting["status"] == "cancelled"


def test_one_meeting_in_two_calendars_stays_until_both_have_dropped_it(hub: CalendarHub, desk: Desk) -> None:
    if "cyrus" in type(desk.server).__name__.lower():
        pytest.skip("Cyrus keeps a UID once a user")
    text = calendar(event("shared", MONDAY))
    for path in desk.paths:
        desk.calendars.put(path, "shared.ics", text)
    hub.sync()
    assert hub.titles() == {"shared": "Tea"}
    desk.calendars.delete(desk.paths[0], "shared.ics")
    hub.sync()
    assert hub.titles() == {"shared": "Tea"}
    desk.calendars.delete(desk.paths[1], "shared.ics")
    hub.sync()
    assert hub.titles() == {}
