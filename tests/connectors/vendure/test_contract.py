"""Vendure's customers and orders held to the reader's kit, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.vendure.counter import VendureRig


@pytest.fixture
def rig(stream: str) -> Iterator[VendureRig]:
    with VendureRig(stream) as rig:
        yield rig


class TestCustomers(ReaderContract):
    @pytest.fixture
    def stream(self) -> str:
        return "customers"


class TestOrders(ReaderContract):
    @pytest.fixture
    def stream(self) -> str:
        return "orders"
