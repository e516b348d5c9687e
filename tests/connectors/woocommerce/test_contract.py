"""WooCommerce's orders and customers held to the reader's kit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.woocommerce.market import CustomersRig, OrdersRig


class TestOrders(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[OrdersRig]:
        with OrdersRig() as rig:
            yield rig


class TestCustomers(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CustomersRig]:
        with CustomersRig() as rig:
            yield rig
