"""An advertiser for each test: its stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.tiktok_leads.studio import Studio


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()
