"""The conformance kit against real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin.demo.servers.radicale import Radicale
from tests.connectors.caldav.desk import Desk
from tests.connectors.contract import ReaderContract
from tests.servers.calendars import CalendarServer


class TestEvents(ReaderContract):
    @pytest.fixture
    def rig(self, server: CalendarServer) -> Iterator[Desk]:
        """Two calendars on one of the servers; one on the others is twice as quick."""
        desk = Desk(server, 2 if isinstance(server, Radicale) else 1)
        yield desk
        desk.close()
