"""Stripe's calls: only those that are signed, and just now, are believed, and they lead to the record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.core.signatures import signature
from connectors.stripe.hooks import EventHooks
from connectors.stripe.sandbox import SECRET
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError
from tests.connectors.rig import stream_of
from tests.connectors.stripe.till import Till, records


def hooks(till: Till, *secrets: str, account: str = "") -> EventHooks:
    """The hooks of an endpoint with these secrets."""
    return EventHooks(secrets or (SECRET,), till.clock.now, account)


def test_a_call_with_a_bad_signature_or_none_is_refused(till: Till) -> None:
    till.ledger.charge(500)
    headers, body = till.server.call(till.ledger)
    good = headers["Stripe-Signature"]
    second, right = good.split(",")[:2]
    for given in (
        *("", "v1=", second, right, f"{second},{right[:-1]}é", f"{second},v0={right[3:]}", f"t=,{right}"),
        *(f"{second},{second},{right}", f"t=1e3,{right}", f"t={'9' * 40},{right}", f"t=-5,{right}"),
    ):
        with pytest.raises(AuthError):
            hooks(till).verify({"Stripe-Signature": given}, body)
    with pytest.raises(AuthError):
        hooks(till).verify({}, body)
    with pytest.raises(AuthError):
        hooks(till).verify(headers, body + b" ")
    with pytest.raises(AuthError):
        hooks(till, "").verify({"Stripe-Signature": f"{second},v1={signature('', body)}"}, body)


def test_a_call_of_more_than_five_minutes_ago_may_be_a_copy_and_is_refused(till: Till) -> None:
    till.ledger.charge(500)
    for minutes, good in ((-6, False), (-4, True), (0, True), (4, True), (6, False)):
        headers, body = till.server.call(till.ledger, at=till.clock.now() + timedelta(minutes=minutes))
        if good:
            hooks(till).verify(headers, body)
            continue
        with pytest.raises(AuthError, match="five minutes"):
            hooks(till).verify(headers, body)


def test_while_a_secret_is_rolled_the_old_and_the_new_are_believed(till: Till) -> None:
    till.ledger.charge(500)
    headers, body = till.server.call(till.ledger, "whsec_new")
    with pytest.raises(AuthError):
        hooks(till).verify(headers, body)
    hooks(till, SECRET, "whsec_new").verify(headers, body)
    old, _ = till.server.call(till.ledger)
    both = f"{headers['Stripe-Signature']},{old['Stripe-Signature'].split(',')[1]}"
    hooks(till).verify({"stripe-signature": both}, body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type":"charge.updated","data":[]}', b"7"])
def test_a_body_that_stripe_never_sends_is_no_call(till: Till, body: bytes) -> None:
    with pytest.raises(ContractError):
        hooks(till).targets(body)


def test_a_call_about_something_else_or_of_another_account_names_no_record(till: Till) -> None:
    other = b'{"type":"payout.paid","data":{"object":{"id":"po_1"}}}'
    theirs = b'{"type":"charge.updated","account":"acct_2","data":{"object":{"id":"ch_1"}}}'
    assert hooks(till).targets(other) == []
    assert hooks(till).targets(theirs) == []
    assert hooks(till, account="acct_2").targets(theirs) == [("charges", Slice(), [RemoteId("ch_1")])]


def test_a_call_leads_to_the_record_as_a_reading_gives_it(till: Till) -> None:
    charge = till.ledger.charge(500)
    till.ledger.refund(charge, 200)
    dispute = till.ledger.dispute(charge)
    connector = till.connector(webhook_secrets=[SECRET])
    assert connector.hooks
    headers, body = till.server.call(till.ledger)
    connector.hooks.verify({name.lower(): value for name, value in headers.items()}, body)
    (target,) = connector.hooks.targets(body)
    assert dispute.encode() in body
    assert target == ("charges", Slice(), [RemoteId(charge)])
    get = stream_of(connector, target[0]).get
    assert get
    assert [one.body for one in get(target[1], target[2])] == [records(till.read())[charge].body]


def test_without_a_secret_no_call_can_be_believed(till: Till) -> None:
    assert till.connector().hooks is None
    assert SECRET not in repr(hooks(till))
