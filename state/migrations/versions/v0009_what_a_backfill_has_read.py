"""What a backfill has read, what a connection has spent in a day, and whether a slice was written meanwhile.

Drafted from state/tables.py and frozen: this file describes what version 0009 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.Column("every", sa.String(length=20), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("again_at", sa.String(length=27), nullable=True),
        sa.Column("worked_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfill")),
    )
    op.create_table(
        "partition",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("backfill_id", BIGID, nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("slice_id", BIGID, nullable=False),
        sa.Column("since", sa.String(length=27), nullable=True),
        sa.Column("until", sa.String(length=27), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partition")),
    )
    op.create_index("ix_partition_backfill_id_state", "partition", ["backfill_id", "state"], unique=False)
    op.create_table(
        "spending",
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "day", name=op.f("pk_spending")),
    )
    op.add_column("slice", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
