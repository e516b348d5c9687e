"""HubSpot held to the conformance kits: every stream it is read by, every object it is written to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Lack, ReaderContract, WriterContract
from tests.connectors.hubspot.desk import HubSpotRig


class TestEveryStream(ReaderContract):
    @pytest.fixture(params=["contacts", "companies", "deals", "tickets", "emails", "meetings", "calls", "notes"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[HubSpotRig]:
        rig = HubSpotRig(request.param)
        yield rig
        rig.close()


class TestEveryTarget(WriterContract):
    @pytest.fixture(params=["contacts", "companies", "emails", "meetings", "calls", "notes"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[HubSpotRig]:
        rig = HubSpotRig(request.param, [Lack.DUPLICATES] if request.param == "contacts" else [])
        yield rig
        rig.close()


class TestATargetThatRefusesWholeBatches(WriterContract):
    """The same where HubSpot reports no bad input by itself."""

    @pytest.fixture(params=["contacts", "notes"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[HubSpotRig]:
        lacks = [Lack.DUPLICATES] if request.param == "contacts" else []
        rig = HubSpotRig(request.param, lacks, multi_status=frozenset())
        yield rig
        rig.close()
