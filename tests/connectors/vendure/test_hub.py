"""Vendure behind a hub: customers with their orders, a guest who registers later, a customer that is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.vendure.counter import Counter
from tests.sync.hubs import BOOKKEEPING, Stage, values


@pytest.fixture
def stage(tmp_path: Path, database_url: str, counter: Counter) -> Iterator[Stage]:
    """A hub that reads the shop."""
    (tmp_path / "s").mkdir()
    made = Stage(tmp_path, database_url, shop=("people",))
    counter.clock.advance((datetime(2026, 6, 1, 11, tzinfo=UTC) - counter.clock.now()).total_seconds())
    made.settings["connections"]["lamps"] = {"connector": "vendure", "config": dict(counter.server.settings)}
    made.configure()
    yield made
    made.close()


def test_a_customer_has_the_orders_and_a_second_sync_changes_nothing(stage: Stage, counter: Counter) -> None:
    customer = counter.shop.register("kim@plum.example", "Kim", "Plum")
    for quantity in (1, 2):
        counter.shop.buy(customer, quantity=quantity)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert values(found)["name"] == "Kim Plum"
    facts = stage.hub.timeline(found.id)
    assert {each.key for each in facts} == {
        *("vendure:order:1", "vendure:order:2", "vendure:payment:1", "vendure:payment:2"),
    }
    before = stage.dump(BOOKKEEPING)
    assert stage.sync().ok
    assert stage.dump(BOOKKEEPING) == before


def test_a_guest_and_the_account_that_comes_later_are_one_customer(stage: Stage, counter: Counter) -> None:
    counter.shop.buy(counter.shop.register("kim@plum.example", "Kim", "Plum", account=False))
    assert stage.sync().ok
    counter.shop.buy(counter.shop.register("KIM@plum.example", "Kim", "Plum"))
    counter.clock.advance(60)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert len([each for each in stage.hub.timeline(found.id) if each.key.startswith("vendure:order")]) == 2


def test_a_refund_is_told_of_by_the_next_look(stage: Stage, counter: Counter) -> None:
    counter.shop.buy(counter.shop.register("kim@plum.example", "Kim", "Plum"))
    assert stage.sync().ok
    counter.clock.advance(3 * 3600)
    counter.shop.refund("1", 500)
    counter.clock.advance(3600)
    assert stage.sync().ok
    told = [json.loads(row["values"]) for row in stage.rows("entity") if row["part"] == "order"]
    assert [Decimal(each["refunded"]) for each in told] == [Decimal(5)]


def test_a_customer_that_is_deleted_over_there_is_found_by_a_sweep(stage: Stage, counter: Counter) -> None:
    for number in range(10):
        counter.shop.register(f"kim.{number}@plum.example", "Kim", f"Plum {number}")
    assert stage.sync().ok
    counter.shop.delete("customer", "3")
    report = stage.hub.sweep(["lamps"], streams=["customers"])
    assert [each.gone for each in report.streams] == [1]
