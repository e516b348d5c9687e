"""A till for each test: an account, its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.stripe.till import Till


@pytest.fixture
def till() -> Iterator[Till]:
    with Till() as till:
        yield till
