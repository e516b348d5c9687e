"""Every table, with the columns that hold personal data marked (``info={"personal": True}``).

Instants are text in UTC of fixed width (``2026-11-23T12:00:00.000000Z``), so that both databases compare them alike.
The hot tables keep JSON as plain text, which their repositories make before a transaction begins. Row ids of the hot
tables are handed out in blocks from ``counter``, so that a page is written with plain batches.
Foreign keys are not declared on purpose: rows of one subject are always written in one transaction by its repository,
and a check a reference would be one more look-up for every row of a page (see docs/adr/0007-hot-tables.md).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from state.columns import BIGID, PERSONAL, partial
from state.columns import Json as Json  # whoever reads a column needs its type
from state.columns import metadata as metadata
from state.match_tables import block_key as block_key
from state.match_tables import comparison as comparison
from state.match_tables import oversized_key as oversized_key
from state.match_tables import pair_score as pair_score
from state.match_tables import quarantine as quarantine
from state.match_tables import scoring_model as scoring_model
from state.match_tables import statistics as statistics
from state.match_tables import value_count as value_count
from state.match_tables import waiting_match as waiting_match
from state.work_tables import alert as alert
from state.work_tables import alert_delivery as alert_delivery
from state.work_tables import backfill as backfill
from state.work_tables import drift_event as drift_event
from state.work_tables import lease as lease
from state.work_tables import partition as partition
from state.work_tables import run as run
from state.work_tables import run_log as run_log
from state.work_tables import schedule as schedule
from state.work_tables import spending as spending
from state.work_tables import stream_schema as stream_schema
from state.work_tables import sweep as sweep
from state.work_tables import tally as tally

counter = Table(
    "counter", metadata, Column("name", String(40), primary_key=True), Column("next", BigInteger, nullable=False)
)

connection = Table(
    "connection",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("connector", String(80), nullable=False),
    Column("account_id", String(400), info=PERSONAL),  # for a mailbox, its address
    Column("account_name", String(400), info=PERSONAL),
    Column("system", String(120)),  # the word that ids of this account begin with, once it is known
    Column("paused", String(20)),  # None | 'auth' | 'account' | 'admin'
    Column("pause_reason", Text),
    Column("created_at", String(27), nullable=False),
)

slice_ = Table(
    "slice",
    metadata,
    Column("id", BIGID, primary_key=True),
    Column("connection_id", String(80), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("key", String(400), nullable=False, info=PERSONAL),
    Column("title", String(400), info=PERSONAL),
    Column("rules", String(32)),  # the version of the rules that its entities were made with
    Column("revision", BigInteger, nullable=False, server_default="0"),  # grows whenever a raw record of it is written
    Column("deduplicated", Boolean),  # whether the connector says that it holds nobody twice
    UniqueConstraint("connection_id", "stream", "key"),
)

raw_record = Table(
    "raw_record",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=False),
    Column("slice_id", BIGID, nullable=False),
    Column("remote_id", String(400), nullable=False, info=PERSONAL),
    Column("state", String(12), nullable=False),  # live | deleted | archived | merged | out_of_scope
    Column("merged_into", String(400), info=PERSONAL),
    Column("hash", String(32), nullable=False),
    Column("version", String(200)),
    Column("changed_at", String(27)),
    Column("observed_at", String(27), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("body", Text, info=PERSONAL),  # on SQLite it may be packed (state/bodies.py); None once it has expired
    UniqueConstraint("slice_id", "remote_id"),
)

body_words = Table(
    "body_words",
    metadata,
    Column("id", String(16), primary_key=True),  # a digest of the words
    Column("connection_id", String(80), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("words", LargeBinary, nullable=False),  # what bodies of the stream were packed with: names of fields
)

sighting = Table(
    "sighting",
    metadata,
    Column("raw_id", BIGID, primary_key=True, autoincrement=False),
    Column("slice_id", BIGID, nullable=False),
    Column("generation", Integer, nullable=False),
)

entity = Table(
    "entity",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=False),
    Column("raw_id", BIGID, nullable=False),
    Column("part", String(400), nullable=False, info=PERSONAL),
    Column("kind", String(20), nullable=False),
    Column("founding", Boolean, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("fact_key", String(600), info=PERSONAL),
    Column("name_key", String(200), info=PERSONAL),
    Column("alias", String(40)),  # where we wrote the record: the customer whose record it is; 'fact' for an activity
    Column("values", Text, nullable=False, info=PERSONAL),
    Column("since", Text, nullable=False),  # {field: instant}; '*' stands for every field not named
    Column("echo", Text, nullable=False),  # [field]: our own word come back
    Column("rules", String(32), nullable=False),  # the version of rules and normaliser that made it
    UniqueConstraint("raw_id", "part"),
    Index("ix_entity_fact_key", "fact_key", sqlite_where=Column("fact_key").is_not(None)),
)

identifier = Table(
    "identifier",
    metadata,
    Column("entity_id", BIGID, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),  # email | phone | id
    Column("value", String(400), primary_key=True, info=PERSONAL),
    Column("since", String(27), nullable=False),
    Column("until", String(27)),
    Index("ix_identifier_value_kind_until", "value", "kind", "until"),  # tells who holds a value now without the rows
    sqlite_with_rowid=False,
)

dirty_entity = Table(
    "dirty_entity",
    metadata,
    Column("seq", BIGID, primary_key=True, autoincrement=True),
    Column("entity_id", BIGID, nullable=False),
    Column("fact_key", String(600), info=PERSONAL),  # the fact it spoke of before, when that changed
)

edge = Table(
    "edge",
    metadata,
    Column("a", BIGID, primary_key=True, autoincrement=False),
    Column("b", BIGID, primary_key=True, autoincrement=False),
    Column("rule", String(40), nullable=False),
    Column("evidence", Json, nullable=False, info=PERSONAL),
    Index("ix_edge_b", "b"),
)

judgement = Table(
    "judgement",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),  # of two on the same pair the greater one stands
    Column("at", String(27), nullable=False),
    Column("actor", String(80), nullable=False, info=PERSONAL),
    Column("note", Text, nullable=False, info=PERSONAL),
    Column("taken_back_at", String(27)),
    Column("taken_back_by", String(80), info=PERSONAL),
)

judgement_member = Table(
    "judgement_member",
    metadata,
    Column("judgement_id", BIGID, primary_key=True, autoincrement=False),
    Column("connection_id", String(80), primary_key=True),
    Column("stream", String(120), primary_key=True),
    Column("slice", String(400), primary_key=True, info=PERSONAL),
    Column("remote_id", String(400), primary_key=True, info=PERSONAL),
    Column("part", String(400), primary_key=True, info=PERSONAL),
    Column("group_number", Integer, nullable=False),  # one group shares a customer, two groups never do
    Column("customer_id", String(40), nullable=False),  # whose record it was when it was judged
    Index("ix_judgement_member_remote_id", "remote_id"),
)

review_later = Table(
    "review_later",  # two customers about whom nobody wants to be asked for a while
    metadata,
    Column("a", String(40), primary_key=True),  # a < b
    Column("b", String(40), primary_key=True),
    Column("until", String(27), nullable=False),
    Column("at", String(27), nullable=False),
    Column("actor", String(80), nullable=False, info=PERSONAL),
)

customer = Table(
    "customer",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("status", String(10), nullable=False),  # live | merged | retired
    Column("merged_into", String(40)),
    Column("created_at", String(27), nullable=False),
    Index("ix_customer_merged_into", "merged_into", info=partial("merged_into IS NOT NULL")),
)

membership = Table(
    "membership",
    metadata,
    Column("entity_id", BIGID, primary_key=True, autoincrement=False),
    Column("customer_id", String(40), nullable=False, index=True),
)

golden_record = Table(
    "golden_record",
    metadata,
    Column("customer_id", String(40), primary_key=True),
    Column("hash", String(32), nullable=False),
    Column("values", Text, nullable=False, info=PERSONAL),
    Column("provenance", Text, nullable=False),  # {field: [entity id, rule, since]}; '*' stands for every field
)

golden_policy = Table(
    "golden_policy",  # one row
    metadata,
    Column("id", Integer, primary_key=True),
    Column("told", Text, nullable=False),  # by which every golden record is made, or waits to be
)

fact = Table(
    "fact",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=False),
    Column("key", String(600), nullable=False, unique=True, info=PERSONAL),
    Column("kind", String(20), nullable=False),
    Column("activity", String(20)),
    Column("at", String(27), index=True),
    Column("live", Boolean, nullable=False),
    Column("values", Text, nullable=False, info=PERSONAL),
)

fact_ref = Table(
    "fact_ref",
    metadata,
    Column("fact_id", BIGID, primary_key=True, autoincrement=False),
    Column("participant", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),
    Column("value", String(400), primary_key=True, info=PERSONAL),
    Column("role", String(40), nullable=False),
    Index("ix_fact_ref_value_kind", "value", "kind"),
)

fact_name = Table(
    "fact_name",  # of orders, invoices and payments: what links them, their own keys apart
    metadata,
    Column("fact_id", BIGID, primary_key=True, autoincrement=False),
    Column("value", String(600), primary_key=True, info=PERSONAL),  # a key or an alias
    Column("own", Boolean, nullable=False),  # whether the fact itself goes by it, or names another
    Index("ix_fact_name_value", "value"),
)

trait = Table(
    "trait",
    metadata,
    Column("customer_id", String(40), primary_key=True),
    Column("values", Text, nullable=False, info=PERSONAL),
    Column("provenance", Text, nullable=False, info=PERSONAL),  # {trait: [rule, since, count, [fact keys]]}
    Column("missing", String(200), index=True),  # currencies of the amounts that were left out, by commas
    Column("due_at", String(27), index=True),  # when the next meeting begins: then the traits change by themselves
)

dirty_trait = Table(
    "dirty_trait",
    metadata,
    Column("kind", String(8), primary_key=True),  # customer, or what leads to some: fact | email | phone | id
    Column("value", String(600), primary_key=True, info=PERSONAL),
    sqlite_with_rowid=False,
)

trait_rules = Table(
    "trait_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row
    Column("version", String(32), nullable=False),  # of the rules and rates that all traits were made with
)

cursor = Table(
    "cursor",
    metadata,
    Column("slice_id", BIGID, primary_key=True, autoincrement=False),
    Column("value", Text, info=PERSONAL),  # the vendor's last id may stand in it, and that may be an address
    Column("generation", Integer, nullable=False),
    Column("enumerating", Boolean, nullable=False),
    Column("began_at", String(27)),  # when the last enumeration began
    Column("pages", BigInteger, nullable=False),
    Column("updated_at", String(27), nullable=False),
)

shadow = Table(
    "shadow",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("connection_id", String(80), nullable=False),
    Column("object", String(80), nullable=False),
    Column("remote_id", String(400), nullable=False, info=PERSONAL),
    Column("subject_kind", String(10), nullable=False),  # customer | fact
    Column("subject_key", String(600), nullable=False, info=PERSONAL),
    Column("role", String(10), nullable=False),  # primary | duplicate
    Column("state", String(12), nullable=False),  # live | archived | merged_into | gone
    Column("merged_into", String(400), info=PERSONAL),
    Column("sent", Json, nullable=False, info=PERSONAL),
    Column("observed", Json, nullable=False, info=PERSONAL),
    Column("refs", Json, nullable=False, info=PERSONAL),  # {role: ["object:remote_id"]}
    Column("version", Integer, nullable=False),
    Column("remote_version", String(200)),
    Column("updated_at", String(27), nullable=False),
    UniqueConstraint("connection_id", "object", "remote_id"),
    Index("ix_shadow_subject", "subject_kind", "subject_key"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("connection_id", String(80), nullable=False),
    Column("object", String(80), nullable=False),
    Column("change_key", String(700), nullable=False, info=PERSONAL),
    Column("subject_kind", String(10), nullable=False),
    Column("subject_key", String(600), nullable=False, info=PERSONAL),
    Column("op", String(14), nullable=False),
    Column("change", Json, nullable=False, info=PERSONAL),
    Column("plan_hash", String(64), nullable=False),
    Column("state", String(10), nullable=False),  # sending | unknown | parked | done | failed
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("sent_at", String(27), nullable=False),
    Column("settle_until", String(27)),
    UniqueConstraint("connection_id", "object", "change_key"),
    Index("ix_outbox_state", "state"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("direction", String(4), nullable=False),  # in | out
    Column("connection_id", String(80), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("slice", String(400), nullable=False, info=PERSONAL),
    Column("remote_id", String(700), nullable=False, info=PERSONAL),
    Column("reason", Text, nullable=False),
    Column("body", Text, info=PERSONAL),
    Column("state", String(10), nullable=False),  # open | resolved
    Column("times", Integer, nullable=False),
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),
    UniqueConstraint("direction", "connection_id", "stream", "slice", "remote_id"),
)

plan = Table(
    "plan",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("created_at", String(27), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("state", String(10), nullable=False),  # open | applied | refused | expired
    Column("header", Json, nullable=False),
)

vault = Table(
    "vault",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("secret", LargeBinary, nullable=False, info=PERSONAL),
    Column("revision", BigInteger, nullable=False),
    Column("updated_at", String(27), nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("at", String(27), nullable=False),
    Column("kind", String(20), nullable=False),  # created | merged | split | retired | rebound | shadow_moved
    Column("actor", String(80), nullable=False),
    Column("ids", Json, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("at", String(27), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("ids", Json, nullable=False),
)


def personal_columns() -> frozenset[str]:
    """Every ``table.column`` that holds personal data: what an erasure must reach and no log may show."""
    return frozenset(
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get("personal")
    )
