"""What runs cost and said, and what all runs come to

Drafted from state/tables.py and frozen: this file describes what version 0011 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("run", sa.Column("job", sa.String(length=240), nullable=True))
    op.add_column("run", sa.Column("costs", sa.Text(), nullable=True))
    op.create_index("ix_run_status", "run", ["status"], unique=False)
    op.create_table(
        "run_log",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("run_id", BIGID, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_log")),
    )
    op.create_index(op.f("ix_run_log_run_id"), "run_log", ["run_id"], unique=False)
    op.create_table(
        "tally",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "connection_id", "stream", "name", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "body_words",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_body_words")),
    )
