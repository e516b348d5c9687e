"""Tryton held to the conformance kit: every stream, against a real 7.0, and the richest against a real 8.2."""

from __future__ import annotations

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.tryton.conftest import REAL, Open
from tests.connectors.tryton.works import MODELS, TrytonRig

READ = [*(("7.0", stream) for stream in MODELS), ("8.2", "parties")]


class TestEveryStream(ReaderContract):
    @pytest.fixture(
        params=[
            pytest.param((release, stream), id=f"{release}-{stream}", marks=REAL[release]) for release, stream in READ
        ]
    )
    def rig(self, request: pytest.FixtureRequest, open_works: Open) -> TrytonRig:
        release, stream = request.param
        # A company is a party itself, so parties are read where there is none.
        return TrytonRig(open_works(release, stream != "parties"), stream)
