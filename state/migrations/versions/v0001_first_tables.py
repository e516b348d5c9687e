"""The tables of the first version.

Drafted from state/tables.py and frozen: this file describes what version 0001 was, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIGID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "connection",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("connector", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.String(length=400), nullable=True),
        sa.Column("account_name", sa.String(length=400), nullable=True),
        sa.Column("paused", sa.String(length=20), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("name", name=op.f("uq_connection_name")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "cursor",
        sa.Column("slice_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("enumerating", sa.Boolean(), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=True),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("slice_id", name=op.f("pk_cursor")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("slice", sa.String(length=400), nullable=False),
        sa.Column("remote_id", sa.String(length=700), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.String(length=27), nullable=False),
        sa.Column("last_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint(
            "direction",
            "connection_id",
            "stream",
            "slice",
            "remote_id",
            name=op.f("uq_dead_letter_direction_connection_id_stream_slice_remote_id"),
        ),
    )
    op.create_table(
        "dirty_entity",
        sa.Column("seq", BIGID, autoincrement=True, nullable=False),
        sa.Column("entity_id", BIGID, nullable=False),
        sa.Column("fact_key", sa.String(length=600), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_dirty_entity")),
    )
    op.create_table(
        "edge",
        sa.Column("a", BIGID, autoincrement=False, nullable=False),
        sa.Column("b", BIGID, autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", name=op.f("pk_edge")),
    )
    op.create_index("ix_edge_b", "edge", ["b"], unique=False)
    op.create_table(
        "entity",
        sa.Column("id", BIGID, autoincrement=False, nullable=False),
        sa.Column("raw_id", BIGID, nullable=False),
        sa.Column("part", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("founding", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("fact_key", sa.String(length=600), nullable=True),
        sa.Column("name_key", sa.String(length=200), nullable=True),
        sa.Column("alias", sa.String(length=40), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("echo", sa.Text(), nullable=False),
        sa.Column("rules", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint("raw_id", "part", name=op.f("uq_entity_raw_id_part")),
    )
    op.create_index(
        "ix_entity_fact_key", "entity", ["fact_key"], unique=False, sqlite_where=sa.text("fact_key IS NOT NULL")
    )
    op.create_table(
        "event",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_table(
        "fact",
        sa.Column("id", BIGID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=600), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.String(length=20), nullable=True),
        sa.Column("at", sa.String(length=27), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sa.UniqueConstraint("key", name=op.f("uq_fact_key")),
    )
    op.create_index(op.f("ix_fact_at"), "fact", ["at"], unique=False)
    op.create_table(
        "fact_ref",
        sa.Column("fact_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("participant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", "participant", "kind", "value", name=op.f("pk_fact_ref")),
    )
    op.create_index("ix_fact_ref_value_kind", "fact_ref", ["value", "kind"], unique=False)
    op.create_table(
        "golden_record",
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_golden_record")),
    )
    op.create_table(
        "identifier",
        sa.Column("entity_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", "kind", "value", name=op.f("pk_identifier")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identifier_value_kind", "identifier", ["value", "kind"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=600), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "membership",
        sa.Column("entity_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_customer_id"), "membership", ["customer_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("change_key", sa.String(length=700), nullable=False),
        sa.Column("subject_kind", sa.String(length=10), nullable=False),
        sa.Column("subject_key", sa.String(length=600), nullable=False),
        sa.Column("op", sa.String(length=14), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.String(length=27), nullable=False),
        sa.Column("settle_until", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "connection_id", "object", "change_key", name=op.f("uq_outbox_connection_id_object_change_key")
        ),
    )
    op.create_index("ix_outbox_state", "outbox", ["state"], unique=False)
    op.create_table(
        "plan",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_plan")),
    )
    op.create_table(
        "raw_record",
        sa.Column("id", BIGID, autoincrement=False, nullable=False),
        sa.Column("slice_id", BIGID, nullable=False),
        sa.Column("remote_id", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("merged_into", sa.String(length=400), nullable=True),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("changed_at", sa.String(length=27), nullable=True),
        sa.Column("observed_at", sa.String(length=27), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_record")),
        sa.UniqueConstraint("slice_id", "remote_id", name=op.f("uq_raw_record_slice_id_remote_id")),
    )
    op.create_table(
        "run",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=True),
        sa.Column("stream", sa.String(length=120), nullable=True),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("lease", sa.String(length=600), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "shadow",
        sa.Column("id", BIGID, autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("remote_id", sa.String(length=400), nullable=False),
        sa.Column("subject_kind", sa.String(length=10), nullable=False),
        sa.Column("subject_key", sa.String(length=600), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("merged_into", sa.String(length=400), nullable=True),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("remote_version", sa.String(length=200), nullable=True),
        sa.Column("updated_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow")),
        sa.UniqueConstraint(
            "connection_id", "object", "remote_id", name=op.f("uq_shadow_connection_id_object_remote_id")
        ),
    )
    op.create_index("ix_shadow_subject", "shadow", ["subject_kind", "subject_key"], unique=False)
    op.create_table(
        "sighting",
        sa.Column("raw_id", BIGID, autoincrement=False, nullable=False),
        sa.Column("slice_id", BIGID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("raw_id", name=op.f("pk_sighting")),
    )
    op.create_table(
        "slice",
        sa.Column("id", BIGID, nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("title", sa.String(length=400), nullable=True),
        sa.Column("rules", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slice")),
        sa.UniqueConstraint("connection_id", "stream", "key", name=op.f("uq_slice_connection_id_stream_key")),
    )
    op.create_table(
        "vault",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vault")),
    )
