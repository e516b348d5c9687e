"""Tryton held to the conformance kit: every stream, against a real 7.0, and the richest against a real 8.2."""

from __future__ import annotations

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.tryton.conftest import Open
from tests.connectors.tryton.works import MODELS, TrytonRig


class TestEveryStream(ReaderContract):
    @pytest.fixture(params=[*(f"7.0-{stream}" for stream in MODELS), "8.2-parties"])
    def rig(self, request: pytest.FixtureRequest, open_works: Open) -> TrytonRig:
        release, _, stream = request.param.partition("-")
        # A company is a party itself, so parties are read where there is none.
        return TrytonRig(open_works(release, stream != "parties"), stream)
