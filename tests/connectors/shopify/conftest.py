"""A shop for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.shopify.market import Market


@pytest.fixture
def market() -> Iterator[Market]:
    market = Market()
    yield market
    market.close()
