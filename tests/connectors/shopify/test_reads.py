"""What is special to Shopify: points, errors inside 200, a lagging index, bulk operations, what hangs on an order."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.core.protocols import Stream
from connectors.shopify import bulk, reads
from connectors.shopify.connector import ShopifyConfig
from connectors.shopify.sandbox import CLIENT_ID, PERSONAL, SECRET
from mapping.contract import Cursor, Deletes, Page, RemoteId
from mapping.errors import (
    AuthError,
    ConfigError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)
from tests.connectors.shopify.market import WHOLE, Market

LINES = [(f"Chair {number}", 1, "10.0") for number in range(23)]


def asked(market: Market) -> list[dict[str, Any]]:
    """The variables of what was asked."""
    return [dict(body["variables"]) for body in market.documents()]


def drain(stream: Stream, times: int) -> None:
    """Reads everything, so many times over."""
    for _ in range(times):
        list(stream.read(WHOLE, None))


class TestPoints:
    def test_a_query_is_sent_as_soon_as_the_bucket_holds_it_and_is_never_refused(self, market: Market) -> None:
        market.server.points.most = market.server.points.left = 1_000
        for _ in range(60):
            market.shop.order(LINES[:9])
        assert len(market.read(bulk_above=None).records) == 60
        throttled = [one for one in market.server.exchanges if b"THROTTLED" in one.reply.encoded()[1]]
        assert throttled == []
        spent = 60 * 40  # points: no less than what the orders and their lines cost
        assert 0 < market.clock.slept <= spent / market.server.points.rate + 30

    def test_a_throttled_query_waits_for_the_points_that_lack_and_no_longer(self, market: Market) -> None:
        market.shop.order()
        market.server.points.fill(market.clock.now())
        market.server.points.left = 0
        assert len(market.read().records) == 1
        (price,) = {one.reply.body["extensions"]["cost"]["requestedQueryCost"] for one in market.server.exchanges}
        assert market.clock.slept == pytest.approx(price / market.server.points.rate, abs=0.1)

    def test_a_page_grows_by_what_the_last_one_cost(self, market: Market) -> None:
        for _ in range(400):
            market.shop.customer("Ada")
        market.read("customers", bulk_above=None)
        sizes = [each["first"] for each in asked(market)]
        assert sizes[0] < sizes[-1] <= 250
        costs = [one.reply.body["extensions"]["cost"]["requestedQueryCost"] for one in market.server.exchanges]
        assert max(costs) <= 1_000

    def test_a_page_that_is_too_dear_is_asked_for_in_smaller_ones(self, market: Market) -> None:
        orders = [market.shop.order().number for _ in range(4)]
        market.fail("MAX_COST_EXCEEDED", cost=4_000, maxCost=1_000)
        found = market.read()
        assert [int(each) for each in found.ids] == orders
        assert [each["first"] for each in asked(market)][:2] == [10, 2]

    def test_a_single_record_that_is_too_dear_stops_the_stream(self, market: Market) -> None:
        market.fail("MAX_COST_EXCEEDED", times=20)
        with pytest.raises(ContractError, match="too dear"):
            market.read()

    def test_a_bucket_that_takes_more_than_a_minute_to_fill_ends_the_run(self, market: Market) -> None:
        market.server.points.rate = 0.001
        market.shop.order()
        stream = market.open(bulk_above=None, page_size=1)
        market.shop.order()
        list(stream.read(WHOLE, None))
        with pytest.raises(RateLimitedError) as refused:
            drain(stream, 60)
        assert refused.value.retry_after
        assert refused.value.retry_after > 60


class TestErrors:
    def test_a_scope_that_is_missing_pauses_its_stream_and_names_itself(self, market: Market) -> None:
        market.server.scopes -= {"read_draft_orders"}
        market.shop.order()
        with pytest.raises(ForbiddenError, match="the app lacks read_draft_orders"):
            market.read("draft_orders")
        assert market.read("orders").records

    @pytest.mark.parametrize("name", ["customers", "orders", "abandoned_checkouts"])
    def test_every_stream_says_which_scope_it_lacks(self, market: Market, name: str) -> None:
        market.server.scopes.clear()
        with pytest.raises(ForbiddenError, match=r"read_(customers|orders)"):
            market.read(name)

    def test_orders_are_read_without_the_scope_for_customers(self, market: Market) -> None:
        market.shop.order(customer=market.shop.customer("Kim", "Plum", email="kim@plum.example"))
        market.server.scopes -= {"read_customers"}
        (record,) = market.read().records
        assert record.body["customer"] is None
        assert record.body["email"] == "kim@plum.example"

    def test_what_the_app_may_not_see_of_people_is_left_out_and_named_once(
        self, market: Market, caplog: pytest.LogCaptureFixture
    ) -> None:
        kim = market.shop.customer("Kim", "Plum", email="kim@plum.example", phone="+31612345678")
        for _ in range(3):
            market.shop.order(customer=kim, address={"name": "Kim Plum"})
        market.server.withheld |= PERSONAL
        with caplog.at_level(logging.WARNING):
            records = market.read().records
        assert [record.body["customer"]["id"] for record in records] == [kim.values["id"]] * 3
        assert {record.body["email"] for record in records} == {None}
        named = [line.getMessage() for line in caplog.records if "withholds" in line.getMessage()]
        assert len(named) == len(set(named)) > 0
        assert "Shopify withholds orders.nodes.email from this app" in "\n".join(named)
        assert "protected customer data" in named[0]
        (customer,) = market.read("customers").records
        assert customer.body["defaultEmailAddress"] is None
        assert "Plum" not in json.dumps(customer.body)

    def test_a_wrong_question_stops_the_stream_with_shopify_s_code(self, market: Market) -> None:
        market.fail("undefinedField")
        with pytest.raises(ContractError, match="undefinedField"):
            market.read()

    def test_shopify_s_own_failure_inside_200_is_tried_again(self, market: Market) -> None:
        market.shop.order()
        market.fail("INTERNAL_SERVER_ERROR", times=2)
        assert len(market.read().records) == 1
        market.fail("INTERNAL_SERVER_ERROR", times=20)
        with pytest.raises(TransientError):
            market.read()

    def test_what_an_error_quotes_is_not_passed_on(self, market: Market) -> None:
        body = {"errors": [{"message": "no such kim@plum.example", "extensions": {"code": "x@y"}}, "odd"]}
        market.server.faults.fail(200, body=body)
        with pytest.raises(ContractError) as refused:
            market.read()
        assert "plum" not in str(refused.value)
        assert "@" not in str(refused.value)

    @pytest.mark.parametrize(
        ("status", "kind", "told"),
        [
            (402, ForbiddenError, "frozen"),
            (404, AuthError, "no such shop"),
            (423, ForbiddenError, "locked"),
            (403, ForbiddenError, "403"),
        ],
    )
    def test_a_status_of_shopify_s_own_says_what_to_do(
        self, market: Market, status: int, kind: type[Exception], told: str
    ) -> None:
        market.server.faults.fail(status, body={"errors": "No"})
        with pytest.raises(kind, match=told):
            market.connector().check()

    @pytest.mark.parametrize("body", [{"data": None}, {"data": {}}, [], {"data": {"orders": {"nodes": None}}}])
    def test_an_answer_of_another_shape_is_no_empty_shop(self, market: Market, body: Any) -> None:
        market.server.faults.fail(200, body=body)
        with pytest.raises(ContractError):
            market.read()


class TestIncrements:
    def test_a_change_that_the_index_learns_of_late_is_met_by_the_next_run(self, market: Market) -> None:
        market.shop.lag = timedelta(minutes=5)
        market.shop.order()
        market.clock.advance(3_600)
        first = market.read()
        late = market.shop.order()
        market.clock.advance(240)
        second = market.read("orders", first.cursor)
        assert str(late.number) not in second.ids
        market.clock.advance(120)
        assert str(late.number) in market.read("orders", second.cursor).ids

    def test_an_idle_run_asks_once_and_brings_nothing(self, market: Market) -> None:
        for _ in range(3):
            market.shop.order()
        cursor = market.read().cursor
        market.clock.advance(1_200)
        cursor = market.read("orders", cursor).cursor
        market.server.forget()
        assert market.read("orders", cursor).records == []
        assert market.server.calls() == 1

    def test_the_round_goes_by_shopify_s_clock_and_not_by_ours(self, market: Market) -> None:
        ahead = market.clock.now() + timedelta(hours=3)
        market.server.now = lambda: market.clock.now() - timedelta(hours=3)
        market.shop.now = market.server.now
        market.shop.order()
        cursor = market.read().cursor
        late = market.shop.order()
        assert ahead > market.server.now()
        assert str(late.number) in market.read("orders", cursor).ids

    def test_changes_are_asked_for_in_their_order_and_checkouts_by_id(self, market: Market) -> None:
        for name, sort in (("orders", "UPDATED_AT"), ("abandoned_checkouts", "ID")):
            cursor = market.read(name).cursor
            market.server.forget()
            market.read(name, cursor)
            (told,) = asked(market)
            assert (told["sort"], told["query"]) == (sort, "updated_at:>='2026-05-04T07:50:00Z'")

    def test_a_listing_is_begun_anew_before_shopify_stops_following_it(
        self, market: Market, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "DEEP", 4)
        cursor = market.read(page_size=2).cursor
        made = []
        for _ in range(11):
            made.append(str(market.shop.order().number))
            market.clock.advance(1)
        found = market.read("orders", cursor, page_size=2)
        assert list(dict.fromkeys(found.ids)) == made
        assert len({each["query"] for each in asked(market)}) > 3

    def test_more_changes_of_one_second_than_shopify_follows_stop_the_stream(
        self, market: Market, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reads, "DEEP", 4)
        market.clock.advance(-600)
        for _ in range(9):
            market.shop.order()
        market.clock.advance(600)
        cursor = Cursor(json.dumps({"phase": "rest", "then": int(market.clock.now().timestamp()) - 600, "v": 1}))
        with pytest.raises(ContractError, match="share one second"):
            market.read("orders", cursor, page_size=2)

    @pytest.mark.parametrize("cursor", ["nonsense", "{}", '{"phase":"full","v":9}', '{"phase":"odd","v":1}'])
    def test_a_cursor_of_another_version_begins_anew(self, market: Market, cursor: str) -> None:
        with pytest.raises(CursorExpiredError):
            market.read("orders", Cursor(cursor))

    def test_what_is_no_longer_listed_is_deleted_only_where_age_is_no_reason(self, market: Market) -> None:
        found = {stream.name: stream.deletes for stream in market.connector().streams()}
        swept, expired = Deletes.SWEEP, Deletes.EXPIRY
        assert found["customers"] is found["draft_orders"] is swept
        assert found["orders"] is found["abandoned_checkouts"] is expired
        connector = market.connector(all_orders=True)
        connector.check()
        assert {one.name: one.deletes for one in connector.streams()} == {**found, "orders": swept}

    def test_orders_are_not_swept_by_an_app_that_sees_only_the_last_sixty_days(self, market: Market) -> None:
        market.server.scopes -= {"read_all_orders"}
        assert market.connector().check()
        with pytest.raises(ConfigError, match="lacks read_all_orders"):
            market.connector(all_orders=True).check()


class TestWhatHangsOnAnOrder:
    @pytest.mark.parametrize("bulk_above", [None, 0])
    def test_all_lines_refunds_and_transactions_come_however_many(self, market: Market, bulk_above: int | None) -> None:
        market.shop.order()
        order = market.shop.order([*LINES, *LINES] * 5)
        for _ in range(7):
            market.shop.refund(order, "1.0")
        found = {record.remote_id: record.body for record in market.read(page_size=1, bulk_above=bulk_above).records}
        body = found[RemoteId(str(order.number))]
        assert [line["title"] for line in body["lineItems"]] == [title for title, _, _ in LINES] * 10
        assert len(body["refunds"]) == 7
        assert len(body["transactions"]) == 8
        assert sum(Decimal(each["amount"]) for each in body["_payments"][0]["refunds"]) == 7

    def test_pages_and_bulk_operations_say_the_same(self, market: Market) -> None:
        for number in range(5):
            market.shop.refund(market.shop.order(LINES[: number * 4 + 1]), "2.5")
        by_pages, in_bulk = market.read(bulk_above=None), market.read(bulk_above=0, page_size=1)
        assert {one.remote_id: one.body for one in by_pages.records} == {
            one.remote_id: one.body for one in in_bulk.records
        }

    def test_an_order_that_vanishes_meanwhile_is_not_stored_half(self, market: Market) -> None:
        market.shop.order(LINES)
        other = market.shop.order()
        market.server.faults.fail(200, body={"data": {"order": None}}, skip=1)
        assert market.read().ids == [str(other.number)]


class TestBulk:
    def filled(self, market: Market, count: int = 7) -> list[str]:
        return [str(market.shop.order(LINES[: number % 3 + 1]).number) for number in range(count)]

    def test_a_small_shop_is_read_by_pages_and_a_large_one_in_bulk(self, market: Market) -> None:
        made = self.filled(market)
        market.read(page_size=2, bulk_above=7)
        assert market.server.bulks.running == {}
        assert market.read(page_size=2, bulk_above=6).ids == made
        assert len(market.server.bulks.running) == 1

    def test_the_first_page_is_not_read_twice(self, market: Market) -> None:
        made = self.filled(market)
        found = market.read(page_size=2, bulk_above=0)
        assert found.ids == made
        (operation,) = market.server.bulks.running.values()
        assert f"id:>{made[1]}" in operation.query

    def test_an_operation_that_runs_long_is_come_back_to(self, market: Market) -> None:
        made = self.filled(market)
        market.server.bulks.seconds = 3_600
        pages: list[Page] = []
        with pytest.raises(RateLimitedError) as refused:
            pages.extend(market.open(page_size=2, bulk_above=0).read(WHOLE, None))
        assert refused.value.retry_after
        market.clock.advance(3_600)
        rest = market.read("orders", pages[-1].cursor, page_size=2, bulk_above=0)
        assert [record.remote_id for page in pages for record in page.records] + rest.ids == made
        assert len(market.server.bulks.running) == 1

    def test_the_result_is_fetched_in_pieces_and_gone_on_with_where_it_broke_off(
        self, market: Market, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk, "PIECE", 1_500)
        made = self.filled(market, 9)
        market.server.faults.truncate(path="/bulk/", times=9, skip=4)
        pages: list[Page] = []
        with pytest.raises(TransientError):
            pages.extend(market.open(page_size=1, bulk_above=0).read(WHOLE, None))
        market.server.forget()
        rest = market.read("orders", pages[-1].cursor, page_size=1, bulk_above=0)
        assert [record.remote_id for page in pages for record in page.records] + rest.ids == made
        ranges = [one.request.headers["range"] for one in market.server.exchanges if "/bulk/" in one.request.path]
        assert not ranges[0].startswith("bytes=0-")

    def test_what_came_whole_is_not_asked_for_again(self, market: Market) -> None:
        self.filled(market, 3)
        order = market.shop.order(LINES)
        for _ in range(5):
            market.shop.refund(order, "1.0")
        body = market.read(page_size=3, bulk_above=0).records[-1].body
        assert (len(body["lineItems"]), len(body["refunds"]), len(body["transactions"])) == (23, 5, 6)
        assert not [one for one in market.documents() if "order(id" in one["query"]]

    def test_no_credential_goes_where_the_result_lies(self, market: Market) -> None:
        self.filled(market)
        market.read(page_size=2, bulk_above=0)
        (fetched,) = [one for one in market.server.exchanges if "/bulk/" in one.request.path]
        assert "x-shopify-access-token" not in fetched.request.headers

    def test_an_operation_that_fails_leaves_the_rest_to_pages(self, market: Market) -> None:
        made = self.filled(market)
        market.server.bulks.fails = "TIMEOUT"
        found = market.read(page_size=2, bulk_above=0)
        assert found.ids == made
        assert [page.complete for page in found.pages][-1]

    def test_a_result_that_is_kept_no_longer_begins_anew(self, market: Market) -> None:
        self.filled(market)
        page = next(iter(market.open(page_size=2, bulk_above=0).read(WHOLE, None)))
        market.clock.advance(8 * 86_400)
        with pytest.raises(CursorExpiredError):
            market.read("orders", page.cursor, page_size=2, bulk_above=0)

    def test_a_sixth_operation_waits_for_the_others(self, market: Market) -> None:
        self.filled(market)
        for _ in range(5):
            market.server.bulks.run("{ orders { edges { node { id } } } }", False)
        with pytest.raises(RateLimitedError, match="still running"):
            market.read(page_size=2, bulk_above=0)

    def test_what_is_done_meanwhile_is_met_by_the_next_round(self, market: Market) -> None:
        made = self.filled(market)
        pages = market.open(page_size=2, bulk_above=0).read(WHOLE, None)
        next(pages)
        market.shop.change("Order", int(made[0]), note="late")
        cursor = [page.cursor for page in pages][-1]
        assert made[0] in market.read("orders", cursor).ids

    def test_rows_out_of_order_are_not_taken_for_another_order_s(self, market: Market) -> None:
        self.filled(market)
        stream = market.open(page_size=2, bulk_above=0)
        pages = stream.read(WHOLE, None)
        next(pages)
        (operation,) = market.server.bulks.running.values()
        operation.rows = [*reversed(operation.rows)]
        with pytest.raises(ContractError, match="belongs to no record before it"):
            list(pages)


class TestLogin:
    def test_an_app_of_one_s_own_asks_for_a_token_and_for_another_when_it_ends(self, market: Market) -> None:
        login = {"access_token": None, "client_id": CLIENT_ID, "client_secret": SECRET}
        connector = market.connector(**login)
        assert connector.check().id == "4001"
        market.clock.advance(2 * 86_400)
        assert connector.check().name == "Acme (acme.myshopify.com)"
        assert market.server.calls("POST", "access_token") == 2

    def test_a_wrong_secret_asks_for_a_new_login(self, market: Market) -> None:
        login = {"access_token": None, "client_id": CLIENT_ID, "client_secret": "wrong"}
        with pytest.raises(AuthError, match="invalid_client"):
            market.connector(**login).check()

    @pytest.mark.parametrize(
        "given",
        ["acme", "Acme.myshopify.com", "https://acme.myshopify.com/", "https://admin.shopify.com/store/acme"],
    )
    def test_a_shop_is_known_by_any_of_its_addresses(self, given: str) -> None:
        assert ShopifyConfig.model_validate({"shop": given, "access_token": "x"}).shop == "acme"

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"shop": "www.acme.example"}, "its own domain will not do"),
            ({"access_token": None}, "either access_token"),
            ({"access_token": None, "client_id": "x"}, "either access_token"),
            ({"page_size": 251}, "page_size"),
            ({"version": "latest"}, "version"),
        ],
    )
    def test_a_wrong_configuration_says_where(self, wrong: dict[str, Any], told: str) -> None:
        with pytest.raises(ValidationError) as refused:
            ShopifyConfig.model_validate({"shop": "acme", "access_token": "x", **wrong})
        assert told in str(refused.value)


def test_a_window_goes_by_the_last_change(market: Market) -> None:
    start = datetime(2026, 5, 4, 8, tzinfo=UTC)
    made = []
    for _ in range(5):
        made.append(str(market.shop.order().number))
        market.clock.advance(3_600)
    window = market.open().window
    assert window
    pages = list(window(WHOLE, start + timedelta(hours=1), start + timedelta(hours=3), None))
    assert [record.remote_id for page in pages for record in page.records] == made[1:3]


def test_ids_that_could_not_be_shopify_s_are_not_asked_for(market: Market) -> None:
    get = market.open().get
    assert get
    assert get(WHOLE, [RemoteId("5001) { id }"), RemoteId("")]) == []
    assert market.server.calls() == 0
