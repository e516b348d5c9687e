"""What is particular to reading WooCommerce: the site's clock, the trash, customers without a filter, odd answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.core.exchange import Reply
from connectors.core.protocols import Runtime
from connectors.woocommerce.connector import VENDOR, WooCommerceConfig
from connectors.woocommerce.sandbox import KEY, SECRET, error
from mapping.contract import Deletes, RemoteId, Slice
from mapping.errors import AuthError, ContractError, ForbiddenError, TransientError
from tests.connectors.rig import Clock, Tokens
from tests.connectors.woocommerce.market import Market

NOTICE = b'<br />\n<b>Deprecated</b>: Function x in <b>plugin.php</b><br />\n[{"id": 1}]'


def asked(market: Market) -> list[dict[str, str]]:
    """What the requests since the log was emptied asked for."""
    return [{name: all_[0] for name, all_ in one.request.query.items()} for one in market.server.exchanges]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (NOTICE, "notices"),
        ("<!doctype html><title>Shop</title>", "HTML"),
        (b"[{", "no JSON"),
        ({"id": 1}, "no list"),
        ([{"name": "a row without an id"}], "no list"),
        ([{"id": 1}], "X-WP-Total"),
    ],
    ids=["notice", "page", "cut", "object", "no id", "no total"],
)
def test_what_is_no_listing_stops_the_stream_and_says_why(market: Market, body: Any, what: str) -> None:
    market.server.faults.answer(Reply(200, body), times=10)
    with pytest.raises(ContractError, match=what):
        market.read()


def test_plain_permalinks_and_a_missing_woocommerce_are_told_apart(market: Market) -> None:
    market.server.faults.answer(Reply(404, "<html>Not found</html>"))
    with pytest.raises(ContractError, match="permalinks"):
        market.connector().check()
    market.server.faults.answer(error(404, "rest_no_route", "No route was found"))
    with pytest.raises(ContractError, match="switched off"):
        market.connector().check()


def test_a_server_that_drops_the_authorization_header_is_told_of(market: Market) -> None:
    with pytest.raises(AuthError, match="login to signed"):
        market.connector(login="basic").check()


def test_a_key_whose_user_may_not_see_orders_is_forbidden(market: Market) -> None:
    market.server.faults.answer(error(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."))
    with pytest.raises(ForbiddenError):
        market.connector().check()


def test_a_shop_that_is_being_updated_is_waited_for(market: Market) -> None:
    market.buy()
    market.server.faults.answer(Reply(503, "<p>Briefly unavailable for scheduled maintenance.", {"Retry-After": "30"}))
    assert len(market.read().ids) == 1
    assert market.clock.slept >= 30


def test_a_fatal_error_of_php_is_tried_again(market: Market) -> None:
    market.server.faults.fail(500, body="<p>There has been a critical error on this website.</p>", times=20)
    with pytest.raises(TransientError):
        market.read()


def test_a_clock_that_is_hours_off_is_put_right_by_the_shop_s(market: Market) -> None:
    market.buy()
    present = market.clock.now()
    market.server.shop.now = lambda: present - timedelta(hours=3)
    assert len(market.read().ids) == 1
    assert [one.reply.status for one in market.server.exchanges] == [401, 200]


def test_each_attempt_is_signed_anew(market: Market) -> None:
    market.buy()
    market.server.faults.fail(502)
    assert len(market.read().ids) == 1
    nonces = [one["oauth_nonce"] for one in asked(market)]
    assert len(nonces) == len(set(nonces)) == 2


def test_over_tls_the_key_goes_as_a_password_and_a_signature_only_where_it_is_asked_for() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[], headers={"X-WP-Total": "0"})

    runtime = Runtime(transport=httpx.MockTransport(answer))
    for login in ("auto", "signed"):
        config = {"url": "https://Shop.example/nl/", "consumer_key": KEY, "consumer_secret": SECRET, "login": login}
        account = VENDOR.build(WooCommerceConfig.model_validate(config), runtime, Tokens()).check()
        assert account.id == "shop.example/nl"
    password, signed = seen
    assert password.url.path == "/nl/wp-json/wc/v3/orders"
    assert password.headers["authorization"].startswith("Basic ")
    assert "oauth_signature" not in password.url.params
    assert "authorization" not in signed.headers
    assert SECRET not in str(signed.url)
    assert "oauth_signature" in signed.url.params


@pytest.mark.parametrize(
    "url", ["http://shop.example", "shop.example", "https://u:p@shop.example", "ftp://shop.example", "https://"]
)
def test_an_address_that_is_none_or_not_safe_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        WooCommerceConfig.model_validate({"url": url, "consumer_key": KEY, "consumer_secret": SECRET})


def test_times_are_asked_for_in_gmt_and_without_a_zone(market: Market) -> None:
    market.buy()
    market.clock.advance(3_600)
    before = market.read().cursor
    market.clock.advance(3_600)
    market.server.forget()
    late = market.buy(1)
    market.clock.advance(1)
    assert market.read(cursor=before).ids == [str(late)]
    first, trash = asked(market)
    assert (first["modified_after"], first["dates_are_gmt"]) == ("2026-05-04T08:54:59", "true")
    assert (first["status"], trash["status"]) == ("any", "trash")


@pytest.mark.parametrize("summer", [True, False], ids=["into summer time", "out of it"])
def test_the_hour_that_the_site_s_clock_skips_or_repeats_hides_nothing(summer: bool) -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC) if summer else datetime(2026, 10, 25, 1, tzinfo=UTC)
    with Market(Clock(change - timedelta(hours=2))) as market:
        cursor, found, bought = market.read().cursor, set[str](), set[str]()
        for number in range(16):
            market.clock.advance(900)
            bought.add(str(market.buy(number)))
            haul = market.read(cursor=cursor, page_size=2)
            cursor, found = haul.cursor, found | set(haul.ids)
        assert found == bought


def test_the_clock_that_counts_is_the_shop_s(market: Market) -> None:
    """Ours is a day ahead; what is bought afterwards is still after the shop's own present."""
    market.buy()
    ours = market.clock
    market.server.shop.now = lambda: ours.now() - timedelta(minutes=14)
    before = market.read(lookback_minutes=1).cursor
    market.clock.advance(120)
    assert str(market.buy(1)) in market.read(cursor=before).ids


def test_a_change_that_shows_up_late_is_met_within_the_lookback(market: Market) -> None:
    before = market.read().cursor
    order = market.buy()
    market.shop.orders[order]["date_modified_gmt"] = (market.clock.now() - timedelta(minutes=4)).strftime(
        "%Y-%m-%dT%H:%M:%S"
    )
    market.clock.advance(1)
    assert market.read(cursor=before).ids == [str(order)]


def test_what_changes_while_a_page_is_waited_for_is_met_by_the_next_round(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = [market.buy(number) for number in range(6)]
    market.clock.advance(3_600)
    page = market.server._page
    asked_for: list[str] = []

    def slow(*given: Any) -> Reply:
        asked_for.append("page")
        if len(asked_for) == 2:
            market.shop.update(bought[0], customer_note="changed behind the reader")
            market.clock.advance(400)  # longer than the lookback
        return page(*given)

    monkeypatch.setattr(market.server, "_page", slow)
    first = market.read(page_size=3)
    assert str(bought[0]) in market.read(cursor=first.cursor).ids


def test_what_goes_into_the_trash_is_archived_and_what_comes_back_is_read(market: Market) -> None:
    kept, thrown = market.buy(1), market.buy(2)
    market.clock.advance(3_600)
    first = market.read()
    market.clock.advance(3_600)
    market.shop.trash(thrown)
    market.clock.advance(1)
    second = market.read(cursor=first.cursor)
    assert (second.ids, second.gone) == ([], [str(thrown)])
    stream = market.open()
    assert stream.get
    assert stream.ids
    named = [RemoteId(each) for each in (*first.ids, "x")]
    assert [str(one.remote_id) for one in stream.get(Slice(), named)] == [str(kept)]
    assert [list(ids) for ids in stream.ids(Slice())] == [[str(kept)]]
    market.clock.advance(3_600)
    market.shop.restore(thrown)
    market.clock.advance(1)
    third = market.read(cursor=second.cursor)
    assert (third.ids, third.gone) == ([str(thrown)], [])


def test_an_order_thrown_away_between_two_pages_hides_no_other(market: Market) -> None:
    bought = [str(market.buy(number)) for number in range(9)]
    stream = market.open(page_size=3)
    pages = stream.read(Slice(), None)
    found = [str(one.remote_id) for one in next(pages).records]
    market.shop.trash(int(bought[0]))
    market.shop.trash(int(bought[1]))
    found += [str(one.remote_id) for page in pages for one in page.records]
    assert found == bought


def test_an_idle_run_asks_twice_for_orders_and_once_for_customers(market: Market) -> None:
    market.shop.customer("ada@example.com")
    market.buy()
    market.clock.advance(3_600)
    orders, customers = market.read().cursor, market.read("customers").cursor
    market.clock.advance(3_600)
    market.server.forget()
    assert market.read(cursor=orders).ids == []
    assert market.server.calls(path="/orders") == 2
    assert market.read("customers", customers).ids == []
    assert market.server.calls(path="/customers") == 1


def test_between_two_rounds_only_new_customers_are_read_and_a_round_begins_by_itself(market: Market) -> None:
    ada, kim, lee = (market.shop.customer(f"{name}@example.com") for name in ("ada", "kim", "lee"))
    first = market.read("customers")
    assert first.pages[-1].complete
    market.shop.delete_customer(lee)
    market.shop.update_customer(ada, first_name="Ada")
    mia = market.shop.customer("mia@example.com")
    market.clock.advance(3_600)
    second = market.read("customers", first.cursor)
    assert second.ids == [str(mia)]
    assert not any(page.begins or page.complete for page in second.pages)
    market.clock.advance(6 * 3_600)
    third = market.read("customers", second.cursor, page_size=2)
    assert third.ids == [str(ada), str(kim), str(mia)]
    assert [page.begins for page in third.pages] == [True, *[False] * (len(third.pages) - 1)]
    assert third.pages[-1].complete
    assert market.read("customers", third.cursor).ids == []


def test_everybody_with_a_login_is_read_whatever_the_role(market: Market) -> None:
    roles = ("customer", "subscriber", "shop_manager")
    made = [str(market.shop.customer(f"{role}@example.com", role=role)) for role in roles]
    assert market.read("customers").ids == made
    assert market.open("customers").deletes is Deletes.SWEEP


def test_refunds_are_dated_by_a_request_of_their_own_only_for_orders_that_have_some(market: Market) -> None:
    market.buy(1)
    order = market.buy(2)
    market.shop.refund(order, "2.50", "a scratch")
    market.server.forget()
    dated = market.read().records[-1].body["_refunds"]
    assert market.server.calls(path="refunds") == 1
    assert (dated[0]["amount"], dated[0]["at"]) == ("2.50", "2026-05-04T08:00:00Z")
    (undated,) = market.read(refund_dates=False).records[-1].body["_refunds"]
    assert (undated["amount"], undated["at"]) == ("2.50", None)
    assert market.server.calls(path="refunds") == 1


def test_refunds_of_an_order_that_is_deleted_meanwhile_cost_nothing_but_their_dates(market: Market) -> None:
    order = market.buy()
    market.shop.refund(order, "2.50")
    refused = error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
    market.server.faults.answer(refused, path="refunds")
    (record,) = market.read().records
    assert record.body["_refunded"] == "2.50"


def test_what_gives_away_an_order_or_its_visitor_is_not_kept(market: Market) -> None:
    market.buy(meta_data=[{"key": "_stripe_source_id", "value": "src_1"}, {"key": "gift", "value": "yes"}])
    (record,) = market.read().records
    assert not {"order_key", "customer_ip_address", "customer_user_agent", "_links"} & set(record.body)
    assert [one["key"] for one in record.body["meta_data"]] == ["gift"]
