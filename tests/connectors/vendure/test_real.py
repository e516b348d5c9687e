"""Vendure's customers and orders read from a real one; run by ``make test-real``."""

from __future__ import annotations

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.vendure.works import RealRig, Works
from tests.servers.vendure import RELEASE

pytestmark = [pytest.mark.real, pytest.mark.proof("real server", f"Vendure {RELEASE}")]


class TestReal(ReaderContract):
    @pytest.fixture(params=["customers", "orders"])
    def rig(self, request: pytest.FixtureRequest, works: Works) -> RealRig:
        return RealRig(works, request.param)
