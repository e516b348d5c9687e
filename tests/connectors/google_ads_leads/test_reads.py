"""What is special to Google Ads: queries by the account's own clock, accounts and tokens, webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.google_ads_leads import connector as module
from connectors.google_ads_leads.connector import GoogleAdsLeadsConfig
from connectors.google_ads_leads.sandbox import CUSTOMER, MANAGER, AdsRefusalError
from mapping.contract import Cursor, Slice
from mapping.errors import AuthError, ConcordError, ContractError, ForbiddenError, RateLimitedError
from tests.connectors.google_ads_leads.agency import Agency

KEY = "webhook-key-1618"


def read(agency: Agency, cursor: Cursor | None = None, **config: Any) -> tuple[list[str], Cursor | None]:
    """Ids in the order in which they came, and where the reading stopped."""
    pages = list(agency.open(**config).read(Slice(), cursor))
    return [str(record.remote_id) for page in pages for record in page.records], pages[-1].cursor


def refusal(agency: Agency, **config: Any) -> ConcordError:
    with pytest.raises(ConcordError) as refused:
        agency.connector(**config).check()
    return refused.value


def test_an_account_that_the_login_does_not_see_is_forbidden_and_says_what_to_do(agency: Agency) -> None:
    error = refusal(agency, customer_id="111-222-3333")
    assert isinstance(error, ForbiddenError)
    assert "login_customer_id" in str(error)


def test_a_manager_account_has_no_leads_and_says_so(agency: Agency) -> None:
    error = refusal(agency, customer_id=MANAGER)
    assert isinstance(error, ForbiddenError)
    assert "manager account" in str(error)


def test_a_developer_token_that_is_not_approved_pauses_the_stream(agency: Agency) -> None:
    refused = AdsRefusalError(403, "authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", "Only for test accounts.")
    agency.server.faults.fail(403, body=refused.reply().body, path="/customers/")
    error = refusal(agency)
    assert isinstance(error, ForbiddenError)
    assert "basic access" in str(error)


def test_a_query_that_is_refused_is_a_matter_for_a_person(agency: Agency) -> None:
    refused = AdsRefusalError(400, "queryError", "UNRECOGNIZED_FIELD", "Unrecognized field")
    agency.server.faults.fail(400, body=refused.reply().body, path="/customers/")
    error = refusal(agency)
    assert isinstance(error, ContractError)
    assert "UNRECOGNIZED_FIELD" in str(error)


def test_a_day_s_quota_is_waited_for_as_long_as_google_says(agency: Agency) -> None:
    quota = {"quotaErrorDetails": {"rateScope": "DEVELOPER", "retryDelay": "43200s"}}
    refused = AdsRefusalError(429, "quotaError", "RESOURCE_EXHAUSTED", "Too many requests", **quota)
    agency.server.faults.fail(429, body=refused.reply().body, path="/customers/", times=9)
    error = refusal(agency)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 43_200


def test_a_token_that_was_revoked_is_renewed_once(agency: Agency) -> None:
    connector = agency.connector()
    assert connector.check().id == CUSTOMER
    agency.server.grants.revoke()
    assert connector.check().name == "Acme"
    assert agency.server.calls("POST", "/token") == 2


def test_a_manager_is_named_in_every_request(agency: Agency) -> None:
    agency.connector(login_customer_id="987-654-3210").check()
    (exchange,) = [each for each in agency.server.exchanges if each.request.path.endswith("searchStream")]
    assert exchange.request.headers["login-customer-id"] == MANAGER
    assert set(exchange.request.json()) == {"query"}


def test_an_idle_reading_is_one_request(agency: Agency) -> None:
    for number in range(4):
        agency.submit(number)
    _, cursor = read(agency)
    agency.server.forget()
    assert len(read(agency, cursor)[0]) == 4, "those of the last day are met again, and are as they were"
    assert agency.server.calls("POST", "searchStream") == 1


def test_a_lead_that_shows_up_late_is_met(agency: Agency) -> None:
    agency.submit(1)
    _, cursor = read(agency)
    late = agency.submit(2, at=agency.clock.now() - timedelta(hours=20))
    assert late.id in read(agency, cursor)[0]


def test_more_leads_of_one_second_than_a_batch_holds_are_all_read(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    first = [agency.submit(number).id for number in range(3)]
    agency.clock.advance(1)
    second = [agency.submit(number).id for number in range(3, 10)]
    assert read(agency, page_size=2)[0] == [*first, *second]


def test_the_hour_that_comes_twice_loses_nothing(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    night = datetime(2026, 10, 24, 23, 50, tzinfo=UTC)  # clocks in Amsterdam go back from three to two at one o'clock
    agency.clock.advance((night - agency.clock.now()).total_seconds())
    made = set()
    for number in range(12):
        made.add(agency.submit(number).id)
        agency.clock.advance(600)
    found, cursor = read(agency, page_size=3)
    assert set(found) == made
    assert set(read(agency, cursor)[0]) == made


def test_a_window_goes_by_the_instant_and_not_by_the_clock(agency: Agency) -> None:
    start = datetime(2026, 5, 4, tzinfo=UTC)
    ids = [agency.submit(n, at=start + timedelta(hours=n)).id for n in (-2, -1, 0, 1, 22, 23, 24)]
    pages = agency.open().window
    assert pages is not None
    found = [r.remote_id for page in pages(Slice(), start, start + timedelta(days=1), None) for r in page.records]
    assert found == ids[2:6]


def test_what_google_no_longer_keeps_is_no_longer_listed(agency: Agency) -> None:
    agency.submit(1, at=agency.clock.now() - timedelta(days=61))
    kept = agency.submit(2, at=agency.clock.now() - timedelta(days=59))
    assert read(agency)[0] == [kept.id]


def test_ids_that_could_not_be_google_s_are_not_asked_for(agency: Agency) -> None:
    get = agency.open().get
    assert get is not None
    assert get(Slice(), ["x' OR id != '"]) == []  # type: ignore[list-item]  # a plain text will do
    assert agency.server.calls("POST", "searchStream") == 0


def test_a_webhook_is_google_s_where_it_knows_the_key(agency: Agency) -> None:
    assert agency.connector().hooks is None
    hooks = agency.connector(google_key=KEY).hooks
    assert hooks is not None
    told = {"lead_id": "TeSt-42", "form_id": 1, "campaign_id": 2, "google_key": KEY, "user_column_data": []}
    hooks.verify({}, json.dumps(told).encode())
    for wrong in (json.dumps({**told, "google_key": "other"}), '{"lead_id": "1"}', "[]", "<html>"):
        with pytest.raises(AuthError):
            hooks.verify({}, wrong.encode())
    assert hooks.targets(json.dumps(told).encode()) == [("leads", Slice(), ["TeSt-42"])]
    assert hooks.targets(json.dumps({**told, "is_test": True}).encode()) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"customer_id": "12345"}, "customer_id"),
        ({"users": ["a@acme.example", "b@acme.example"]}, "one person at most"),
        ({"client_secret": None}, "either client_id and client_secret"),
        ({"developer_tokens": "x"}, "developer_tokens"),
    ],
)
def test_a_wrong_configuration_says_where(agency: Agency, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        GoogleAdsLeadsConfig.model_validate({**agency.server.settings, **wrong})
    assert told in str(refused.value)
