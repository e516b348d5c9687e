"""Facts and whom they concern. Attachment is never stored: it follows from who held the identifier at the fact's
time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mapping.money import MONEY
from mapping.sightings import Hold, attach
from state.batches import Prepared, among
from state.database import Database
from state.records import chunks
from state.tables import entity, fact, fact_name, fact_ref, identifier, membership, raw_record, slice_


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One fact."""

    id: int
    key: str
    kind: str
    activity: str | None
    at: str | None
    live: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact to write; ``id`` None for a new one. ``refs``: (participant, role, kind, value). ``names``: what links
    it to others (value, whether it goes by it itself). ``before``: the values that it had."""

    id: int | None
    key: str
    kind: str
    activity: str | None
    at: str | None
    live: bool
    values: str
    refs: Sequence[tuple[int, str, str, str]]
    names: Sequence[tuple[str, bool]] = ()
    before: Mapping[str, Any] = field(default_factory=dict)


_FACT = [fact.c.id, fact.c.key, fact.c.kind, fact.c.activity, fact.c.at, fact.c.live, fact.c["values"]]
_BY_KEY = Prepared(select(*_FACT).where(among(fact.c.key, "keys")))
_BY_ID = Prepared(select(*_FACT).where(among(fact.c.id, "ids"), fact.c.live))


def _fact(row: Any) -> StoredFact:
    return StoredFact(row[0], row[1], row[2], row[3], row[4], bool(row[5]), orjson.loads(row[6]))


def load(c: Connection, keys: Iterable[str]) -> dict[str, StoredFact]:
    """Facts by their natural keys."""
    found: dict[str, StoredFact] = {}
    for some in chunks(keys):
        for row in _BY_KEY.rows(c, {"keys": some}):
            found[row[1]] = _fact(row)
    return found


def by_id(c: Connection, ids: Iterable[int]) -> dict[int, StoredFact]:
    """Live facts by their row ids."""
    found: dict[int, StoredFact] = {}
    for some in chunks(ids):
        found.update({row[0]: _fact(row) for row in _BY_ID.rows(c, {"ids": some})})
    return found


def names(c: Connection) -> Iterator[tuple[int, str]]:
    """Row id and natural key of every live fact."""
    statement = select(fact.c.id, fact.c.key).where(fact.c.live).execution_options(yield_per=5_000)
    return ((row[0], row[1]) for row in c.execute(statement))


def write(db: Database, c: Connection, rows: Sequence[FactRow]) -> None:
    """Writes facts whole, with their references and names."""
    new = [row for row in rows if row.id is None]
    old = [row for row in rows if row.id is not None]
    columns = ("kind", "activity", "at", "live", "values")
    refs: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    if new:
        inserts = []
        for row, number in zip(new, db.allocate(c, "fact", len(new)), strict=True):
            inserts.append({"id": number, "key": row.key, **{name: getattr(row, name) for name in columns}})
            refs.extend(_refs(number, row))
            names.extend(_names(number, row))
        c.execute(insert(fact), inserts)
    if old:
        statement = update(fact).where(fact.c.id == bindparam("b_id"))
        statement = statement.values({name: bindparam(f"n_{name}") for name in columns})
        c.execute(statement, [{"b_id": r.id, **{f"n_{name}": getattr(r, name) for name in columns}} for r in old])
        for ids in chunks(row.id for row in old):
            c.execute(delete(fact_ref).where(among(fact_ref.c.fact_id, "ids")), {"ids": ids})
        # Also of a fact that is of another kind than before, and has names still.
        for ids in chunks(row.id for row in old if row.kind in MONEY or row.names):
            c.execute(delete(fact_name).where(among(fact_name.c.fact_id, "ids")), {"ids": ids})
        for row in old:
            if row.id is not None:
                refs.extend(_refs(row.id, row))
                names.extend(_names(row.id, row))
    if refs:
        c.execute(insert(fact_ref), refs)
    if names:
        c.execute(insert(fact_name), names)


def _names(number: int, row: FactRow) -> list[dict[str, Any]]:
    return [{"fact_id": number, "value": value, "own": own} for value, own in dict(row.names).items()]


def _refs(number: int, row: FactRow) -> list[dict[str, Any]]:
    unique = {(participant, kind, value): role for participant, role, kind, value in row.refs}
    return [
        {"fact_id": number, "participant": participant, "kind": kind, "value": value, "role": role}
        for (participant, kind, value), role in unique.items()
    ]


_HOLDS = Prepared(
    select(
        fact_ref.c.fact_id, fact_ref.c.participant, fact_ref.c.role, fact_ref.c.kind,
        membership.c.customer_id, func.min(identifier.c.since), identifier.c.until,
    )
    .join(identifier, (identifier.c.value == fact_ref.c.value) & (identifier.c.kind == fact_ref.c.kind))
    .join(membership, membership.c.entity_id == identifier.c.entity_id)
    .where(among(fact_ref.c.fact_id, "ids"))
    .group_by(
        fact_ref.c.fact_id, fact_ref.c.participant, fact_ref.c.role, fact_ref.c.kind,
        membership.c.customer_id, identifier.c.until,
    )
)  # fmt: skip
"""Of the records of a customer that held a value until the same time, the first is enough."""


def attachments(c: Connection, facts: Mapping[int, str | None]) -> dict[int, dict[tuple[int, str], str]]:
    """Fact id (given with its time) to (participant, role) to customer."""
    holds: dict[int, list[Hold]] = {}
    for ids in chunks(facts):
        for row in _HOLDS.rows(c, {"ids": ids}):
            holds.setdefault(row[0], []).append(Hold(*row[1:]))
    return {number: attach(facts[number], found) for number, found in holds.items()}


def concerning(c: Connection, customer_id: str) -> list[tuple[StoredFact, str]]:
    """The live facts of one customer with the role played in each, newest first."""
    mine = (
        select(fact_ref.c.fact_id)
        .join(identifier, (identifier.c.value == fact_ref.c.value) & (identifier.c.kind == fact_ref.c.kind))
        .join(membership, membership.c.entity_id == identifier.c.entity_id)
        .where(membership.c.customer_id == customer_id)
    )
    rows = c.execute(select(*_FACT).where(fact.c.id.in_(mine), fact.c.live)).all()
    found = {row[0]: _fact(row) for row in rows}
    roles = attachments(c, {number: one.at for number, one in found.items()})
    items = []
    for number, one in found.items():
        role = next((role for (_, role), who in sorted(roles.get(number, {}).items()) if who == customer_id), None)
        if role is not None:
            items.append((one, role))
    items.sort(key=lambda item: (item[0].at or "", item[0].key), reverse=True)
    return items


def every(
    db: Database, kind: str, activities: Sequence[str] = (), size: int = 2000
) -> Iterator[list[tuple[StoredFact, dict[tuple[int, str], str]]]]:
    """Every live fact of a kind (and of some activities) with the customers it concerns, in batches by row id."""
    wanted = (fact.c.kind == kind) & fact.c.live & (fact.c.id > bindparam("last"))
    if activities:
        wanted &= among(fact.c.activity, "activities")
    statement = Prepared(select(*_FACT).where(wanted).order_by(fact.c.id).limit(size))
    last = 0
    while True:
        with db.read() as c:
            rows = statement.rows(c, {"last": last, **({"activities": activities} if activities else {})})
            batch = [_fact(row) for row in rows]
            roles = attachments(c, {one.id: one.at for one in batch})
        if not batch:
            return
        yield [(one, roles.get(one.id, {})) for one in batch]
        last = batch[-1].id


def told_by(c: Connection, connection_id: str, keys: Iterable[str]) -> set[str]:
    """Those of the facts that a connection told us itself; what we wrote there does not count."""
    statement = (
        select(entity.c.fact_key)
        .join(raw_record, raw_record.c.id == entity.c.raw_id)
        .join(slice_, slice_.c.id == raw_record.c.slice_id)
        .where(
            among(entity.c.fact_key, "keys"),
            entity.c.live,
            entity.c.alias.is_(None),
            slice_.c.connection_id == connection_id,
        )
    )
    found: set[str] = set()
    for some in chunks(keys):
        found.update(c.execute(statement, {"keys": some}).scalars())
    return found


def sources(c: Connection, keys: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Fact key to the (connection, stream) pairs that saw it."""
    found: dict[str, set[tuple[str, str]]] = {}
    for some in chunks(keys):
        rows = c.execute(
            select(entity.c.fact_key, slice_.c.connection_id, slice_.c.stream)
            .join(raw_record, raw_record.c.id == entity.c.raw_id)
            .join(slice_, slice_.c.id == raw_record.c.slice_id)
            .where(among(entity.c.fact_key, "keys"), entity.c.live),
            {"keys": some},
        )
        for key, connection_id, stream in rows:
            found.setdefault(key, set()).add((connection_id, stream))
    return {key: sorted(pairs) for key, pairs in found.items()}
