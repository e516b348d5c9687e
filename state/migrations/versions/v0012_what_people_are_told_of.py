"""What people are told of, and why a run ended

Drafted from state/tables.py and frozen: this file describes what version 0012 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("run", sa.Column("cause", sa.String(length=40), nullable=True))
    op.create_table(
        "alert",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("connection", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.String(length=27), nullable=False),
        sa.Column("last_at", sa.String(length=27), nullable=False),
        sa.Column("told_at", sa.String(length=27), nullable=True),
        sa.Column("told_amount", sa.Integer(), nullable=False),
        sa.Column("recovered_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("kind", "connection", name=op.f("pk_alert")),
    )
    op.create_table(
        "alert_delivery",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(length=300), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("next_at", sa.String(length=27), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_delivery")),
    )
