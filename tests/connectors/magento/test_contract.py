"""Magento held to the reader's kit: customers, orders, invoices and carts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.magento.counter import CartsRig, CustomersRig, InvoicesRig, OrdersRig


class TestCustomers(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CustomersRig]:
        with CustomersRig() as rig:
            yield rig


class TestOrders(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[OrdersRig]:
        with OrdersRig() as rig:
            yield rig


class TestInvoices(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[InvoicesRig]:
        with InvoicesRig() as rig:
            yield rig


class TestCarts(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CartsRig]:
        with CartsRig() as rig:
            yield rig
