"""The conformance kits against real servers."""

from __future__ import annotations

import pytest

from tests.connectors.carddav.desk import Desk
from tests.connectors.contract import ReaderContract, WriterContract


class TestContactsRead(ReaderContract):
    @pytest.fixture
    def rig(self, desk: Desk) -> Desk:
        return desk


class TestContactsWritten(WriterContract):
    @pytest.fixture
    def rig(self, desk: Desk) -> Desk:
        return desk
