"""Google Ads leads held to the reader's kit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.google_ads_leads.agency import AdsRig


class TestLeads(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[AdsRig]:
        rig = AdsRig()
        yield rig
        rig.close()
