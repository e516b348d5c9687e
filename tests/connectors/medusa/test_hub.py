"""Medusa behind a hub: customers with their orders, a draft that becomes one, and money that is taken later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.medusa.till import Till
from tests.sync.hubs import BOOKKEEPING, Stage, values


@pytest.fixture
def stage(tmp_path: Path, database_url: str, till: Till) -> Iterator[Stage]:
    """A hub that reads the shop."""
    (tmp_path / "s").mkdir()
    made = Stage(tmp_path, database_url, shop=("people",))
    till.clock.advance((datetime(2026, 6, 1, 11, tzinfo=UTC) - till.clock.now()).total_seconds())
    made.settings["connections"]["lamps"] = {"connector": "medusa", "config": dict(till.server.settings)}
    made.configure()
    yield made
    made.close()


def test_a_draft_is_ordered_paid_and_refunded(stage: Stage, till: Till) -> None:
    customer = till.store.register("kim@plum.example", "Kim", "Plum")
    order = till.store.buy(customer, draft=True)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert values(found)["name"] == "Kim Plum"
    assert [each.key for each in stage.hub.timeline(found.id)] == [f"medusa:draft_order:{order}"]
    till.store.change("orders", order, is_draft_order=False, status="pending")
    till.clock.advance(3 * 3600)
    payment = till.store.pay(order)
    till.store.refund(order, "5")
    till.clock.advance(3600)
    assert stage.sync().ok
    keys = {each.key for each in stage.hub.timeline(found.id)}
    assert {f"medusa:order:{order}", f"medusa:payment:{payment}"} <= keys
    told = [json.loads(row["values"]) for row in stage.rows("entity") if row["part"] == "order"]
    assert [(Decimal(each["total"]), Decimal(each["refunded"])) for each in told] == [(Decimal(18), Decimal(5))]
    before = stage.dump(BOOKKEEPING)
    assert stage.sync().ok
    assert stage.dump(BOOKKEEPING) == before


def test_a_draft_that_is_one_no_more_is_found_by_a_sweep(stage: Stage, till: Till) -> None:
    drafts = [till.store.buy(till.store.register(f"kim.{n}@plum.example"), draft=True) for n in range(10)]
    assert stage.sync().ok
    till.store.change("orders", drafts[0], is_draft_order=False, status="pending")
    report = stage.hub.sweep(["lamps"], streams=["draft_orders"])
    assert [each.gone for each in report.streams] == [1]
