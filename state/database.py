"""One database, SQLite or PostgreSQL: snapshots to read, one writer at a time, fences, blocks of ids, versions."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Executable, Table, bindparam, select
from sqlalchemy import Connection as Connection  # re-exported: the engine passes it on and never makes one
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mapping.errors import ConfigError, LeaseLostError, TransientError
from state import engines, versions
from state.batches import Prepared, driver_of
from state.engines import LOG, Transactions
from state.failures import BUSY, CROWDED, MISSING, named
from state.tables import counter
from state.tables import lease as lease_table
from state.versions import Standing

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    from state.leases import Lease

BLOCK = 5000
"""Ids that a process reserves at once, so that most pages need not ask the counter."""

PATIENCE = 30.0
"""Seconds that a writer waits for its turn: a hundred times what a write transaction may take."""


def utc_now() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)


_TWO = [f"{number:02d}" for number in range(100)]


def stamp(instant: datetime) -> str:
    """The instant as the database keeps it: UTC text of 27 characters, so that text order is time order.

    Raises ValueError for a time without a zone: what instant it is cannot be known.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    # Written out by hand, since isoformat() asks the zone for what is known here.
    two, year = _TWO, utc.year
    return (
        f"{two[year // 100]}{two[year % 100]}-{two[utc.month]}-{two[utc.day]}"
        f"T{two[utc.hour]}:{two[utc.minute]}:{two[utc.second]}.{utc.microsecond:06d}Z"
    )


def parse_stamp(stored: str) -> datetime:
    """The aware UTC instant of a stamp."""
    return datetime.fromisoformat(stored)


def insert_or_update(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    update: Sequence[str] = (),
) -> None:
    """Inserts the rows; where ``keys`` (a unique constraint) are taken, overwrites the columns ``update`` of that row.

    Without ``update`` a row that exists stays as it is. All rows name the same columns; no key may come twice.
    """
    if not rows:
        return
    connection.execute(_upsert(table, tuple(keys), tuple(update), connection.dialect.name), rows)


def inserting(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what to do on a conflict."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # 40 ms that nobody shall wait for who keeps all in SQLite

        return postgresql.insert(table)
    return sqlite.insert(table)


@cache
def _upsert(table: Table, keys: tuple[str, ...], update: tuple[str, ...], dialect: str) -> Executable:
    insert = inserting(table, dialect)
    if update:
        return insert.on_conflict_do_update(index_elements=keys, set_={name: insert.excluded[name] for name in update})
    return insert.on_conflict_do_nothing(index_elements=keys)


class Database:
    """The connections to one database. Safe to share among threads; each process opens its own.

    Every database error leaves ``read`` and ``write`` as one of ``mapping/errors.py``: TransientError where waiting
    helps, ConfigError where a person must act, RecordError where a value cannot be stored.

    ``yielding``: while it says so, on SQLite, each write transaction begins just after somebody else's, if one ends
    within 20 ms. For one who writes often beside another whose work is more urgent. With a smaller ``log`` it is also
    the one that carries the log over, which takes it longer than to write, and keeps nobody else from writing.
    """

    def __init__(
        self,
        url: str,
        *,
        now: Callable[[], datetime] = utc_now,
        patience: float = PATIENCE,
        block: int = BLOCK,
        yielding: Callable[[], bool] = lambda: False,
        log: int = LOG,
    ) -> None:
        self.now = now
        self._address = engines.address(url)
        self._patience = patience
        self._reader, self._writer = map(Transactions, engines.engines(self._address, patience, yielding, log))
        self._turnstile = threading.Lock()
        self._block = block
        self._blocks: dict[str, range] = {}
        self._writing_thread: int | None = None

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._address.dialect

    @property
    def place(self) -> str:
        """Where the database is, for people; never holds a password."""
        return self._address.place

    @property
    def file(self) -> Path | None:
        """The file it is kept in; None where a server keeps it."""
        return self._address.path

    def stamp(self) -> str:
        """The present instant as fixed-width text."""
        return stamp(self.now())

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one snapshot, however long it reads, and can write nothing."""
        with self._errors_named(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self, lease: Lease | None = None) -> Iterator[Connection]:
        """A transaction that commits on success and rolls back on any error. It is the only writer of the database.

        Nothing that was read inside it can change before it commits, on both databases. With a ``lease``, raises
        LeaseLostError, and has written nothing, when the lease has changed hands. Raises TransientError when the turn
        does not come within the patience.
        """
        with self._turn():
            try:
                with self._errors_named(), self._writer.begin() as connection:
                    if self.dialect == "postgresql":
                        engines.take_turn(connection, self._patience)
                    if lease is not None:
                        _check_fence(connection, lease)
                    yield connection
            except BaseException:
                self._blocks.clear()  # the counter has taken them back
                raise

    def allocate(self, connection: Connection, name: str, count: int) -> range:
        """So many fresh ids of the counter, from 1 on, in the caller's write transaction.

        They are taken from a block that this process has reserved; ids of a block that were not used are lost when the
        process ends. A transaction that rolls back gives its blocks back.
        """
        block = self._blocks.get(name, range(0))
        if len(block) < count:
            size = max(count, self._block)
            values = {"name": name, "next": 1 + size, "more": size}
            end = int(connection.execute(_allocation(self.dialect), values).scalar_one())
            block = range(end - size, end)
        self._blocks[name] = block[count:]
        return block[:count]

    def migrate(self) -> None:
        """Brings the database to the version of this program, creating it when there is nothing yet.

        Writes nothing when it is up to date. Raises DatabaseVersionError for a database of a newer program, ConfigError
        for one that belongs to something else; either is left untouched.
        """
        if self._address.path is not None:
            _create_file(self._address.path, self.place)
        with self.read() as connection:
            found = versions.standing(connection, self.place)
        if self._address.path is not None:
            with self._errors_named(), self._writer.engine.connect() as connection:
                engines.use_write_ahead_log(connection)  # a file restored from a backup may have lost it
        if found is not Standing.CURRENT:
            with self.write() as connection:
                (versions.make if found is Standing.EMPTY else versions.upgrade)(connection)

    def carry_over(self) -> None:
        """Moves what SQLite has in its log into the file, as far as nobody is in the way, and keeps nobody waiting.

        Otherwise whoever closes the database last does all of it. What cannot be done now is left to that.
        """
        if self._address.path is not None:
            with suppress(sqlite3.Error, DBAPIError), self._writer.engine.connect() as connection:
                driver_of(connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def vacuum(self) -> None:
        """Lets a PostgreSQL server tidy up what was deleted and count its rows; nobody waits for it."""
        with self._errors_named(), self._writer.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")

    def close(self) -> None:
        """Closes every connection; the object is of no further use."""
        self._reader.close()
        self._writer.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The threads of this process queue here, which is fair, and not at SQLite's lock, which is polled."""
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("this thread has a write transaction open already")
        if not self._turnstile.acquire(timeout=self._patience):
            raise TransientError(BUSY.format(place=self.place))
        self._writing_thread = threading.get_ident()
        try:
            yield
        finally:
            self._writing_thread = None
            self._turnstile.release()

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            # Without its cause: a driver's message quotes values, and a traceback would print it.
            raise named(error, self.place).with_traceback(error.__traceback__) from None
        except PoolTimeoutError:
            raise TransientError(CROWDED.format(place=self.place)) from None


_FENCE = Prepared(select(lease_table.c.fence, lease_table.c.owner).where(lease_table.c.name == bindparam("held")))


@cache
def _allocation(dialect: str) -> Executable:
    insert = inserting(counter, dialect)
    more = counter.c.next + bindparam("more", type_=BigInteger)
    return insert.on_conflict_do_update(index_elements=["name"], set_={"next": more}).returning(counter.c.next)


def _check_fence(connection: Connection, lease: Lease) -> None:
    if [tuple(row) for row in _FENCE.rows(connection, {"held": lease.name})] != [(lease.fence, lease.owner)]:
        raise LeaseLostError(f"The lease {lease.name!r} has changed hands; nothing more is written under it.")


def _create_file(path: Path, place: str) -> None:
    """An empty file that only its owner may read, since it will hold personal data; an existing file is left alone.

    It is not even opened: to close any handle of a file lets go of all locks that this process has on it, also those of
    its other connections (https://www.sqlite.org/howtocorrupt.html, section 2.2, read 2026-11-23). Another process that
    ends would then take itself for the last one, and remove the log that is still in use here.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except PermissionError:
        if not path.is_file():
            raise ConfigError(MISSING.format(place=place)) from None
    except OSError:
        raise ConfigError(MISSING.format(place=place)) from None
