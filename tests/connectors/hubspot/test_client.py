"""The stand-in is honest: the vendor's own client, unchanged, works against it and meets its errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4.exceptions import ApiException as LinkError
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.properties import PropertyCreate, PropertyGroupCreate
from hubspot.crm.properties.exceptions import ApiException as PropertyError

from connectors.hubspot.portal import Portal
from connectors.hubspot.sandbox import HubSpotSandbox, serve
from tests.connectors.rig import Clock

TOKEN = "sandbox-token"

pytestmark = pytest.mark.proof("official client", "hubspot-api-client")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[HubSpotSandbox]:
    with serve(now=clock.now) as server:
        yield server


@pytest.fixture
def client(sandbox: HubSpotSandbox) -> Any:
    return HubSpot(access_token=TOKEN, host=sandbox.url)


def search(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "filterGroups": [{"filters": list(filters)}],
        "sorts": [],
        "properties": ["email"],
        "limit": 10,
        "after": 0,
    } | more


def told(error: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(error.value.body)
    return body


def test_a_wrong_token_is_a_401(sandbox: HubSpotSandbox) -> None:
    with pytest.raises(ApiException) as refused:
        HubSpot(access_token="wrong", host=sandbox.url).crm.contacts.basic_api.get_page()
    assert (refused.value.status, told(refused)["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_missing_scope_is_a_403(clock: Clock) -> None:
    scopes = {"contacts": "crm.objects.contacts.read"}
    with serve(now=clock.now, scopes_missing=scopes) as sandbox, pytest.raises(ApiException) as refused:
        HubSpot(access_token=TOKEN, host=sandbox.url).crm.contacts.basic_api.get_page()
    assert (refused.value.status, told(refused)["category"]) == (403, "MISSING_SCOPES")


def test_a_taken_email_is_a_409_that_names_the_record(client: Any) -> None:
    made = client.crm.contacts.basic_api.create({"properties": {"email": "Ada@Example.com"}})
    assert made.properties["email"] == "ada@example.com"
    with pytest.raises(ApiException) as refused:
        client.crm.contacts.basic_api.create({"properties": {"email": "ada@example.COM"}})
    assert refused.value.status == 409
    assert told(refused)["message"].endswith(f"Existing ID: {made.id}")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"email": "no address"}, "INVALID_EMAIL"),
        ({"no_such": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"lifecyclestage": "king"}, "INVALID_OPTION"),
        ({"createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
        ({"lastname": "x" * 65_537}, "VALUE_TOO_LONG"),
    ],
)
def test_a_bad_value_is_a_400_with_a_code(client: Any, values: dict[str, str], code: str) -> None:
    with pytest.raises(ApiException) as refused:
        client.crm.contacts.basic_api.create({"properties": values})
    assert refused.value.status == 400
    assert told(refused)["errors"][0]["code"] == code
    assert not client.crm.contacts.get_all()


def test_an_engagement_needs_its_time(client: Any) -> None:
    from hubspot.crm.objects.notes.exceptions import ApiException as NoteError

    with pytest.raises(NoteError) as refused:
        client.crm.objects.notes.basic_api.create({"properties": {"hs_note_body": "x"}})
    assert told(refused)["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"


def test_limits_are_400s(client: Any) -> None:
    too_many = [{"id": str(number)} for number in range(101)]
    asks: list[Callable[[], Any]] = [
        lambda: client.crm.contacts.basic_api.get_page(limit=101),
        lambda: client.crm.contacts.batch_api.read({"inputs": too_many, "properties": [], "propertiesWithHistory": []}),
        lambda: client.crm.contacts.search_api.do_search(search(limit=201)),
        lambda: client.crm.contacts.search_api.do_search(search(limit=200, after=9_900)),
        lambda: client.crm.contacts.search_api.do_search(search(sorts=["email", "lastname"])),
        lambda: client.crm.contacts.search_api.do_search(
            search({"propertyName": "no_such", "operator": "EQ", "value": "1"})
        ),
    ]
    for ask in asks:
        with pytest.raises(ApiException) as refused:
            ask()
        assert refused.value.status == 400


def test_what_is_not_there_is_a_404(client: Any) -> None:
    made = client.crm.contacts.basic_api.create({"properties": {"lastname": "x"}})
    client.crm.contacts.basic_api.archive(made.id)
    asks: list[Callable[[], Any]] = [
        lambda: client.crm.contacts.basic_api.get_by_id("999"),
        lambda: client.crm.contacts.basic_api.get_by_id(made.id),
        lambda: client.crm.contacts.basic_api.update(made.id, {"properties": {"lastname": "y"}}),
    ]
    for ask in asks:
        with pytest.raises(ApiException) as refused:
            ask()
        assert refused.value.status == 404
    assert client.crm.contacts.basic_api.get_by_id(made.id, archived=True).archived_at


def test_too_many_requests_are_429s_until_the_window_has_passed(clock: Clock) -> None:
    with serve(now=clock.now, rate=(2, 10.0)) as sandbox:
        client: Any = HubSpot(access_token=TOKEN, host=sandbox.url)
        for _ in range(2):
            client.crm.contacts.basic_api.get_page()
        with pytest.raises(ApiException) as refused:
            client.crm.contacts.basic_api.get_page()
        assert (refused.value.status, told(refused)["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
        assert refused.value.headers["X-HubSpot-RateLimit-Remaining"] == "0"
        clock.advance(10)
        client.crm.contacts.basic_api.get_page()


def test_a_batch_reports_its_bad_inputs_one_by_one_only_when_each_is_traced(client: Any) -> None:
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in ("a@example.com", "bad")]
    with pytest.raises(ApiException) as refused:
        client.crm.contacts.batch_api.create({"inputs": inputs})
    assert refused.value.status == 400
    assert not client.crm.contacts.get_all()
    for number, each in enumerate(inputs):
        each["objectWriteTraceId"] = str(number)
    answer = client.crm.contacts.batch_api.create({"inputs": inputs})
    assert [each.properties["email"] for each in answer.results] == ["a@example.com"]
    assert [each.context for each in answer.errors] == [{"objectWriteTraceId": ["1"]}]


def test_an_upsert_makes_once_and_updates_ever_after(client: Any) -> None:
    client.crm.properties.groups_api.create("contacts", PropertyGroupCreate(name="concord", label="Concord"))
    wanted = PropertyCreate(
        name="key", label="Key", type="string", field_type="text", group_name="concord", has_unique_value=True
    )
    client.crm.properties.core_api.create("contacts", wanted)
    with pytest.raises(PropertyError) as refused:
        client.crm.properties.core_api.create("contacts", wanted)
    assert refused.value.status == 409
    body = {"inputs": [{"id": "k1", "idProperty": "key", "properties": {"lastname": "Castro"}}]}
    first, second = client.crm.contacts.batch_api.upsert(body), client.crm.contacts.batch_api.upsert(body)
    assert [each.results[0].new for each in (first, second)] == [True, False]
    assert first.results[0].id == second.results[0].id
    found = client.crm.contacts.basic_api.get_by_id("k1", id_property="key", properties=["lastname", "key"])
    assert found.properties["lastname"] == "Castro"
    with pytest.raises(ApiException) as refused:
        client.crm.contacts.batch_api.upsert({"inputs": [body["inputs"][0], body["inputs"][0]]})
    assert refused.value.status == 400


def test_a_batch_read_lists_what_is_missing(client: Any) -> None:
    made = client.crm.contacts.basic_api.create({"properties": {"lastname": "x"}})
    wanted = {"inputs": [{"id": made.id}, {"id": "999"}], "properties": ["lastname"], "propertiesWithHistory": []}
    answer = client.crm.contacts.batch_api.read(wanted)
    assert [each.id for each in answer.results] == [made.id]
    assert answer.errors[0].context == {"ids": ["999"]}


def test_the_search_filters_sorts_and_pages(client: Any, clock: Clock) -> None:
    for number in range(5):
        client.crm.companies.basic_api.create({"properties": {"name": f"Firm {number}", "numberofemployees": number}})
        clock.advance(1)

    def names(*filters: dict[str, Any], **more: Any) -> list[str]:
        answer = client.crm.companies.search_api.do_search(search(*filters, **{"properties": ["name"], **more}))
        return [each.properties["name"] for each in answer.results]

    def on(operator: str, **more: Any) -> dict[str, Any]:
        return {"propertyName": "numberofemployees", "operator": operator, **more}

    assert names(on("GT", value="2")) == ["Firm 3", "Firm 4"]
    assert names(on("BETWEEN", value="1", highValue="2")) == ["Firm 1", "Firm 2"]
    assert names(on("IN", values=["0", "4"])) == ["Firm 0", "Firm 4"]
    assert names(on("LTE", value="1"), on("NEQ", value="0")) == ["Firm 1"]
    assert names({"propertyName": "domain", "operator": "HAS_PROPERTY"}) == []
    assert names({"propertyName": "name", "operator": "EQ", "value": "FIRM 3"}) == ["Firm 3"]
    assert names({"propertyName": "name", "operator": "IN", "values": ["Firm 3"]}) == [], "IN wants lower case"
    newest = [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}]
    assert names(sorts=newest, limit=2) == ["Firm 4", "Firm 3"]
    assert names(sorts=newest, limit=2, after=2) == ["Firm 2", "Firm 1"]


def test_the_search_shows_writes_late_when_asked_to(clock: Clock) -> None:
    portal = Portal(now=clock.now, index_lag=timedelta(seconds=10))
    with serve(portal=portal) as sandbox:
        client: Any = HubSpot(access_token=TOKEN, host=sandbox.url)
        client.crm.contacts.basic_api.create({"properties": {"email": "a@example.com"}})
        assert client.crm.contacts.search_api.do_search(search()).total == 0
        assert len(client.crm.contacts.get_all()) == 1
        clock.advance(10)
        assert client.crm.contacts.search_api.do_search(search()).total == 1


def test_a_merge_makes_a_new_record_that_both_old_ids_lead_to(client: Any) -> None:
    one, two = (client.crm.contacts.basic_api.create({"properties": {"email": f"{x}@example.com"}}) for x in "ab")
    merged = client.crm.contacts.basic_api.merge({"primaryObjectId": one.id, "objectIdToMerge": two.id})
    assert merged.id not in (one.id, two.id)
    for old in (one.id, two.id):
        found = client.crm.contacts.basic_api.get_by_id(old, properties=["email", "hs_merged_object_ids"])
        assert (found.id, found.properties["hs_merged_object_ids"]) == (merged.id, f"{one.id};{two.id}")
    assert [each.id for each in client.crm.contacts.get_all()] == [merged.id]


def test_records_are_associated_by_the_v4_api(client: Any) -> None:
    one = client.crm.contacts.basic_api.create({"properties": {"lastname": "x"}})
    firm = client.crm.companies.basic_api.create({"properties": {"name": "Firm"}})
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    api = client.crm.associations.v4
    made = api.batch_api.create(
        "contacts", "companies", {"inputs": [{"from": {"id": one.id}, "to": {"id": firm.id}, "types": [spec]}]}
    )
    assert made.results[0].to_object_id == firm.id
    read = api.batch_api.get_page("companies", "contacts", {"inputs": [{"id": firm.id}]})
    assert [each.to_object_id for each in read.results[0].to] == [one.id]
    note = client.crm.objects.notes.basic_api.create(
        {
            "properties": {"hs_timestamp": "2026-05-04T08:00:00Z", "hs_note_body": "Called"},
            "associations": [
                {"to": {"id": one.id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]}
            ],
        }
    )
    assert [each.to_object_id for each in api.basic_api.get_page("notes", note.id, "contacts").results] == [one.id]
    api.batch_api.archive("contacts", "companies", {"inputs": [{"from": {"id": one.id}, "to": [{"id": firm.id}]}]})
    assert not api.basic_api.get_page("contacts", one.id, "companies").results
    with pytest.raises(LinkError) as refused:
        api.basic_api.create_default("contacts", one.id, "companies", "999")
    assert refused.value.status == 404


def test_a_person_sees_the_contacts_and_their_timelines(client: Any, sandbox: HubSpotSandbox) -> None:
    one = sandbox.portal.contacts.create(email="ada@example.com", firstname="<Ada>")
    note = sandbox.portal.notes.create(hs_timestamp="2026-05-04T08:00:00Z", hs_note_body="Likes tea & cake")
    sandbox.portal.link("contacts", one.id, "notes", note.id)
    page = httpx.get(sandbox.url).text
    assert "&lt;Ada&gt;" in page
    assert "Likes tea &amp; cake" in page


def test_the_account_answers_and_unknown_addresses_do_not(sandbox: HubSpotSandbox) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(f"{sandbox.url}/account-info/v3/details", headers=headers).json()["portalId"]
    assert httpx.get(f"{sandbox.url}/crm/v9/nothing", headers=headers).status_code == 404
    broken = httpx.post(f"{sandbox.url}/crm/v3/objects/contacts/search", headers=headers, content=b"{")
    assert broken.status_code == 400
