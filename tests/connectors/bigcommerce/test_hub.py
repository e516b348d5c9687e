"""A BigCommerce store behind a hub: a guest who registers is one customer, and what did not change writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.bigcommerce.mall import Mall
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, members


@pytest.fixture
def store() -> Iterator[Mall]:
    with Mall(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC))) as mall:
        yield mall


@pytest.fixture
def stage(tmp_path: Path, database_url: str, store: Mall) -> Iterator[Stage]:
    (tmp_path / "s").mkdir(exist_ok=True)
    made = Stage(tmp_path, database_url)
    made.settings["connections"]["big"] = {"connector": "bigcommerce", "config": dict(store.server.settings)}
    made.configure()
    yield made
    made.close()


def test_a_guest_who_registers_later_is_one_customer_and_a_second_sync_writes_nothing(
    stage: Stage, store: Mall
) -> None:
    order = store.buy(1)
    store.store.refund(order, "1.00")
    assert stage.sync().ok
    (found,) = stage.customers()
    ada = store.store.customer("ada.1@example.com", first_name="Ada", last_name="Castro")
    store.clock.advance(60)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert members(found) == [f"big/customers {ada}", f"big/orders {order}"]
    told = {f"bigcommerce:order:{order}", f"bigcommerce:transaction:{order}"}
    assert {item.key for item in stage.hub.timeline(found.id)} == told
    before = stage.dump()
    assert stage.sync().ok
    assert stage.dump() == before
