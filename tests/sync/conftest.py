"""The two databases, for the tests of the engine."""

from __future__ import annotations

from tests.databases import (
    database,
    database_url,
    dialect,
    empty_database_url,
    postgresql_server,
    postgresql_template,
    sqlite_template,
)

__all__ = [
    "database",
    "database_url",
    "dialect",
    "empty_database_url",
    "postgresql_server",
    "postgresql_template",
    "sqlite_template",
]
