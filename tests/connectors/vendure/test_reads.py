"""What is special to Vendure: lists that only skip and count, errors inside 200, refunds that move nothing, money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.core.exchange import Reply
from connectors.vendure.connector import VendureConfig
from connectors.vendure.sandbox import API_KEY
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ConfigError, ContractError, CursorExpiredError, ForbiddenError, TransientError
from tests.connectors.vendure.counter import Counter

HOUR = 3600.0


def sold(counter: Counter, count: int = 1) -> list[str]:
    """Orders a minute apart, the last of them longer ago than anybody looks back."""
    made = []
    for number in range(count):
        made.append(counter.shop.buy(counter.shop.register(f"ada.{number}@example.com")))
        counter.clock.advance(60)
    counter.clock.advance(600)
    return made


def test_a_permission_that_is_missing_is_told_from_a_login_that_ended(counter: Counter) -> None:
    sold(counter)
    counter.server.permissions.discard("ReadOrder")
    with pytest.raises(ForbiddenError, match="permission"):
        counter.read("orders")
    assert counter.read("customers").ids == ["1"]


def test_a_session_that_ended_is_begun_anew_once(counter: Counter) -> None:
    sold(counter)
    connector = counter.connector()
    connector.check()
    counter.server.sessions.clear()
    assert connector.check().name == "__default_channel__"
    assert len(counter.server.sessions) == 1


def test_a_session_is_kept_for_the_next_run(counter: Counter) -> None:
    sold(counter)
    counter.read("orders")
    counter.read("customers")
    assert len(counter.server.sessions) == 1


def test_an_api_key_does_as_well_and_a_wrong_one_is_an_auth_error(counter: Counter) -> None:
    sold(counter)
    assert counter.read("orders", username="", password=None, api_key=API_KEY).ids == ["1"]
    with pytest.raises(AuthError):
        counter.connector(username="", password=None, api_key="another").check()
    with pytest.raises(AuthError):
        counter.read("orders", username="", password=None, api_key="another")


def test_a_channel_that_is_not_there_is_a_matter_of_the_configuration(counter: Counter) -> None:
    counter.server.channels.add("another-channel")
    with pytest.raises(ConfigError, match="CHANNEL_NOT_FOUND"):
        counter.connector(channel="no-such-channel").check()
    assert counter.connector(channel="another-channel").check().id


@pytest.mark.parametrize(
    ("code", "kind"),
    [("INTERNAL_SERVER_ERROR", TransientError), ("USER_INPUT_ERROR", ContractError), ("", TransientError)],
)
def test_an_error_inside_an_answer_of_200_is_no_data(counter: Counter, code: str, kind: type[Exception]) -> None:
    sold(counter)
    counter.connector().check()
    error = {"message": "quoting ada.0@example.com", **({"extensions": {"code": code}} if code else {})}
    counter.server.faults.answer(Reply(200, {"errors": [error], "data": {"found": None}}), times=9)
    with pytest.raises(kind) as refused:
        counter.read("orders")
    assert "ada" not in str(refused.value)


def test_an_idle_reading_is_one_request(counter: Counter) -> None:
    sold(counter, 5)
    for stream in ("customers", "orders"):
        cursor = counter.read(stream).cursor
        counter.clock.advance(20 * 60)
        cursor = counter.read(stream, cursor).cursor
        counter.clock.advance(20 * 60)
        counter.server.forget()
        assert counter.read(stream, cursor).ids == []
        assert counter.server.calls("POST") == 1


def test_a_refund_moves_no_order_and_is_found_all_the_same(counter: Counter) -> None:
    first, second = sold(counter, 2)
    before = counter.read("orders")
    counter.clock.advance(2 * HOUR)
    counter.shop.refund(first, 600, "broken")
    counter.clock.advance(HOUR)
    after = counter.read("orders", before.cursor)
    assert after.ids == [first]
    assert after.records[0].body["_order"]["refunded"] == "6.00"
    changed = [record.changed_at for haul in (before, after) for record in haul.records if record.remote_id == first]
    assert None not in changed
    assert changed == sorted(set(changed), key=str)
    assert counter.read("orders", after.cursor).ids == []
    assert second not in after.ids


def test_refunds_are_looked_for_once_an_hour_and_for_so_many_days(counter: Counter) -> None:
    (order,) = sold(counter)
    before = counter.read("orders")
    counter.clock.advance(HOUR / 2)
    counter.shop.refund(order, 600)
    soon = counter.read("orders", before.cursor)
    assert soon.ids == []
    counter.clock.advance(HOUR)
    assert counter.read("orders", soon.cursor).ids == [order]
    assert counter.read("orders", soon.cursor, refund_check_minutes=600).ids == []
    assert counter.read("orders", soon.cursor, refund_days=0).ids == []
    counter.clock.advance(timedelta(days=61).total_seconds())
    assert counter.read("orders", soon.cursor).ids == []


def test_a_look_for_refunds_that_was_cut_off_is_taken_up_again(counter: Counter) -> None:
    orders = sold(counter, 5)
    before = counter.read("orders")
    counter.clock.advance(2 * HOUR)
    for order in orders:
        counter.shop.refund(order, 600)
    counter.clock.advance(HOUR)
    pages = counter.open("orders", page_size=2).read(Slice(), before.cursor)
    kept = next(pages).cursor
    next(pages)
    counter.server.forget()
    assert counter.read("orders", kept, page_size=2).ids == orders
    assert counter.server.calls("POST") == 1 + 3, "the round of changes is not read again"


def test_a_row_removed_on_an_earlier_page_hides_none(counter: Counter) -> None:
    orders = sold(counter, 9)
    pages = counter.open("orders", page_size=2).read(Slice(), None)
    found = [record.remote_id for _ in range(3) for record in next(pages).records]
    for gone in (orders[1], orders[2], found[-1]):
        counter.shop.delete("order", gone)
    found += [record.remote_id for page in pages for record in page.records]
    assert set(found) == set(orders)


def test_a_place_whose_row_and_all_before_it_are_gone_reads_on(counter: Counter) -> None:
    orders = sold(counter, 7)
    first = next(iter(counter.open("orders", page_size=3).read(Slice(), None)))
    for gone in orders[:3]:
        counter.shop.delete("order", gone)
    assert counter.read("orders", first.cursor, page_size=3).ids == orders[3:]


def test_a_window_does_not_trust_texts_for_times(counter: Counter) -> None:
    orders = sold(counter, 5)
    start = counter.clock.now() - timedelta(minutes=14)
    window = counter.open("orders").window
    assert window is not None
    found = [r.remote_id for p in window(Slice(), start, start + timedelta(minutes=2), None) for r in p.records]
    assert found == orders[1:3]


def test_a_shop_that_allows_shorter_lists_is_read_by_them() -> None:
    with Counter(most=3) as counter:
        orders = sold(counter, 7)
        with pytest.raises(ContractError, match="USER_INPUT_ERROR"):
            counter.read("orders")
        before = counter.read("orders", list_limit=3)
        assert before.ids == orders
        ids = counter.open("orders", list_limit=3).ids
        assert ids is not None
        assert [each for some in ids(Slice()) for each in some] == orders
        counter.clock.advance(2 * HOUR)
        counter.shop.refund(orders[0], 600)
        counter.clock.advance(HOUR)
        assert counter.read("orders", before.cursor, list_limit=3).ids == orders[:1]


def test_a_cursor_of_another_version_is_read_in_full_again(counter: Counter) -> None:
    with pytest.raises(CursorExpiredError):
        counter.read("orders", '{"phase":"full","v":99}')  # type: ignore[arg-type]  # a plain text will do
    with pytest.raises(CursorExpiredError):
        counter.read("orders", '{"phase":"lost"}')  # type: ignore[arg-type]


def test_custom_fields_are_asked_for_by_name_only(counter: Counter) -> None:
    customer = counter.shop.register("ada@example.com", customFields={"vat": "GB1", "secret": "x"})
    counter.shop.buy(customer)
    assert counter.read("customers", customer_fields=["vat"]).records[0].body["customFields"] == {"vat": "GB1"}
    with pytest.raises(ContractError, match="GRAPHQL_VALIDATION_FAILED"):
        counter.read("customers", customer_fields=["nothing"])


def test_ids_that_are_gone_are_left_out(counter: Counter) -> None:
    orders = sold(counter, 3)
    get = counter.open("orders", page_size=2).get
    assert get is not None
    assert [one.remote_id for one in get(Slice(), [RemoteId(each) for each in (*orders, "99")])] == orders


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"username": ""}, "username and password"),
        ({"api_key": "k"}, "username and password"),
        ({"url": "shop.example"}, "url"),
        ({"page_size": 1000}, "page_size"),
        ({"order_fields": ["a b"]}, "order_fields"),
    ],
)
def test_a_wrong_configuration_says_where(counter: Counter, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        VendureConfig.model_validate({**counter.server.settings, **wrong})
    assert told in str(refused.value)
