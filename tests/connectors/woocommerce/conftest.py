"""A shop for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.woocommerce.market import Market


@pytest.fixture
def market() -> Iterator[Market]:
    with Market() as market:
        yield market
