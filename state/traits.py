"""Traits as stored, the queue of what they are to be made anew for, and the facts that they are made from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)

from mapping.money import names
from state.batches import among
from state.database import insert_or_update
from state.facts import StoredFact, by_id
from state.records import chunks
from state.tables import (
    customer,
    dirty_trait,
    fact,
    fact_name,
    fact_ref,
    identifier,
    membership,
    trait,
    trait_rules,
)

CUSTOMER, FACT = "customer", "fact"
"""Kinds of what waits; the others are those of identifiers."""

NAMED = 40
"""How many currencies are named that lack a rate."""

Waiting = tuple[str, str]
"""(kind, value): a customer's id, a fact's key or alias, or an identifier by which facts may name somebody."""


@dataclass(frozen=True, slots=True)
class StoredTraits:
    """One customer's traits. ``provenance``: trait to [rule, since, count, [fact keys]]. ``missing``: the currencies of
    amounts that were left out."""

    customer_id: str
    values: Mapping[str, Any]
    provenance: Mapping[str, Sequence[Any]]
    missing: Sequence[str]
    due_at: str | None = None


def _same(one: Table, other: Table) -> ColumnElement[bool]:
    return and_(one.c.value == other.c.value, one.c.kind == other.c.kind)


def are_facts(c: Connection) -> bool:
    """Whether there is any fact that names somebody."""
    return bool(c.execute(select(exists(select(fact_ref.c.fact_id)))).scalar_one())


def referred(c: Connection, values: Iterable[Waiting]) -> list[Waiting]:
    """Those of the identifiers by which some fact names somebody."""
    wanted = set(values)
    statement = select(fact_ref.c.kind, fact_ref.c.value).where(among(fact_ref.c.value, "values")).distinct()
    found: list[Waiting] = []
    for some in chunks({value for _, value in wanted}):
        found += [(row[0], row[1]) for row in c.execute(statement, {"values": some}) if (row[0], row[1]) in wanted]
    return found


def enqueue(c: Connection, rows: Iterable[Waiting]) -> None:
    """Lets traits be made anew for all that this leads to."""
    told = [{"kind": kind, "value": value} for kind, value in sorted(set(rows))]
    insert_or_update(c, dirty_trait, told, ["kind", "value"], [])


def enqueue_everything(c: Connection, version: str) -> None:
    """Lets all traits be made anew, by these rules."""
    c.execute(delete(dirty_trait))
    c.execute(insert(dirty_trait).from_select(["kind", "value"], select(literal(CUSTOMER), trait.c.customer_id)))
    c.execute(insert(dirty_trait).from_select(["kind", "value"], select(literal(FACT), fact.c.key).where(fact.c.live)))
    insert_or_update(c, trait_rules, [{"id": 1, "version": version}], ["id"], ["version"])


def version(c: Connection) -> str:
    """The version of the rules that all traits were made with, or are queued to be; empty before the first."""
    return c.execute(select(trait_rules.c.version)).scalar_one_or_none() or ""


def could_be(c: Connection) -> bool:
    """Whether there is any fact that traits could be made of."""
    return bool(c.execute(select(exists(select(fact.c.id)))).scalar_one())


_OVERDUE = select(trait.c.customer_id).where(trait.c.due_at <= bindparam("now"))


def is_anything_due(c: Connection, now: str) -> bool:
    """Whether anything waits, or has changed by the time that has passed."""
    queued = exists(select(dirty_trait.c.kind))
    return bool(c.execute(select(or_(queued, exists(_OVERDUE))), {"now": now}).scalar_one())


def overdue(c: Connection, now: str) -> list[Waiting]:
    """The customers whose traits have changed by the time that has passed."""
    return [(CUSTOMER, one) for one in c.execute(_OVERDUE, {"now": now}).scalars()]


def leads(c: Connection, limit: int) -> list[Waiting]:
    """Some of what waits and is no customer yet."""
    statement = select(dirty_trait.c.kind, dirty_trait.c.value).where(dirty_trait.c.kind != CUSTOMER)
    ordered = statement.order_by(dirty_trait.c.kind, dirty_trait.c.value).limit(limit)
    return [(row[0], row[1]) for row in c.execute(ordered)]


def customers(c: Connection, limit: int) -> list[str]:
    """Some of the customers that wait, by their ids."""
    statement = select(dirty_trait.c.value).where(dirty_trait.c.kind == CUSTOMER)
    return list(c.execute(statement.order_by(dirty_trait.c.value).limit(limit)).scalars())


def forget(c: Connection, rows: Iterable[Waiting]) -> None:
    """Takes what is done out of the queue."""
    by_kind: dict[str, list[str]] = {}
    for kind, value in rows:
        by_kind.setdefault(kind, []).append(value)
    for kind, values in by_kind.items():
        for some in chunks(values):
            statement = delete(dirty_trait).where(dirty_trait.c.kind == kind, among(dirty_trait.c.value, "values"))
            c.execute(statement, {"values": some})


_BY_KEY = select(fact.c.id).where(among(fact.c.key, "keys"))
_BY_NAME = select(fact_name.c.fact_id).where(among(fact_name.c.value, "keys"))


def related(c: Connection, keys: Iterable[str]) -> dict[str, StoredFact]:
    """Key to fact: the live facts that go by these names, that name them, and all that are linked with those."""
    found: dict[str, StoredFact] = {}
    known: set[int] = set()
    asked: set[str] = set()
    frontier = set(keys)
    while frontier:
        ids: set[int] = set()
        for some in chunks(frontier):
            ids.update(c.execute(_BY_KEY, {"keys": some}).scalars())
            ids.update(c.execute(_BY_NAME, {"keys": some}).scalars())
        fresh = by_id(c, ids - known)
        known |= ids
        asked |= frontier
        found.update({one.key: one for one in fresh.values()})
        frontier = {name for one in fresh.values() for name in (one.key, *(each for each, _ in names(one.values)))}
        frontier -= asked
    return found


_HOLDERS = (
    select(identifier.c.kind, identifier.c.value, membership.c.customer_id)
    .join(membership, membership.c.entity_id == identifier.c.entity_id)
    .where(among(identifier.c.value, "values"))
    .distinct()
)
_NAMED = (
    select(membership.c.customer_id)
    .join(identifier, identifier.c.entity_id == membership.c.entity_id)
    .join(fact_ref, _same(identifier, fact_ref))
    .where(among(fact_ref.c.fact_id, "ids"))
    .distinct()
)


def holding(c: Connection, values: Iterable[Waiting]) -> set[str]:
    """The customers that hold, or once held, one of the identifiers."""
    wanted = set(values)
    found: set[str] = set()
    for some in chunks({value for _, value in wanted}):
        rows = c.execute(_HOLDERS, {"values": some})
        found.update(row[2] for row in rows if (row[0], row[1]) in wanted)
    return found


def named_by(c: Connection, fact_ids: Iterable[int]) -> set[str]:
    """The customers whom the facts may concern: everybody who holds, or once held, an identifier named in them."""
    found: set[str] = set()
    for some in chunks(fact_ids):
        found.update(c.execute(_NAMED, {"ids": some}).scalars())
    return found


@dataclass(frozen=True, slots=True)
class Near:
    """A fact that may concern a customer. ``activity`` is its kind where it is no activity."""

    customer_id: str
    fact_id: int
    activity: str
    at: str | None
    key: str


def near(c: Connection, customer_ids: Sequence[str], kinds: Collection[str]) -> set[Near]:
    """The live facts, of some kinds and kinds of activity, that may concern these customers."""
    sort = func.coalesce(fact.c.activity, fact.c.kind)
    statement = (
        select(membership.c.customer_id, fact.c.id, sort, fact.c.at, fact.c.key)
        .join(identifier, identifier.c.entity_id == membership.c.entity_id)
        .join(fact_ref, _same(identifier, fact_ref))
        .join(fact, fact.c.id == fact_ref.c.fact_id)
        .where(among(membership.c.customer_id, "ids"), fact.c.live, sort.in_(sorted(kinds)))
    )
    return {Near(*row) for some in chunks(customer_ids) for row in c.execute(statement, {"ids": some})}


def kinds_of(c: Connection, customer_ids: Iterable[str]) -> dict[str, str]:
    """Customer to its kind, of those that live."""
    found: dict[str, str] = {}
    statement = select(customer.c.id, customer.c.kind).where(among(customer.c.id, "ids"), customer.c.status == "live")
    for some in chunks(customer_ids):
        found.update({row[0]: row[1] for row in c.execute(statement, {"ids": some})})
    return found


_STORED = select(trait.c.customer_id, trait.c["values"], trait.c.provenance, trait.c.missing, trait.c.due_at)


def load(c: Connection, customer_ids: Iterable[str]) -> dict[str, StoredTraits]:
    """The traits of these customers; those without any are left out."""
    found: dict[str, StoredTraits] = {}
    for some in chunks(customer_ids):
        for row in c.execute(_STORED.where(among(trait.c.customer_id, "ids")), {"ids": some}):
            missing = row[3].split(",") if row[3] else []
            found[row[0]] = StoredTraits(row[0], orjson.loads(row[1]), orjson.loads(row[2]), missing, row[4])
    return found


def write(c: Connection, rows: Sequence[StoredTraits], without: Sequence[str]) -> None:
    """Keeps traits, and forgets those of customers ``without`` any."""
    columns = ["values", "provenance", "missing", "due_at"]
    told = [
        {
            "customer_id": one.customer_id,
            "values": orjson.dumps(one.values).decode(),
            "provenance": orjson.dumps(one.provenance).decode(),
            "missing": ",".join(one.missing[:NAMED]) or None,
            "due_at": one.due_at,
        }
        for one in rows
    ]
    insert_or_update(c, trait, told, ["customer_id"], columns)
    for some in chunks(without):
        c.execute(delete(trait).where(among(trait.c.customer_id, "ids")), {"ids": some})


def missing(c: Connection) -> dict[str, int]:
    """Currency (or what else an amount lacks) to the number of customers with amounts that were left out for it."""
    statement = select(trait.c.missing, func.count()).where(trait.c.missing.is_not(None)).group_by(trait.c.missing)
    found: dict[str, int] = {}
    for told, count in c.execute(statement):
        for one in told.split(","):
            found[one] = found.get(one, 0) + count
    return found
