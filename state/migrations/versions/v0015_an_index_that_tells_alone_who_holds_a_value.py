"""An index that tells alone who holds a value

Drafted from state/tables.py and frozen: this file describes what version 0015 was, whatever the tables become.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_index("ix_identifier_value_kind", table_name="identifier")
    op.create_index("ix_identifier_value_kind_until", "identifier", ["value", "kind", "until"])
