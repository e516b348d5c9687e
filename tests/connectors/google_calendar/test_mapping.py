"""An event of Google's gives the same facts as the same meeting in an iCalendar file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.core import icalendar
from connectors.google_calendar import mapping
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.recurrence import Horizon
from tests.connectors.google_calendar.bureau import BAS, ILSE, guests

HORIZON = Horizon.at(datetime(2026, 6, 1, tzinfo=UTC))
MAPPER = Mapper([mapping.EVENTS], default_country="NL", horizon=HORIZON)
STAMPS = {"created": "2026-04-01T08:00:00.000Z", "updated": "2026-04-02T09:00:00.000Z", "status": "confirmed"}


def event(**more: Any) -> dict[str, Any]:
    zone = {"timeZone": "Europe/Amsterdam"}
    given = {
        "id": "abc",
        "iCalUID": "abc@google.com",
        "summary": "Tasting",
        "start": {"dateTime": "2026-03-25T10:00:00+01:00", **zone},
        "end": {"dateTime": "2026-03-25T11:30:00+01:00", **zone},
        **STAMPS,
    }
    return {**given, **more}


def facts(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entity.values["key"]: entity.values for entity in MAPPER.map(body)}


def calendar(*events: str) -> dict[str, Any]:
    """The body that another calendar's connector makes of VEVENTs."""
    inner = "".join(f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events)
    return {"events": icalendar.events(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{inner}END:VCALENDAR\n", owner=ILSE)}


@pytest.mark.parametrize(
    "broken",
    [
        {"iCalUID": ""},
        {"start": None},
        {"start": {"dateTime": "soon"}},
        {"end": {"date": "2026-13-01"}},
        {"start": {"dateTime": "2026-03-25T10:00:00", "timeZone": "Mars/Olympus"}},
        {"updated": "yesterday"},
        {"recurrence": ["RRULE:FREQ=SOMETIMES"]},
    ],
)
def test_an_event_that_cannot_be_read_says_what_is_missing(broken: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        mapping.body([event(**broken)])


HEAD = """
UID:abc@google.com
SUMMARY:Tasting
CREATED:20260401T080000Z
LAST-MODIFIED:20260402T090000Z
STATUS:CONFIRMED
"""
TIMES = "DTSTART;TZID=Europe/Amsterdam:20260325T100000\nDTEND;TZID=Europe/Amsterdam:20260325T113000\n"


def test_a_meeting_with_its_people_is_the_same() -> None:
    answers = guests((ILSE, "accepted"), (BAS, "needsAction"), ("kim@plum.example", "tentative"))
    answers[2] |= {"displayName": "Kim Plum", "optional": True}
    answers[0]["self"] = True
    room = {"email": "room@resource.calendar.google.com", "displayName": "Cellar", "resource": True}
    ours = event(
        attendees=[*answers, room],
        organizer={"email": ILSE, "displayName": "Ilse", "self": True},
        location="Ede",
        description="Bring a glass",
        visibility="private",
        sequence=2,
        hangoutLink="https://meet.google.com/abc-defg-hij",
    )
    theirs = f"""{HEAD}{TIMES}LOCATION:Ede
DESCRIPTION:Bring a glass
CLASS:PRIVATE
SEQUENCE:2
X-GOOGLE-CONFERENCE:https://meet.google.com/abc-defg-hij
ORGANIZER;CN=Ilse:mailto:{ILSE}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:{ILSE}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:{BAS}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE;CN=Kim Plum:mailto:kim@plum.example
ATTENDEE;CUTYPE=RESOURCE;PARTSTAT=ACCEPTED;CN=Cellar:mailto:room@resource.calendar.google.com"""
    assert facts(mapping.body([ours])) == facts(calendar(theirs))


def test_days_are_the_same() -> None:
    ours = event(start={"date": "2026-05-01"}, end={"date": "2026-05-03"})
    theirs = f"{HEAD}DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260503"
    assert facts(mapping.body([ours])) == facts(calendar(theirs))


def test_a_series_over_the_change_of_clocks_with_an_exception_and_a_cancelled_one_is_the_same() -> None:
    zone = {"timeZone": "Europe/Amsterdam"}
    series = event(recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20260422T215959Z"])
    planned = {"dateTime": "2026-04-01T10:00:00+02:00", **zone}
    moved = event(
        id="abc_20260401T080000Z",
        recurringEventId="abc",
        originalStartTime=planned,
        start={"dateTime": "2026-04-01T14:00:00+02:00", **zone},
        end={"dateTime": "2026-04-01T15:00:00+02:00", **zone},
        summary="Later",
    )
    cancelled = {
        "id": "abc_20260408T080000Z",
        "status": "cancelled",
        "recurringEventId": "abc",
        "originalStartTime": {"dateTime": "2026-04-08T10:00:00+02:00", **zone},
    }
    master = f"""{HEAD}{TIMES}RRULE:FREQ=WEEKLY;UNTIL=20260422T215959Z
EXDATE;TZID=Europe/Amsterdam:20260408T100000"""
    exception = f"""{HEAD.replace("Tasting", "Later")}RECURRENCE-ID;TZID=Europe/Amsterdam:20260401T100000
DTSTART;TZID=Europe/Amsterdam:20260401T140000
DTEND;TZID=Europe/Amsterdam:20260401T150000"""
    ours = facts(mapping.body([moved, series, cancelled]))
    assert ours == facts(calendar(master, exception))
    assert [(key[-17:], ours[key]["at"]) for key in sorted(ours)] == [
        ("/20260325T090000Z", "2026-03-25T09:00:00Z"),
        ("/20260401T080000Z", "2026-04-01T12:00:00Z"),
        ("/20260415T080000Z", "2026-04-15T08:00:00Z"),
        ("/20260422T080000Z", "2026-04-22T08:00:00Z"),
    ]


def test_a_series_of_days_is_the_same() -> None:
    day = {"start": {"date": "2026-05-04"}, "end": {"date": "2026-05-05"}}
    ours = [
        event(**day, recurrence=["RRULE:FREQ=YEARLY;COUNT=2", "EXDATE;VALUE=DATE:20270504"]),
        event(
            id="abc_20260504", recurringEventId="abc", originalStartTime={"date": "2026-05-04"}, summary="Moved",
            start={"date": "2026-05-06"}, end={"date": "2026-05-07"},
        ),
    ]  # fmt: skip
    master = HEAD + (
        "DTSTART;VALUE=DATE:20260504\nDTEND;VALUE=DATE:20260505\nRRULE:FREQ=YEARLY;COUNT=2\nEXDATE;VALUE=DATE:20270504"
    )
    exception = HEAD.replace("Tasting", "Moved") + (
        "RECURRENCE-ID;VALUE=DATE:20260504\nDTSTART;VALUE=DATE:20260506\nDTEND;VALUE=DATE:20260507"
    )
    assert facts(mapping.body(ours)) == facts(calendar(master, exception))


def test_what_else_google_says_stays_within_reach_of_an_admins_rule() -> None:
    ours = event(htmlLink="https://calendar.google.example/x", conferenceData={
        "entryPoints": [{"entryPointType": "phone", "uri": "tel:1"}, {"entryPointType": "video", "uri": "https://zoom.example/1"}]
    })  # fmt: skip
    mapper = Mapper([mapping.EVENTS], overrides={"meeting": {"custom.page": "htmlLink"}}, horizon=HORIZON)
    (entity,) = mapper.map(mapping.body([ours]))
    assert entity.values["custom"]["page"] == "https://calendar.google.example/x"
    assert entity.values["url"] == "https://zoom.example/1"
