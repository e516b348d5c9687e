"""Customers as people and destinations see them: golden records, members, where each value came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, String, cast, func, or_, select

from mapping.normalize import email_key
from state.batches import among
from state.bodies import text_of
from state.database import Database
from state.records import chunks
from state.tables import connection, customer, entity, fact, golden_record, identifier, membership, raw_record, slice_


@dataclass(frozen=True, slots=True)
class Golden:
    """One customer's golden record. ``provenance``: field (``custom.x`` for a key of custom) to who gave it."""

    customer_id: str
    kind: str
    values: Mapping[str, Any]
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One entity of a customer with the record it comes from."""

    entity_id: int
    customer_id: str
    connection_id: str
    stream: str
    slice: str
    remote_id: str
    part: str
    live: bool


_GOLDEN = (
    select(golden_record.c.customer_id, customer.c.kind, golden_record.c["values"], golden_record.c.provenance)
    .join(customer, customer.c.id == golden_record.c.customer_id)
    .where(customer.c.status == "live")
)


def _golden(row: Any) -> Golden:
    values, provenance = orjson.loads(row[2]), orjson.loads(row[3])
    everywhere = provenance.pop("*", None)
    if everywhere is not None:
        fields = [name for name in values if name != "custom"] + [f"custom.{key}" for key in values.get("custom", ())]
        provenance = {**dict.fromkeys(fields, everywhere), **provenance}
    return Golden(row[0], row[1], values, provenance)


def every(db: Database, kind: str, size: int = 2000) -> Iterator[list[Golden]]:
    """Every live customer of one kind, in batches in the order of their ids."""
    last = ""
    while True:
        statement = _GOLDEN.where(customer.c.kind == kind, golden_record.c.customer_id > last)
        with db.read() as c:
            rows = c.execute(statement.order_by(golden_record.c.customer_id).limit(size)).all()
        if not rows:
            return
        yield [_golden(row) for row in rows]
        last = rows[-1][0]


def load(c: Connection, ids: Iterable[str]) -> dict[str, Golden]:
    """The golden records of live customers, by id."""
    found: dict[str, Golden] = {}
    for some in chunks(ids):
        rows = c.execute(_GOLDEN.where(among(golden_record.c.customer_id, "ids")), {"ids": some})
        found.update({row[0]: _golden(row) for row in rows})
    return found


def living(c: Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that are live customers."""
    found: set[str] = set()
    statement = select(customer.c.id).where(among(customer.c.id, "ids"), customer.c.status == "live")
    for some in chunks(ids):
        found.update(c.execute(statement, {"ids": some}).scalars())
    return found


def ids_near(c: Connection, asked: str, count: int = 50) -> list[str]:
    """Live customers whose ids stand just before or after this one in their order: what it was meant to be, perhaps."""
    found: list[str] = []
    for where, order in ((customer.c.id <= asked, customer.c.id.desc()), (customer.c.id > asked, customer.c.id)):
        found += c.execute(
            select(customer.c.id).where(where, customer.c.status == "live").order_by(order).limit(count)
        ).scalars()
    return found


def counts(c: Connection) -> tuple[int, int]:
    """How many live customers and live facts there are."""
    customers = select(func.count()).select_from(customer).where(customer.c.status == "live")
    facts = select(func.count()).select_from(fact).where(fact.c.live)
    return int(c.execute(customers).scalar_one()), int(c.execute(facts).scalar_one())


def find(c: Connection, query: str, limit: int, number: str | None = None) -> list[Golden]:
    """Live customers by id, email, phone (``number`` in E.164), or a part of what their golden record says, whatever
    its case; all when nothing is asked."""
    text = query.strip()
    statement = _GOLDEN
    if text:
        holding = (
            select(membership.c.customer_id)
            .join(identifier, identifier.c.entity_id == membership.c.entity_id)
            .where(
                identifier.c.value.in_([text, text.casefold(), email_key(text.casefold()), number or text]),
                identifier.c.until.is_(None),
            )
        )
        said = func.lower(cast(golden_record.c["values"], String))
        inside = [said.contains(one, autoescape=True) for one in _spellings(text)]
        statement = statement.where(
            or_(golden_record.c.customer_id == text, golden_record.c.customer_id.in_(holding), *inside)
        )
    return [_golden(row) for row in c.execute(statement.order_by(golden_record.c.customer_id).limit(limit))]


def mentioning(c: Connection, kind: str, texts: Iterable[str], limit: int) -> list[Golden]:
    """Live customers of a kind whose golden record says one of these texts, whatever its case."""
    said = func.lower(cast(golden_record.c["values"], String))
    inside = [said.contains(one, autoescape=True) for text in texts for one in sorted(_spellings(text))]
    statement = _GOLDEN.where(customer.c.kind == kind, or_(*inside)).order_by(golden_record.c.customer_id)
    return [_golden(row) for row in c.execute(statement.limit(limit))]


def _spellings(text: str) -> set[str]:
    """The text as a stored one may look in lower case: SQLite lowers no letter beyond ASCII (its manual, "Core
    functions", read 2026-11-23), so that Émile stays Émile."""
    lowered = (
        "".join(char.lower() if char.isascii() else char for char in one) for one in (text.title(), text.upper())
    )
    return {text.casefold(), text.lower(), *lowered}


_MEMBER = (
    select(
        entity.c.id, membership.c.customer_id, slice_.c.connection_id, slice_.c.stream, slice_.c.key,
        raw_record.c.remote_id, entity.c.part, entity.c.live,
    )
    .join(entity, entity.c.id == membership.c.entity_id)
    .join(raw_record, raw_record.c.id == entity.c.raw_id)
    .join(slice_, slice_.c.id == raw_record.c.slice_id)
)  # fmt: skip


def members(c: Connection, customer_ids: Sequence[str]) -> list[MemberRow]:
    """The entities of some customers, in the order of their natural keys."""
    found: list[MemberRow] = []
    for some in chunks(customer_ids):
        statement = _MEMBER.where(among(membership.c.customer_id, "ids"))
        found.extend(MemberRow(*row) for row in c.execute(statement, {"ids": some}))
    return sorted(found, key=lambda m: (m.connection_id, m.stream, m.slice, m.remote_id, m.part))


@dataclass(frozen=True, slots=True)
class PulledRow:
    """A record pulled from a destination that belongs to a customer. ``body`` is JSON text."""

    customer_id: str
    remote_id: str
    body: str
    observed_at: str
    version: str | None


def remotes(c: Connection, connection_id: str, streams: Sequence[str]) -> Iterator[PulledRow]:
    """The live records of some streams that belong to a customer."""
    statement = (
        select(
            membership.c.customer_id, raw_record.c.remote_id, raw_record.c.body, raw_record.c.observed_at,
            raw_record.c.version,
        )
        .join(entity, entity.c.id == membership.c.entity_id)
        .join(raw_record, raw_record.c.id == entity.c.raw_id)
        .join(slice_, slice_.c.id == raw_record.c.slice_id)
        .where(
            slice_.c.connection_id == connection_id,
            slice_.c.stream.in_(streams),
            raw_record.c.state == "live",
            entity.c.live,
        )
    )  # fmt: skip
    for customer_id, remote_id, body, observed_at, version in c.execute(statement):
        yield PulledRow(customer_id, remote_id, text_of(c, body) or "{}", observed_at, version)


def entity_places(c: Connection, entity_ids: Sequence[int]) -> dict[int, str]:
    """Entity id to the connection's name and stream it comes from, as ``shop/customers``."""
    found: dict[int, str] = {}
    for some in chunks(entity_ids):
        rows = c.execute(
            select(entity.c.id, connection.c.name, slice_.c.stream)
            .join(raw_record, raw_record.c.id == entity.c.raw_id)
            .join(slice_, slice_.c.id == raw_record.c.slice_id)
            .join(connection, connection.c.id == slice_.c.connection_id)
            .where(among(entity.c.id, "ids")),
            {"ids": some},
        )
        found.update({row[0]: f"{row[1]}/{row[2]}" for row in rows})
    return found
