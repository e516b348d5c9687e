"""An account for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.google_ads_leads.agency import Agency


@pytest.fixture
def agency() -> Iterator[Agency]:
    agency = Agency()
    yield agency
    agency.close()
