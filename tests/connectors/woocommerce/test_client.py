"""WooCommerce's own client works against the stand-in, unchanged, and what it writes is what the connector reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from woocommerce import API

from connectors.woocommerce.sandbox import KEY, SECRET, WooSandbox
from connectors.woocommerce.shop import WooShop
from tests.connectors.haul import Haul
from tests.connectors.woocommerce.market import BILLING, WRONG, Market, line

pytestmark = pytest.mark.proof("official client", "woocommerce")


class PresentMarket(Market):
    """A shop that lives now, as the client does: it stamps its signatures itself."""

    def __init__(self) -> None:
        super().__init__()
        self.server = WooSandbox(WooShop(), keep=50)
        self.clock.advance((self.server.shop.now() - self.clock.now()).total_seconds())


@pytest.fixture
def present() -> Iterator[PresentMarket]:
    with PresentMarket() as market:
        yield market


@pytest.fixture
def api(present: PresentMarket) -> API:
    return client(present)


def client(market: Market, secret: str = SECRET) -> API:
    """The client; over http it signs by OAuth 1.0a of its own making."""
    return API(url=market.server.url, consumer_key=KEY, consumer_secret=secret, version="wc/v3")


def test_it_is_refused_as_woocommerce_refuses(present: PresentMarket, api: API) -> None:
    wrong = client(present, WRONG).get("orders")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    assert "signature" in wrong.json()["message"]
    missing = api.get("orders/77").json()
    assert (missing["code"], missing["data"]) == ("woocommerce_rest_shop_order_invalid_id", {"status": 404})
    many = api.get("orders", params={"per_page": 101})
    assert (many.status_code, many.json()["code"]) == (400, "rest_invalid_param")
    assert api.get("nothing").json()["code"] == "rest_no_route"
    assert api.delete("customers/1").status_code == 501


def test_an_order_that_it_writes_refunds_and_throws_away_is_read(present: PresentMarket, api: API) -> None:
    buyer = api.post("customers", {"email": "ada@example.com", "first_name": "Ada", "billing": BILLING}).json()
    order = api.post(
        "orders", {"customer_id": buyer["id"], "set_paid": True, "line_items": [line("10.00", total_tax="2.10")]}
    ).json()
    assert (order["total"], order["status"]) == ("12.10", "processing")
    refund = api.post(f"orders/{order['id']}/refunds", {"amount": "2.10", "reason": "late"}).json()
    (record,) = present.read().records
    assert [one["amount"] for one in record.body["_refunds"]] == [refund["amount"]] == ["2.10"]
    assert record.body["line_items"] == api.get(f"orders/{order['id']}").json()["line_items"]
    assert present.read("customers").ids == [str(buyer["id"])]
    before = present.read().cursor
    assert api.delete(f"orders/{order['id']}").json()["status"] == "trash"
    assert present.read(cursor=before).gone == [str(order["id"])]
    assert api.delete(f"orders/{order['id']}", params={"force": True}).status_code == 200
    assert Haul(present.read().pages).ids == []


def test_its_pages_hold_what_the_connector_reads(present: PresentMarket, api: API) -> None:
    bought = [str(present.buy(number)) for number in range(5)]
    first = api.get("orders", params={"per_page": 3, "order": "asc", "orderby": "id"})
    assert first.headers["X-WP-Total"] == "5"
    assert first.headers["X-WP-TotalPages"] == "2"
    assert "page=2" in first.links["next"]["url"]
    second = api.get("orders", params={"per_page": 3, "order": "asc", "orderby": "id", "page": 2})
    assert [str(row["id"]) for row in (*first.json(), *second.json())] == bought == present.read(page_size=3).ids


def test_a_webhook_that_it_sets_up_is_pinged_and_switched_off_after_five_failures(
    present: PresentMarket, api: API
) -> None:
    hook = {"name": "Orders", "topic": "order.updated", "delivery_url": "http://127.0.0.1:9/", "secret": "s"}
    made = api.post("webhooks", hook).json()
    assert (made["status"], made["resource"], made["event"]) == ("active", "order", "updated")
    assert present.shop.deliveries[-1].body == f"webhook_id={made['id']}".encode()
    present.shop.send = lambda delivery: 500
    order = present.buy()
    for _ in range(7):
        present.shop.update(order, customer_note="again")
    assert [one["status"] for one in api.get("webhooks").json()] == ["disabled"]
    assert len(present.shop.deliveries) == 1 + 5
    assert api.put(f"webhooks/{made['id']}", {"status": "active"}).json()["status"] == "active"
