"""How each of the two databases is opened: addresses, drivers, pragmas, and what makes a writer the only one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from mapping.errors import ConfigError

LOOK_AGAIN = 0.0003
"""Seconds between two looks whether SQLite's writer has ended: a page's transaction takes a few milliseconds."""
LONGEST_YIELD = 0.02
"""Seconds for which a writer that yields waits for another to have written: one that is slower is in nobody's way."""
LOG = 32_000
"""Pages of SQLite's log after which whoever writes next carries it over into the file: more than a turn writes that
resolves a thousand new records among a million, so that nobody waits for the disk in the middle of one."""
FRAME = 4120
"""Bytes of the log that a page takes: 4096 and a header."""
WRITER_LOCK = 0x436F6E636F7264  # "Concord" in ASCII: our key among the advisory locks of a PostgreSQL database
IDLE_LIMIT = 60.0
"""Seconds after which PostgreSQL ends a write transaction whose process fell silent, so that it blocks nobody."""


# The driver looks in three places for how to store a truth value before it takes it for the number that it is.
sqlite3.register_adapter(bool, int)


@dataclass(frozen=True, slots=True)
class Address:
    """A database's URL, read. ``place`` names it without a password; ``path`` is the file, for SQLite."""

    url: URL
    dialect: str
    place: str
    path: Path | None = None


def address(url: str) -> Address:
    """The address that the URL means. Raises ConfigError, never quoting the URL, since it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("The database's URL cannot be read; write sqlite:///file or postgresql://...") from None
    dialect = parsed.get_backend_name()
    if dialect == "sqlite":
        if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise ConfigError("The database must be a file of its own; write sqlite:///concord.db")
        return Address(parsed, dialect, parsed.database, Path(parsed.database))
    if dialect in ("postgresql", "postgres"):
        host = parsed.host or parsed.query.get("host", "localhost")
        return Address(
            parsed.set(drivername="postgresql+psycopg"), "postgresql", f"{parsed.database or 'postgres'} at {host}"
        )
    raise ConfigError(f"Concord keeps its state in SQLite or PostgreSQL, not in {dialect!r}.")


def engines(address: Address, patience: float, yielding: Callable[[], bool], log: int) -> tuple[Engine, Engine]:
    """A reader and a writer. Values of rows never show in their errors. ``yielding`` and ``log``: see ``Database``."""
    if address.path is not None:
        return _sqlite(address, patience, yielding, log)
    engine = create_engine(
        address.url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs one round trip, not one failed run
        connect_args={"connect_timeout": 10, "application_name": "concord"},
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reader, engine


class Transactions:
    """The transactions of an engine.

    On SQLite a connection is kept for the next one: to give it back to SQLAlchemy's pool and take it out again costs
    13 µs of processor, a transaction itself 5 (2026-11-29). A server's go through the pool, which asks whether they
    still work.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._keeps = engine.dialect.name == "sqlite"
        self._idle: list[Connection] = []

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection in a transaction that commits on success and rolls back on any error."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        if self._keeps:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Closes every connection that nobody uses."""
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()


def take_turn(connection: Connection, patience: float) -> None:
    """Makes the open PostgreSQL transaction the only writing one: what BEGIN IMMEDIATE does for SQLite.

    Serializable isolation would promise the same but abort work that has to be done again; a lock that is held for
    the length of our short transactions keeps both databases alike, and no reader waits for it.
    """
    connection.exec_driver_sql(
        f"SET LOCAL lock_timeout = {int(patience * 1000)};"
        f"SET LOCAL idle_in_transaction_session_timeout = {int(IDLE_LIMIT * 1000)};"
        f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"
    )


def use_write_ahead_log(connection: Connection) -> None:
    """Lets readers and the writer of an SQLite file pass one another. The file remembers it, so once is enough."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA journal_mode = WAL")


def _sqlite(address: Address, patience: float, yielding: Callable[[], bool], log: int) -> tuple[Engine, Engine]:
    def begin_to_read(driver: sqlite3.Connection) -> None:
        driver.execute("BEGIN")

    def begin_to_write(driver: sqlite3.Connection) -> None:
        if yielding():
            _let_others_write(driver, yielding)
        _be_the_writer(driver, patience)

    reader = _sqlite_engine(address, patience, begin_to_read, ("query_only = ON", "cache_size = -8000"))
    writer = _sqlite_engine(
        address,
        patience,
        begin_to_write,
        ("synchronous = NORMAL", "cache_size = -24000", f"wal_autocheckpoint = {log}"),
    )
    return reader, writer


def _let_others_write(driver: sqlite3.Connection, yielding: Callable[[], bool]) -> None:
    """Returns as soon as another connection has written, or when it takes too long.

    Whoever writes a page after the other computes the next one first. A transaction that begins just now, and is
    shorter than that, keeps nobody waiting.
    """
    deadline = time.monotonic() + LONGEST_YIELD
    (before,) = driver.execute("PRAGMA data_version").fetchone()
    while yielding() and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN)
        if driver.execute("PRAGMA data_version").fetchone()[0] != before:
            return


def _be_the_writer(driver: sqlite3.Connection, patience: float) -> None:
    """Begins the transaction once nobody else writes. Raises sqlite3.OperationalError when the patience ends.

    SQLite's own waiting sleeps ever longer between two looks, up to 100 ms (``sqliteDefaultBusyCallback`` in its
    main.c, read 2026-11-23). Beside a process that writes every few milliseconds that is to stand still.
    """
    deadline = time.monotonic() + patience
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= deadline:
                    raise
            time.sleep(LOOK_AGAIN)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")


def _sqlite_engine(
    address: Address, patience: float, begin: Callable[[sqlite3.Connection], None], pragmas: tuple[str, ...]
) -> Engine:
    # mode=rw: a file that vanished is an error; it shall not come back as an empty one.
    uri = f"file:{quote(str(address.path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: the driver leaves transactions to us. Its own control would begin a deferred one, which
        # fails without waiting when it turns into a writer after another process has written.
        driver = sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
        for pragma in (
            *pragmas,
            "temp_store = MEMORY",
            f"journal_size_limit = {LOG * FRAME}",
        ):
            driver.execute(f"PRAGMA {pragma}")
        return driver

    engine = create_engine("sqlite://", creator=connect, hide_parameters=True, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        begin(driver)

    return engine
