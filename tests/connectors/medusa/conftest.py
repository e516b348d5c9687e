"""A shop for each test in memory; and a real Medusa, started once for all tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.connectors.medusa.till import Till
from tests.connectors.medusa.works import Works
from tests.servers.doorway import Doorway
from tests.servers.medusa import Medusa


@pytest.fixture
def till() -> Iterator[Till]:
    with Till() as till:
        yield till


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory, postgresql_server: str) -> Iterator[Works]:
    """The place of the one server; an error where it cannot be had, since only those come here who ask for it."""
    with psycopg.connect(postgresql_server.format("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE medusa")
    (folder,) = parse_qs(urlsplit(postgresql_server).query)["host"]
    (socket,) = (each for each in Path(folder).glob(".s.PGSQL.*") if each.is_socket())
    with Doorway(socket) as door:
        url = f"postgres://postgres@127.0.0.1:{door.port}/medusa"
        with Medusa(tmp_path_factory.mktemp("medusa"), url) as server:
            works = Works(server)
            yield works
            works.close()
