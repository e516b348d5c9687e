"""LinkedIn's leads held to the reader's kit: those of an ad account, and those of an organization in three slices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.linkedin_lead_sync.sandbox import ACCOUNT
from tests.connectors.contract import ReaderContract
from tests.connectors.linkedin_lead_sync.bureau import PAGE, LinkedInRig


class TestLeads(ReaderContract):
    @pytest.fixture(params=[ACCOUNT, PAGE], ids=["ad account", "organization"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[LinkedInRig]:
        rig = LinkedInRig(request.param)
        yield rig
        rig.close()
