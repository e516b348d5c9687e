"""What is special to Medusa: lists by id and lists that only skip, payments that move no order, logins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.core.exchange import Reply
from connectors.medusa.connector import MedusaConfig
from connectors.medusa.sandbox import API_KEY
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError
from tests.connectors.medusa.till import Till

HOUR = 3600.0
STREAMS = ("customers", "orders", "draft_orders")


def sold(till: Till, count: int = 1, **more: Any) -> list[str]:
    """Orders a minute apart, the last of them longer ago than anybody looks back."""
    made = []
    for number in range(count):
        made.append(till.store.buy(till.store.register(f"ada.{number}@example.com"), **more))
        till.clock.advance(60)
    till.clock.advance(600)
    return made


def test_an_idle_reading_is_one_request(till: Till) -> None:
    sold(till, 5)
    sold(till, 5, draft=True)
    for stream in STREAMS:
        cursor = till.read(stream).cursor
        till.clock.advance(20 * 60)
        till.server.forget()
        assert till.read(stream, cursor).ids == []
        assert till.server.calls() == 1


def test_money_that_is_taken_moves_no_order_and_is_found_all_the_same(till: Till) -> None:
    first, second = sold(till, 2, pay=False)
    for order in (first, second):
        till.store.pay(order, take=False)
    till.clock.advance(600)
    before = till.read("orders")
    assert all("_payments" not in record.body for record in before.records), "nothing was taken yet"
    till.clock.advance(2 * HOUR)
    till.store.take(first)
    till.clock.advance(HOUR)
    after = till.read("orders", before.cursor)
    assert after.ids == [first]
    assert after.records[0].body["_order"]["paid_at"] == "2026-05-04T10:22:00.000Z"
    assert till.read("orders", after.cursor).ids == []


def test_payments_are_looked_for_once_an_hour(till: Till) -> None:
    (order,) = sold(till, pay=False)
    before = till.read("orders")
    till.clock.advance(HOUR / 2)
    till.store.pay(order)
    assert till.read("orders", before.cursor).ids == []
    assert till.read("orders", before.cursor, payment_check_minutes=10).ids == [order]
    till.clock.advance(HOUR)
    assert till.read("orders", before.cursor).ids == [order]


def test_drafts_are_skipped_over_and_one_removed_before_the_place_hides_none(till: Till) -> None:
    drafts = sold(till, 9, draft=True)
    pages = till.open("draft_orders", page_size=2).read(Slice(), None)
    found = [record.remote_id for _ in range(3) for record in next(pages).records]
    for gone in (drafts[1], drafts[2], found[-1]):
        till.store.delete("orders", gone)
    found += [record.remote_id for page in pages for record in page.records]
    assert set(found) == set(drafts)


def test_a_draft_that_became_an_order_is_a_draft_no_more(till: Till) -> None:
    (draft,) = sold(till, draft=True)
    assert till.read("draft_orders").ids == [draft]
    till.store.change("orders", draft, is_draft_order=False, status="pending")
    assert (till.read("draft_orders").ids, till.read("orders").ids) == ([], [draft])


def test_a_secret_key_does_as_well_and_a_wrong_one_is_an_auth_error(till: Till) -> None:
    sold(till)
    key: dict[str, Any] = {"email": "", "password": None}
    assert len(till.read("orders", api_key=API_KEY, **key).ids) == 1
    with pytest.raises(AuthError):
        till.connector(api_key="sk_wrong", **key).check()


def test_a_session_that_ended_is_begun_anew_once(till: Till) -> None:
    connector = till.connector()
    connector.check()
    till.server.sessions.clear()
    assert connector.check().name == "Sandbox"
    assert len(till.server.sessions) == 1


def test_a_login_that_asks_for_more_is_no_login(till: Till) -> None:
    till.server.faults.answer(Reply(200, {"location": "https://elsewhere.example"}), path="/auth/")
    with pytest.raises(ContractError, match="no token"):
        till.connector().check()


@pytest.mark.parametrize(
    "answer",
    [{"orders": {}}, {"orders": [], "count": "many"}, {"orders": [{"email": "ada@example.com"}], "count": 1}, []],
)
def test_an_answer_of_another_shape_is_no_data(till: Till, answer: Any) -> None:
    sold(till)
    till.server.faults.answer(Reply(200, answer), path="/admin/orders")
    with pytest.raises(ContractError) as refused:
        till.read("orders")
    assert "ada" not in str(refused.value)


def test_a_listing_that_stands_still_ends_with_an_error(till: Till) -> None:
    orders = sold(till, 5)
    first = till.open("orders", page_size=2).read(Slice(), None)
    next(first)
    again = {"orders": [{"id": orders[1]}], "count": 9}
    till.server.faults.answer(Reply(200, again), path="/admin/orders")
    with pytest.raises(ContractError, match="does not move"):
        next(first)


def test_a_window_is_told_by_the_shop(till: Till) -> None:
    orders = sold(till, 5)
    start = till.clock.now() - timedelta(minutes=14)
    window = till.open("orders").window
    assert window is not None
    found = [r.remote_id for p in window(Slice(), start, start + timedelta(minutes=2), None) for r in p.records]
    assert found == orders[1:3]


def test_ids_that_are_gone_are_left_out(till: Till) -> None:
    orders = sold(till, 3)
    get = till.open("orders", page_size=2).get
    assert get is not None
    assert [one.remote_id for one in get(Slice(), [RemoteId(each) for each in (*orders, "order_0")])] == orders


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"email": ""}, "email and password"),
        ({"api_key": "k"}, "email and password"),
        ({"url": "shop.example"}, "url"),
        ({"page_size": 1000}, "page_size"),
    ],
)
def test_a_wrong_configuration_says_where(till: Till, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MedusaConfig.model_validate({**till.server.settings, **wrong})
    assert told in str(refused.value)
