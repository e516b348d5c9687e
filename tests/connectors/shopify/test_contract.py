"""Shopify held to the reader's kit: by time, with what hangs on a record, by id, and by a bulk operation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.shopify.market import ShopifyRig


class TestStreams(ReaderContract):
    @pytest.fixture(params=["customers", "orders", "abandoned_checkouts"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[ShopifyRig]:
        rig = ShopifyRig(request.param)
        if request.param == "customers":
            rig.shop.records.clear()
        yield rig
        rig.close()


class TestDraftOrders:
    """They are read as customers are; only what they say is their own."""

    @pytest.fixture
    def rig(self) -> Iterator[ShopifyRig]:
        rig = ShopifyRig("draft_orders")
        yield rig
        rig.close()

    test_ability = ReaderContract.test_the_page_of_connectors_says_what_the_stream_can_do
    test_describe = ReaderContract.test_describe_covers_what_the_default_rules_read
    test_rules = ReaderContract.test_the_default_rules_make_valid_entities_of_every_record
    test_deletion = ReaderContract.test_a_deletion_is_seen_as_declared
    test_bodies = ReaderContract.test_get_gives_the_bodies_that_a_read_gives


class TestOrdersInBulk(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[ShopifyRig]:
        rig = ShopifyRig("orders", bulk=True)
        yield rig
        rig.close()
