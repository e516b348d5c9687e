"""What customers' facts come to.

Drafted from state/tables.py and frozen: this file describes what version 0006 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dirty_trait",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=600), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_dirty_trait")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fact_name",
        sa.Column("fact_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=600), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", "value", name=op.f("pk_fact_name")),
    )
    op.create_index("ix_fact_name_value", "fact_name", ["value"], unique=False)
    op.create_table(
        "trait",
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("missing", sa.String(length=200), nullable=True),
        sa.Column("due_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_trait")),
    )
    op.create_index(op.f("ix_trait_due_at"), "trait", ["due_at"], unique=False)
    op.create_index(op.f("ix_trait_missing"), "trait", ["missing"], unique=False)
    op.create_table(
        "trait_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trait_rules")),
    )
