"""How alike records are

Drafted from state/tables.py and frozen: this file describes what version 0008 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "block_key",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity_id", BIGID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "entity_id", name=op.f("pk_block_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "comparison",
        sa.Column("entity_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("scored", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_comparison")),
    )
    op.create_table(
        "oversized_key",
        sa.Column("key", BIGID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_oversized_key")),
    )
    op.create_table(
        "pair_score",
        sa.Column("a", BIGID, autoincrement=False, nullable=False),
        sa.Column("b", BIGID, autoincrement=False, nullable=False),
        sa.Column("log_odds", sa.Double(), nullable=False),
        sa.Column("model", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", name=op.f("pk_pair_score")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pair_score_b", "pair_score", ["b"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("entity_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("component", BIGID, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_component"), "quarantine", ["component"], unique=False)
    op.create_table(
        "scoring_model",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("trained_on", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_scoring_model")),
    )
    op.create_table(
        "statistics",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_statistics")),
    )
    op.create_table(
        "value_count",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("names", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", name=op.f("pk_value_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "waiting_match",
        sa.Column("seq", BIGID, autoincrement=True, nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("entities", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_waiting_match")),
    )
    op.create_index(
        "ix_customer_merged_into",
        "customer",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column("slice", sa.Column("deduplicated", sa.Boolean(), nullable=True))
