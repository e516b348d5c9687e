"""Real address book servers, one of each for the whole run of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from _pytest.mark import ParameterSet

from admin.demo.servers.environment import LOCKS
from tests.connectors.caldav.conftest import cyrus, radicale, xandikos
from tests.connectors.carddav.desk import Desk
from tests.servers.calendars import CalendarServer
from tests.servers.pins import pinned
from tests.servers.xandikos import LOCK

__all__ = ["cyrus", "desk", "radicale", "server", "sqlite_url", "xandikos"]


def _real(name: str, subject: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.proof("real server", subject))


RADICALE = _real("radicale", pinned("radicale", LOCKS / "radicale.lock"))
XANDIKOS = _real("xandikos", pinned("xandikos", LOCK))
CYRUS = _real("cyrus", "Cyrus 3.6 of Debian 12")


@pytest.fixture(params=[RADICALE, XANDIKOS])
def server(request: pytest.FixtureRequest) -> CalendarServer:
    """The servers that the kits are run against, in turn."""
    found: CalendarServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=[RADICALE])
def desk_of_a_company(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk for a whole hub; the tests that matter most ask for more servers."""
    made = Desk(request.getfixturevalue(request.param))
    yield made
    made.close()


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a fresh, migrated database: what is tested here does not hang on which it is."""
    path = tmp_path / "concord.db"
    copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def desk(server: CalendarServer) -> Iterator[Desk]:
    made = Desk(server)
    yield made
    made.close()
