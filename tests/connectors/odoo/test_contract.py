"""Odoo held to the conformance kit: every stream, in both dialects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ReaderContract
from tests.connectors.odoo.desk import JSON2, JSONRPC, MODELS, OdooRig


class TestEveryStream(ReaderContract):
    @pytest.fixture(params=[(name, version) for name in MODELS for version in (JSONRPC, JSON2)], ids=str)
    def rig(self, request: pytest.FixtureRequest) -> Iterator[OdooRig]:
        rig = OdooRig(*request.param)
        yield rig
        rig.close()
