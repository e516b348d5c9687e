"""What the database's own errors mean for the engine, in one sentence each, without a value or a password in it."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, ProgrammingError

from mapping.errors import ConcordError, ConfigError, RecordError, TransientError

BUSY = "The database {place} stayed busy for too long: another process is writing; the work is tried again later."
FULL = "The disk under the database {place} is full; free some space, the work is tried again later."
REFUSES = (
    "The disk under the database {place} refuses to read or write: it is full, over a quota, or faulty; the work is"
    " tried again later."
)
UNREACHABLE = "The database {place} cannot be reached or has shut down; the work is tried again later."
CROWDED = "The database {place} has no connection or memory to spare; the work is tried again later."
READ_ONLY = "The database {place} is read-only; give Concord a database it may write to."
MISSING = "The database {place} cannot be opened: the file or its folder is missing, or may not be read and written."
NOT_OURS = "The database {place} is not a database that Concord has set up."
DAMAGED = "The database file {place} is damaged; restore it from a backup."
MOVED = "The database file {place} was moved or deleted while it was open."
REFUSED = "The database {place} refused the login; check the user and the password in its URL."
FORBIDDEN = "The database {place} denies Concord's user a right that it needs."
UNKNOWN_NAME = "There is no database of that name at {place}; create it first."
BAD_VALUE = "The database cannot hold a value of the record ({code})."

# Result codes by name: https://www.sqlite.org/rescode.html (read 2026-07). An extended code begins
# with its primary one.
SQLITE: tuple[tuple[str, type[ConcordError], str], ...] = (
    ("SQLITE_BUSY", TransientError, BUSY),
    ("SQLITE_LOCKED", TransientError, BUSY),
    ("SQLITE_FULL", TransientError, FULL),
    ("SQLITE_NOMEM", TransientError, CROWDED),
    ("SQLITE_READONLY_DBMOVED", ConfigError, MOVED),
    ("SQLITE_READONLY", ConfigError, READ_ONLY),
    ("SQLITE_CANTOPEN", ConfigError, MISSING),
    ("SQLITE_PERM", ConfigError, MISSING),
    ("SQLITE_NOTADB", ConfigError, NOT_OURS),
    ("SQLITE_CORRUPT", ConfigError, DAMAGED),
    ("SQLITE_IOERR", TransientError, REFUSES),
    ("SQLITE_TOOBIG", RecordError, BAD_VALUE),
)

# Codes by prefix: https://www.postgresql.org/docs/18/errcodes-appendix.html (read 2026-07).
POSTGRESQL: tuple[tuple[str, type[ConcordError], str], ...] = (
    ("55P03", TransientError, BUSY),
    ("40", TransientError, BUSY),
    ("25P03", TransientError, BUSY),  # our own limit on a write transaction that idles
    ("53100", TransientError, FULL),
    ("53", TransientError, CROWDED),
    ("57P", TransientError, UNREACHABLE),
    ("58", TransientError, UNREACHABLE),
    ("08", TransientError, UNREACHABLE),
    ("25006", ConfigError, READ_ONLY),
    ("28", ConfigError, REFUSED),
    ("3D000", ConfigError, UNKNOWN_NAME),
    ("42P01", ConfigError, NOT_OURS),
    ("3F000", ConfigError, NOT_OURS),
    ("42501", ConfigError, FORBIDDEN),
    ("XX001", ConfigError, DAMAGED),
    ("22", RecordError, BAD_VALUE),
)

# libpq gives no code for a connection that was refused, only a text (English where the server speaks English).
LIBPQ = (
    ("authentication failed", ConfigError, REFUSED),
    ("no password supplied", ConfigError, REFUSED),
    ("no pg_hba.conf entry", ConfigError, REFUSED),
    ("role", ConfigError, REFUSED),
    ("does not exist", ConfigError, UNKNOWN_NAME),
)


def named(error: DBAPIError | sqlite3.Error, place: str) -> ConcordError:
    """The error of the tree for a database error. ``place`` is the database without its password.

    The text never holds the server's own words: they quote the row that was refused.
    """
    if isinstance(error, sqlite3.Error):
        return _named_sqlite(error, place)
    if isinstance(error.orig, sqlite3.Error):
        return _named_sqlite(error.orig, place)
    return _named_postgresql(error, place)


def _named_sqlite(cause: sqlite3.Error, place: str) -> ConcordError:
    code = getattr(cause, "sqlite_errorname", "") or type(cause).__name__
    for prefix, kind, sentence in SQLITE:
        if code.startswith(prefix):
            return kind(sentence.format(place=place, code=code))
    if isinstance(cause, sqlite3.OperationalError) and "no such table" in str(cause):
        return ConfigError(NOT_OURS.format(place=place))
    # SQLite's own texts name tables and columns, never values.
    return ConcordError(f"The database refused a statement: {cause} ({code}).")


def _named_postgresql(error: DBAPIError, place: str) -> ConcordError:
    code = getattr(error.orig, "sqlstate", None) or ""
    for prefix, kind, sentence in POSTGRESQL:
        if code.startswith(prefix):
            return kind(sentence.format(place=place, code=code))
    if not code and isinstance(error, DataError):
        return RecordError(BAD_VALUE.format(code="a NUL character"))
    if not code and isinstance(error, OperationalError | InterfaceError):
        text = str(error.orig)
        for words, kind, sentence in LIBPQ:
            if words in text:
                return kind(sentence.format(place=place))
        return TransientError(UNREACHABLE.format(place=place))
    what = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    if isinstance(error, ProgrammingError):
        what = str(error.orig).split("\n")[0]  # names tables and columns, never values
    return ConcordError(f"The database refused a statement: {type(error.orig).__name__} {code} {what}".rstrip() + ".")
