"""What all tables are made of: their metadata, and the types and marks of their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PERSONAL = {"personal": True}


def partial(where: str) -> dict[str, str]:
    """The ``info`` of an index that both databases keep of some rows only.

    ``postgresql_where`` would load the whole of that dialect, 30 ms, for whoever keeps all in SQLite.
    """
    return {"where": where}


BIGID = BigInteger().with_variant(Integer, "sqlite")


class Json(TypeDecorator[Any]):
    """A JSON value kept as text, with keys in the order given; the same on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The value as compact JSON."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The JSON value."""
        return None if value is None else orjson.loads(value)


@compiles(CreateIndex)
def _create_index(create: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:
    plain: Callable[..., str] = compiler.visit_create_index
    where = create.element.info.get("where", "")
    return plain(create, **options) + (f" WHERE {where}" if where else "")
