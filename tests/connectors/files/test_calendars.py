"""Calendars become meetings, with right times and answers."""

from __future__ import annotations

from tests.connectors.files.support import Folder


def calendar(*events: str, head: str = "", zones: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{head}{zones}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


ODD_ZONE = """BEGIN:VTIMEZONE
TZID:Customised Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
"""


def test_a_broken_event_costs_itself_only(folder: Folder) -> None:
    good = "UID:{0}\nDTSTART:20260501T080000Z\nSUMMARY:Good {0}"
    text = calendar(good.format(1), "DTSTART:20260501T080000Z\nSUMMARY:nameless", good.format(2), good.format(3))
    cut = text.replace("UID:2\r\n", "UID:2\r\nDTSTART;TZID=\x01:\r\nRRULE:FREQ=NONSENSE\r\nno colon here\r\n")
    folder.put("c.ics", cut.replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:4\r\nSUMMARY:cut off"))
    read = folder.read("events")
    assert [record.remote_id for record in read.records][:1] == ["1"]
    assert "3" in [record.remote_id for record in read.records]
    assert "c.ics:9: the event has no UID" in read.errors
    assert read.errors[-1].endswith("it has no end")


def test_a_meeting_has_its_people_with_their_answers(folder: Folder) -> None:
    folder.put(
        "c.ics",
        calendar(
            "UID:a1@cal\nDTSTART;TZID=Europe/Amsterdam:20260501T100000\nDTEND;TZID=Europe/Amsterdam:20260501T110000\n"
            "SUMMARY:Tasting with a long title that is\n  folded\nLOCATION:Ede\nSTATUS:CONFIRMED\n"
            'ORGANIZER;CN="Laan, Noor":mailto:noor@us.example\n'
            "ATTENDEE;PARTSTAT=ACCEPTED;CN=Kim Plum:MAILTO:kim@plum.example\n"
            "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lee@pear.example\n"
            "ATTENDEE;CUTYPE=ROOM;CN=Cellar:mailto:room@us.example\nCATEGORIES:Wine,Sales"
        ),
    )
    meeting = folder.one("events", "meeting:a1@cal")
    assert (meeting["key"], meeting["activity"], meeting["status"]) == ("ical:a1@cal", "meeting", "confirmed")
    assert (meeting["at"], meeting["ends_at"]) == ("2026-05-01T08:00:00Z", "2026-05-01T09:00:00Z")
    assert meeting["title"] == "Tasting with a long title that is folded"
    assert meeting["participants"] == [
        {"role": "organizer", "name": "Laan, Noor", "email": "noor@us.example"},
        {"role": "attendee", "name": "Kim Plum", "email": "kim@plum.example", "answer": "accepted"},
        {"role": "attendee", "email": "lee@pear.example", "answer": "needs-action"},
    ]
    assert meeting["custom"] == {"categories": ["Wine", "Sales"], "resources": ["Cellar"]}
    assert not folder.entities("events")[0].founding


def test_windows_zones_and_prefixed_zones_are_understood(folder: Folder) -> None:
    folder.put(
        "c.ics",
        calendar(
            "UID:1\nDTSTART;TZID=W. Europe Standard Time:20260701T100000\nDURATION:PT30M",
            'UID:2\nDTSTART;TZID="/freeassociation.sourceforge.net/America/New_York":20260701T100000',
            "UID:3\nDTSTART:20260701T100000",
            "UID:4\nDTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260702",
            head="X-WR-TIMEZONE:Asia/Tokyo\n",
        ),
    )
    meetings = [entity.values for entity in folder.entities("events")]
    assert [m["at"] for m in meetings] == [
        "2026-07-01T08:00:00Z",
        "2026-07-01T14:00:00Z",
        "2026-07-01T01:00:00Z",  # a floating time is the calendar's own
        "2026-07-01T00:00:00Z",
    ]
    assert meetings[0]["ends_at"] == "2026-07-01T08:30:00Z"
    assert [m.get("all_day", False) for m in meetings] == [False, False, False, True]


def test_a_files_own_zone_holds_for_that_file_only(folder: Folder) -> None:
    event = "UID:{}\nDTSTART;TZID=Customised Zone:20260701T100000"
    folder.put("a.ics", calendar(event.format(1), zones=ODD_ZONE.format(offset="+0300")))
    folder.put("b.ics", calendar(event.format(2), zones=ODD_ZONE.format(offset="-0500")))
    assert [e.values["at"] for e in folder.entities("events")] == ["2026-07-01T07:00:00Z", "2026-07-01T15:00:00Z"]


def test_each_occurrence_of_a_series_is_a_fact_and_its_exception_a_sighting_of_the_same(folder: Folder) -> None:
    folder.put(
        "c.ics",
        calendar(
            "UID:s@cal\nDTSTART;TZID=Europe/Amsterdam:20260501T100000\nRRULE:FREQ=WEEKLY;COUNT=3\nSUMMARY:Weekly",
            "UID:s@cal\nRECURRENCE-ID;TZID=Europe/Amsterdam:20260508T100000\n"
            "DTSTART;TZID=Europe/Amsterdam:20260508T120000\nSTATUS:CANCELLED\nSUMMARY:Weekly",
            "UID:d@cal\nRECURRENCE-ID;VALUE=DATE:20260508\nDTSTART;VALUE=DATE:20260509",
        ),
    )
    *series, exception, day = (entity.values for entity in folder.entities("events"))
    assert [(one["key"], one["at"], one["derived"]) for one in series] == [
        ("ical:s@cal/20260501T080000Z", "2026-05-01T08:00:00Z", True),
        ("ical:s@cal/20260508T080000Z", "2026-05-08T08:00:00Z", True),
        ("ical:s@cal/20260515T080000Z", "2026-05-15T08:00:00Z", True),
    ]
    assert series[0]["custom"]["rrule"] == "FREQ=WEEKLY;COUNT=3"
    assert (exception["key"], exception["status"]) == ("ical:s@cal/20260508T080000Z", "cancelled")
    assert exception["at"] == "2026-05-08T10:00:00Z"
    assert day["key"] == "ical:d@cal/20260508"


def test_a_cancelling_calendar_cancels(folder: Folder) -> None:
    folder.put("c.ics", calendar("UID:1\nDTSTART:20260701T100000Z", head="METHOD:CANCEL\n"))
    assert folder.one("events", "meeting:1")["status"] == "cancelled"


def test_the_export_time_of_an_unchanged_event_is_no_change(folder: Folder) -> None:
    event = "UID:1\nDTSTAMP:2026050{}T100000Z\nDTSTART:20260701T100000Z\nLAST-MODIFIED:20260430T090000Z"
    folder.put("c.ics", calendar(event.format(1)))
    (before,) = folder.read("events").records
    folder.put("c.ics", calendar(event.format(2)))
    (after,) = folder.read("events").records
    assert before == after
    assert str(after.changed_at) == "2026-04-30 09:00:00+00:00"


def test_resuming_inside_a_calendar_keeps_its_zones(folder: Folder) -> None:
    event = "UID:{}\nDTSTART;TZID=Customised Zone:20260701T100000"
    folder.put("c.ics", calendar(*(event.format(n) for n in range(700)), zones=ODD_ZONE.format(offset="+0300")))
    first = next(folder.pages("events"))
    rest = folder.read("events", first.cursor)
    assert [record.remote_id for record in rest.records] == [str(n) for n in range(500, 700)]
    assert {body["start"] for body in rest.bodies} == {"2026-07-01T07:00:00Z"}
