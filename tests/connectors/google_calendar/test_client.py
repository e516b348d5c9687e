"""Google's own client works against the stand-in, unchanged, and sees what the connector sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from connectors.core.google_grants import ServiceAccount
from connectors.google_calendar.sandbox import CLIENT
from tests.connectors.discovery import Discovery, person, spoken_for
from tests.connectors.google_calendar.bureau import BAS, ILSE, KEY, SCOPE, Bureau, guests, times
from tests.connectors.rig import Clock

CALENDAR = Discovery("calendar", "v3")
MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)

pytestmark = pytest.mark.proof("official client", "google-api-python-client")


@pytest.fixture
def firm() -> Iterator[Bureau]:
    account = ServiceAccount(frozenset({SCOPE}), key=KEY)
    bureau = Bureau((ILSE, BAS), service_account=account, clock=Clock(datetime.now(UTC)))
    yield bureau
    bureau.close()
    assert CALENDAR.problems(bureau.server.exchanges) == []


def client(bureau: Bureau) -> Any:
    """The client as one person."""
    return CALENDAR.client(bureau.server.url, person(bureau.server.url, CLIENT))


def refusal(asked: Any) -> tuple[int, str]:
    """Status and reason of what is refused."""
    with pytest.raises(HttpError) as refused:
        asked.execute()
    return refused.value.status_code, refused.value.error_details[0]["reason"]


def test_it_is_refused_as_google_refuses(firm: Bureau) -> None:
    events = client(firm).events()
    assert refusal(events.get(calendarId="primary", eventId="none")) == (404, "notFound")
    assert refusal(events.list(calendarId="other@group.calendar.example")) == (404, "notFound")
    assert refusal(events.list(calendarId="primary", syncToken="made-up")) == (410, "fullSyncRequired")
    token = events.list(calendarId="primary").execute()["nextSyncToken"]
    for excluded in ({"timeMin": MAY.isoformat()}, {"iCalUID": "x"}, {"updatedMin": MAY.isoformat()}, {"q": "x"}):
        assert refusal(events.list(calendarId="primary", syncToken=token, **excluded)) == (400, "badRequest")
    assert refusal(events.list(calendarId="primary", syncToken=token, eventTypes=["default"])) == (400, "badRequest")


def test_it_pages_and_gets_a_sync_token_on_the_last_page_only(firm: Bureau) -> None:
    events = client(firm).events()
    made = [firm.meet(f"Meeting {number}") for number in range(7)]
    asked, found, tokens = events.list(calendarId="primary", maxResults=3), list[str](), list[str | None]()
    while asked is not None:
        answer = asked.execute()
        found += [each["id"] for each in answer["items"]]
        tokens.append(answer.get("nextSyncToken"))
        asked = events.list_next(asked, answer)
    assert sorted(found) == sorted(made)
    assert tokens[:-1] == [None, None]
    events.delete(calendarId="primary", eventId=made[0]).execute()
    changed = events.list(calendarId="primary", syncToken=tokens[-1]).execute()["items"]
    assert [(each["id"], each["status"]) for each in changed] == [(made[0], "cancelled")]
    assert "summary" not in changed[0], "hardly more than the id is promised"


def test_what_it_writes_the_connector_reads(firm: Bureau) -> None:
    events = client(firm).events()
    series = {"summary": "Weekly", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"], **times(MAY)}
    meeting = {"summary": "One", **times(MAY), "attendees": guests((BAS, "needsAction"))}
    weekly = events.insert(calendarId=ILSE, body=series).execute()["id"]
    single = events.insert(calendarId=ILSE, body=meeting).execute()["id"]
    before = firm.read()
    assert {str(record.remote_id) for record in before.records} == {weekly, single}
    assert len(before.facts) == 4
    events.patch(calendarId=ILSE, eventId=f"{weekly}_20260511T090000Z", body={"summary": "Moved"}).execute()
    events.delete(calendarId=ILSE, eventId=f"{weekly}_20260518T090000Z").execute()
    after = firm.read(before.cursor)
    assert sorted(fact["title"] for fact in after.facts.values()) == ["Moved", "Weekly"]
    events.delete(calendarId=ILSE, eventId=single).execute()
    assert refusal(events.delete(calendarId=ILSE, eventId=single)) == (410, "deleted")
    assert firm.read(after.cursor).gone == [single]


def test_its_service_account_reads_for_those_it_may(firm: Bureau) -> None:
    account = firm.server.grants.service_account
    assert account
    calendar = CALENDAR.client(firm.server.url, spoken_for(account.key_file(f"{firm.server.url}/token"), SCOPE, BAS))
    (mine,) = calendar.calendarList().list().execute()["items"]
    assert (mine["id"], mine["primary"]) == (BAS, True)
    assert refusal(calendar.events().insert(calendarId="primary", body={"summary": "No", **times(MAY)}))[0] == 403
