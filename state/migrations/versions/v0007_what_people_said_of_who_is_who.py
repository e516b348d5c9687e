"""What people said of who is who

Drafted from state/tables.py and frozen: this file describes what version 0007 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "judgement",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_back_at", sa.String(length=27), nullable=True),
        sa.Column("taken_back_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgement")),
    )
    op.create_table(
        "judgement_member",
        sa.Column("judgement_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("slice", sa.String(length=400), nullable=False),
        sa.Column("remote_id", sa.String(length=400), nullable=False),
        sa.Column("part", sa.String(length=400), nullable=False),
        sa.Column("group_number", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint(
            "judgement_id", "connection_id", "stream", "slice", "remote_id", "part", name=op.f("pk_judgement_member")
        ),
    )
    op.create_index("ix_judgement_member_remote_id", "judgement_member", ["remote_id"], unique=False)
