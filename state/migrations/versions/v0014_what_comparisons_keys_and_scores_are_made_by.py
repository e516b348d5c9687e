"""What comparisons, keys and scores are made by

Drafted from state/tables.py and frozen: this file describes what version 0014 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("statistics", sa.Column("made_by", sa.String(length=40), server_default="", nullable=False))
