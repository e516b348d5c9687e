"""Medusa's customers, orders and drafts held to the reader's kit, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.medusa.till import MedusaRig


@pytest.fixture
def rig(stream: str) -> Iterator[MedusaRig]:
    with MedusaRig(stream) as rig:
        yield rig


class TestCustomers(ReaderContract):
    @pytest.fixture
    def stream(self) -> str:
        return "customers"


class TestOrders(ReaderContract):
    @pytest.fixture
    def stream(self) -> str:
        return "orders"


class TestDraftOrders(ReaderContract):
    """Unlike the others these are skipped over."""

    @pytest.fixture
    def stream(self) -> str:
        return "draft_orders"
