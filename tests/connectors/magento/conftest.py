"""A counter for each test: a shop, its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.magento.counter import Counter


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as counter:
        yield counter
