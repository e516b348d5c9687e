"""Large batches through SQLAlchemy without its cost a row: lists as one parameter, inserts of plain tuples."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Integer,
    Select,
    Table,
    Text,
    TypeDecorator,
    Update,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import BigInteger, TypeEngine


class _Listed(TypeDecorator[Any]):
    """A list as one parameter: JSON text for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, numbers: bool) -> None:
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type over there."""
        array = ARRAY(BigInteger() if self.numbers else Text())
        return dialect.type_descriptor(array if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The list as the driver takes it."""
        return list(value) if dialect.name == "postgresql" else orjson.dumps(list(value)).decode()


class _rows_of(FunctionElement[Any]):
    inherit_cache = True


@compiles(_rows_of, "sqlite")
def _rows_of_json(element: _rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608  no text of ours


@compiles(_rows_of, "postgresql")
def _rows_of_array(element: _rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **options)}))"


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column's value is among the list given at execution under this name, however long it is.

    An IN clause is rendered anew for every list, value by value; this is rendered once.
    """
    listed = bindparam(name, type_=_Listed(isinstance(column.type, Integer)))
    return column.op("IN", is_comparison=True)(_rows_of(listed))


class Prepared:
    """A statement that every page or batch runs: made into text once, and on SQLite run by the driver itself, since
    SQLAlchemy's way to it costs as much again as SQLite's work (25 to 50 µs a statement, 2026-11-29).

    Its values come back as the driver has them: of its columns only truth values (0 and 1 on SQLite) may have a type
    that reads them.
    """

    def __init__(self, statement: Select[Any] | Delete | Update) -> None:
        self._statement = statement
        self._text = ""
        self._binds: list[tuple[str, Callable[[Any], Any] | None]] = []
        self._fixed: dict[str, Any] = {}

    def rows(self, c: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The rows of a SELECT."""
        if c.dialect.name != "sqlite":
            return list(c.execute(self._statement, values).all())
        return self._run(c, values).fetchall()

    def change(self, c: Connection, values: Mapping[str, Any]) -> int:
        """How many rows a DELETE or an UPDATE reached."""
        if c.dialect.name != "sqlite":
            return c.execute(self._statement, values).rowcount
        return self._run(c, values).rowcount

    def _run(self, c: Connection, values: Mapping[str, Any]) -> sqlite3.Cursor:
        if not self._text:
            self._prepare(c.dialect)
        if self._fixed:
            values = {**self._fixed, **values}
        given = [values[name] if read is None else read(values[name]) for name, read in self._binds]
        return driver_of(c).execute(self._text, given)

    def _prepare(self, dialect: Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._binds = [(name, compiled.binds[name].type.bind_processor(dialect)) for name in compiled.positiontup or ()]
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._text = str(compiled)


def driver_of(c: Connection) -> sqlite3.Connection:
    """SQLite's own connection."""
    driver = c.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


MANY = 100
"""Rows that one statement inserts into SQLite: a fifth cheaper a row than a statement each (2026-11-29)."""


@cache
def _insert(table: Table, columns: tuple[str, ...], dialect: str, paramstyle: str, count: int = 1) -> str:
    quoted = ", ".join(f'"{name}"' for name in columns)
    mark = "?" if paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(columns))})"
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES {", ".join([row] * count)}'  # noqa: S608  our names


def insert_rows(c: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows of values as the driver takes them (JSON made to text before), in the order of ``columns``."""
    if not rows:
        return
    # A column that is empty in every row is left out: sqlite3 looks for an adapter for every None that it binds.
    filled = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
    if 1 < len(filled) < len(columns):
        pick = itemgetter(*filled)
        columns, rows = pick(columns), list(map(pick, rows))
    text = _insert(table, columns, c.dialect.name, c.dialect.paramstyle)
    if c.dialect.name == "sqlite":
        whole = len(rows) - len(rows) % MANY
        if whole:
            many = _insert(table, columns, c.dialect.name, c.dialect.paramstyle, MANY)
            batches = (tuple(chain.from_iterable(rows[at : at + MANY])) for at in range(0, whole, MANY))
            driver_of(c).executemany(many, batches)
        driver_of(c).executemany(text, rows[whole:])
    else:
        c.exec_driver_sql(text, list(rows))


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values once each, in the order in which they came."""
    return list(dict.fromkeys(values))
