"""Writes the next migration: ``python -m state.migrations.draft "why the tables change"``, then read what it wrote.

It compares a database made by the migrations there are with ``state/tables.py``. A person still decides what becomes of
the rows, and raises ``HEAD`` in ``state/versions.py``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from state.tables import Json, metadata
from state.versions import MIGRATIONS, VERSION_TABLE, config

TEMPLATE = '''"""{why}

Drafted from state/tables.py and frozen: this file describes what version {number} was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before!r}

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
{steps}
'''
BIGID = "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')"


def draft(why: str) -> Path:
    """The file that was written."""
    before = ScriptDirectory.from_config(config()).get_current_head()
    number = f"{int(before or 0) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", why.lower()).strip("_")[:40]
    path = MIGRATIONS / "versions" / f"v{number}_{slug}.py"
    steps = "\n".join(line for line in _steps().splitlines() if not line.lstrip().startswith("#"))
    path.write_text(TEMPLATE.format(why=why, number=number, before=before, steps=steps), encoding="utf-8")
    return path


def _steps() -> str:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/now.db")
        with engine.begin() as connection:
            command.upgrade(config(connection), "head")
            options = {"target_metadata": metadata, "version_table": VERSION_TABLE, "render_as_batch": True}
            context = MigrationContext.configure(connection, opts=options)
            operations = produce_migrations(context, metadata).upgrade_ops
            assert operations is not None
            code = render_python_code(operations, render_item=_rendered, migration_context=context)
        engine.dispose()
    return code.replace(BIGID, "BIGID")


def _rendered(kind: str, value: Any, context: AutogenContext) -> str | Literal[False]:
    """Our own type as the text it is stored as: a migration must not depend on code that may change."""
    return "sa.Text()" if kind == "type" and isinstance(value, Json) else False


if __name__ == "__main__":
    sys.stdout.write(f"{draft(sys.argv[1])}\n")
