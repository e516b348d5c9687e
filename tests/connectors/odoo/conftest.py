"""A desk for each test, in both dialects: the stand-in, its clock and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.odoo.desk import JSON2, JSONRPC, Desk


@pytest.fixture(params=[JSONRPC, JSON2], ids=["jsonrpc", "json2"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(request.param)
    yield desk
    desk.close()
