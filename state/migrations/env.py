"""Runs migrations on the connection that was handed over, inside its transaction."""

from __future__ import annotations

from alembic import context

from state.tables import metadata
from state.versions import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # alembic assumes that SQLite cannot; with our own BEGIN IMMEDIATE it can
)
with context.begin_transaction():
    context.run_migrations()
