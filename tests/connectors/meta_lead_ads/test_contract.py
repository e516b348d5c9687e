"""Meta Lead Ads held to the reader's kit: leads through a system user and a page's own token, and campaigns' days."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.meta_lead_ads.desk import CampaignsRig, LeadsRig


class TestLeads(ReaderContract):
    @pytest.fixture(params=[False, True], ids=["system user", "page"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[LeadsRig]:
        rig = LeadsRig(own_token=request.param)
        yield rig
        rig.close()


class TestCampaigns(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CampaignsRig]:
        rig = CampaignsRig()
        yield rig
        rig.close()
