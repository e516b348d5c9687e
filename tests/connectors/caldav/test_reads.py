"""Which calendars are read, what of them, and what cannot be taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.caldav.connector import CalDavConfig
from mapping.contract import Reason, RemoteId, Slice
from mapping.errors import AuthError, ConfigError, ContractError
from tests.connectors.caldav.desk import WRONG_PASSWORD, Desk
from tests.connectors.contract import read
from tests.servers.calendars import CalendarServer, calendar, event

TASK = "BEGIN:VTODO\r\nUID:task\r\nDTSTAMP:20260504T080000Z\r\nSUMMARY:Buy tea\r\nEND:VTODO"


@pytest.fixture
def radicale_desk(radicale: CalendarServer) -> Iterator[Desk]:
    made = Desk(radicale)
    yield made
    made.close()


@pytest.fixture
def xandikos_desk(xandikos: CalendarServer) -> Iterator[Desk]:
    made = Desk(xandikos)
    yield made
    made.close()


# -- configuration


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"url": "cloud.example.com"}, "begins with https://"),
        ({"url": "ftp://cloud.example.com/"}, "begins with https://"),
        ({"url": "https://ada:secret@cloud.example.com/"}, "settings of their own"),
        ({"url": "https://x.example/", "username": "ada"}, "go together"),
        ({"url": "https://x.example/", "password": "secret"}, "go together"),
        ({"url": "https://x.example/", "username": "a", "password": "b", "access_token": "c"}, "either"),
        ({"url": "https://x.example/", "page_size": 0}, "greater than or equal to 1"),
        ({"url": "https://x.example/", "calendar": "Work"}, "not permitted"),
    ],
)
def test_a_wrong_setting_is_told(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        CalDavConfig.model_validate(settings)


def test_a_bearer_token_is_sent_as_such(desk: Desk) -> None:
    """None of the servers here takes one, so it is a login that they refuse, or do not ask for."""
    connector = desk.connector(token="tok-16180")
    if not desk.server.user:
        assert connector.check().id
        return
    with pytest.raises(AuthError) as refused:
        connector.check()
    assert "tok-16180" not in str(refused.value)


# -- which calendars


def test_calendars_are_chosen_by_name_or_by_the_end_of_their_address(desk: Desk) -> None:
    first, second = desk.names
    folder = desk.paths[1].rstrip("/").rpartition("/")[2]

    def chosen(**config: Any) -> set[str]:
        return {one.title for one in desk.events(**config).slices()}

    assert chosen() == {first, second}
    assert chosen(calendars=[folder]) == {second}
    assert chosen(exclude=[first]) == {second}
    assert chosen(calendars=[]) >= {first, second}
    assert chosen(calendars=[], exclude=[second]) & {first, second} == {first}


@pytest.mark.parametrize("setting", [{"calendars": ["Wrok"]}, {"exclude": ["Wrok"]}])
def test_a_name_that_no_calendar_has_is_told_with_those_there_are(desk: Desk, setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"no calendar 'Wrok'.*{desk.names[0]}"):
        desk.connector(**setting).check()
    with pytest.raises(ConfigError):
        desk.events(**setting).slices()


def test_the_address_of_one_calendar_reads_that_one(desk: Desk) -> None:
    for number in range(4):
        desk.put(number)
    stream = desk.events(url=f"{desk.proxy.url}{desk.paths[1]}", calendars=[])
    (slice_,) = stream.slices()
    assert (slice_.key, slice_.title) == (desk.paths[1], desk.names[1])
    found = {record.remote_id for page in stream.read(slice_, None) for record in page.records}
    assert found == {"tea-1.ics", "tea-3.ics"}


def test_a_calendar_that_is_gone_is_an_error_and_not_all_calendars(desk: Desk) -> None:
    url = f"{desk.proxy.url}{desk.paths[1]}"
    desk.calendars.remove(desk.paths[1])
    with pytest.raises(ContractError, match="no caldav at the configured url"):
        desk.events(url=url, calendars=[]).slices()


def test_the_account_is_the_principal_from_whatever_address_it_is_asked(desk: Desk) -> None:
    ids = {desk.connector(url=f"{desk.proxy.url}{path}", calendars=[]).check().id for path in ("", "/", desk.paths[0])}
    assert len(ids) == 1


def test_names_with_signs_and_letters_of_anywhere_are_read(desk: Desk) -> None:
    name = "Ärger & <Tee>"  # no per cent: Xandikos 0.4.10 answers 500 to one
    path = desk.calendars.make(name)
    desk.calendars.put(path, "a%20b%40c.ics", calendar(event(f"odd-{desk.names[0]}", desk.clock.now())))
    stream = desk.events(calendars=[name])
    (slice_,) = stream.slices()
    assert (slice_.key, slice_.title) == (path, name)
    (record,) = [record for page in stream.read(slice_, None) for record in page.records]
    assert record.remote_id == "a%20b@c.ics"
    assert stream.get is not None
    assert [one.body for one in stream.get(slice_, [RemoteId("a%20b@c.ics")])] == [record.body]


def test_a_folder_with_blanks_and_letters_of_anywhere_is_read(radicale_desk: Desk) -> None:
    """Xandikos and Cyrus make no such calendars."""
    path = radicale_desk.calendars.make("odd", folder="år og dag@100%")
    radicale_desk.calendars.put(path, "a.ics", calendar(event("odd", radicale_desk.clock.now())))
    stream = radicale_desk.events(calendars=["odd"])
    (slice_,) = stream.slices()
    assert [record.remote_id for page in stream.read(slice_, None) for record in page.records] == ["a.ics"]


# -- what of them


def test_tasks_are_left_out_and_no_ids(desk: Desk) -> None:
    keep = desk.put(0)
    desk.calendars.put(desk.paths[0], "task.ics", calendar(TASK.replace("UID:task", f"UID:task-{desk.names[0]}")))
    assert set(read(desk).records) == {keep}
    stream = desk.events()
    assert stream.ids is not None
    assert [list(some) for some in stream.ids(Slice(desk.paths[0]))] == [["tea-0.ics"]]


def test_an_event_that_made_room_for_a_task_is_out_of_scope(xandikos_desk: Desk) -> None:
    desk = xandikos_desk
    key = desk.put(0)
    before = read(desk)
    desk.delete(key)
    desk.calendars.put(*key, calendar(TASK))
    assert read(desk, before).tombstones[key].reason is Reason.OUT_OF_SCOPE


def test_a_record_holds_a_series_with_its_exceptions(desk: Desk) -> None:
    uid, start = f"series-{desk.names[0]}", desk.clock.now()
    again = start + timedelta(days=7)
    moved = event(uid, again + timedelta(hours=1), f"RECURRENCE-ID:{again:%Y%m%dT%H%M%SZ}")
    desk.calendars.put(desk.paths[0], "s.ics", calendar(event(uid, start, "RRULE:FREQ=WEEKLY;COUNT=3"), moved))
    (record,) = read(desk).records.values()
    assert [one["id"] for one in record.body["events"]] == [uid, f"{uid}/{again:%Y%m%dT%H%M%SZ}"]


def test_the_owner_of_the_calendar_is_marked_among_the_people(desk: Desk) -> None:
    people = ["ORGANIZER:mailto:ada@example.com", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:bo@example.com"]
    desk.calendars.put(desk.paths[0], "t.ics", calendar(event(f"own-{desk.names[0]}", desk.clock.now(), *people)))
    stream = desk.events(email="bo@example.com")
    (record,) = [r for s in stream.slices() for page in stream.read(s, None) for r in page.records]
    (meeting,) = record.body["events"]
    assert meeting["people"] == [{"email": "bo@example.com", "answer": "tentative", "own": True}]


# -- what cannot be taken


def test_an_event_that_cannot_be_parsed_costs_itself(xandikos_desk: Desk) -> None:
    desk = xandikos_desk
    keys = {desk.put(0), desk.put(2)}
    bad = event("bad", desk.clock.now()).replace("DTSTART:2026", "DTSTART:banana")
    desk.calendars.put(desk.paths[0], "bad.ics", calendar(bad))
    reading = read(desk)
    assert set(reading.records) == keys
    assert reading.bad == {"bad.ics"}


def test_a_text_in_another_encoding_is_read(radicale_desk: Desk) -> None:
    desk = radicale_desk
    text = calendar(event("latin", desk.clock.now(), summary="Café"))
    desk.calendars.put(desk.paths[0], "latin.ics", text.encode("latin-1"))
    (record,) = read(desk).records.values()
    assert record.body["events"][0]["SUMMARY"] == "Café"


def test_no_password_is_sent_or_shown_where_the_login_is_refused(radicale_desk: Desk) -> None:
    connector = radicale_desk.connector(WRONG_PASSWORD)
    with pytest.raises(AuthError) as refused:
        connector.check()
    assert WRONG_PASSWORD not in str(refused.value)
