"""The memory vendor: the conformance kits over each of its objects, and what only it can show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Lack, ReaderContract, WriterContract
from tests.connectors.memory_rig import MemoryRig

LACKS = {
    "companies": [Lack.WINDOW],
    "meetings": [Lack.WINDOW],
    "orders": [Lack.IDS, Lack.GET],
    "notes": [Lack.WINDOW],
}


class TestEveryStream(ReaderContract):
    @pytest.fixture(params=["people", "companies", "meetings", "orders", "activities", "notes"])
    def rig(self, request: pytest.FixtureRequest) -> Iterator[MemoryRig]:
        rig = MemoryRig(request.param, LACKS.get(request.param, []))
        yield rig
        rig.close()


class TestEveryTarget(WriterContract):
    @pytest.fixture(
        params=[
            ("people", "city", "notes"),
            ("companies", "city", "industry"),
            ("activities", "status", "text"),
            ("notes", "text", "title"),
        ],
        ids=lambda param: param[0],
    )
    def rig(self, request: pytest.FixtureRequest) -> Iterator[MemoryRig]:
        object_name, clearable, text_field = request.param
        rig = MemoryRig(object_name, clearable=clearable, text_field=text_field)
        yield rig
        rig.close()
