"""A store for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.bigcommerce.mall import Mall


@pytest.fixture
def mall() -> Iterator[Mall]:
    with Mall() as mall:
        yield mall
