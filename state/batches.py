"""Large batches through SQLAlchemy without its cost a row: lists as one parameter, inserts of plain tuples."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
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

    def __init__(self, statement: Select[Any] | Insert | Delete | Update) -> None:
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
        """How many rows an INSERT, a DELETE or an UPDATE reached."""
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
def _insert(table: Table, alike: tuple[str, ...], others: tuple[str, ...], count: int) -> str:
    """SQLite's INSERT of so many rows. The values of the columns ``alike`` come first, once for all of them."""
    quoted = ", ".join(f'"{name}"' for name in (*alike, *others))
    marks = (f"?{number}" for number in range(len(alike) + 1, len(alike) + count * len(others) + 1))
    same = [f"?{number}" for number in range(1, len(alike) + 1)]
    rows = ", ".join(f"({', '.join([*same, *islice(marks, len(others))])})" for _ in range(count))
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES {rows}'  # noqa: S608  our names


@cache
def _insert_on_server(table: Table, columns: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES ({", ".join(["%s"] * len(columns))})'  # noqa: S608  our names


def insert_rows(c: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows of values as the driver takes them (JSON made to text before), in the order of ``columns``."""
    if rows:
        insert_columns(c, table, dict(zip(columns, zip(*rows, strict=True), strict=True)))


def insert_columns(c: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Inserts at least one row, given as the values of each column, as the driver takes them."""
    if c.dialect.name != "sqlite":
        rows = list(zip(*columns.values(), strict=True))
        c.exec_driver_sql(_insert_on_server(table, tuple(columns)), rows)
        return
    count = len(next(iter(columns.values())))
    alike, others = _alike(columns) if count >= MANY else ({}, columns)
    driver, names, same = driver_of(c), (tuple(alike), tuple(others)), tuple(alike.values())
    varying = zip(*others.values(), strict=True)
    for _ in range(count // MANY):
        driver.execute(_insert(table, *names, MANY), (*same, *chain.from_iterable(islice(varying, MANY))))
    if count % MANY:
        driver.executemany(_insert(table, *names, 1), ((*same, *row) for row in varying))


def _alike(columns: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Any], dict[str, Sequence[Any]]]:
    """The values that all rows have alike, and the columns in which they differ, one at least.

    Such a value is bound once, and none at all where there is none: to bind is a third of the price of an insert
    (2026-11-30).
    """
    alike: dict[str, Any] = {}
    others: dict[str, Sequence[Any]] = {}
    for name, values in columns.items():
        if values[0] == values[-1] and values.count(values[0]) == len(values):
            alike[name] = values[0]
        else:
            others[name] = values
    if not others:
        name = next(iter(columns))
        others[name] = columns[name]
        del alike[name]
    return {name: value for name, value in alike.items() if value is not None}, others


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values once each, in the order in which they came."""
    return list(dict.fromkeys(values))
