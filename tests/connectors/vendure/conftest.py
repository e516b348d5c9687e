"""A shop for each test in memory; and a real Vendure, started once for all tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.vendure.counter import Counter
from tests.connectors.vendure.works import Works
from tests.servers.vendure import Vendure


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as counter:
        yield counter


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """The place of the one server; an error where it cannot be had, since only those come here who ask for it."""
    with Vendure(tmp_path_factory.mktemp("vendure")) as server:
        works = Works(server)
        yield works
        works.close()
