"""Microsoft's own client works against the stand-in, unchanged, and what it writes the connector reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication.anonymous_authentication_provider import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.event import Event
from msgraph.generated.models.message import Message
from msgraph.generated.models.message_collection_response import MessageCollectionResponse
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from tests.connectors.microsoft365.company import ILSE, Company, mail, times, weekly

pytestmark = [
    pytest.mark.proof("official client", "msgraph-sdk"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the client warns of its own classes
]

Work = Callable[[GraphServiceClient], Awaitable[Any]]


class SignedIn(AnonymousAuthenticationProvider):
    """The client's way of proving who it is, with a token that the stand-in gave out."""

    def __init__(self, access: str) -> None:
        self._access = access

    async def authenticate_request(
        self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        """Puts the token on the request."""
        request.headers.add("Authorization", f"Bearer {self._access}")


def work(home: Company, task: Work) -> Any:
    """What the client brings."""

    async def run() -> Any:
        adapter = GraphRequestAdapter(SignedIn(home.token()))
        adapter.base_url = f"{home.server.url}/v1.0"
        return await task(GraphServiceClient(request_adapter=adapter))

    return asyncio.run(run())


def test_it_is_refused_as_graph_refuses(home: Company) -> None:
    async def missing(client: GraphServiceClient) -> None:
        await client.me.messages.by_message_id("AAMkx=").get()

    with pytest.raises(APIError) as refused:
        work(home, missing)
    error: Any = refused.value
    assert (error.response_status_code, error.error.code) == (404, "ErrorItemNotFound")
    home.server.grants.revoke()

    async def stranger(client: GraphServiceClient) -> None:
        home.server.grants.revoke()
        await client.me.get()

    with pytest.raises(APIError) as unknown:
        work(home, stranger)
    assert unknown.value.response_status_code == 401


def test_it_follows_the_changes_of_a_folder(home: Company) -> None:
    ids = [home.box.deliver(mail(number)) for number in range(5)]

    async def rounds(client: GraphServiceClient) -> tuple[list[str], list[Any]]:
        inbox: Any = client.me.mail_folders.by_mail_folder_id("inbox").messages.delta
        few = RequestConfiguration[Any]()
        few.headers.add("Prefer", "odata.maxpagesize=2")
        few.headers.add("Prefer", 'IdType="ImmutableId"')
        page = await inbox.get(few)
        subjects = [str(each.subject) for each in page.value]
        while page.odata_next_link:
            page = await inbox.with_url(page.odata_next_link).get(few)
            subjects += [str(each.subject) for each in page.value]
        home.box.change(ids[0], {"subject": "Changed"})
        home.box.delete(ids[1])
        after = await inbox.with_url(page.odata_delta_link).get(few)
        return subjects, [(each.id, each.subject, "@removed" in each.additional_data) for each in after.value]

    subjects, changes = work(home, rounds)
    assert subjects == [f"Question {number}" for number in range(5)]
    assert changes == [(ids[0], "Changed", False), (ids[1], None, True)]


def test_what_it_writes_the_connector_reads(home: Company) -> None:
    async def write(client: GraphServiceClient) -> tuple[Any, Any, Any]:
        message, event = Message(), Event()
        message.subject, message.is_draft, message.internet_message_id = "From the client", False, "<c1@acme.example>"
        inbox = client.me.mail_folders.by_mail_folder_id("inbox")
        made = await inbox.messages.post(message)
        event.subject = "Tasting"
        event.additional_data = times(home.clock.now())
        met = await client.me.events.post(event)
        listed = await client.me.messages.get()
        return made, met, listed

    made, met, listed = work(home, write)
    assert isinstance(listed, MessageCollectionResponse)
    assert home.read().records[0].body["Subject"] == made.subject == "From the client"
    assert home.read("events").ids == [met.id]


def test_it_sees_series_as_the_connector_does(home: Company) -> None:
    id_ = home.meet(recurrence=weekly("monday", 4))

    async def view(client: GraphServiceClient) -> tuple[Any, Any]:
        span = client.me.calendar_view.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time="2026-05-01T00:00:00Z", end_date_time="2026-06-30T00:00:00Z"
        )
        listed: Any = await client.me.calendar_view.get(RequestConfiguration(query_parameters=span))
        return listed.value, await client.me.events.by_event_id(id_).get()

    listed, whole = work(home, view)
    assert {each.series_master_id for each in listed} == {id_}
    assert whole.recurrence.pattern.type.value == "weekly"
    begins = sorted(datetime.fromisoformat(each.start.date_time).replace(tzinfo=UTC) for each in listed)
    assert len(begins) == 4
    assert begins == sorted(datetime.fromisoformat(str(fact["at"])) for fact in home.read("events").facts.values())


def test_it_reads_by_address_as_well(firm: Company) -> None:
    firm.box.deliver(mail(1))

    async def read(client: GraphServiceClient) -> Any:
        return await client.users.by_user_id(ILSE).messages.get()

    assert len(work(firm, read).value) == 1
