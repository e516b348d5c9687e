"""TikTok's leads held to the reader's kit: two forms, each a slice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.tiktok_leads.studio import TikTokRig


class TestLeads(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[TikTokRig]:
        rig = TikTokRig()
        yield rig
        rig.close()
