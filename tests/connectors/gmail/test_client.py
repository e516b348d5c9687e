"""Google's own client works against the stand-in, unchanged, and sees what the connector sees."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from connectors.gmail.sandbox import CLIENT
from tests.connectors.discovery import Discovery, person, spoken_for
from tests.connectors.gmail.office import ILSE, SCOPE, Office, company, mail
from tests.connectors.rig import Clock

GMAIL = Discovery("gmail", "v1")

pytestmark = pytest.mark.proof("official client", "google-api-python-client")


@pytest.fixture
def firm() -> Iterator[Office]:
    office = company(clock=Clock(datetime.now(UTC)))
    yield office
    office.close()
    assert GMAIL.problems(office.server.exchanges) == []


def client(office: Office) -> Any:
    """The client as one person."""
    return GMAIL.client(office.server.url, person(office.server.url, CLIENT))


def raw(number: int) -> str:
    return base64.urlsafe_b64encode(mail(number).as_bytes()).decode()


def test_it_is_refused_as_google_refuses(firm: Office) -> None:
    users = client(firm).users()
    with pytest.raises(HttpError) as missing:
        users.messages().get(userId="me", id="18a0").execute()
    assert (missing.value.status_code, missing.value.reason) == (404, "Requested entity was not found.")
    with pytest.raises(HttpError) as old:
        users.history().list(userId="me", startHistoryId="1").execute()
    assert old.value.status_code == 404


def test_what_it_writes_the_connector_reads(firm: Office) -> None:
    messages = client(firm).users().messages()
    ids = [messages.insert(userId="me", body={"raw": raw(n), "labelIds": ["INBOX"]}).execute()["id"] for n in range(5)]
    before = firm.read()
    assert sorted(before.ids) == sorted(ids)
    label = client(firm).users().labels().create(userId="me", body={"name": "Customers"}).execute()
    messages.modify(userId="me", id=ids[0], body={"addLabelIds": [label["id"]]}).execute()
    messages.trash(userId="me", id=ids[1]).execute()
    messages.delete(userId="me", id=ids[2]).execute()
    after = firm.read(before.cursor)
    assert after.ids == [ids[0]]
    assert after.records[0].body["_rest"] == {"labels": ["INBOX", "Customers"]}
    assert {stone.remote_id for stone in after.tombstones} == {ids[1], ids[2]}


def test_it_pages_and_batches(firm: Office) -> None:
    for number in range(7):
        firm.box.deliver(mail(number))
    gmail = client(firm)
    found: list[str] = []
    asked = gmail.users().messages().list(userId="me", maxResults=3)
    while asked is not None:
        answer = asked.execute()
        found += [each["id"] for each in answer["messages"]]
        asked = gmail.users().messages().list_next(asked, answer)
    assert sorted(found) == sorted(firm.box.letters)
    subjects: dict[str, str] = {}

    def note(identity: str, answer: Any, error: Exception | None) -> None:
        subjects[identity] = "gone" if error else answer["payload"]["headers"][0]["value"]

    batch = gmail.new_batch_http_request(callback=note)
    for identity in [*found, "18a0"]:
        call = gmail.users().messages().get(userId="me", id=identity, format="metadata", metadataHeaders=["Subject"])
        batch.add(call, request_id=identity)
    batch.execute()
    assert subjects.pop("18a0") == "gone"
    assert sorted(subjects.values()) == [f"Question {number}" for number in range(7)]


def test_its_service_account_reads_for_those_it_may(firm: Office) -> None:
    account = firm.server.grants.service_account
    assert account
    credentials = spoken_for(account.key_file(f"{firm.server.url}/token"), SCOPE, ILSE)
    profile = GMAIL.client(firm.server.url, credentials).users().getProfile(userId="me").execute()
    assert profile["emailAddress"] == ILSE
