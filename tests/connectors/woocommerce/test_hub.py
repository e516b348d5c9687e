"""A WooCommerce shop behind a hub: a guest who registers is one customer, and what did not change writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.rig import Clock
from tests.connectors.woocommerce.market import BILLING, Market
from tests.sync.hubs import Stage, members, values


@pytest.fixture
def shop() -> Iterator[Market]:
    with Market(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC))) as market:
        yield market


@pytest.fixture
def stage(tmp_path: Path, database_url: str, shop: Market) -> Iterator[Stage]:
    """A hub that reads the shop, all customers with every sync."""
    (tmp_path / "s").mkdir(exist_ok=True)
    made = Stage(tmp_path, database_url)
    config = {**shop.server.settings, "customer_hours": 0}
    made.settings["connections"]["woo"] = {"connector": "woocommerce", "config": config}
    made.configure()
    yield made
    made.close()


def test_a_guest_who_registers_later_is_one_customer(stage: Stage, shop: Market) -> None:
    order = shop.shop.order(billing=BILLING, line_items=[{"total": "5.00"}], status="processing")
    assert stage.sync().ok
    (found,) = stage.customers()
    assert values(found)["email"] == "ada@example.com"
    ada = shop.shop.customer("ada@example.com", first_name="Ada", billing=BILLING)
    stage.clock.sleep(60)
    shop.clock.advance(60)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert members(found) == [f"woo/customers {ada}", f"woo/orders {order}"]
    told = {f"woocommerce:order:{order}", f"woocommerce:transaction:{order}"}
    assert {item.key for item in stage.hub.timeline(found.id)} == told


def test_all_customers_read_again_write_nothing_and_tell_who_is_gone(stage: Stage, shop: Market) -> None:
    ada, kim, lee = (shop.shop.customer(f"{name}@example.com", first_name=name) for name in ("ada", "kim", "lee"))
    shop.shop.refund(shop.buy(customer_id=ada), "1.00")
    assert stage.sync().ok
    before = stage.dump()
    shop.server.forget()
    assert stage.sync().ok
    assert shop.server.calls(path="/customers") == 1
    assert stage.dump() == before
    shop.shop.delete_customer(kim)
    assert stage.sync().ok
    assert sorted(one for found in stage.customers() for one in members(found)) == [
        f"woo/customers {ada}",
        f"woo/customers {lee}",
    ]
