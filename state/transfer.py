"""The rows of a PostgreSQL database in an SQLite file, and back: what backups of a server are made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from mapping.errors import ConfigError, TransientError
from state import versions
from state.bodies import text_of
from state.database import Database
from state.versions import VERSION_TABLE

ROWS = 2000
"""Rows that are read of a server at once."""
Heard = Callable[[int, int | None], None]
"""Is told how much is done, and of how much where that is known."""


def copy_rows(db: Database, target: Path, heard: Heard) -> None:
    """Fills an SQLite file with the rows of a server's database as of one moment, in tables of its version.

    Raises ConfigError for a database that holds nothing, OSError where the file cannot be made.
    """
    with db.read() as c:
        version = versions.found_version(c)
        if version is None:
            raise ConfigError(f"The database {db.place} holds nothing yet.")
        lite = Database(f"sqlite:///{target}")
        try:
            with lite.write() as empty:
                (versions.make if version == versions.HEAD else _make_old(version))(empty)
        except TransientError:
            raise OSError from None  # of the new file's disk, and not of the database
        finally:
            lite.close()
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            done = 0
            for table in _tables(copy):
                for rows in _streamed(c, table, _columns(copy, table)):
                    marks = ", ".join("?" * len(rows[0]))
                    copy.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)  # noqa: S608  our own names
                    done += len(rows)
                    heard(done, None)
            copy.commit()


def put_rows(prepared: Path, db: Database, heard: Heard) -> None:
    """Puts a prepared file's rows where a PostgreSQL database has its own, in one transaction: all or nothing."""
    with db.write() as c, closing(sqlite3.connect(prepared)) as source:
        for table in inspect(c).get_table_names():
            c.exec_driver_sql(f'DROP TABLE "{table}"')
        versions.make(c)
        lite = Database(f"sqlite:///{prepared}")
        try:
            with lite.read() as packed:
                done = 0
                for table in _tables(source):
                    done += _put_table(c, packed, source, table)
                    heard(done, None)
        finally:
            lite.close()
        _advance_sequences(c)


def in_use(db: Database) -> int:
    """How many connections other programs of ours have to a PostgreSQL database."""
    with db.read() as c:
        return int(
            c.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'concord' AND pid <> pg_backend_pid()"
            ).scalar_one()
        )


def _make_old(version: str) -> Callable[[Connection], None]:
    return lambda c: versions.upgrade(c, version)


def _tables(lite: sqlite3.Connection) -> list[str]:
    """Every table of ours but the one with the version."""
    found = lite.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    )
    return [name for (name,) in found if name != VERSION_TABLE]


def _columns(lite: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in lite.execute(f'PRAGMA table_info("{table}")')]


def _streamed(c: Connection, table: str, columns: Sequence[str]) -> Iterator[list[tuple[object, ...]]]:
    """The rows of a server's table, some at a time: no table need fit into memory."""
    names = ", ".join(f'"{name}"' for name in columns)
    with c.execution_options(stream_results=True).exec_driver_sql(f'SELECT {names} FROM "{table}"') as result:  # noqa: S608
        while rows := result.fetchmany(ROWS):
            yield [tuple(row) for row in rows]


def _put_table(c: Connection, packed: Connection, source: sqlite3.Connection, table: str) -> int:
    columns = _columns(source, table)
    names = ", ".join(f'"{name}"' for name in columns)
    driver = c.connection.driver_connection
    assert driver is not None
    at = columns.index("body") if table == "raw_record" else None
    done = 0
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in source.execute(f'SELECT {names} FROM "{table}"'):  # noqa: S608  our own names
                copy.write_row(row if at is None else (*row[:at], text_of(packed, row[at]), *row[at + 1 :]))
                done += 1
    except psycopg.Error as error:
        raise DBAPIError("COPY", None, error) from None  # as SQLAlchemy would have told it
    return done


def _advance_sequences(c: Connection) -> None:
    """Lets the counters of a server go on after the highest number that was put in."""
    for table in inspect(c).get_table_names():
        for column in inspect(c).get_columns(table):
            if column.get("autoincrement") is True or "nextval" in str(column.get("default") or ""):
                name = column["name"]
                c.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{name}'),"  # noqa: S608  our own names
                    f' coalesce(max("{name}"), 0) + 1, false) FROM "{table}"'
                )
