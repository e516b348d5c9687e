"""Which version of Concord a database belongs to, and how it is brought to this one (alembic, without an ini file)."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, String, Table, column, insert, inspect, select, table

from mapping.errors import ConfigError, DatabaseVersionError
from state.failures import NOT_OURS
from state.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0016"
"""The newest migration. Kept here so that a start need not load alembic; a test holds it to the folder."""

MIGRATIONS = Path(__file__).parent / "migrations"

VERSION_TABLE = "concord_version"
WRITTEN = select(column("version_num", String)).select_from(table(VERSION_TABLE))
"""Which version stands in a database."""


class Standing(Enum):
    """How far a database is."""

    EMPTY = "empty"
    OLD = "old"
    CURRENT = "current"


def standing(connection: Connection, place: str) -> Standing:
    """Whether the database is of this program's version, an older one, or empty. Only reads.

    Raises DatabaseVersionError when a newer program wrote it, ConfigError when it is something else's.
    """
    inspector = inspect(connection)
    if not inspector.has_table(VERSION_TABLE):
        if inspector.get_table_names():
            raise ConfigError(NOT_OURS.format(place=place) + " It holds other tables; give Concord one of its own.")
        return Standing.EMPTY
    found = _written(connection)
    if found == HEAD:
        return Standing.CURRENT
    if found is not None and found not in known_versions():
        raise DatabaseVersionError(
            f"The database {place} was written by a newer Concord (its version is {found}, this program knows {HEAD});"
            " update Concord. Nothing was changed."
        )
    return Standing.OLD


def is_current(connection: Connection, place: str) -> bool:
    """Whether the database is of this program's version. Only reads; raises as ``standing``."""
    return standing(connection, place) is Standing.CURRENT


def make(connection: Connection) -> None:
    """The tables of this version and its number, inside the open transaction; nothing where another process was first.

    To run every migration there ever was would take longer and load alembic; a test holds the two ways to one end.
    """
    if inspect(connection).has_table(VERSION_TABLE):
        return
    metadata.create_all(connection, checkfirst=False)
    number = Column("version_num", String(32), primary_key=True)  # as alembic declares it
    version = Table(VERSION_TABLE, MetaData(naming_convention={"pk": "%(table_name)s_pkc"}), number)
    version.create(connection)
    connection.execute(insert(version).values(version_num=HEAD))


def upgrade(connection: Connection, to: str = "head") -> None:
    """Runs the missing migrations inside the open transaction: all of them take effect, or none."""
    from alembic import command

    command.upgrade(config(connection), to)


def found_version(connection: Connection) -> str | None:
    """The version that stands in a database of Concord; None in one that has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return _written(connection)


def _written(connection: Connection) -> str | None:
    return connection.execute(WRITTEN).scalar_one_or_none()


def known_versions() -> frozenset[str]:
    """Every version this program can start from."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here and not in a file."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return made
