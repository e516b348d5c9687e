"""An ad account for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.linkedin_lead_sync.bureau import Bureau


@pytest.fixture
def bureau() -> Iterator[Bureau]:
    bureau = Bureau()
    yield bureau
    bureau.close()
