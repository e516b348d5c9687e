"""Google Calendar held to the reader's kit: one person by OAuth, with and without series, two by a service account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.google_calendar.bureau import BAS, ILSE, CalendarRig


class TestOneCalendar(ReaderContract):
    @pytest.fixture(params=[False, True], ids=["meetings", "series"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[CalendarRig]:
        rig = CalendarRig(series=request.param)
        yield rig
        rig.close()


class TestACompany(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CalendarRig]:
        rig = CalendarRig((ILSE, BAS))
        yield rig
        rig.close()
