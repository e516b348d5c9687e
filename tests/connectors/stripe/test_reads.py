"""Stripe's traps: events that are old, out of order and in another version, lists that move, keys that may little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.stripe.api import LONG_WAIT, VERSION
from connectors.stripe.sandbox import KEY, Key, error
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.errors import (
    AuthError,
    ConflictError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)
from tests.connectors.stripe.till import Till, gone, records

MONTH = 30 * 86_400


def cursor(pages: list[Page]) -> Cursor | None:
    """Where the next reading begins."""
    return pages[-1].cursor


def asked(till: Till) -> list[str]:
    """The paths that were asked for since the log was emptied."""
    return [one.request.path.removeprefix("/v1/") for one in till.server.exchanges]


def test_a_key_without_a_permission_stops_the_streams_that_need_it_only(till: Till) -> None:
    till.ledger.charge(500)
    till.ledger.customer("kim@plum.example")
    till.server.keys["rk_live_little"] = Key(till.ledger.account, lacks=frozenset({"charges"}))
    assert till.connector(api_key="rk_live_little").check().id == till.ledger.account
    assert len(records(till.read("customers", api_key="rk_live_little"))) == 1
    with pytest.raises(ForbiddenError) as refused:
        till.read("charges", api_key="rk_live_little")
    assert "rk_live" not in str(refused.value)


def test_a_key_that_may_not_read_events_is_told_so_and_nothing_is_lost(till: Till) -> None:
    begun = cursor(till.read())
    id_ = till.ledger.charge(500)
    till.server.keys["rk_live_little"] = Key(till.ledger.account, lacks=frozenset({"events"}))
    with pytest.raises(ForbiddenError):
        till.read(cursor=begun, api_key="rk_live_little")
    assert list(records(till.read(cursor=begun))) == [id_]


def test_an_account_that_is_not_connected_is_refused(till: Till) -> None:
    with pytest.raises(ForbiddenError):
        till.connector(account="acct_other").check()


@pytest.mark.parametrize(
    ("status", "code", "advice", "raised"),
    [
        (429, "rate_limit", "", RateLimitedError),
        (500, "", "", TransientError),
        (503, "", "false", RateLimitedError),
        (409, "lock_timeout", "true", TransientError),
        (409, "", "false", ConflictError),
        (400, "parameter_unknown", "", ContractError),
        (401, "api_key_expired", "", AuthError),
        (402, "", "", ContractError),
    ],
)
def test_a_refusal_means_what_stripe_says_of_it(
    till: Till, status: int, code: str, advice: str, raised: type[Exception]
) -> None:
    headers = {"Stripe_Should_Retry": advice} if advice else {}
    reply = error(status, f"Invalid API Key provided: {KEY}", code, **headers)
    till.server.faults.answer(reply, times=50)
    with pytest.raises(raised) as refused:
        till.read()
    assert KEY not in str(refused.value)


def test_where_stripe_says_that_trying_again_is_no_use_it_is_not_tried_at_once(till: Till) -> None:
    till.server.faults.answer(error(500, "Something went wrong", Stripe_Should_Retry="false"), times=9)
    with pytest.raises(RateLimitedError) as refused:
        till.read()
    assert (refused.value.retry_after, till.server.calls()) == (LONG_WAIT, 1)


def test_no_more_is_asked_in_a_second_than_the_mode_of_the_key_allows() -> None:
    for livemode, rate in ((False, 25), (True, 100)):
        with Till(livemode=livemode, rate=rate) as till:
            key = "sk_live_x" if livemode else "sk_test_x"
            till.server.keys[key] = Key(till.ledger.account, livemode)
            for _ in range(rate + 5):
                till.ledger.charge(500)
            assert len(records(till.read(page_size=1, api_key=key))) == rate + 5
            assert all(one.reply.status == 200 for one in till.server.exchanges)
            assert till.clock.slept >= 1.0


def test_every_request_names_the_version_of_the_contract_and_the_account(till: Till) -> None:
    till.server.keys[KEY] = Key(till.ledger.account, connected=frozenset({"acct_9"}))
    till.server.ledgers["acct_9", True] = till.ledger
    till.ledger.charge(500)
    begun = cursor(till.read(account="acct_9"))
    till.read(cursor=begun, account="acct_9")
    headers = [one.request.headers for one in till.server.exchanges]
    assert {(one["stripe-version"], one["stripe-account"]) for one in headers} == {(VERSION, "acct_9")}
    assert not [one for one in till.server.exchanges if KEY in one.request.path or KEY in str(one.request.query)]


def test_a_month_without_a_reading_is_more_than_events_are_kept(till: Till) -> None:
    till.ledger.charge(500)
    begun = cursor(till.read())
    till.clock.advance(MONTH - 60)
    begun = cursor(till.read(cursor=begun))
    till.clock.advance(MONTH + 60)
    till.server.forget()
    with pytest.raises(CursorExpiredError, match="30 days"):
        till.read(cursor=begun)
    assert till.server.calls() == 0
    assert len(records(till.read())) == 1


def test_a_list_that_was_cut_off_more_than_a_month_ago_begins_again(till: Till) -> None:
    for _ in range(4):
        till.ledger.charge(500)
    first = next(iter(till.open(page_size=2).read(Slice(), None)))
    till.clock.advance(MONTH + 60)
    with pytest.raises(CursorExpiredError):
        till.read(cursor=first.cursor)


def test_an_event_that_was_read_last_and_is_forgotten_is_an_expired_cursor(till: Till) -> None:
    begun = cursor(till.read())
    for _ in range(3):
        till.ledger.charge(500)
    first = next(iter(till.open(page_size=2).read(Slice(), begun)))
    till.ledger.retention = timedelta(0)
    till.clock.advance(60)
    with pytest.raises(CursorExpiredError):
        till.read(cursor=first.cursor)


def test_an_event_tells_only_that_something_changed_and_the_object_is_read_as_it_is_now(till: Till) -> None:
    """The copy in an event is as old as it, and in the account's own version: an invoice's has no charge in it."""
    who = till.ledger.customer("kim@plum.example")
    begun = cursor(till.read("invoices"))
    invoice = till.ledger.invoice(who, 900)
    charge = till.ledger.pay(invoice)
    till.ledger.change(invoice, description="second thoughts")
    assert "charge" not in till.ledger.call()["data"]["object"]
    (record,) = records(till.read("invoices", begun)).values()
    assert (record.body["charge"], record.body["description"]) == (charge, "second thoughts")


def test_events_in_any_order_lead_to_the_same(till: Till) -> None:
    begun = cursor(till.read())
    id_ = till.ledger.charge(1_000)
    till.ledger.refund(id_, 100)
    till.ledger.change(id_, description="last")
    now = [one.body for one in records(till.read(cursor=begun)).values()]
    made = till.ledger._made["event"]
    made.reverse()
    till.ledger._places.update({one: at for at, one in enumerate(made)})
    assert [one.body for one in records(till.read(cursor=begun)).values()] == now


def test_an_object_that_changed_often_is_asked_for_once(till: Till) -> None:
    begun = cursor(till.read())
    id_ = till.ledger.charge(1_000)
    for number in range(9):
        till.ledger.change(id_, description=f"change {number}")
    till.server.forget()
    pages = till.read(cursor=begun, page_size=4)
    assert len(pages) == 3
    assert asked(till).count(f"charges/{id_}") == 1


def test_without_news_one_request_is_made(till: Till) -> None:
    for _ in range(5):
        till.ledger.charge(500)
    till.clock.advance(3_600)
    begun = cursor(till.read())
    till.clock.advance(3_600)
    till.server.forget()
    assert records(till.read(cursor=begun, lookback_seconds=60)) == {}
    assert asked(till) == ["events"]


def test_what_changes_and_comes_while_the_list_is_read_is_told_of_after_it(till: Till) -> None:
    made = [till.ledger.charge(500 + number) for number in range(6)]
    till.clock.advance(5)
    seen: dict[str, Any] = {}
    last: Cursor | None = None
    for number, page in enumerate(till.open(page_size=2).read(Slice(), None)):
        seen |= {str(one.remote_id): one for one in page.records}
        last = page.cursor
        till.clock.advance(5)
        if number == 0:
            till.ledger.change(made[5], description="after it was read")
            made.append(till.ledger.charge(900))
    seen |= records(till.read(cursor=last))
    assert set(seen) == set(made)
    assert seen[made[5]].body["description"] == "after it was read"


def test_an_event_that_shows_up_late_is_met_within_the_lookback(till: Till) -> None:
    begun = cursor(till.read())
    id_ = till.ledger.charge(500)
    late = till.ledger._made["event"].pop()
    till.clock.advance(30)
    begun = cursor(till.read(cursor=begun, lookback_seconds=60))
    till.ledger._made["event"].append(late)
    assert list(records(till.read(cursor=begun, lookback_seconds=60))) == [id_]


def test_a_clock_of_ours_that_is_wrong_hides_nothing(till: Till) -> None:
    """Events are asked for by Stripe's time; ours may be an hour ahead."""
    begun = till.clock.now()
    till.server.now = till.ledger.now = lambda: till.clock.now() - timedelta(hours=1)
    start = cursor(till.read())
    till.clock.advance(5)
    id_ = till.ledger.charge(500)
    assert list(records(till.read(cursor=start))) == [id_]
    assert begun < till.clock.now()


def test_a_deleted_customer_and_a_deleted_draft_are_gone_and_a_cancelled_subscription_is_not(till: Till) -> None:
    who, other = till.ledger.customer("kim@plum.example"), till.ledger.customer("ann@plum.example")
    draft = till.ledger.invoice(other, 500, status="draft")
    subscription = till.ledger.subscribe(other, 900)
    begun = {name: cursor(till.read(name)) for name in ("customers", "invoices", "subscriptions")}
    till.clock.advance(5)
    till.ledger.delete(who)
    till.ledger.delete(draft)
    till.ledger.cancel(subscription)
    assert gone(till.read("customers", begun["customers"])) == {who}
    assert gone(till.read("invoices", begun["invoices"])) == {draft}
    pages = till.read("subscriptions", begun["subscriptions"])
    assert gone(pages) == set()
    assert records(pages)[subscription].body["_won"] is False
    assert list(records(till.read("subscriptions"))) == [subscription], "the list has cancelled ones as well"


def test_a_list_goes_on_where_the_object_it_stood_at_is_deleted(till: Till) -> None:
    who = till.ledger.customer("kim@plum.example")
    made = []
    for number in range(7):
        made.append(till.ledger.invoice(who, 500 + number, status="draft"))
        till.clock.advance(number % 2)
    first = next(iter(till.open("invoices", page_size=2).read(Slice(), None)))
    (_, last) = [str(one.remote_id) for one in first.records]
    till.ledger.delete(last)
    pages = till.read("invoices", first.cursor, page_size=2)
    assert set(records(pages)) | set(records([first])) == set(made)
    assert pages[-1].complete
    assert gone(till.read("invoices", pages[-1].cursor)) == {last}


def test_a_charge_with_more_refunds_than_it_shows_has_them_all(till: Till) -> None:
    id_ = till.ledger.charge(10_000)
    made = [till.ledger.refund(id_, 10 + number) for number in range(13)]
    (record,) = records(till.read()).values()
    assert {one["key"] for one in record.body["_refunds"]} == {f"stripe:refund:{one}" for one in made}
    assert record.body["_refunded"] == f"{sum(10 + number for number in range(13)) / 100:.2f}"
    get = till.open().get
    assert get
    assert [one.body for one in get(Slice(), [RemoteId(id_)])] == [record.body]


def test_a_refund_that_the_bank_returns_makes_the_charge_whole_again(till: Till) -> None:
    id_ = till.ledger.charge(1_000)
    refund = till.ledger.refund(id_, 400)
    begun = cursor(till.read())
    till.clock.advance(86_400)
    till.ledger.fail_refund(refund)
    body = records(till.read(cursor=begun))[id_].body
    assert (body["_refunded"], body.get("_refunds")) == ("0.00", None)


def test_a_tax_number_that_comes_later_changes_its_customer(till: Till) -> None:
    who = till.ledger.customer("office@plum.example", "Plum BV")
    begun = cursor(till.read("customers"))
    number = till.ledger._tax_id("eu_vat", "NL123456789B01") | {"customer": who}
    till.ledger.objects[who]["tax_ids"]["data"].append(number)
    till.ledger.objects[number["id"]] = number
    till.ledger._tell("customer.tax_id.created", number["id"])
    assert records(till.read("customers", begun))[who].body["_tax_id"] == "NL123456789B01"


def test_a_list_that_does_not_say_how_it_goes_on_stops_the_stream(till: Till) -> None:
    for body in ({"data": [], "has_more": True}, {"data": [{}], "has_more": True}, {"data": None, "has_more": False}):
        till.server.faults.fail(200, body=body)
        with pytest.raises(ContractError):
            till.read()
    till.server.faults.login_page()
    with pytest.raises(ContractError):
        till.read()


def test_a_cursor_of_another_version_is_an_expired_one(till: Till) -> None:
    for wrong in ('{"sinse":1}', "17", "x"):
        with pytest.raises(CursorExpiredError):
            till.read(cursor=Cursor(wrong))
