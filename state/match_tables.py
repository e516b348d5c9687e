"""The tables of matching: comparisons, the keys they are filed under, scores, and what scores are made by."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, String, Table, Text

from state.columns import BIGID, PERSONAL, Json, metadata

comparison = Table(
    "comparison",  # what each live profile is compared by; derived from its entity
    metadata,
    Column("entity_id", BIGID, primary_key=True, autoincrement=False),
    Column("version", String(32), nullable=False),  # of all that it was made from: values, rules, settings
    Column("kind", String(20), nullable=False),  # person | organization
    Column("body", Text, nullable=False, info=PERSONAL),
    Column("keys", LargeBinary, nullable=False, info=PERSONAL),  # eight bytes each; oversized coarse ones stay
    Column("scored", String(80)),  # snapshot/model of its last scoring; None: it waits
)

block_key = Table(
    "block_key",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, info=PERSONAL),  # a digest of names and values
    Column("entity_id", BIGID, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

oversized_key = Table(
    "oversized_key",  # too many records share it: they are filed under narrower ones, if any
    metadata,
    Column("key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False, info=PERSONAL),
)

pair_score = Table(
    "pair_score",
    metadata,
    Column("a", BIGID, primary_key=True, autoincrement=False),  # a < b
    Column("b", BIGID, primary_key=True, autoincrement=False),
    Column("log_odds", Double, nullable=False),
    Column("model", String(40), nullable=False),
    Index("ix_pair_score_b", "b"),
    sqlite_with_rowid=False,
)

waiting_match = Table(
    "waiting_match",  # entities to be compared, many a row
    metadata,
    Column("seq", BIGID, primary_key=True, autoincrement=True),
    Column("stage", String(8), nullable=False),  # file | score
    Column("entities", LargeBinary, nullable=False),  # ids, eight bytes each
)

value_count = Table(
    "value_count",  # how many records hold a value, of those that several do
    metadata,
    Column("kind", String(20), primary_key=True),  # person | organization
    Column("digest", BigInteger, primary_key=True, autoincrement=False, info=PERSONAL),
    Column("records", Integer, nullable=False),
    Column("names", Integer, nullable=False),  # under how many distinct names
    sqlite_with_rowid=False,
)

statistics = Table(
    "statistics",  # the snapshot of value_count that pairs are scored by
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("version", String(32), nullable=False),  # empty: there is none, or it is being taken
    Column("at", String(27), nullable=False),
    Column("records", Integer, nullable=False),  # comparisons that it was taken from
    Column("held", Integer, nullable=False),  # comparisons now
    Column("made_by", String(40), nullable=False, server_default=""),  # criteria.MADE_BY of comparisons, keys, scores
)

scoring_model = Table(
    "scoring_model",  # made by training; without any the shipped ones are used
    metadata,
    Column("version", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("body", Json, nullable=False),
    Column("trained_on", Text, nullable=False),
    Column("at", String(27), nullable=False),
)

quarantine = Table(
    "quarantine",  # records of components too large to be told apart by scores
    metadata,
    Column("entity_id", BIGID, primary_key=True, autoincrement=False),
    Column("component", BIGID, nullable=False, index=True),  # the smallest entity of it
)
