"""When each job is due.

Drafted from state/tables.py and frozen: this file describes what version 0005 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("job", sa.String(length=240), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("connection", sa.String(length=200), nullable=False),
        sa.Column("spec", sa.String(length=200), nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=True),
        sa.Column("asked_at", sa.String(length=27), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_schedule")),
    )
