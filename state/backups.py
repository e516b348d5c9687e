"""Backups: one SQLite file that holds all tables as they were at one moment, whichever database they came from.

A server's own dump is read only by programs of its version or a newer one; this file is read by whoever has Concord,
can be checked as a whole, migrated like any other database, and put back into either kind.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import inspect, literal, select, update

from mapping.errors import ConcordError, ConfigError, TransientError
from state.database import Database
from state.failures import named
from state.tables import connection, lease, raw_record, vault
from state.transfer import Heard, copy_rows
from state.versions import WRITTEN

PAGES = 4000
"""Pages of an SQLite file that are copied between two words of progress: 16 MB."""
LEAP = 1_000_000
"""What is added to every fence of a restored database, so that whoever held a lease before writes nothing more."""
NO_ROOM = (
    "The backup {path} could not be written: the disk is full, or refuses to write. Nothing of it was left behind, and"
    " the database is as it was."
)
NO_BACKUP = "{path} is not a backup of Concord, or it is damaged ({why}). Nothing was touched."
IN_USE = "The database {place} is in use; stop concord serve and every other command first. Nothing was touched."


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
                copy_rows(db, partial, heard)
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
            (version,) = found.execute(str(WRITTEN)).fetchone()
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
                c.execute(update(lease).values(owner=None, fence=lease.c.fence + LEAP))
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
        _put_aside_log(place, aside)
        prepared.replace(place)
        return
    with _alone(place):
        try:
            os.link(place, aside)  # the name never stands for nothing, as it would between two renames
        except OSError:
            place.rename(aside)
        _put_aside_log(place, aside)
        prepared.replace(place)
    _flush(place.parent)


def _put_aside_log(place: Path, aside: Path) -> None:
    """Puts away what a damaged or deleted database left behind: its log must not be read into the new one."""
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            place.with_name(place.name + end).rename(aside.with_name(aside.name + end))


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
                c.execute(select(literal(1)).select_from(table).limit(1)).first() is not None
                for table in (connection, raw_record, vault)
                if table.name in there
            )
    except TransientError:
        raise
    except ConcordError:
        return True
