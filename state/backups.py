"""Backups: one SQLite file that holds all tables as they were at one moment, whichever database they came from.

A server's own dump is read only by programs of its version or a newer one; this file is read by whoever has Concord,
can be checked as a whole, migrated like any other database, and put back into either kind.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from mapping.errors import ConcordError, ConfigError, TransientError
from state import versions
from state.bodies import text_of
from state.database import Database
from state.failures import named
from state.versions import VERSION_TABLE

PAGES = 4000
"""Pages of an SQLite file that are copied between two words of progress: 16 MB."""
ROWS = 2000
LEAP = 1_000_000
"""What is added to every fence of a restored database, so that whoever held a lease before writes nothing more."""
NO_ROOM = (
    "The backup {path} could not be written: the disk is full, or refuses to write. Nothing of it was left behind, and"
    " the database is as it was."
)
NO_BACKUP = "{path} is not a backup of Concord, or it is damaged ({why}). Nothing was touched."
IN_USE = "The database {place} is in use; stop concord serve and every other command first. Nothing was touched."
Heard = Callable[[int, int | None], None]
"""Is told how much is done, and of how much where that is known."""


def write(db: Database, path: Path, heard: Heard) -> None:
    """Writes a backup to ``path``, where nothing may be yet: whole and checked, or not at all.

    Nobody who writes to the database waits for it. Raises ConfigError where the file cannot be made, TransientError
    where the disk is full or the database away.
    """
    if path.exists():
        raise ConfigError(f"{path} exists already; give the backup another name.")
    with partial_in(path.parent) as partial:
        try:
            if db.file is not None:
                _copy_file(db.file, partial, heard)
            else:
                _copy_server(db, partial, heard)
            with closing(sqlite3.connect(partial)) as copy:
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, and no log beside it
            check(partial)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
                raise TransientError(NO_ROOM.format(path=path)) from None
            raise named(error, db.place) from None
        except OSError:
            raise TransientError(NO_ROOM.format(path=path)) from None
        settle(partial, path)


def settle(partial: Path, path: Path) -> None:
    """Gives a file that is written its name, so that it survives a crash from then on."""
    _flush(partial)
    partial.replace(path)
    _flush(path.parent)


def check(path: Path) -> str:
    """The version of a backup that is whole. Raises ConfigError for any other file."""
    try:
        with closing(_untouched(path)) as found:
            (told,) = found.execute("PRAGMA integrity_check(1)").fetchone()
            if told != "ok":
                raise ConfigError(NO_BACKUP.format(path=path, why="its pages do not fit together"))
            (version,) = found.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608  our name
            return str(version)
    except (sqlite3.Error, TypeError) as error:
        why = "it has no version" if "no such table" in str(error) else "it is no whole database"
        raise ConfigError(NO_BACKUP.format(path=path, why=why)) from None


def prepare(backup: Path, partial: Path) -> None:
    """A copy of a backup that can take the place of a database: of this version, and with nobody's leases.

    Raises ConfigError for a file that is no backup, DatabaseVersionError for one of a newer program.
    """
    check(backup)
    try:
        with closing(_untouched(backup)) as source, closing(sqlite3.connect(partial)) as target:
            source.backup(target)
        db = Database(f"sqlite:///{partial}")
        try:
            db.migrate()
            with db.write() as c:
                c.exec_driver_sql(f"UPDATE lease SET owner = NULL, fence = fence + {LEAP}")  # noqa: S608  a number of ours
        finally:
            db.close()
        with closing(sqlite3.connect(partial)) as target:
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise named(error, str(partial)) from None
    _flush(partial)


def put_file(prepared: Path, place: Path, aside: Path) -> None:
    """Puts a prepared file where an SQLite database is; what was there is kept as ``aside``.

    Raises TransientError, having changed nothing, while anybody has the database open.
    """
    if not place.exists():
        prepared.replace(place)
        return
    with _alone(place):
        try:
            os.link(place, aside)  # the name never stands for nothing, as it would between two renames
        except OSError:
            place.rename(aside)
        for end in ("-wal", "-shm"):  # of a damaged database; the log of the old file must not be read into the new one
            with suppress(FileNotFoundError):
                place.with_name(place.name + end).rename(aside.with_name(aside.name + end))
        prepared.replace(place)
    _flush(place.parent)


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


def _untouched(path: Path) -> sqlite3.Connection:
    """Reads a file without a lock, so that it may lie on a read-only disk; what changes meanwhile is no backup."""
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """While the block runs nobody else has the database open, or can open it."""
    with closing(sqlite3.connect(place, timeout=0.5, isolation_level=None)) as held:
        try:
            held.execute("PRAGMA journal_mode = DELETE")  # refused while anybody else has it open in WAL mode
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise TransientError(IN_USE.format(place=place)) from None
            # Else it is damaged, which is why it gives way.
        yield


@contextmanager
def partial_in(folder: Path) -> Iterator[Path]:
    """A file to be written that only its owner may read, in this folder; gone after the block, unless renamed."""
    try:
        handle, name = tempfile.mkstemp(prefix=".concord.partial-", dir=folder)  # mode 0600
        os.close(handle)
    except OSError as error:
        raise ConfigError(f"Nothing can be written to {folder}: {error.strerror}.") from None
    partial = Path(name)
    try:
        yield partial
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            partial.with_name(partial.name + end).unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_file(source: Path, target: Path, heard: Heard) -> None:
    uri = f"file:{quote(str(source))}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as found,
        closing(sqlite3.connect(target)) as copy,
    ):
        # Within one snapshot nothing changes under the copy, which would begin anew after every page of a pull.
        found.execute("BEGIN")
        found.execute("SELECT count(*) FROM sqlite_master").fetchone()
        found.backup(copy, pages=PAGES, progress=lambda _, left, of: heard(of - left, of))


def _copy_server(db: Database, target: Path, heard: Heard) -> None:
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


def in_use(db: Database) -> int:
    """How many connections other programs of ours have to a PostgreSQL database."""
    with db.read() as c:
        return int(
            c.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'concord' AND pid <> pg_backend_pid()"
            ).scalar_one()
        )


def holds_anything(db: Database) -> bool:
    """Whether anything would be lost with the database: connections, records or secrets.

    True as well for one that cannot be read, since nobody knows what it holds.
    """
    if db.file is not None and not db.file.exists():
        return False
    try:
        with db.read() as c:
            there = set(inspect(c).get_table_names())
            return any(
                c.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').first() is not None  # noqa: S608  our own names
                for table in ("connection", "raw_record", "vault")
                if table in there
            )
    except TransientError:
        raise
    except ConcordError:
        return True
