"""Magento behind a hub: guests and registered customers, money that is told of twice and counted once, deletions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from connectors.magento.sandbox import TOKEN
from tests.connectors.magento.counter import Counter
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, stream, values

KIM = "kim@plum.example"


@pytest.fixture
def firm() -> Iterator[Counter]:
    # The hub has a clock of its own, and so has the shop; both begin on the same day.
    with Counter(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC))) as counter:
        yield counter


@pytest.fixture
def stage(tmp_path: Path, sqlite_template: Path, firm: Counter) -> Iterator[Stage]:
    """A hub that reads one shop."""
    copyfile(sqlite_template, tmp_path / "hub.db")
    made = Stage(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}")
    made.settings["connections"] = {"shop": {"connector": "magento", "config": dict(firm.server.settings)}}
    made.configure()
    yield made
    made.close()


def facts(stage: Stage) -> dict[str, dict[str, Any]]:
    """The facts by key, as their records tell them."""
    rows = [row["values"] for row in stage.rows("entity")]
    told = [one if isinstance(one, dict) else json.loads(one) for one in rows]
    return {one["key"]: one for one in told if "key" in one}


def test_a_guest_who_registers_is_one_customer_with_both_orders(stage: Stage, firm: Counter) -> None:
    first = firm.shop.order("20.00", customer_email=KIM)
    assert stage.sync().ok
    firm.clock.advance(120)
    who = firm.shop.customer(KIM)
    second = firm.shop.order("30.00", who)
    assert stage.sync().ok
    one = stage.customer(KIM)
    assert values(one)["name"] == "Kim Plum"
    assert {item.key for item in stage.hub.timeline(one.id)} == {f"magento:order:{id_}" for id_ in (first, second)}


def test_a_refund_changes_its_order_and_a_second_sync_changes_nothing(stage: Stage, firm: Counter) -> None:
    order = firm.shop.order("59.99", firm.shop.customer(KIM))
    firm.shop.invoice(order)
    assert stage.sync().ok
    firm.clock.advance(120)
    memo = firm.shop.refund(order, "9.99")
    assert stream(stage.sync(), "shop/orders").changed == 1
    told = facts(stage)[f"magento:order:{order}"]
    assert (told["refunded"], [one["key"] for one in told["refunds"]]) == ("9.99", [f"magento:creditmemo:{memo}"])
    before = {name: stage.dump()[name] for name in ("raw_record", "fact", "customer", "entity")}
    assert stage.sync(full=True).ok
    assert {name: stage.dump()[name] for name in before} == before


def test_the_payment_of_a_shop_has_the_key_under_which_stripe_tells_of_it(stage: Stage, firm: Counter) -> None:
    order = firm.shop.order("59.99", firm.shop.customer(KIM), method="stripe_payments")
    invoice = firm.shop.invoice(order, "ch_3Nabc")
    assert stage.sync().ok
    keys = {item.key for item in stage.hub.timeline(stage.customer(KIM).id)}
    assert keys == {f"magento:order:{order}", f"magento:invoice:{invoice}", "stripe:charge:ch_3Nabc"}


def test_a_second_shop_has_orders_of_its_own_and_yet_the_same_payments(stage: Stage, firm: Counter) -> None:
    with Counter(Clock(firm.clock.now())) as other:
        other.shop.url = "https://other.example/"
        for shop in (firm.shop, other.shop):
            shop.invoice(shop.order("20.00", customer_email=KIM, method="stripe_payments"), f"ch_{shop.url[8:12]}")
        stage.settings["connections"]["second"] = {"connector": "magento", "config": dict(other.server.settings)}
        stage.configure()
        assert stage.sync().ok
    orders = sorted(key for key in facts(stage) if ":order:" in key)
    assert (len(orders), orders[0].startswith("magento."), orders[1].startswith("magento:")) == (2, True, True)
    assert {key for key in facts(stage) if key.startswith("stripe")} == {
        "stripe:charge:ch_shop",
        "stripe:charge:ch_othe",
    }


def test_a_customer_who_is_deleted_is_found_missing_by_a_sweep(stage: Stage, firm: Counter) -> None:
    who = firm.shop.customer(KIM)
    for number in range(3):
        firm.shop.customer(f"ann.{number}@plum.example", "Ann", f"Peach {number}")
    assert stage.sync().ok
    del firm.shop.tables["customers"][who]
    firm.clock.advance(120)
    assert len(stage.customers()) == 4
    assert stage.sync(full=True).ok
    assert len(stage.customers()) == 3


def test_a_stream_that_the_integration_may_not_read_leaves_the_others(stage: Stage, firm: Counter) -> None:
    firm.server.tokens[TOKEN] = frozenset({"Magento_Cart::manage"})
    firm.shop.customer(KIM)
    report = stage.sync()
    assert not report.ok
    assert "permission" in stream(report, "shop/carts").message
    assert len(stage.customers()) == 1
