"""Meta's own client works against the stand-in, unchanged but for the address, and sees what the connector sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.lead import Lead
from facebook_business.adobjects.leadgenform import LeadgenForm
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from connectors.meta_lead_ads.mapping import FIGURES, LEAD_FIELDS
from connectors.meta_lead_ads.sandbox import APP, SECRET, TOKEN
from tests.connectors.meta_lead_ads.desk import Desk, records

pytestmark = pytest.mark.proof("official client", "facebook-business")


@pytest.fixture
def graph(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(FacebookSession, "GRAPH", desk.server.url)
    yield desk
    monkeypatch.setattr(FacebookAdsApi, "_default_api", None)


def api(token: str = TOKEN, secret: str = SECRET) -> FacebookAdsApi:
    """The client for one token; it signs its calls as ours are."""
    return FacebookAdsApi(FacebookSession(APP, secret, token))


def as_page(desk: Desk) -> FacebookAdsApi:
    """The client with the page's own token, which it is given as we are."""
    (page,) = User("me", api=api()).get_accounts(fields=["id", "name", "access_token"])
    assert page["id"] == desk.page
    return api(page["access_token"])


def refusal(asked: Any) -> tuple[int, int | None]:
    """Code and subcode of what is refused."""
    with pytest.raises(FacebookRequestError) as refused:
        asked()
    return refused.value.api_error_code(), refused.value.api_error_subcode()


def test_it_is_refused_as_meta_refuses(graph: Desk) -> None:
    mine = as_page(graph)
    assert refusal(lambda: User("me", api=api("EAAG-other")).api_get(fields=["id"])) == (190, None)
    assert refusal(lambda: User("me", api=api(secret="another")).api_get(fields=["id"])) == (100, None)
    assert refusal(lambda: Lead("77", api=mine).api_get(fields=["id"])) == (100, 33)
    with pytest.warns(UserWarning, match="shoe_size"):
        assert refusal(lambda: Lead(graph.submit(), api=mine).api_get(fields=["shoe_size"])) == (100, None)
    assert refusal(lambda: list(Page(graph.page, api=api()).get_lead_gen_forms(fields=["id"]))) == (190, None)
    assert refusal(lambda: list(User("me", api=mine).get_accounts(fields=["id"]))) == (100, None)
    filtering = [{"field": "created_time", "operator": "GREATER_THAN", "value": 1}]
    form = LeadgenForm(graph.form.id, api=mine)
    assert refusal(lambda: list(form.get_leads(params={"filtering": filtering}))) == (100, None)


def test_it_pages_through_the_leads_and_finds_those_that_the_connector_finds(graph: Desk) -> None:
    for number in range(11):
        graph.submit(number)
        graph.clock.advance(60)
    mine = as_page(graph)
    (form,) = Page(graph.page, api=mine).get_lead_gen_forms(fields=["id", "name", "status", "questions"])
    assert [each["type"] for each in form["questions"]] == ["FULL_NAME", "EMAIL", "PHONE", "CUSTOM"]
    found = list(LeadgenForm(form["id"], api=mine).get_leads(fields=list(LEAD_FIELDS), params={"limit": 4}))
    ours = records(graph.read(page_size=4))
    assert [each["id"] for each in found] == list(ours)
    for each in found:
        told = json.loads(json.dumps(each.export_all_data()))
        assert {name: ours[each["id"]].body[name] for name in told} == told
    middle = int(graph.clock.now().timestamp()) - 300
    filtering = [{"field": "time_created", "operator": "GREATER_THAN", "value": middle}]
    assert len(LeadgenForm(form["id"], api=mine).get_leads(params={"filtering": filtering, "limit": 100})) == 4


def test_a_test_lead_that_it_makes_is_kept_and_is_nobody(graph: Desk) -> None:
    form = LeadgenForm(graph.form.id, api=as_page(graph))
    made = form.create_test_lead(params={"field_data": [{"name": "email", "values": ["test@plum.example"]}]})
    (record,) = graph.read()[0].records
    assert (record.remote_id, record.body["_real"]) == (made["id"], False)


def test_a_lead_that_it_deletes_is_gone(graph: Desk) -> None:
    mine = as_page(graph)
    lead = graph.submit()
    assert Lead(lead, api=mine).api_get(fields=["id", "form_id"])["form_id"] == graph.form.id
    Lead(lead, api=mine).api_delete()
    assert graph.read()[0].records == []


def test_it_subscribes_the_page_to_leads(graph: Desk) -> None:
    page = Page(graph.page, api=as_page(graph))
    assert list(page.get_subscribed_apps()) == []
    page.create_subscribed_app(params={"subscribed_fields": ["leadgen"]})
    assert len(page.get_subscribed_apps()) == 1


def test_it_sees_the_figures_that_the_connector_sees(graph: Desk) -> None:
    day = graph.clock.now().date().isoformat()
    graph.business.spend("63", "Spring", day, "12.50", 1000, 30)
    asked = {"level": "campaign", "time_increment": 1, "time_range": {"since": day, "until": day}}
    (row,) = AdAccount(graph.business.account, api=api()).get_insights(fields=list(FIGURES), params=asked)
    stream = graph.open("campaigns", ad_accounts=[graph.business.account])
    (record,) = next(iter(stream.read(stream.slices()[0], None))).records
    assert row.export_all_data() == dict(record.body)
