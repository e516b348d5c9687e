"""LinkedIn's own client works against the stand-in, but for its address unchanged, and sees what the connector sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from linkedin_api.clients.restli.client import RestliClient
from linkedin_api.common import constants
from linkedin_api.common.errors import ResponseFormattingError

from connectors.linkedin_lead_sync import mapping
from connectors.linkedin_lead_sync.sandbox import ACCOUNT
from mapping.contract import Slice
from tests.connectors.linkedin_lead_sync.bureau import Bureau

VERSION = "202607"

pytestmark = pytest.mark.proof("official client", "linkedin-api-client")


@pytest.fixture
def client(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(constants, "VERSIONED_BASE_URL", f"{bureau.server.url}/rest")
    return RestliClient()


def found(client: Any, bureau: Bureau, version: str = VERSION, **more: Any) -> Any:
    """The answer to a finder call, as the connector asks it."""
    now = round(bureau.clock.now().timestamp() * 1000)
    query: Mapping[str, Any] = {
        "owner": {"sponsoredAccount": ACCOUNT},
        "leadType": {"leadType": "SPONSORED"},
        "limitedToTestLeads": False,
        "submittedAtTimeRange": {"start": now - 86_400_000, "end": now + 1},
        "fields": mapping.PROJECTION,
        **more,
    }
    return client.finder(
        resource_path="/leadFormResponses",
        finder_name="owner",
        query_params=query,
        access_token=bureau.server.token(),
        version_string=version,
    )


def test_it_is_refused_as_linkedin_refuses(client: Any, bureau: Bureau) -> None:
    assert found(client, bureau, version="202401").status_code == 426
    other = {"sponsoredAccount": "urn:li:sponsoredAccount:1"}
    assert found(client, bureau, owner=other).status_code == 403
    assert found(client, bureau, leadType={"leadType": "COMPANY"}).status_code == 400
    bureau.server.revoke()
    answer = client.get(
        resource_path="/leadFormResponses/{id}", path_keys={"id": "x"}, access_token="x", version_string=VERSION
    )
    assert answer.status_code == 401


def test_it_pages_and_sees_what_the_connector_sees(client: Any, bureau: Bureau) -> None:
    for number in range(7):
        bureau.submit(number)
        bureau.clock.advance(1)
    answers = [found(client, bureau, start=start, count=3) for start in (0, 3, 6)]
    assert [(each.status_code, each.paging.start, each.paging.total) for each in answers] == [
        (200, start, 7) for start in (0, 3, 6)
    ]
    elements = [one for each in answers for one in each.elements]
    records = [record for page in bureau.open().read(Slice("SPONSORED"), None) for record in page.records]
    assert {one["id"]: mapping.body(one) for one in elements} == {one.remote_id: one.body for one in records}


def test_it_gets_one_response(client: Any, bureau: Bureau) -> None:
    lead = bureau.submit()
    answer = client.get(
        resource_path="/leadFormResponses/{id}",
        path_keys={"id": lead},
        query_params={"fields": mapping.PROJECTION},
        access_token=bureau.server.token(),
        version_string=VERSION,
    )
    get = bureau.open().get
    assert get is not None
    (record,) = get(Slice("SPONSORED"), [lead])  # type: ignore[list-item]  # a plain text will do
    assert mapping.body(answer.entity) == record.body


def test_it_understands_nothing_else_by_an_answer(client: Any, bureau: Bureau) -> None:
    bureau.server.faults.login_page()
    with pytest.raises(ResponseFormattingError):
        found(client, bureau)
