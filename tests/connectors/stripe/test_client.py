"""Stripe's own client works against the stand-in, unchanged but for the address, and sees what the connector sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from connectors.stripe.sandbox import SECRET, Key, Ledger
from tests.connectors.stripe.till import Till, records

pytestmark = pytest.mark.proof("official client", "stripe")


@pytest.fixture
def shop() -> Iterator[Till]:
    with Till(livemode=False) as till:
        till.server.keys["sk_test_x"] = Key(till.ledger.account, livemode=False)
        yield till


def client(till: Till, key: str = "sk_test_x", account: str | None = None) -> stripe.StripeClient:
    """The client as a shop has it; it does not try again, so that refusals show at once."""
    return stripe.StripeClient(
        key, base_addresses={"api": till.server.url}, max_network_retries=0, stripe_account=account
    )


def test_it_is_refused_as_stripe_refuses(shop: Till) -> None:
    mine = client(shop)
    with pytest.raises(stripe.AuthenticationError):
        client(shop, "sk_test_other").v1.customers.list()
    with pytest.raises(stripe.PermissionError):
        client(shop, account="acct_other").v1.customers.list()
    with pytest.raises(stripe.InvalidRequestError) as missing:
        mine.v1.customers.retrieve("cus_nobody")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as place:
        mine.v1.charges.list({"starting_after": "ch_none"})
    assert (place.value.code, place.value.param) == ("resource_missing", "starting_after")
    for wrong in ({"limit": 101}, {"shoe_size": 43}, {"expand": ["data.shoe"]}):
        shop.ledger.charge(500)
        with pytest.raises(stripe.InvalidRequestError):
            mine.v1.charges.list(wrong)  # type: ignore[arg-type]
    shop.server.rate = 1
    shop.clock.advance(1)
    mine.v1.customers.list()
    with pytest.raises(stripe.RateLimitError):
        mine.v1.customers.list()


def test_it_pages_through_the_charges_that_the_connector_reads(shop: Till) -> None:
    who = shop.ledger.customer("kim@plum.example", "Kim Plum")
    for number in range(11):
        shop.ledger.charge(1_000 + number, customer=who)
        shop.clock.advance(number % 2)  # two in each second
    shop.ledger.refund(next(one for one in shop.ledger.objects if one.startswith("ch_")), 250)
    found = list(client(shop).v1.charges.list({"limit": 4, "expand": ["data.refunds"]}).auto_paging_iter())
    ours = records(shop.read(page_size=4))
    assert [one.id for one in found] == list(ours)
    for one in found:
        told = json.loads(str(one))
        body = ours[one.id].body
        assert {name: body[name] for name in ("id", "amount", "amount_refunded", "customer", "status")} == {
            name: told[name] for name in ("id", "amount", "amount_refunded", "customer", "status")
        }
    assert found[-1].refunds
    assert [one.amount for one in found[-1].refunds.data] == [250]
    back = client(shop).v1.charges.list({"limit": 3, "ending_before": found[6].id})
    assert [one.id for one in back.data] == [one.id for one in found[3:6]]
    assert back.has_more


def test_what_it_makes_and_deletes_the_connector_is_told_of_by_events(shop: Till) -> None:
    mine = client(shop)
    kept = shop.ledger.customer("ann@plum.example")
    cursor = shop.read("customers")[-1].cursor
    made = mine.v1.customers.create({"email": "kim@plum.example", "name": "Kim Plum", "metadata": {"plan": "gold"}})
    mine.v1.customers.update(made.id, {"name": "Kim Peach"})
    mine.v1.customers.delete(kept)
    assert mine.v1.customers.retrieve(kept).deleted
    kinds = [one.type for one in mine.v1.events.list({"types": ["customer.updated", "customer.deleted"]}).data]
    assert kinds == ["customer.deleted", "customer.updated"]
    assert [one.type for one in mine.v1.events.list({"type": "customer.*", "limit": 1}).data] == ["customer.deleted"]
    pages = shop.read("customers", cursor)
    assert {id_: one.body["name"] for id_, one in records(pages).items()} == {made.id: "Kim Peach"}
    assert [stone.remote_id for page in pages for stone in page.tombstones] == [kept]


def test_a_request_that_it_repeats_with_its_key_is_carried_out_once(shop: Till) -> None:
    charge = shop.ledger.charge(1_000)
    mine = client(shop)
    options: stripe.RequestOptions = {"idempotency_key": "refund-1"}
    first = mine.v1.refunds.create({"charge": charge, "amount": 400}, options)
    assert mine.v1.refunds.create({"charge": charge, "amount": 400}, options).id == first.id
    with pytest.raises(stripe.InvalidRequestError):
        mine.v1.refunds.create({"charge": charge, "amount": 500}, options)
    (record,) = records(shop.read()).values()
    assert record.body["_refunded"] == "4.00"
    with pytest.raises(stripe.InvalidRequestError):
        mine.v1.refunds.create({"charge": charge, "amount": 601})


def test_a_platform_reads_a_connected_account(shop: Till) -> None:
    other = Ledger("acct_1Other", livemode=False, now=shop.clock.now)
    shop.server.ledgers[other.account, False] = other
    shop.server.keys["sk_test_x"] = Key(shop.ledger.account, False, connected=frozenset({other.account}))
    theirs, ours = other.charge(700), shop.ledger.charge(800)
    platform = client(shop)
    assert [one.id for one in platform.v1.charges.list().data] == [ours]
    assert [one.id for one in platform.v1.charges.list(options={"stripe_account": other.account}).data] == [theirs]
    login: dict[str, Any] = {"api_key": "sk_test_x", "account": other.account}
    assert list(records(shop.read(**login))) == [theirs]
    assert shop.connector(**login).check().id == other.account


def test_it_believes_a_call_of_the_stand_in(shop: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: shop.clock.now().timestamp())
    shop.ledger.charge(900)
    headers, body = shop.server.call(shop.ledger)
    event = client(shop).construct_event(body, headers["Stripe-Signature"], SECRET)
    assert event.type == "charge.succeeded"
    with pytest.raises(stripe.SignatureVerificationError):
        client(shop).construct_event(body, headers["Stripe-Signature"], "whsec_other")
