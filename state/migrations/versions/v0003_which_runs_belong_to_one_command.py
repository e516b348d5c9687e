"""Which runs belong to one command.

Drafted from state/tables.py and frozen: this file describes what version 0003 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("run", sa.Column("part_of", BIGID, nullable=True))
