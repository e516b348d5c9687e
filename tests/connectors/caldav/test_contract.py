"""The conformance kit against real servers."""

from __future__ import annotations

import pytest

from tests.connectors.caldav.desk import Desk
from tests.connectors.contract import ReaderContract


class TestEvents(ReaderContract):
    @pytest.fixture
    def rig(self, desk: Desk) -> Desk:
        return desk
