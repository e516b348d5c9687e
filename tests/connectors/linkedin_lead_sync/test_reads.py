"""What is special to LinkedIn: how a query is written, ranges that shrink while being read, logins, notifications."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.linkedin_lead_sync.connector import VENDOR, LinkedInHooks, LinkedInLeadSyncConfig
from connectors.linkedin_lead_sync.sandbox import ACCOUNT, CLIENT
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.errors import AuthError, ConcordError, ContractError, ForbiddenError, TransientError
from tests.connectors.linkedin_lead_sync.bureau import PAGE, Bureau
from tests.connectors.rig import Tokens

ADS = Slice("SPONSORED")
CODE = "890e4665-4dfe-4ab1-b689-ed553bceeed0"


def pages(bureau: Bureau, cursor: Cursor | None = None, **config: Any) -> list[Page]:
    return list(bureau.open(**config).read(ADS, cursor))


def ids(found: list[Page]) -> list[str]:
    return [str(record.remote_id) for page in found for record in page.records]


def refusal(bureau: Bureau, **config: Any) -> ConcordError:
    with pytest.raises(ConcordError) as refused:
        bureau.connector(**config).check()
    return refused.value


def hooks_of(bureau: Bureau) -> LinkedInHooks:
    hooks = bureau.connector().hooks
    assert isinstance(hooks, LinkedInHooks)
    return hooks


def test_a_version_that_was_switched_off_says_what_to_set(bureau: Bureau) -> None:
    error = refusal(bureau, version="202401")
    assert isinstance(error, ContractError)
    assert "set version to a later one" in str(error)


def test_an_owner_without_a_role_is_forbidden_and_says_what_is_missing(bureau: Bureau) -> None:
    error = refusal(bureau, ad_account="1")
    assert isinstance(error, ForbiddenError)
    assert "r_marketing_leadgen_automation" in str(error)


def test_a_token_that_was_revoked_is_renewed_once(bureau: Bureau) -> None:
    connector = bureau.connector()
    assert connector.check().id == "sponsoredAccount:507404993"
    bureau.server.revoke()
    connector.check()
    assert bureau.server.calls("POST", "accessToken") == 2


def test_an_access_token_alone_does_until_it_ends(bureau: Bureau) -> None:
    login = {"client_id": "", "client_secret": "", "refresh_token": "", "access_token": bureau.server.token()}
    connector = bureau.connector(**login)
    connector.check()
    assert connector.hooks is None
    bureau.clock.advance(61 * 86_400)
    with pytest.raises(AuthError):
        connector.check()


def test_a_range_that_never_comes_to_rest_is_left_for_later(bureau: Bureau) -> None:
    for number in range(9):
        bureau.submit(number)
    left = list(bureau.owner.responses)
    reading = bureau.open(page_size=1).read(ADS, None)
    for _ in range(6):
        next(reading)
        del bureau.owner.responses[left.pop()]
    with pytest.raises(TransientError, match="range"):
        next(reading)


def test_brackets_are_written_out_and_what_is_in_them_is_encoded(bureau: Bureau) -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"elements": [], "paging": {"start": 0, "count": 1, "total": 0}})

    config = LinkedInLeadSyncConfig.model_validate({"ad_account": "42", "access_token": "t"})
    runtime = replace(bureau.clock.runtime(), transport=httpx.MockTransport(answer))
    VENDOR.build(config, runtime, Tokens()).check()
    assert "owner=(sponsoredAccount:urn%3Ali%3AsponsoredAccount%3A42)" in sent[0]
    assert "leadType=(leadType:SPONSORED)" in sent[0]
    assert "form:(hiddenFields,creationLocale,name,id,content)" in sent[0]


def test_where_no_total_is_told_the_reading_ends_with_an_empty_page(bureau: Bureau) -> None:
    bureau.server.told_total = False
    made = [bureau.submit(number) for number in range(4)]
    found = pages(bureau, page_size=2)
    assert sorted(ids(found)) == sorted(made)
    assert [page.complete for page in found] == [False, False, True]


def test_an_idle_reading_is_one_request_for_each_kind(bureau: Bureau) -> None:
    bureau.submit()
    cursor = pages(bureau)[-1].cursor
    bureau.server.forget()
    again = pages(bureau, cursor)
    assert (len(again), again[-1].cursor) == (1, cursor)
    assert bureau.server.calls("GET") == 1


def test_a_lead_that_shows_up_late_is_met(bureau: Bureau) -> None:
    bureau.submit(1)
    cursor = pages(bureau)[-1].cursor
    late = bureau.submit(2, at=bureau.clock.now() - timedelta(hours=20))
    assert late in ids(pages(bureau, cursor))


def test_what_is_older_than_a_year_is_not_asked_for(bureau: Bureau) -> None:
    bureau.submit(1, at=bureau.clock.now() - timedelta(days=366))
    kept = bureau.submit(2, at=bureau.clock.now() - timedelta(days=364))
    assert ids(pages(bureau)) == [kept]


def test_an_organization_has_a_slice_for_each_kind() -> None:
    bureau = Bureau(PAGE)
    event = bureau.submit(1, kind="EVENT")
    stream = bureau.open(lead_types=["EVENT", "COMPANY"])
    assert [each.key for each in stream.slices()] == ["EVENT", "COMPANY"]
    assert [ids(list(stream.read(each, None))) for each in stream.slices()] == [[event], []]
    bureau.close()


def test_a_notification_is_linkedin_s_where_it_is_signed(bureau: Bureau) -> None:
    hooks = hooks_of(bureau)
    body = json.dumps(
        {
            "type": "LEAD_ACTION",
            "leadAction": "CREATED",
            "leadType": "SPONSORED",
            "leadGenFormResponse": "urn:li:leadGenFormResponse:249592fc-6",
            "owner": {"sponsoredAccount": ACCOUNT},
        }
    ).encode()
    good = hmac.new(CLIENT[1].encode(), b"hmacsha256=" + body, hashlib.sha256).hexdigest()
    hooks.verify({"X-LI-Signature": good}, body)
    hooks.verify({"x-li-signature": f"hmacsha256={good}"}, body)
    unprefixed = hmac.new(CLIENT[1].encode(), body, hashlib.sha256).hexdigest()
    for wrong in ("", "é", good[:-1], unprefixed):
        with pytest.raises(AuthError):
            hooks.verify({"X-LI-Signature": wrong}, body)
    assert hooks.targets(body) == [("leads", ADS, [RemoteId("249592fc-6")])]
    assert hooks.targets(b"{}") == []
    with pytest.raises(ContractError):
        hooks.targets(b"[]")


def test_a_challenge_is_answered_and_nothing_else_is_signed(bureau: Bureau) -> None:
    hooks = hooks_of(bureau)
    answered = json.loads(hooks.challenge({"challengeCode": CODE}))
    signed = hmac.new(CLIENT[1].encode(), CODE.encode(), hashlib.sha256).hexdigest()
    assert answered == {"challengeCode": CODE, "challengeResponse": signed}
    for forged in ('hmacsha256={"type":"LEAD_ACTION"}', "", f"{CODE}x"):
        with pytest.raises(AuthError):
            hooks.challenge({"challengeCode": forged})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"access_token": "t"}, "either ad_account or organization"),
        ({"access_token": "t", "ad_account": "1", "organization": "2"}, "either ad_account or organization"),
        ({"ad_account": "1"}, "either access_token, or client_id"),
        ({"ad_account": "1", "client_id": "c", "refresh_token": "r"}, "needs a client_secret"),
        ({"organization": "1", "access_token": "t", "lead_types": ["SPONSORED"]}, "not SPONSORED"),
        ({"ad_account": "urn:li:sponsoredAccount:1", "access_token": "t"}, "ad_account"),
    ],
)
def test_a_wrong_configuration_says_where(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        LinkedInLeadSyncConfig.model_validate(given)
    assert told in str(refused.value)
