"""Meta's calls: only signed ones are believed, and they lead to the lead."""

from __future__ import annotations

import pytest

from connectors.meta_lead_ads.hooks import MetaHooks
from connectors.meta_lead_ads.sandbox import SECRET
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError
from tests.connectors.meta_lead_ads.desk import Desk
from tests.connectors.rig import stream_of

HOOKS = MetaHooks(SECRET, "meatballs")
ASKED = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "meatballs"}


def test_a_call_with_a_bad_signature_or_none_is_refused(desk: Desk) -> None:
    headers, body = desk.server.call(desk.submit())
    wrong = {"X-Hub-Signature-256": headers["X-Hub-Signature-256"][:-1] + "é"}
    for given in ({}, wrong, {"X-Hub-Signature": headers["X-Hub-Signature-256"]}):
        with pytest.raises(AuthError):
            HOOKS.verify(given, body)
    with pytest.raises(AuthError):
        HOOKS.verify(headers, body + b" ")


@pytest.mark.parametrize(
    "asked",
    [{}, {**ASKED, "hub.verify_token": "guess"}, {**ASKED, "hub.verify_token": ""}],
    ids=["none", "bad", "empty"],
)
def test_an_address_is_confirmed_only_to_who_knows_the_word(asked: dict[str, str]) -> None:
    with pytest.raises(AuthError):
        HOOKS.challenge(asked)
    with pytest.raises(AuthError):
        MetaHooks(SECRET).challenge(asked)


def test_an_address_is_confirmed_with_the_challenge() -> None:
    assert HOOKS.challenge(ASKED) == "1158201444"
    with pytest.raises(ContractError):
        HOOKS.challenge({**ASKED, "hub.mode": "unsubscribe"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"entry":[{"changes":[{"field":"leadgen","value":{}}]}]}'])
def test_a_body_that_meta_never_sends_is_no_call(body: bytes) -> None:
    with pytest.raises(ContractError):
        HOOKS.targets(body)


def test_a_call_about_something_else_names_no_lead() -> None:
    assert HOOKS.targets(b'{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":{}}]}]}') == []


def test_a_call_leads_to_the_lead_as_a_reading_gives_it(desk: Desk) -> None:
    lead = desk.submit()
    connector = desk.connector()
    assert connector.hooks
    headers, body = desk.server.call(lead)
    connector.hooks.verify({name.lower(): value for name, value in headers.items()}, body)
    (target,) = connector.hooks.targets(body)
    assert target == ("leads", Slice(desk.form.id), [RemoteId(lead)])
    stream = stream_of(connector, target[0])
    assert stream.get
    assert [each.body for each in stream.get(target[1], target[2])] == [desk.read()[0].records[0].body]


def test_without_the_secret_of_the_app_no_call_can_be_believed(desk: Desk) -> None:
    assert desk.connector(app_secret=None).hooks is None
    assert SECRET not in repr(HOOKS)
