"""How the ids of an account begin.

Drafted from state/tables.py and frozen: this file describes what version 0004 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("connection", sa.Column("system", sa.String(length=120), nullable=True))
