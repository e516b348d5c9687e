"""Microsoft 365 held to the reader's kit: mail and meetings, of one person and of a company."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.microsoft365.company import BAS, ILSE, CalendarRig, MailRig


class TestMail(ReaderContract):
    @pytest.fixture(params=[False, True], ids=["headers", "bodies"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[MailRig]:
        rig = MailRig(bodies=request.param)
        yield rig
        rig.close()


class TestMailOfACompany(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[MailRig]:
        rig = MailRig((ILSE, BAS))
        yield rig
        rig.close()


class TestMeetings(ReaderContract):
    @pytest.fixture(params=[False, True], ids=["meetings", "series"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[CalendarRig]:
        rig = CalendarRig(series=request.param)
        yield rig
        rig.close()


class TestMeetingsOfACompany(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[CalendarRig]:
        rig = CalendarRig((ILSE, BAS))
        yield rig
        rig.close()
