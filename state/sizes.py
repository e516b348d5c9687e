"""How large a database is: table by table, stream by stream, and what lies in it unused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, func, select, text

from state.database import Database
from state.measures import file_bytes
from state.tables import metadata, raw_record, slice_


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table. ``bytes`` are with its indexes; None where the database cannot tell."""

    table: str
    rows: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class StreamSize:
    """The raw records of one stream: how many, how many with a body, what these take, and when the oldest and the
    newest of them were stored. ``packed`` of the bodies are packed."""

    connection_id: str
    stream: str
    records: int
    bodies: int
    packed: int
    body_bytes: int
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class Occupied:
    """``bytes`` of the database, ``free`` of them unused within it, ``log`` beside it; ``disk`` bytes are free on its
    disk, None where a server keeps it."""

    bytes: int
    free: int
    log: int
    disk: int | None


def occupied(db: Database) -> Occupied:
    """The whole of it, at a glance."""
    if db.file is None:
        with db.read() as c:
            size = int(c.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        return Occupied(size, 0, 0, None)
    sizes = file_bytes(db.file)
    with db.read() as c:
        page = int(c.execute(text("PRAGMA page_size")).scalar_one())
        unused = int(c.execute(text("PRAGMA freelist_count")).scalar_one())
    return Occupied(sizes["main"], unused * page, sizes["wal"], disk_free(db.file))


def disk_free(path: Path) -> int:
    """Bytes that are free on the disk of a file."""
    return shutil.disk_usage(path.absolute().parent).free


def tables(db: Database) -> list[TableSize]:
    """Every table of ours, the largest first. Reads the whole of an SQLite file, which takes seconds a gigabyte."""
    with db.read() as c:
        sizes = _server_sizes(c) if db.file is None else {}
        counts = {table.name: select(func.count()).select_from(table) for table in metadata.tables.values()}
        rows = {name: int(c.execute(count).scalar_one()) for name, count in counts.items()}
    if db.file is not None:
        sizes = _file_sizes(db.file)
    found = [TableSize(name, count, sizes.get(name)) for name, count in rows.items()]
    return sorted(found, key=lambda one: (-(one.bytes or 0), -one.rows, one.table))


def _server_sizes(c: Connection) -> dict[str, int]:
    rows = c.execute(text("SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"))
    return {str(name): int(size) for name, size in rows}


def _file_sizes(path: Path) -> dict[str, int]:
    """Bytes by table from SQLite's dbstat, where Python's SQLite was built with it."""
    with closing(sqlite3.connect(path)) as found:
        try:
            rows = found.execute(
                "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name"
                " WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
            ).fetchall()
        except sqlite3.OperationalError:
            return {}
    return {str(name): int(size) for name, size in rows}


def body_bytes(c: Connection) -> ColumnElement[int]:
    """The bytes of a body as stored."""
    body = raw_record.c.body
    return func.octet_length(body) if c.dialect.name == "postgresql" else func.length(cast(body, LargeBinary))


def places(c: Connection) -> list[tuple[str, str]]:
    """Every stream of every connection, by the connection's id."""
    rows = c.execute(select(slice_.c.connection_id, slice_.c.stream).distinct().order_by(slice_.c.connection_id))
    return sorted((str(row[0]), str(row[1])) for row in rows)


def streams(db: Database) -> list[StreamSize]:
    """Every stream of which anything is stored."""
    with db.read() as c:
        size = func.coalesce(func.sum(body_bytes(c)), 0)
        packed = func.sum(func.typeof(raw_record.c.body) == "blob") if db.file is not None else func.sum(0)
        query = (
            select(
                slice_.c.connection_id, slice_.c.stream, func.count(), func.count(raw_record.c.body), packed, size,
                func.min(raw_record.c.observed_at), func.max(raw_record.c.observed_at),
            )
            .select_from(raw_record)
            .join(slice_, slice_.c.id == raw_record.c.slice_id)
            .group_by(slice_.c.connection_id, slice_.c.stream)
            .order_by(slice_.c.connection_id, slice_.c.stream)
        )  # fmt: skip
        rows = c.execute(query).all()
    return [
        StreamSize(str(row[0]), str(row[1]), int(row[2]), int(row[3]), int(row[4]), int(row[5]), row[6], row[7])
        for row in rows
    ]
