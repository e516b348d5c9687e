"""What Meta's refusals mean, and that its usage headers are heeded before it refuses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.meta_lead_ads.graph import RefusedError, TooMuchError, Usage, classify, usage
from connectors.meta_lead_ads.sandbox import error
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    TransientError,
)
from tests.connectors.meta_lead_ads.desk import Desk, records
from tests.connectors.rig import Clock


def answer(status: int = 400, headers: dict[str, str] | None = None, **told: Any) -> httpx.Response:
    request = httpx.Request("GET", "https://graph.facebook.com/v26.0/77/leads?access_token=secret")
    return httpx.Response(status, json={"error": told} if told else {}, headers=headers, request=request)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"code": 190}, AuthError),
        ({"code": 190, "error_subcode": 463}, AuthError),
        ({"code": 102}, AuthError),
        ({"code": 2500, "message": "An active access token must be used"}, AuthError),
        ({"code": 100, "message": "Invalid appsecret_proof provided in the API argument"}, AuthError),
        ({"code": 10}, ForbiddenError),
        ({"code": 200}, ForbiddenError),
        ({"code": 283}, ForbiddenError),
        ({"code": 3}, ForbiddenError),
        *(({"code": code}, RateLimitedError) for code in (4, 17, 32, 613, 80_000, 80_004, 80_005, 80_014)),
        ({"code": 100, "error_subcode": 33}, GoneError),
        ({"code": 803}, GoneError),
        ({"code": 100}, RefusedError),
        ({"code": 1, "message": "Please reduce the amount of data you're asking for"}, TooMuchError),
        ({"code": 1, "message": "An unknown error occurred"}, TransientError),
        ({"code": 2}, TransientError),
        ({"code": 9_007, "is_transient": True}, TransientError),
        ({"code": 2635, "message": "You are calling a deprecated version"}, ContractError),
        ({"message": "no code"}, ContractError),
    ],
)
def test_a_refusal_is_known_by_its_code(told: dict[str, Any], kind: type[ConcordError]) -> None:
    found = classify(answer(**told))
    assert type(found) is kind
    assert "secret" not in str(found)


def test_a_refusal_that_comes_as_200_is_none_the_less_one() -> None:
    assert type(classify(answer(200, code=190))) is AuthError
    assert type(classify(answer(200, message="Service Unavailable"))) is TransientError
    assert classify(answer(200)) is None


def test_a_server_that_says_no_code_is_known_by_its_status() -> None:
    assert type(classify(answer(503))) is TransientError
    assert type(classify(answer(500, code=77_777))) is TransientError


def test_an_expired_token_is_called_so() -> None:
    assert "the token has expired" in str(classify(answer(code=190, error_subcode=463)))


def test_the_time_to_stay_away_comes_from_the_header() -> None:
    told = {"X-Business-Use-Case-Usage": json.dumps({"1": [{"type": "leadgen", "estimated_time_to_regain_access": 7}]})}
    found = classify(answer(headers=told, code=80_005))
    assert isinstance(found, RateLimitedError)
    assert found.retry_after == 420
    without = classify(answer(code=4))
    assert isinstance(without, RateLimitedError)
    assert without.retry_after == 300


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, (0.0, 0.0)),
        ({"x-app-usage": '{"call_count":28,"total_time":80,"total_cputime":25}'}, (80.0, 0.0)),
        ({"x-ad-account-usage": '{"acc_id_util_pct":96.5,"reset_time_duration":100}'}, (96.5, 100.0)),
        ({"x-ad-account-usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100}'}, (9.67, 0.0)),
        ({"x-fb-ads-insights-throttle": '{"app_id_util_pct":100,"acc_id_util_pct":10}'}, (100.0, 0.0)),
        ({"x-business-use-case-usage": '{"1":[{"call_count":90,"estimated_time_to_regain_access":2}]}'}, (90.0, 120.0)),
        ({"x-app-usage": "nonsense", "x-business-use-case-usage": "[1]"}, (0.0, 0.0)),
        ({"x-app-usage": '{"call_count":"many"}', "x-business-use-case-usage": '{"1":"x"}'}, (0.0, 0.0)),
    ],
)
def test_the_usage_headers_are_read_in_all_their_forms(headers: dict[str, str], found: tuple[float, float]) -> None:
    assert usage(httpx.Headers(headers)) == found


def test_nearing_the_limit_slows_down_and_reaching_it_stops() -> None:
    clock, budget = Clock(), Usage()
    runtime = clock.runtime()
    for share, wait in ((10, 0.0), (75, 0.0), (85, 15.0)):
        before = clock.slept
        budget.heed(runtime, "GET", "/", {"x-app-usage": json.dumps({"call_count": share})})
        budget.take(runtime, "GET", "/")
        assert clock.slept - before == wait
    budget.heed(runtime, "GET", "/", {"x-app-usage": '{"call_count":97}'})
    with pytest.raises(RateLimitedError) as stopped:
        budget.take(runtime, "GET", "/")
    assert stopped.value.retry_after == 300
    clock.advance(300)
    budget.take(runtime, "GET", "/")


def test_a_reading_stops_before_meta_refuses_and_goes_on_where_it_stopped(desk: Desk) -> None:
    leads = {desk.submit(number) for number in range(7)}
    desk.server.usage["X-App-Usage"] = '{"call_count":96,"total_time":1,"total_cputime":1}'
    stream = desk.open(page_size=3)
    with pytest.raises(RateLimitedError):
        stream.slices()
    desk.server.usage.clear()
    desk.clock.advance(300)
    assert set(records(desk.read(page_size=3))) == leads


def test_a_call_that_is_not_signed_is_refused_where_the_app_demands_it(desk: Desk) -> None:
    desk.server.demand_proof = True
    assert desk.connector().check().id == desk.business.user
    for secret in (None, "another app's"):
        with pytest.raises(AuthError):
            desk.connector(app_secret=secret).check()


def test_no_token_stands_in_an_address_or_is_followed_from_a_next_link(desk: Desk) -> None:
    for number in range(5):
        desk.submit(number)
    desk.read(page_size=2)
    for each in desk.server.exchanges:
        assert "access_token" not in each.request.query
        assert each.request.headers["authorization"].startswith("Bearer EAAG")
    assert error(190, "x").status == 400
