"""What goes wrong with a database is said in one sentence, by what to do next, without a password."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import exc, insert, text

from mapping.errors import ConcordError, ConfigError, RecordError, TransientError
from state.database import Database
from state.failures import named
from state.tables import counter

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "no url at all hunter2",
        "mysql://u:hunter2@localhost/x",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:hunter2@localhost:port/x",
    ],
)
def test_a_url_that_is_none_of_ours_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Database(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("query", ["", f"?password={SECRET}"])
@pytest.mark.fault("database gone", "A server that is away is named without its password.")
def test_an_unreachable_server_is_tried_again_and_its_password_kept(query: str) -> None:
    user = "u" if query else f"u:{SECRET}"
    db = Database(f"postgresql://{user}@127.0.0.1:1/concord{query}")
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        db.migrate()
    assert SECRET not in f"{caught.value} {caught.value!r} {db.place}"
    assert caught.value.__suppress_context__
    db.close()


def test_a_database_that_does_not_exist_must_be_created_by_a_person(postgresql_server: str) -> None:
    db = Database(postgresql_server.format("nowhere"))
    with pytest.raises(ConfigError, match="create it first"):
        db.migrate()
    db.close()


def test_a_login_that_is_refused_needs_a_person(postgresql_server: str) -> None:
    db = Database(postgresql_server.format("postgres").replace("postgres:", "stranger:", 1))
    with pytest.raises(ConfigError, match="refused the login"):
        db.migrate()
    db.close()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.fault("database gone", "The run ends as failed with that reason, and the next one works.")
def test_a_server_that_drops_a_connection_is_tried_again_and_then_works(database_url: str) -> None:
    db = Database(database_url)

    def dropped() -> None:
        with db.write() as c:
            pid = c.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with psycopg.connect(database_url, autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", [pid])
            db.allocate(c, "entity", 1)

    with pytest.raises(TransientError, match="shut down"):
        dropped()
    with db.write() as c:
        assert list(db.allocate(c, "entity", 1)) == [1]
    db.close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/no/such/concord.db")
    with pytest.raises(ConfigError, match="cannot be opened"):
        db.migrate()


def test_a_file_that_vanished_does_not_come_back_empty(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "concord.db"
    shutil.copyfile(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be opened"), db.write():
        pass
    assert not path.exists()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(ConfigError, match="not a database that Concord has set up"):
        Database(f"sqlite:///{path}").migrate()
    assert path.read_text() == "Dear Sir or Madam, " * 100


@pytest.mark.fault(
    "disk full", "The run ends with that reason; nothing that was committed is lost, and it goes on when there is room."
)
def test_a_full_disk_is_waited_for_and_costs_nothing_that_was_committed(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "concord.db"
    shutil.copyfile(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    with db.write() as c:
        c.execute(insert(counter), {"name": "before", "next": 7})

    def fill() -> None:
        with db.write() as c:
            c.execute(text("PRAGMA max_page_count = 1"))  # SQLite answers as on a full disk
            for index in range(1000):
                c.execute(text("INSERT INTO cursor VALUES (:i, :v, 0, 0, NULL, 0, '')"), {"i": index, "v": "x" * 2000})

    with pytest.raises(TransientError, match="is full"):
        fill()
    with db.read() as c:
        assert c.execute(text("SELECT next FROM counter")).scalar_one() == 7
        assert c.execute(text("SELECT count(*) FROM cursor")).scalar_one() == 0
    db.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.DiskFull("x"), TransientError),
        (errors.TooManyConnections("x"), TransientError),
        (errors.DeadlockDetected("x"), TransientError),
        (errors.CannotConnectNow("x"), TransientError),
        (errors.ReadOnlySqlTransaction("x"), ConfigError),
        (errors.InsufficientPrivilege("x"), ConfigError),
        (errors.StringDataRightTruncation("x"), RecordError),
        (errors.UniqueViolation("Key (value)=(jane@example.org) already exists."), ConcordError),
    ],
)
def test_each_refusal_of_postgresql_has_its_error(error: psycopg.Error, expected: type[ConcordError]) -> None:
    wrapped = exc.DBAPIError("INSERT", {}, error)
    found = named(wrapped, "concord at localhost")
    assert type(found) is expected
    assert "jane" not in str(found)
