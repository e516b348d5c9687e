"""What is particular to reading BigCommerce: empty pages, milliseconds to wait, refunds and lines, odd answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.core.exchange import Reply
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError, ForbiddenError
from tests.connectors.bigcommerce.mall import Mall, line


@pytest.mark.parametrize("stream", ["orders", "customers"])
@pytest.mark.parametrize(
    "body", ["<html>Down for maintenance</html>", b"[{", {"id": 1}, [{"name": "no id"}], {"data": [{"name": "no id"}]}]
)
def test_what_is_no_listing_stops_the_stream(mall: Mall, stream: str, body: Any) -> None:
    mall.server.faults.answer(Reply(200, body), times=10)
    with pytest.raises(ContractError, match="no list"):
        mall.read(stream)


def test_a_listing_that_ignores_what_it_was_asked_is_refused(mall: Mall) -> None:
    rows = [{"id": 7, "date_modified": "Wed, 05 Dec 2018 20:16:55 +0000"}]
    mall.server.faults.answer(Reply(200, rows), times=10)
    with pytest.raises(ContractError, match="listed by id"):
        mall.read()
    mall.server.faults.clear()
    mall.server.faults.answer(Reply(200, {"data": rows, "meta": {}}))
    with pytest.raises(ContractError, match="no cursor"):
        mall.read("customers")


def test_who_may_not_is_told_apart_from_who_is_not_known(mall: Mall) -> None:
    with pytest.raises(AuthError):
        mall.connector(access_token="another").check()
    mall.server.faults.fail(403)
    with pytest.raises(ForbiddenError):
        mall.connector().check()
    assert mall.connector().check().id == mall.store.hash


def test_an_empty_store_answers_without_a_body_and_is_read(mall: Mall) -> None:
    haul = mall.read()
    assert (haul.ids, haul.pages[-1].complete) == ([], True)


def test_a_plan_s_limit_is_kept_without_being_refused() -> None:
    with Mall(quota=150) as mall:
        for number in range(200):
            mall.buy(number)
        assert len(mall.read(page_size=1).ids) == 200
        assert not [one for one in mall.server.exchanges if one.reply.status == 429]
        assert mall.clock.slept > 0


def test_what_others_use_of_the_limit_is_heeded() -> None:
    with Mall(quota=20) as mall:
        for number in range(40):
            mall.buy(number)
        assert len(mall.read(page_size=1).ids) == 40
        assert len([one for one in mall.server.exchanges if one.reply.status == 429]) <= 1


def test_an_idle_run_takes_one_request(mall: Mall) -> None:
    mall.buy()
    mall.store.customer("ada@example.com")
    mall.clock.advance(3_600)
    orders, customers = mall.read().cursor, mall.read("customers").cursor
    mall.clock.advance(3_600)
    mall.server.forget()
    assert mall.read(cursor=orders).ids == []
    assert mall.read("customers", customers).ids == []
    assert (mall.server.calls(path="/orders"), mall.server.calls(path="/customers")) == (1, 1)


@pytest.mark.parametrize("stream", ["orders", "customers"])
def test_a_change_that_shows_up_late_is_met_within_the_lookback(mall: Mall, stream: str) -> None:
    before = mall.read(stream).cursor
    now = mall.clock.now()
    mall.store.now = lambda: now - timedelta(minutes=4)
    late = mall.buy() if stream == "orders" else mall.store.customer("ada@example.com")
    mall.store.now = mall.clock.now
    mall.clock.advance(1)
    assert mall.read(stream, before).ids == [str(late)]


def test_lines_and_fees_come_with_the_orders_and_refunds_by_one_request_a_page(mall: Mall) -> None:
    bought = [mall.buy(number, [line(), line("1.00")]) for number in range(4)]
    mall.store.refund(bought[1], "0.10", "late")
    mall.store.refund(bought[1], "0.20")
    mall.store.refund(bought[2], "12.50")
    records = mall.read().records
    assert mall.server.calls() == 3
    assert [len(one.body["_lines"]) for one in records] == [2, 2, 2, 2]
    assert [one.body["_refunded"] for one in records] == ["0", "0.3", "12.5", "0"]


def test_an_archived_order_is_gone_from_the_listing_and_told_of_where_it_is_shown(mall: Mall) -> None:
    kept, gone = mall.buy(1), mall.buy(2)
    mall.store.archive(gone)
    stream = mall.open()
    assert stream.ids
    assert stream.get
    assert [list(ids) for ids in stream.ids(Slice())] == [[str(kept)]]
    assert [
        one.remote_id for one in stream.get(Slice(), [RemoteId(str(gone)), RemoteId(str(kept)), RemoteId("x")])
    ] == [str(kept)]
    shown = {**mall.store.orders[gone], "consignments": {}, "fees": []}
    shown = {name: value for name, value in shown.items() if not name.startswith("_")}
    mall.server.faults.answer(Reply(200, [shown]))
    assert mall.read().gone == [str(gone)]


def test_what_the_staff_noted_and_where_an_order_came_from_is_not_kept(mall: Mall) -> None:
    mall.buy(staff_notes="difficult")
    (record,) = mall.read().records
    assert not {"staff_notes", "ip_address", "geoip_country"} & set(record.body)
