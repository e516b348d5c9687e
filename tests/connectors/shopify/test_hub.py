"""A Shopify shop behind a hub: its export files and its API tell of one order and one customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.shopify.shop import Held
from tests.connectors.rig import Clock
from tests.connectors.shopify.market import Market
from tests.sync.hubs import Stage, members, stream, values

ORDERS = (
    "Id,Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Refunded Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name\n"
)
CUSTOMERS = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Total Orders\n"
KIM = "kim@plum.example"


@pytest.fixture
def market() -> Iterator[Market]:
    # The hub has a clock of its own, and so has the vendor; both begin on the same day.
    made = Market(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield made
    made.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, market: Market) -> Iterator[Stage]:
    """A hub that reads the shop, exports of it, and a CRM."""
    made = Stage(tmp_path, database_url, shop=("people",))
    made.settings["connections"]["web"] = {"connector": "shopify", "config": dict(market.server.settings)}
    (tmp_path / "exports").mkdir()
    made.settings["connections"]["exports"] = {"connector": "files", "config": {"path": str(tmp_path / "exports")}}
    made.configure()
    yield made
    made.close()


def export(stage: Stage, order: Held, customer: Held) -> None:
    """The order and its customer as Shopify's export files have them."""
    told, bought = order.values, order.values["totalPriceSet"]["shopMoney"]["amount"]
    row = [
        f"'{order.number}", told["name"], KIM, "paid", told["createdAt"], "EUR", bought, "0.00", "0.00", bought, "0.00",
        "0.00", told["createdAt"], "1", "Chair", "100.00", "CHA-1", "Kim Plum",
    ]  # fmt: skip
    folder = stage.folder / "exports"
    (folder / "orders.csv").write_text(ORDERS + ",".join(row) + "\n")
    (folder / "customers.csv").write_text(CUSTOMERS + f"'{customer.number},Kim,Plum,{KIM},yes,100.00,1\n")


def facts(stage: Stage, kind: str) -> list[str]:
    return sorted(row["key"] for row in stage.rows("fact") if row["kind"] == kind)


def test_exports_and_the_api_tell_of_one_order_and_one_customer(stage: Stage, market: Market) -> None:
    kim = market.shop.customer("Kim", "Plum", email=KIM, subscribed=True)
    order = market.shop.order(customer=kim)
    export(stage, order, kim)
    assert stage.sync().ok
    (one,) = stage.customers()
    assert f"web/customers {kim.number}" in members(one)
    assert f"exports/shopify_customers {kim.number}" in members(one)
    assert facts(stage, "order") == [f"shopify:order:{order.number}"]
    (item,) = [item for item in stage.hub.timeline(one.id) if item.kind == "order"]
    assert item.sources == ["exports/shopify_orders", "web/orders"]
    before = stage.dump()
    assert stage.sync().ok
    assert stage.dump() == before


def test_a_guest_is_one_with_a_later_account_and_a_second_read_in_bulk_changes_nothing(
    stage: Stage, market: Market
) -> None:
    market.server.scopes -= {"read_draft_orders"}
    market.server.bulks.seconds = 0
    company = market.shop.company("Plum BV", "NL001234567B01")
    for number in range(3):
        order = market.shop.order([("Chair", 1, "10.0")] * (number + 1), email=KIM, purchasingEntity=company)
        market.shop.refund(order, "1.0")
    market.shop.order(email=KIM, gateway="stripe", receipt={"id": "ch_3Nabcdef"})
    report = stage.sync()
    assert "read_draft_orders" in stream(report, "web/draft_orders").message
    assert stream(report, "web/orders").new == 4
    assert {values(one).get("name") for one in stage.customers()} == {None, "Plum BV"}
    assert "stripe:charge:ch_3Nabcdef" in facts(stage, "payment")
    market.server.scopes |= {"read_draft_orders"}
    market.shop.checkout(customer=market.shop.customer("Kim", "Plum", email=KIM.upper()))
    assert stage.sync().ok
    assert (len(stage.customers()), len(facts(stage, "deal"))) == (2, 1)
    before = {name: stage.dump()[name] for name in ("raw_record", "fact", "customer", "entity")}
    stage.configure("web", config={"bulk_above": 0, "page_size": 2})
    assert stage.sync(full=True).ok
    assert {name: stage.dump()[name] for name in before} == before
    assert len(market.server.bulks.running) == 1
