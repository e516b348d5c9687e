"""Vendure's customers and orders read from a real one; run by ``make test-real``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.vendure import mapping, reads
from connectors.vendure.api import LOGIN, WHO
from mapping.contract import Cursor, Slice
from mapping.errors import AuthError, ForbiddenError
from tests.connectors.contract import ReaderContract
from tests.connectors.haul import Haul
from tests.connectors.rig import Tokens, stream_of
from tests.connectors.shapes import differences
from tests.connectors.vendure.counter import Counter
from tests.connectors.vendure.works import WRONG, RealRig, Works
from tests.servers.vendure import RELEASE

pytestmark = [pytest.mark.real, pytest.mark.proof("real server", f"Vendure {RELEASE}")]


class TestReal(ReaderContract):
    @pytest.fixture(params=["customers", "orders"])
    def rig(self, request: pytest.FixtureRequest, works: Works) -> RealRig:
        return RealRig(works, request.param)


def read(works: Works, stream: str, cursor: Cursor | None = None, **config: Any) -> Haul:
    """All pages from a cursor on."""
    return Haul(list(stream_of(works.connector(**config), stream).read(Slice(), cursor)))


@pytest.fixture
def shop(works: Works) -> Works:
    """The shop, empty, at the server's own time."""
    works.renew()
    return to_the_present(works)


def to_the_present(works: Works) -> Works:
    """Sets the clock that connectors live by to the server's own, a second after all that was done there: times have
    whole seconds."""
    time.sleep(1.1)
    works.way.clock.advance((datetime.now(UTC) - works.way.clock.now()).total_seconds())
    return works


def test_a_guest_s_purchase_comes_as_it_was_made(shop: Works) -> None:
    order = shop.backdoor.buy("kim@plum.example", 2, name="Kim Plum", company="Plum Ltd")
    (record,) = read(shop, "orders").records
    told = record.body["_order"]
    assert (record.remote_id, told["key"], told["currency"]) == (order, f"vendure:order:{order}", "GBP")
    assert [told[name] for name in ("subtotal", "shipping", "tax", "total")] == ["20.00", "5.00", "5.00", "30.00"]
    assert told["lines"] == [{"title": "Lamp", "sku": "LAMP-1", "quantity": "2", "price": "10.00"}]
    assert told["paid_at"]
    assert record.body["_buyer"]["email"] == "kim@plum.example"
    assert record.body["_company"]["name"] == "Plum Ltd"
    (customer,) = read(shop, "customers").records
    assert (customer.body["firstName"], customer.body["_address"]["locality"]) == ("Kim", "Leeds")
    assert customer.body["_company"]["ids"] == record.body["_company"]["ids"]


def test_a_refund_moves_no_order_and_is_found_all_the_same(shop: Works) -> None:
    first, second = (shop.backdoor.buy(f"kim.{number}@plum.example") for number in range(2))
    to_the_present(shop)
    before = read(shop, "orders", lookback_minutes=0)
    payment = next(each for each in before.records if each.remote_id == first).body["payments"][0]["id"]
    to_the_present(shop)
    shop.backdoor.refund(payment, 600, "broken")
    shop.way.clock.advance(2 * 3600)
    after = read(shop, "orders", before.cursor, lookback_minutes=0)
    assert after.ids == [first]
    (record,) = after.records
    assert record.body["updatedAt"] == next(r for r in before.records if r.remote_id == first).body["updatedAt"]
    assert (record.body["_order"]["refunded"], record.body["_order"]["refunds"][0]["reason"]) == ("6.00", "broken")
    assert second not in after.ids


def test_a_cancelled_order_keeps_what_was_charged(shop: Works) -> None:
    order = shop.backdoor.buy("kim@plum.example", 2)
    shop.backdoor.cancel(order)
    told = read(shop, "orders").records[0].body["_order"]
    assert (told["total"], told["status"], told["custom"]) == ("30.00", "Cancelled", {"current_total": "6.00"})
    assert told["cancelled_at"]


def test_a_cart_is_a_deal(shop: Works) -> None:
    shop.backdoor.buy("kim@plum.example", pay=False)
    body = read(shop, "orders").records[0].body
    assert body["_cart"]["stage"] == "AddingItems"
    assert "_order" not in body


def test_a_session_that_ended_is_begun_anew(shop: Works) -> None:
    connector = shop.connector()
    connector.check()
    shop.end_sessions()
    assert connector.check().name == "__default_channel__"


def test_an_administrator_without_the_permission_is_told_from_a_wrong_login(shop: Works) -> None:
    shop.backdoor.buy("kim@plum.example")
    user, password = shop.backdoor.administrator("ReadCustomer")
    login: dict[str, Any] = {"tokens": Tokens(), "username": user, "password": password}
    assert read(shop, "customers", **login).ids
    with pytest.raises(ForbiddenError):
        read(shop, "orders", **login)
    with pytest.raises(AuthError):
        read(shop, "orders", tokens=Tokens(), password=WRONG)


def test_the_two_permissions_that_the_page_names_are_enough(shop: Works) -> None:
    order = shop.backdoor.buy("kim@plum.example", 2)
    shop.backdoor.fulfil(order)
    user, password = shop.backdoor.administrator("ReadCustomer", "ReadOrder")
    login: dict[str, Any] = {"tokens": Tokens(), "username": user, "password": password}
    assert read(shop, "orders", **login).records[0].body["_order"]["total"] == "30.00"
    assert read(shop, "customers", **login).ids


def test_an_order_outlives_its_customer(shop: Works) -> None:
    shop.backdoor.buy("kim@plum.example", 2)
    (customer,) = read(shop, "customers").ids
    shop.backdoor.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=customer)
    assert read(shop, "customers").ids == []
    assert read(shop, "orders").records[0].body["_order"]["total"] == "30.00"


def test_an_api_key_logs_in_and_a_wrong_one_does_not(shop: Works) -> None:
    shop.backdoor.buy("kim@plum.example")
    login: dict[str, Any] = {"username": "", "password": None}
    assert read(shop, "orders", api_key=shop.backdoor.api_key(), **login).ids
    with pytest.raises(AuthError):
        read(shop, "orders", api_key="wrong:key", **login)


def test_the_stand_in_answers_as_the_server_does(shop: Works, counter: Counter) -> None:
    order = shop.backdoor.buy("kim@plum.example", company="Plum Ltd")
    payment = read(shop, "orders").records[0].body["payments"][0]["id"]
    shop.backdoor.refund(payment, 600, "broken")
    shop.backdoor.customer("ada@example.com", phoneNumber="020 7946 0001")
    shop.backdoor.fulfil(order)
    customer = counter.shop.register("ada@example.com", phoneNumber="020 7946 0001")
    counter.shop.settle_at(customer, {"streetLine1": "1 Low Road"})
    made = counter.shop.buy(customer, place={"company": "Plum Ltd"})
    counter.shop.refund(made, 600, "broken")
    counter.shop.fulfil(made)
    counter.connector().check()
    (token,) = counter.server.sessions
    for query, variables in questions():
        theirs = shop.backdoor.answer(query, variables)
        headers = {"Authorization": f"Bearer {token}"}
        told = {"query": query, "variables": variables}
        ours = httpx.post(f"{counter.server.url}/admin-api", json=told, headers=headers, trust_env=False)
        assert ours.status_code == theirs.status_code
        assert list(differences(ours.json().get("data"), theirs.json().get("data"))) == []
        codes = [[each["extensions"]["code"] for each in one.json().get("errors", ())] for one in (ours, theirs)]
        assert codes[0] == codes[1]


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the connector asks, and what is refused."""
    yield WHO, {}
    for kind, fields in (("Customer", mapping.CUSTOMER), ("Order", mapping.ORDER), ("Order", reads.BENEATH)):
        query = reads.QUERY.format(kind=kind, list=f"{kind.lower()}s", fields=fields, more=reads.PRECISION)
        bounds = {"updatedAt": {"after": "2020-01-01T00:00:00.000Z", "before": "2100-01-01T00:00:00.000Z"}}
        yield query, {"options": {"filter": bounds, "sort": {"id": "DESC"}, "skip": 0, "take": 2}}
        yield query, {"options": {"filter": {"id": {"in": ["1"]}}, "take": 1001}}
    yield LOGIN, {"username": "nobody", "password": "wrong"}
    yield "{ customers { totalItems nothing } }", {}
    yield "{ customers", {}
