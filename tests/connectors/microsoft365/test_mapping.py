"""A message or an event of Graph's gives the same facts as the same mail, or the same meeting, read elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email import message_from_string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core import icalendar
from connectors.core import mail as every_mail
from connectors.microsoft365 import mapping
from connectors.microsoft365.diary import DAYS, Diary
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.recurrence import Horizon, occurrences
from tests.connectors.microsoft365.company import AMSTERDAM, BAS, ILSE, address, guests, mail

MAPPER = Mapper([mapping.EVENTS], default_country="NL", horizon=Horizon.at(datetime(2026, 6, 1, tzinfo=UTC)))
MAILS = Mapper([mapping.MESSAGES], default_country="NL")
UID = "040000008200E00074C5B7101A82E00800000000B0D5A5F1C0A0DC01000000000000000010000000F2A1"


def message(**more: Any) -> dict[str, Any]:
    stamps = {"sentDateTime": "2026-05-01T08:00:00Z", "receivedDateTime": "2026-05-01T08:00:07Z"}
    return {"id": "AAk=", "isDraft": False, **stamps, **mail(1), **more}


def event(**more: Any) -> dict[str, Any]:
    return {
        "id": "AAk=",
        "type": "singleInstance",
        "iCalUId": UID,
        "subject": "Tasting",
        "start": {"dateTime": "2026-03-25T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-25T10:30:00.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": AMSTERDAM,
        "createdDateTime": "2026-04-01T08:00:00Z",
        "lastModifiedDateTime": "2026-04-02T09:00:00.1234567Z",
        **more,
    }


def facts(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entity.values["key"]: dict(entity.values) for entity in MAPPER.map(body)}


def calendar(*events: str) -> dict[str, Any]:
    """The body that another calendar's connector makes of VEVENTs."""
    inner = "".join(f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events)
    return {"events": icalendar.events(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{inner}END:VCALENDAR\n", owner=ILSE)}


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Equal but for the sequence, of which Graph tells nothing, and what is Graph's own."""
    left, right = facts(ours), facts(theirs)
    for each in (*left.values(), *right.values()):
        each.pop("sequence", None)
        each.pop("revised_at", None)
    assert left == right


@pytest.mark.parametrize("broken", [{"receivedDateTime": None}, {"receivedDateTime": "yesterday"}])
def test_a_message_without_a_date_is_a_record_error(broken: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        mapping.message(message(**broken), ILSE, "Inbox", False)


@pytest.mark.parametrize(
    "broken",
    [
        {"iCalUId": ""},
        {"start": None},
        {"start": {"dateTime": "soon", "timeZone": "UTC"}},
        {"end": {"timeZone": "UTC"}},
        {"lastModifiedDateTime": "yesterday"},
        {"recurrence": {"pattern": {"type": "lunar"}, "range": {"type": "noEnd"}}},
        {"recurrence": {"pattern": {"type": "absoluteMonthly"}, "range": {"type": "noEnd"}}},
        {"recurrence": {"pattern": {"type": "daily"}, "range": {"type": "endDate", "endDate": "never"}}},
        {"type": "exception", "originalStart": "once"},
    ],
)
def test_an_event_that_cannot_be_read_is_a_record_error(broken: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        mapping.event(event(**broken), ILSE)


def test_a_mail_is_the_same_as_in_a_file() -> None:
    text = (
        "From: Kim Plum <kim.1@plum.example>\nTo: ilse@acme.example\nCc: Bas <bas@acme.example>\nSubject: Question 1\n"
        "Message-ID: <m1@plum.example>\nDate: Fri, 01 May 2026 10:00:00 +0200\n\nHello\n"
    )
    headers = every_mail.headers(message_from_string(text))
    theirs = every_mail.told(headers, sent=True, labels=["Inbox"], direction="in")
    ours = mapping.message(message(ccRecipients=[address(BAS, "Bas")], body=None), ILSE, "Inbox", False)
    (left,), (right,) = MAILS.map(ours), MAILS.map(theirs)
    assert left.values == right.values


def test_a_message_tells_who_wrote_to_whom() -> None:
    legacy = {"emailAddress": {"name": "Old", "address": "/O=ACME/OU=EXCHANGE/CN=RECIPIENTS/CN=OLD"}}
    body = mapping.message(
        message(
            **{"from": None, "sender": address(ILSE, ILSE), "toRecipients": [legacy, address(BAS, "Bas"), {}, None]}
        ),
        ILSE,
        "Sent Items",
        False,
    )
    assert (body["From"], body["To"], body["_direction"]) == ([{"email": ILSE}], [{"email": BAS, "name": "Bas"}], "out")


def test_a_message_without_an_id_is_known_by_what_it_says() -> None:
    one, two = (mapping.message(message(internetMessageId=None, subject=s), ILSE, "Inbox", False) for s in ("a", "b"))
    assert one["_key"] != two["_key"]
    assert one["_key"] == mapping.message(message(internetMessageId="", subject="a", id="x"), BAS, "In", True)["_key"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"contentType": "text", "content": "  Hello\0 Kim "}, "Hello Kim"),
        ({"contentType": "html", "content": "<style>x</style><p>Hello <b>Kim</b>"}, "Hello Kim"),
        ({"contentType": "text", "content": "x" * 9_000}, "x" * 2_000),
    ],
)
def test_a_body_is_read_as_text(body: dict[str, str], text: str) -> None:
    assert mapping.message(message(body=body), ILSE, "Inbox", False)["text"] == text


def test_a_meeting_with_its_people_is_the_same_as_in_a_calendar() -> None:
    people = [
        *guests((ILSE, "accepted"), (BAS, "notResponded"), ("lee@plum.example", "declined")),
        *guests(("kim@plum.example", "tentativelyAccepted"), kind="optional"),
    ]
    room = {**address("cellar@acme.example", "Cellar"), "type": "resource", "status": {"response": "accepted"}}
    ours = event(
        attendees=[*people, room],
        organizer=address(ILSE, "Ilse"),
        isOrganizer=True,
        location={"displayName": "Ede"},
        body={"contentType": "text", "content": "Bring glasses"},
        sensitivity="private",
        categories=["Sales"],
        onlineMeeting={"joinUrl": "https://meet.example/x"},
    )
    theirs = calendar(
        f"""UID:{UID}
SUMMARY:Tasting
DESCRIPTION:Bring glasses
LOCATION:Ede
CLASS:PRIVATE
STATUS:CONFIRMED
CATEGORIES:Sales
X-MICROSOFT-SKYPETEAMSMEETINGURL:https://meet.example/x
DTSTART;TZID=W. Europe Standard Time:20260325T100000
DTEND;TZID=W. Europe Standard Time:20260325T113000
CREATED:20260401T080000Z
LAST-MODIFIED:20260402T090000Z
ORGANIZER;CN=Ilse:mailto:{ILSE}
ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ILSE}
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{BAS}
ATTENDEE;PARTSTAT=DECLINED:mailto:lee@plum.example
ATTENDEE;PARTSTAT=TENTATIVE;ROLE=OPT-PARTICIPANT:mailto:kim@plum.example
ATTENDEE;CUTYPE=ROOM;CN=Cellar;PARTSTAT=ACCEPTED:mailto:cellar@acme.example"""
    )
    same(mapping.event(ours, ILSE), theirs)


def test_a_meeting_of_whole_days_is_the_same() -> None:
    days = {
        "isAllDay": True,
        "start": {"dateTime": "2026-03-25T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-27T00:00:00.0000000", "timeZone": "UTC"},
    }
    theirs = calendar(
        f"UID:{UID}\nSUMMARY:Tasting\nSTATUS:CONFIRMED\nDTSTART;VALUE=DATE:20260325\nDTEND;VALUE=DATE:20260327"
    )
    same(mapping.event(event(**days), ILSE), theirs)
    shifted = {
        "start": {"dateTime": "2026-03-24T23:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-26T23:00:00.0000000", "timeZone": "UTC"},
    }
    same(mapping.event(event(**{**days, **shifted}), ILSE), theirs)


def test_a_series_with_an_exception_and_a_gap_is_the_same() -> None:
    recurrence = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["wednesday"], "firstDayOfWeek": "monday"},
        "range": {"type": "endDate", "endDate": "2026-04-22", "recurrenceTimeZone": AMSTERDAM},
    }
    moved = event(
        id="AAk_2=",
        type="exception",
        iCalUId=UID.replace("00000000B0", "07EA0408B0"),
        subject="Moved",
        originalStart="2026-04-08T08:00:00Z",
        start={"dateTime": "2026-04-09T08:00:00.0000000", "timeZone": "UTC"},
        end={"dateTime": "2026-04-09T09:00:00.0000000", "timeZone": "UTC"},
    )
    gap = ["OID.AAk=.2026-04-15"]
    series = event(type="seriesMaster", recurrence=recurrence, exceptionOccurrences=[moved], cancelledOccurrences=gap)
    zone = "TZID=Europe/Amsterdam"
    theirs = calendar(
        f"""UID:{UID}
SUMMARY:Tasting
STATUS:CONFIRMED
DTSTART;{zone}:20260325T100000
DTEND;{zone}:20260325T113000
RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=WE;WKST=MO;UNTIL=20260422
EXDATE;{zone}:20260415T100000""",
        f"""UID:{UID}
RECURRENCE-ID;{zone}:20260408T100000
SUMMARY:Moved
STATUS:CONFIRMED
DTSTART;{zone}:20260409T100000
DTEND;{zone}:20260409T110000""",
    )
    left, right = facts(mapping.event(series, ILSE)), facts(theirs)
    assert left.keys() == right.keys()
    assert {key: each["at"] for key, each in left.items()} == {key: each["at"] for key, each in right.items()}
    assert left[f"ical:{UID}/20260408T080000Z"]["title"] == "Moved"


def test_a_meeting_made_elsewhere_keeps_the_uid_it_has_there() -> None:
    foreign = "abc123@google.com"
    wrapped = (
        f"{'040000008200E00074C5B7101A82E008'}{'0' * 40}1E000000{b'vCal-Uid'.hex()}01000000{foreign.encode().hex()}00"
    )
    assert mapping.event(event(iCalUId=wrapped.upper()), ILSE)["events"][0]["uid"] == foreign
    assert mapping.event(event(iCalUId=foreign), ILSE)["events"][0]["uid"] == foreign


PATTERNS = st.one_of(
    st.fixed_dictionaries({"type": st.just("daily")}),
    st.fixed_dictionaries(
        {
            "type": st.just("weekly"),
            "daysOfWeek": st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True),
            "firstDayOfWeek": st.sampled_from(DAYS),
        }
    ),
    st.fixed_dictionaries({"type": st.just("absoluteMonthly"), "dayOfMonth": st.integers(1, 31)}),
    st.fixed_dictionaries(
        {
            "type": st.just("relativeMonthly"),
            "daysOfWeek": st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True),
            "index": st.sampled_from(["first", "second", "third", "fourth", "last"]),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("absoluteYearly"), "month": st.integers(1, 12), "dayOfMonth": st.integers(1, 28)}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("relativeYearly"),
            "month": st.integers(1, 12),
            "daysOfWeek": st.lists(st.sampled_from(DAYS), min_size=1, max_size=2, unique=True),
            "index": st.sampled_from(["first", "third", "last"]),
        }
    ),
)
SPANS = st.one_of(
    st.just({"type": "noEnd"}),
    st.builds(lambda n: {"type": "numbered", "numberOfOccurrences": n}, st.integers(1, 9)),
    st.builds(lambda d: {"type": "endDate", "endDate": d.isoformat()}, st.dates(date(2024, 6, 1), date(2026, 12, 31))),
)


@given(PATTERNS, SPANS, st.integers(1, 3), st.sampled_from([AMSTERDAM, "Pacific Standard Time", "Asia/Kolkata"]))
def test_series_are_worked_out_as_exchange_does(
    pattern: dict[str, Any], span: dict[str, Any], every: int, zone: str
) -> None:
    """The stand-in counts day by day what Graph's words mean; the connector goes by a rule of iCalendar's.

    As in Exchange the first day is one of the pattern's.
    """
    asked = {"pattern": {**pattern, "interval": every}, "range": {**span, "recurrenceTimeZone": zone}}
    diary = Diary((ILSE,))
    first = next(
        start
        for day in range(900)
        if _begins(
            diary,
            start := datetime(2024, 2, 27, 17, tzinfo=UTC) + timedelta(days=day),
            {**asked, "range": {**asked["range"], "type": "noEnd"}},
        )
    )
    id_ = diary.insert(ILSE, {"recurrence": asked, **_times(first, zone)})
    entry = diary.find(ILSE, id_)[1]
    until = datetime(2026, 9, 7, tzinfo=UTC)
    expected = [begins for _, begins, _ in diary.occurrences(entry, until)]
    body = mapping.event({**entry.body, "id": id_, "type": "seriesMaster"}, ILSE)
    found = occurrences(body["events"], {"until": until.strftime("%Y%m%dT%H%M%SZ"), "most": 2_000})
    assert [datetime.fromisoformat(each["start"]) for each in found] == (expected or [first])


def _begins(diary: Diary, start: datetime, recurrence: dict[str, Any]) -> bool:
    zone = recurrence["range"]["recurrenceTimeZone"]
    id_ = diary.insert(ILSE, {"recurrence": recurrence, **_times(start, zone)})
    entry = diary.find(ILSE, id_)[1]
    return next((begins for _, begins, _ in diary.occurrences(entry, start + timedelta(days=1))), None) == start


def _times(start: datetime, zone: str) -> dict[str, Any]:
    return {
        name: {"dateTime": (start + timedelta(hours=hours)).isoformat(), "timeZone": zone}
        for name, hours in (("start", 0), ("end", 1))
    }
