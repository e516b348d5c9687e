"""Files held to the reader's kit: a table, JSON Lines, cards, a calendar and a mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.files.exports import KINDS, FilesRig


class TestEveryKindOfFile(ReaderContract):
    @pytest.fixture(params=list(KINDS))
    def rig(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FilesRig]:
        rig = FilesRig(request.param, tmp_path)
        yield rig
        rig.close()
