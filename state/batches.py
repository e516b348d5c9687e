"""Large batches through SQLAlchemy without its cost a row: lists as one parameter, inserts of plain tuples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Dialect, Integer, Table, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
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


@cache
def _insert(table: Table, columns: tuple[str, ...], dialect: str, paramstyle: str) -> str:
    quoted = ", ".join(f'"{name}"' for name in columns)
    mark = "?" if paramstyle == "qmark" else "%s"
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES ({", ".join([mark] * len(columns))})'  # noqa: S608  our names


def insert_rows(c: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows of values as the driver takes them (JSON made to text before), in the order of ``columns``."""
    if not rows:
        return
    # A column that is empty in every row is left out: sqlite3 looks for an adapter for every None that it binds.
    filled = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
    if 1 < len(filled) < len(columns):
        pick = itemgetter(*filled)
        columns, rows = pick(columns), list(map(pick, rows))
    c.exec_driver_sql(_insert(table, columns, c.dialect.name, c.dialect.paramstyle), list(rows))


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values once each, in the order in which they came."""
    return list(dict.fromkeys(values))
