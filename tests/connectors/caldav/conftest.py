"""Real calendar servers, one of each for the whole run of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin.demo.servers.radicale import Radicale
from tests.connectors.caldav.desk import Desk
from tests.servers.calendars import CalendarServer
from tests.servers.xandikos import Xandikos


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarServer]:
    with Radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarServer]:
    with Xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest) -> CalendarServer:
    """Each server in turn."""
    found: CalendarServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def desk(server: CalendarServer) -> Iterator[Desk]:
    made = Desk(server)
    yield made
    made.close()
