"""Shopify held to the reader's kit: every stream by pages, and orders by a bulk operation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.shopify.market import ShopifyRig


class TestStreams(ReaderContract):
    @pytest.fixture(params=["customers", "orders", "draft_orders", "abandoned_checkouts"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[ShopifyRig]:
        rig = ShopifyRig(request.param)
        if request.param == "customers":
            rig.shop.records.clear()
        yield rig
        rig.close()


class TestOrdersInBulk(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[ShopifyRig]:
        rig = ShopifyRig("orders", bulk=True)
        yield rig
        rig.close()
