"""iCalendar as programs write it: what an event says, and in which time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.core.icalendar import Reader, events, series
from connectors.core.meetings import meeting
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.recurrence import occurrences

ZONE = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:DAYLIGHT
DTSTART:16010325T020000
TZOFFSETFROM:{winter}
TZOFFSETTO:{summer}
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:16011028T030000
TZOFFSETFROM:{summer}
TZOFFSETTO:{winter}
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
"""


def calendar(*inner: str, head: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in inner)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n")


def one(event: str, head: str = "", **about: str) -> dict[str, Any]:
    (found,) = events(calendar(f"UID:u\n{event}", head=head), **about)
    return found


def facts(text: str, **about: str) -> dict[str, dict[str, Any]]:
    """Key to values, as the rules of every calendar's connector make them."""
    found = Mapper((meeting("events"),)).map({"events": events(text, **about)})
    return {entity.values["key"]: entity.values for entity in found}


CUT_OFF = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260501T080000Z\r\n"


@pytest.mark.parametrize(
    "text",
    ["", "hello", "BEGIN:VCALENDAR", CUT_OFF, f"{CUT_OFF}END:VEVENT\r\n", f"{CUT_OFF}END:VCALENDAR\r\n", b"\xff\xfe"],
)
def test_what_is_no_whole_calendar_is_refused_and_never_taken_for_an_empty_one(text: str | bytes) -> None:
    with pytest.raises(RecordError):
        events(text)


def test_a_calendar_without_events_has_none() -> None:
    assert events("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:u\r\nEND:VTODO\r\nEND:VCALENDAR\r\n") == []


@pytest.mark.parametrize("more", ["INTERVAL=1;WKST=MO", "BYHOUR=2;BYMINUTE=0", "UNTIL=20300101T000000Z", "BYSETPOS=1"])
def test_a_zone_is_understood_however_its_program_words_the_rules(more: str) -> None:
    zone = ZONE.format(name="Own", winter="+0100", summer="+0200").replace("FREQ=YEARLY", f"FREQ=YEARLY;{more}")
    assert one("DTSTART;TZID=Own:20260501T100000", head=zone, zone="Asia/Tokyo")["start"] == "2026-05-01T08:00:00Z"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;INTERVAL=0",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYSECOND=1,2",
        "FREQ=YEARLY;X=1",
    ],
)
@pytest.mark.parametrize("fold", ["", "\n "])
def test_a_zone_whose_rules_would_keep_us_busy_for_ever_is_as_good_as_none(rule: str, fold: str) -> None:
    zone = ZONE.format(name="Own", winter="+0100", summer="+0200").replace("FREQ=YEARLY", f"X;{rule}")
    zone = zone.replace("RRULE:X;", f"RRULE:{fold}").replace("BEGIN:VTIMEZONE", f"BEGIN:VTIME{fold}ZONE")
    period = "RDATE;TZID=Own;VALUE=PERIOD:20260601T100000/20260601T110000Z"
    found = one(f"DTSTART;TZID=Own:20260501T100000\n{period}", head=zone, zone="Asia/Tokyo")
    assert found["start"] == "2026-05-01T01:00:00Z"


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART:20260501T080000Z", "no UID"),
        ("UID:1\nSUMMARY:When?", "no readable DTSTART"),
        ("UID:1\nDTSTART:soon", "not a readable event"),
        ("UID:1\nDTSTART:20260501T080000Z\nRRULE:FREQ=NEVER", "not a readable event"),
    ],
)
def test_an_event_that_cannot_be_read_says_why(event: str, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        events(calendar(event))


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("DTSTART:20260701T100000Z", "2026-07-01T10:00:00Z"),
        ("DTSTART;TZID=Europe/Amsterdam:20260701T100000", "2026-07-01T08:00:00Z"),
        ("DTSTART;TZID=W. Europe Standard Time:20260701T100000", "2026-07-01T08:00:00Z"),
        ("DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:20260701T100000", "2026-07-01T14:00:00Z"),
        ("DTSTART;TZID=Nowhere:20260701T100000", "2026-07-01T02:00:00Z"),  # nobody defines it: the account's own
        ("DTSTART:20260701T100000", "2026-07-01T02:00:00Z"),
        ("DTSTART;TZID=Europe/Amsterdam:20260329T023000", "2026-03-29T01:30:00Z"),  # the clocks leap over it
        ("DTSTART;TZID=Europe/Amsterdam:20261025T023000", "2026-10-25T00:30:00Z"),  # there are two of it
    ],
)
def test_a_time_is_an_instant(stamp: str, instant: str) -> None:
    assert one(stamp, zone="Asia/Singapore")["start"] == instant


def test_the_calendars_own_zone_comes_before_the_accounts() -> None:
    found = one("DTSTART:20260701T100000", head="X-WR-TIMEZONE:Asia/Tokyo\n", zone="Asia/Singapore")
    assert found["start"] == "2026-07-01T01:00:00Z"


@pytest.mark.parametrize(
    ("times", "start", "end"),
    [
        ("DTSTART:20260701T100000Z\nDTEND:20260701T110000Z", "2026-07-01T10:00:00Z", "2026-07-01T11:00:00Z"),
        ("DTSTART:20260701T100000Z\nDURATION:PT45M", "2026-07-01T10:00:00Z", "2026-07-01T10:45:00Z"),
        ("DTSTART:20260701T100000Z", "2026-07-01T10:00:00Z", None),
        ("DTSTART:20260701T100000Z\nDTEND:20260701T090000Z", "2026-07-01T10:00:00Z", None),
        ("DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260704", "2026-07-01", "2026-07-04"),
        ("DTSTART;VALUE=DATE:20260701", "2026-07-01", "2026-07-02"),
        ("DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260701", "2026-07-01", "2026-07-02"),
        ("DTSTART;VALUE=DATE:20260701\nDURATION:P2D", "2026-07-01", "2026-07-03"),
        (
            "DTSTART;TZID=Asia/Tokyo:20260701T000000\nDTEND;TZID=Asia/Tokyo:20260702T000000\n"
            "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
            "2026-07-01",
            "2026-07-02",
        ),
    ],
)
def test_beginning_and_end(times: str, start: str, end: str | None) -> None:
    found = one(times)
    assert (found["start"], found.get("end")) == (start, end)
    assert found.get("all_day", False) == ("T" not in start)


def test_people_with_their_answers_and_rooms_apart() -> None:
    found = one(
        'DTSTART:20260701T100000Z\nORGANIZER;CN="Laan, Noor":mailto:noor@us.example\n'
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=Kim;ROLE=OPT-PARTICIPANT:MAILTO:Kim@us.example\n"
        "ATTENDEE;PARTSTAT=DECLINED;EMAIL=lee@pear.example:/principals/lee/\n"
        "ATTENDEE;CUTYPE=ROOM;CN=Cellar:mailto:room@us.example\nATTENDEE:mailto:\n",
        owner="kim@us.example",
    )
    assert found["organizer"] == {"email": "noor@us.example", "name": "Laan, Noor"}
    assert found["people"] == [
        {"email": "Kim@us.example", "name": "Kim", "answer": "accepted", "role": "opt-participant", "own": True},
        {"email": "lee@pear.example", "answer": "declined"},
    ]
    assert found["resources"] == ["Cellar"]


def test_an_export_called_by_an_address_is_that_persons_calendar() -> None:
    event = "DTSTART:20260701T100000Z\nORGANIZER:mailto:noor@us.example"
    assert one(event, head="X-WR-CALNAME:Noor@us.example\n")["organizer"]["own"]
    assert "own" not in one(event, head="X-WR-CALNAME:Work (noor@us.example)\n")["organizer"]


@pytest.mark.parametrize(
    ("properties", "method", "revised"),
    [
        ("DTSTAMP:20260501T080000Z\nLAST-MODIFIED:20260430T080000Z", "", "2026-04-30T08:00:00Z"),
        ("DTSTAMP:20260501T080000Z", "", "2026-05-01T08:00:00Z"),
        ("DTSTAMP:20260501T080000Z", "METHOD:REQUEST\n", "2026-05-01T08:00:00Z"),
        ("DTSTAMP:20260501T080000Z", "METHOD:PUBLISH\n", None),  # the time of the export
    ],
)
def test_when_it_was_revised(properties: str, method: str, revised: str | None) -> None:
    assert one(f"DTSTART:20260701T100000Z\n{properties}", head=method).get("revised_at") == revised


def test_messages_about_meetings() -> None:
    event = "DTSTART:20260701T100000Z\nATTENDEE;PARTSTAT=ACCEPTED:mailto:kim@us.example"
    assert one(event, head="METHOD:CANCEL\n")["status"] == "cancelled"
    assert one("SEQUENCE:2", head="METHOD:CANCEL\n")["sequence"] == 2
    assert one(event, head="METHOD:REPLY\n")["people"][0]["own"]
    assert events(calendar(f"UID:u\n{event}", head="METHOD:COUNTER\n")) == []


def test_where_to_join_and_what_programs_add() -> None:
    start = "DTSTART:20260701T100000Z\n"
    assert one(f"{start}X-GOOGLE-CONFERENCE:https://meet.example/a")["link"] == "https://meet.example/a"
    assert one(f"{start}CONFERENCE;VALUE=URI:https://talk.example/b")["link"] == "https://talk.example/b"
    odd = one(f"{start}X-TEAM:Sales\nX-MOZ-LASTACK:20260501T080000Z\nX-LONG:{'a' * 501}")
    assert odd["X-TEAM"] == "Sales"
    assert not {"X-MOZ-LASTACK", "X-LONG"} & odd.keys()


def test_a_series_keeps_time_by_the_clocks_of_its_zone() -> None:
    head = ZONE.format(name="Customised", winter="+0100", summer="+0200")
    text = calendar(
        "UID:u\nDTSTART;TZID=Customised:20261018T100000\nDTEND;TZID=Customised:20261018T110000\n"
        "RRULE:FREQ=WEEKLY;UNTIL=20261108T090000Z\nEXDATE;TZID=Customised:20261101T100000\nSUMMARY:Weekly",
        "UID:u\nRECURRENCE-ID;TZID=Customised:20261025T100000\nDTSTART;TZID=Customised:20261026T100000\nSUMMARY:Moved",
        head=head,
    )
    assert {key: (one["at"], one["title"]) for key, one in facts(text).items()} == {
        "ical:u/20261018T080000Z": ("2026-10-18T08:00:00Z", "Weekly"),
        "ical:u/20261025T090000Z": ("2026-10-26T09:00:00Z", "Moved"),
        "ical:u/20261108T090000Z": ("2026-11-08T09:00:00Z", "Weekly"),
    }


def test_an_old_series_in_a_zone_as_it_is_now_goes_by_its_clocks_of_today() -> None:
    zone = ZONE.format(name="Customized Time Zone", winter="-0500", summer="-0400")
    zone = zone.replace("BYDAY=-1SU;BYMONTH=3", "BYDAY=2SU;BYMONTH=3").replace(
        "BYDAY=-1SU;BYMONTH=10", "BYDAY=1SU;BYMONTH=11"
    )
    for year in (2005, 2013, 2026):
        found = one(f"DTSTART;TZID=Customized Time Zone:{year}0105T100000\nRRULE:FREQ=WEEKLY", head=zone)
        assert found["series"]["zone"] == "America/New_York"


def test_a_zone_that_calls_its_time_utc_is_taken_at_its_offset() -> None:
    zone = ZONE.format(name="Own", winter="+0000", summer="+0100").replace("TZOFFSETTO", "TZNAME:UTC\nTZOFFSETTO")
    found = one("DTSTART;TZID=Own:20260105T100000\nRRULE:FREQ=MONTHLY;COUNT=7", head=zone)
    assert [each["start"] for each in occurrences([found])][::6] == ["2026-01-05T10:00:00Z", "2026-07-05T09:00:00Z"]


def test_a_zone_that_no_other_is_like_keeps_its_offset() -> None:
    head = ZONE.format(name="Odd", winter="+0117", summer="+0217")
    (event,) = events(calendar("UID:u\nDTSTART;TZID=Odd:20260701T100000\nRRULE:FREQ=DAILY;COUNT=2", head=head))
    assert event["series"]["zone"] == "UTC+02:17"
    assert len(facts(calendar("UID:u\nDTSTART;TZID=Odd:20260701T100000\nRRULE:FREQ=DAILY;COUNT=2", head=head))) == 2


def test_a_vendors_lines_give_the_series_that_a_calendar_gives() -> None:
    begins = datetime(2026, 7, 1, 10, tzinfo=ZoneInfo("Europe/Amsterdam"))
    lines = ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Amsterdam:20260708T100000"]
    text = "\n".join(["DTSTART;TZID=Europe/Amsterdam:20260701T100000", *lines])
    assert series(lines, begins) == one(text)["series"]
    assert series(["EXDATE:20260708T080000Z"], begins) is None
    with pytest.raises(RecordError):
        series(["RRULE:FREQ=NEVER"], begins)


def test_the_zones_of_one_calendar_are_not_those_of_the_next() -> None:
    event = "UID:u\nDTSTART;TZID=Customised:20260701T100000"
    for summer, instant in (("+0300", "2026-07-01T07:00:00Z"), ("-0400", "2026-07-01T14:00:00Z")):
        head = ZONE.format(name="Customised", winter=summer, summer=summer)
        assert events(calendar(event, head=head))[0]["start"] == instant


def test_a_reader_reads_one_event_at_a_time() -> None:
    reader = Reader("BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Asia/Tokyo\r\n")
    assert reader.parse("BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260701T100000\r\nEND:VEVENT\r\n")["start"].startswith(
        "2026-07-01T01"
    )
    with pytest.raises(RecordError):
        reader.parse("BEGIN:VEVENT\r\nUID")
