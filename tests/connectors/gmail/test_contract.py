"""Gmail held to the reader's kit: one mailbox by OAuth, two by a service account, headers only and whole messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.gmail.office import BAS, ILSE, GmailRig


class TestOneMailbox(ReaderContract):
    @pytest.fixture(params=[False, True], ids=["headers", "bodies"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[GmailRig]:
        rig = GmailRig(bodies=request.param)
        yield rig
        rig.close()


class TestACompany(ReaderContract):
    @pytest.fixture
    def rig(self) -> Iterator[GmailRig]:
        rig = GmailRig((ILSE, BAS))
        yield rig
        rig.close()
