"""Magento's traps: a second with more records than a page, pages past the end, refusals that all look alike."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from connectors.magento.sandbox import TOKEN
from connectors.magento.search import criteria
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.errors import AuthError, ContractError, CursorExpiredError, ForbiddenError
from tests.connectors.magento.counter import Counter, records


def cursor(pages: list[Page]) -> Cursor | None:
    """Where the next reading begins."""
    return pages[-1].cursor


def test_a_stream_that_the_integration_may_not_read_is_forbidden_and_a_wrong_token_is_refused(counter: Counter) -> None:
    counter.shop.order()
    counter.shop.customer("kim@plum.example")
    counter.server.tokens["little"] = frozenset({"Magento_Sales::actions_view"})
    assert counter.connector(access_token="little").check().id == "https://shop.example"
    assert len(records(counter.read("customers", access_token="little"))) == 1
    with pytest.raises(ForbiddenError, match="permission"):
        counter.read("orders", access_token="little")
    with pytest.raises(AuthError):
        counter.read("orders", access_token="nobody")
    with pytest.raises(AuthError):
        counter.connector(access_token="nobody").check()


def test_the_permission_for_what_lies_beside_an_order_is_asked_for_too(counter: Counter) -> None:
    order = counter.shop.order("20.00")
    counter.server.tokens["little"] = frozenset({"Magento_Sales::sales_creditmemo"})
    assert list(records(counter.read(access_token="little"))) == [str(order)]
    counter.shop.refund(order, "5.00")
    with pytest.raises(ForbiddenError):
        counter.read(access_token="little")


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_second_with_more_records_than_a_page_is_gone_through_by_id(counter: Counter, size: int) -> None:
    before = [counter.shop.order(), counter.shop.order()]
    counter.clock.advance(5)
    imported = [counter.shop.order() for _ in range(11)]
    counter.clock.advance(5)
    after = [counter.shop.order() for _ in range(3)]
    pages = counter.read(page_size=size)
    ids = [str(one.remote_id) for page in pages for one in page.records]
    assert ids == [str(number) for number in (*before, *imported, *after)], "each once, in order"
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    for number, page in enumerate(pages[:-1], 1):
        rest = [str(one.remote_id) for each in counter.read(cursor=page.cursor, page_size=size) for one in each.records]
        assert ids[sum(len(each.records) for each in pages[:number]) :] == rest


def test_a_record_that_changes_within_such_a_second_is_met_again_later(counter: Counter) -> None:
    made = [counter.shop.order() for _ in range(6)]
    pages = counter.open(page_size=2).read(Slice(), None)
    first = next(pages)
    counter.clock.advance(1)
    counter.shop.change("orders", made[3], status="holded")
    rest = list(pages)
    found = records([first, *rest])
    assert set(found) == {str(number) for number in made}
    assert found[str(made[3])].body["status"] == "holded"


def test_the_stand_in_brings_the_last_page_again_and_the_connector_never_asks_past_it(counter: Counter) -> None:
    made = [counter.shop.order() for _ in range(5)]
    asked = {**criteria([], ["entity_id"], 2), "searchCriteria[currentPage]": 9}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{counter.server.url}/rest/default/V1/orders"
    answer = httpx.get(url, params={k: str(v) for k, v in asked.items()}, headers=headers).json()
    assert ([one["entity_id"] for one in answer["items"]], answer["total_count"]) == ([made[-1]], 5)
    counter.server.forget()
    assert len(records(counter.read(page_size=2))) == 5
    pages = {one.request.first("searchCriteria[currentPage]") for one in counter.server.exchanges}
    assert pages == {"1"}


def test_without_news_one_request_is_made(counter: Counter) -> None:
    for _ in range(5):
        counter.shop.order()
        counter.clock.advance(60)
    begun = cursor(counter.read())
    counter.clock.advance(3_600)
    counter.server.forget()
    assert len(records(counter.read(cursor=begun))) == 1, "the record of the last second, once more"
    assert counter.server.calls() == 1


def test_a_change_that_is_stored_late_is_met_within_the_lookback(counter: Counter) -> None:
    counter.shop.order()
    counter.clock.advance(30)
    counter.shop.order()
    begun = cursor(counter.read(lookback_seconds=60))
    late = counter.shop.order()
    counter.shop.tables["orders"][late]["updated_at"] = "2026-05-04 08:00:01"
    assert str(late) not in records(counter.read(cursor=begun, lookback_seconds=0))
    assert str(late) in records(counter.read(cursor=begun, lookback_seconds=60))


def test_a_second_change_within_a_second_that_a_long_reading_has_passed_is_met_by_the_next(counter: Counter) -> None:
    made = [counter.shop.order() for _ in range(5)]
    pages = counter.open(page_size=2).read(Slice(), None)
    first = next(pages)
    counter.shop.change("orders", made[0], status="holded")  # in the same second, and it has been read
    counter.clock.advance(60)
    counter.shop.order()
    last = [first, *pages][-1].cursor
    assert records(counter.read(cursor=last))[str(made[0])].body["status"] == "holded"


def test_a_record_from_the_future_hides_none_that_come_until_then(counter: Counter) -> None:
    wrong = counter.shop.order()
    counter.shop.tables["orders"][wrong]["updated_at"] = "2031-01-01 00:00:00"
    begun = cursor(counter.read())
    counter.clock.advance(60)
    order = counter.shop.order()
    assert str(order) in records(counter.read(cursor=begun))


def test_a_shop_that_cannot_say_or_ends_with_an_error_where_it_would_lose_something(counter: Counter) -> None:
    rows = [counter.shop.tables["orders"][counter.shop.order()] for _ in range(2)]
    counter.server.faults.fail(200, body={"items": rows, "total_count": 9}, times=2)
    with pytest.raises(ContractError, match="move on"):
        counter.read(page_size=2)


def test_what_a_shop_tells_without_time_or_order_is_an_error_and_never_passed_over(counter: Counter) -> None:
    good, bad = counter.shop.order(), counter.shop.order()
    counter.shop.tables["orders"][bad]["updated_at"] = "yesterday"
    (page,) = counter.read()
    assert [(one.remote_id) for one in page.records] == [str(good)]
    assert [error.remote_id for error in page.errors] == [str(bad)]
    unsorted = [{"entity_id": n, "updated_at": f"2026-05-0{5 - n} 08:00:00"} for n in (1, 2)]
    counter.server.faults.fail(200, body={"items": unsorted, "total_count": 2})
    with pytest.raises(ContractError, match="sorted"):
        counter.read()
    for body in ({"items": [{}], "total_count": 9}, {"items": [], "total_count": 9}, {"items": "x", "total_count": 1}):
        counter.server.faults.fail(200, body=body)
        with pytest.raises(ContractError):
            counter.read()


def test_ids_that_do_not_rise_or_are_not_there_end_a_sweep_with_an_error(counter: Counter) -> None:
    ids = counter.open().ids
    assert ids
    for body in ({"items": [], "total_count": 9}, {"items": [{"increment_id": "1"}], "total_count": 1}):
        counter.server.faults.fail(200, body=body)
        with pytest.raises(ContractError):
            list(ids(Slice()))
    counter.server.faults.fail(200, body={"items": None, "total_count": 0})
    assert list(ids(Slice())) == [[]], "a shop tells null where there is nothing"


def test_a_cart_that_is_ordered_is_told_of_and_an_empty_one_is_not_read(counter: Counter) -> None:
    who = counter.shop.customer("kim@plum.example")
    cart, empty = counter.shop.cart(["12.50"], who), counter.shop.cart([], who)
    begun = counter.read("carts")
    assert list(records(begun)) == [str(cart)]
    counter.clock.advance(60)
    counter.shop.change("carts", cart, is_active=False, reserved_order_id="000000009")
    (record,) = records(counter.read("carts", cursor(begun))).values()
    assert record.body["_open"] is False
    ids = counter.open("carts").ids
    assert ids
    assert str(empty) not in [one for some in ids(Slice()) for one in some]


def test_a_time_zero_is_no_time(counter: Counter) -> None:
    cart = counter.shop.cart(["12.50"], email="kim@plum.example")
    counter.shop.tables["carts"][cart]["updated_at"] = "0000-00-00 00:00:00"
    pages = counter.read("carts")
    assert records(pages)[str(cart)].changed_at is None
    assert list(records(counter.read("carts", cursor(pages)))) == [str(cart)]


def test_what_many_orders_of_a_page_lack_is_asked_for_at_once(counter: Counter) -> None:
    for number in range(6):
        order = counter.shop.order(f"{20 + number}.00")
        for _ in range(number % 3):
            counter.shop.refund(order, "1.00")
    counter.server.forget()
    found = records(counter.read(page_size=6))
    assert sorted(len(one.body.get("_refunds", ())) for one in found.values()) == [0, 0, 1, 1, 2, 2]
    assert [one.template.rpartition("/")[2] for one in counter.server.exchanges] == ["orders", "creditmemos"]


def test_get_asks_once_for_many(counter: Counter) -> None:
    made = [counter.shop.order() for _ in range(4)]
    counter.server.forget()
    get = counter.open(page_size=2).get
    assert get
    assert {int(one.remote_id) for one in get(Slice(), [RemoteId(str(number)) for number in (*made, 999)])} == {*made}
    assert counter.server.calls() == 3


def test_a_window_counts_a_part_of_a_second_as_the_next(counter: Counter) -> None:
    order = counter.shop.order()
    window = counter.open().window
    assert window
    start, end = datetime(2026, 5, 4, 8, 0, 0, 500, UTC), datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert not records(list(window(Slice(), start, end, None)))
    assert list(records(list(window(Slice(), start.replace(microsecond=0), end, None)))) == [str(order)]


def test_a_cursor_of_another_version_is_an_expired_one(counter: Counter) -> None:
    with pytest.raises(CursorExpiredError):
        counter.read(cursor=Cursor('{"since":1}'))
