"""Real calendar servers, one of each for the whole run of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.mark import ParameterSet

from admin.demo.servers.environment import LOCKS
from admin.demo.servers.radicale import Radicale
from mapping.errors import ConcordError
from tests.connectors.caldav.desk import Desk
from tests.servers.calendars import CalendarServer
from tests.servers.cyrus import Cyrus
from tests.servers.pins import pinned
from tests.servers.xandikos import LOCK, Xandikos


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarServer]:
    with Radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarServer]:
    with Xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarServer]:
    try:
        server = Cyrus(tmp_path_factory.mktemp("cyrus"))
        server.start()
    except ConcordError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


def _real(name: str, subject: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.proof("real server", subject))


@pytest.fixture(
    params=[
        _real("radicale", pinned("radicale", LOCKS / "radicale.lock")),
        _real("xandikos", pinned("xandikos", LOCK)),
        _real("cyrus", "Cyrus 3.6 of Debian 12"),
    ]
)
def server(request: pytest.FixtureRequest) -> CalendarServer:
    """Each server in turn."""
    found: CalendarServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def desk(server: CalendarServer) -> Iterator[Desk]:
    made = Desk(server)
    yield made
    made.close()
