"""Which version of Concord a database belongs to, and how it is brought to this one (alembic, without an ini file)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table

from mapping.errors import ConfigError, DatabaseVersionError
from state.failures import NOT_OURS

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The newest migration. Kept here so that a start need not load alembic; a test holds it to the folder."""

MIGRATIONS = Path(__file__).parent / "migrations"

VERSION_TABLE = "concord_version"


def is_current(connection: Connection, place: str) -> bool:
    """Whether the database is of this program's version; False when it is older or empty. Only reads.

    Raises DatabaseVersionError when a newer program wrote it, ConfigError when it is something else's.
    """
    inspector = inspect(connection)
    if not inspector.has_table(VERSION_TABLE):
        if inspector.get_table_names():
            raise ConfigError(NOT_OURS.format(place=place) + " It holds other tables; give Concord one of its own.")
        return False
    found = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar_one_or_none()
    if found == HEAD:
        return True
    if found is not None and found not in known_versions():
        raise DatabaseVersionError(
            f"The database {place} was written by a newer Concord (its version is {found}, this program knows {HEAD});"
            " update Concord. Nothing was changed."
        )
    return False


def upgrade(connection: Connection) -> None:
    """Runs the missing migrations inside the open transaction: all of them take effect, or none."""
    from alembic import command

    command.upgrade(config(connection), "head")


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
