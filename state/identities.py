"""What resolving reads and writes: the queue, who holds which value, links, memberships, customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Connection,
    Integer,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    type_coerce,
    union,
    update,
)

from mapping.identity import Link
from state.batches import Prepared, among, insert_rows
from state.database import insert_or_update
from state.records import chunks
from state.tables import (
    customer,
    dirty_entity,
    edge,
    entity,
    event,
    golden_record,
    membership,
    raw_record,
    slice_,
)

NO_ECHO: frozenset[str] = frozenset()


class Queued(NamedTuple):
    """One entity that waits to be resolved; ``fact_key`` is a fact that it no longer speaks of."""

    seq: int
    entity_id: int
    fact_key: str | None


class Profile(NamedTuple):
    """An entity as resolving sees it. Facts come too; they have a ``fact_key``. ``text``: ``values`` as stored."""

    id: int
    kind: str
    live: bool
    founding: bool
    fact_key: str | None
    alias: str | None
    values: Mapping[str, Any]
    since: Mapping[str, str]
    echo: frozenset[str]
    text: str


_QUEUE = Prepared(
    select(dirty_entity.c.seq, dirty_entity.c.entity_id, dirty_entity.c.fact_key)
    .order_by(dirty_entity.c.seq)
    .limit(bindparam("limit", type_=Integer))
)


def queue(c: Connection, limit: int) -> list[Queued]:
    """The oldest waiting entities."""
    return [Queued._make(row) for row in _QUEUE.rows(c, {"limit": limit})]


_QUEUED = Prepared(
    select(dirty_entity.c.seq, dirty_entity.c.entity_id, dirty_entity.c.fact_key).where(
        among(dirty_entity.c.seq, "seqs")
    )
)
_QUEUE_BY_ENTITY = (
    select(dirty_entity.c.entity_id, dirty_entity.c.seq)
    .order_by(dirty_entity.c.entity_id, dirty_entity.c.seq)
    .execution_options(yield_per=10_000)
)


def queued(c: Connection, seqs: Iterable[int]) -> list[Queued]:
    """These rows of the queue, as far as they are there still."""
    return [Queued._make(row) for some in chunks(seqs) for row in _QUEUED.rows(c, {"seqs": some})]


def queue_by_entity(c: Connection) -> Iterator[Sequence[int]]:
    """Every (entity, row of the queue), in order, a part of them in memory at a time."""
    yield from c.execute(_QUEUE_BY_ENTITY)


def queue_length(c: Connection) -> int:
    """How many wait."""
    return int(c.execute(select(func.count()).select_from(dirty_entity)).scalar_one())


def queued_entities(c: Connection) -> int:
    """How many entities wait, each once."""
    return int(c.execute(select(func.count(dirty_entity.c.entity_id.distinct()))).scalar_one())


_PROFILE = select(
    entity.c.id, entity.c.kind, entity.c.live, entity.c.founding, entity.c.fact_key, entity.c.alias,
    entity.c["values"], entity.c.since, entity.c.echo,
)  # fmt: skip
_KEYS = Prepared(
    select(entity.c.id, slice_.c.connection_id, slice_.c.stream, slice_.c.key, raw_record.c.remote_id, entity.c.part)
    .join(raw_record, raw_record.c.id == entity.c.raw_id)
    .join(slice_, slice_.c.id == raw_record.c.slice_id)
    .where(among(entity.c.id, "ids"))
)
_PROFILE_BY_ID = Prepared(_PROFILE.where(among(entity.c.id, "ids")))
_PROFILE_BY_FACT = Prepared(_PROFILE.where(among(entity.c.fact_key, "keys"), entity.c.live))


def _profile(row: Any) -> Profile:
    echo = frozenset(orjson.loads(row[8])) if row[8] != "[]" else NO_ECHO
    return Profile(
        row[0], row[1], bool(row[2]), bool(row[3]), row[4], row[5],
        orjson.loads(row[6]), orjson.loads(row[7]), echo, row[6],
    )  # fmt: skip


def profiles(c: Connection, ids: Iterable[int]) -> dict[int, Profile]:
    """Entities by id."""
    found: dict[int, Profile] = {}
    for some in chunks(ids):
        found.update({row[0]: _profile(row) for row in _PROFILE_BY_ID.rows(c, {"ids": some})})
    return found


def any_entity(c: Connection) -> bool:
    """Whether there is any entity at all."""
    return c.execute(select(entity.c.id).limit(1)).first() is not None


def keys(c: Connection, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The natural keys of entities: (connection, stream, slice, remote id, part)."""
    found: dict[int, tuple[str, ...]] = {}
    for some in chunks(ids):
        found.update({row[0]: tuple(row[1:]) for row in _KEYS.rows(c, {"ids": some})})
    return found


def speakers(c: Connection, fact_keys: Iterable[str]) -> dict[str, list[Profile]]:
    """The live entities that speak of these facts."""
    found: dict[str, list[Profile]] = {}
    for some in chunks(fact_keys):
        for row in _PROFILE_BY_FACT.rows(c, {"keys": some}):
            found.setdefault(row[4], []).append(_profile(row))
    return found


_MEMBERSHIP = select(membership.c.entity_id, membership.c.customer_id)
_OF_ENTITIES = Prepared(_MEMBERSHIP.where(among(membership.c.entity_id, "ids")))
_OF_CUSTOMERS = Prepared(_MEMBERSHIP.where(among(membership.c.customer_id, "ids")))


def memberships(c: Connection, entity_ids: Iterable[int]) -> dict[int, str]:
    """Entity to the customer it belongs to."""
    found: dict[int, str] = {}
    for ids in chunks(entity_ids):
        found.update(_OF_ENTITIES.rows(c, {"ids": ids}))
    return found


def members(c: Connection, customer_ids: Iterable[str]) -> dict[int, str]:
    """Every entity of these customers, with the customer."""
    found: dict[int, str] = {}
    for ids in chunks(customer_ids):
        found.update(_OF_CUSTOMERS.rows(c, {"ids": ids}))
    return found


_BORN = Prepared(select(customer.c.id, customer.c.created_at).where(among(customer.c.id, "ids")))
_HASHES = Prepared(
    select(golden_record.c.customer_id, golden_record.c.hash).where(among(golden_record.c.customer_id, "ids"))
)


def birthdays(c: Connection, customer_ids: Iterable[str]) -> dict[str, str]:
    """When these customers came into being."""
    found: dict[str, str] = {}
    for ids in chunks(customer_ids):
        found.update(_BORN.rows(c, {"ids": ids}))
    return found


def survivors(c: Connection, customer_ids: Iterable[str]) -> dict[str, str]:
    """Each id to the live customer it leads to; ids that lead nowhere are left out."""
    found: dict[str, str] = {}
    for asked in set(customer_ids):
        current = asked
        for _ in range(64):
            row = c.execute(
                select(customer.c.status, customer.c.merged_into).where(customer.c.id == current)
            ).one_or_none()
            if row is None or row.status == "retired":
                break
            if row.status == "live":
                found[asked] = current
                break
            current = row.merged_into
    return found


def golden_hashes(c: Connection, customer_ids: Iterable[str]) -> dict[str, str]:
    """The hash of each stored golden record."""
    found: dict[str, str] = {}
    for ids in chunks(customer_ids):
        found.update(_HASHES.rows(c, {"ids": ids}))
    return found


def is_taken(c: Connection, prefix: str) -> bool:
    """Whether an id that begins so was ever given to a customer."""
    statement = select(customer.c.id).where(customer.c.id >= prefix, customer.c.id < prefix + "g").limit(1)
    return c.execute(statement).one_or_none() is not None


@dataclass(slots=True)
class Changes:
    """What resolving one batch writes."""

    created: list[tuple[str, str]]  # (customer id, kind)
    merged: list[tuple[str, str]]  # (customer id, the one it went into)
    retired: list[str]
    revived: list[str]
    split: list[tuple[str, str]]  # (customer id, the new one that left it)
    joined: list[tuple[int, str]]  # (entity id, customer id)
    moved: list[tuple[int, str]]
    left: list[int]
    golden: list[tuple[str, str, str, str]]  # (customer id, hash, values, provenance)
    new_golden: list[tuple[str, str, str, str]]
    touched: list[int]  # entities that have no other links than these
    links: list[Link]
    followed: list[tuple[int, str, str]]  # (entity id, customer, new one): what we hold of it over there goes with it
    given_back: list[tuple[str, str, str]]  # (customer, new one, the former one whose records that one has)
    decided: list[int]  # entities whose components were looked at
    quarantined: dict[int, int]  # those of them in components that are too large, with the component

    @classmethod
    def none(cls) -> Changes:
        """No changes yet."""
        return cls([], [], [], [], [], [], [], [], [], [], [], [], [], [], [], {})


def write(c: Connection, changes: Changes, at: str, actor: str) -> None:
    """Writes what resolving decided, with an event for every merge, split and end."""
    if changes.created:
        rows = [(i, kind, "live", at) for i, kind in changes.created]
        insert_rows(c, customer, ("id", "kind", "status", "created_at"), rows)
    _end_customers(c, changes, at, actor)
    insert_rows(c, membership, ("entity_id", "customer_id"), changes.joined)
    if changes.moved:
        statement = (
            update(membership).where(membership.c.entity_id == bindparam("e")).values(customer_id=bindparam("i"))
        )
        c.execute(statement, [{"e": e, "i": i} for e, i in changes.moved])
    for ids in chunks(changes.left):
        c.execute(delete(membership).where(among(membership.c.entity_id, "ids")), {"ids": ids})
    _write_links(c, changes)
    _write_golden(c, changes)


_EDGE = select(edge.c.a, edge.c.b, edge.c.rule, type_coerce(edge.c.evidence, Text))
_EDGES = Prepared(
    union(_EDGE.where(among(edge.c.a, "ids")), _EDGE.where(among(edge.c.b, "others")))  # type: ignore[arg-type]
)
_UNLINK = delete(edge).where(edge.c.a == bindparam("x"), edge.c.b == bindparam("y"))


def _write_links(c: Connection, changes: Changes) -> None:
    """The links of those who were touched, in place of what is stored: most have stayed as they were."""
    links = {(min(k.a, k.b), max(k.a, k.b)): k for k in changes.links}
    wanted = {(*pair, k.rule, orjson.dumps([k.value]).decode()) for pair, k in links.items()}
    stored: set[tuple[int, int, str, str]] = set()
    for ids in chunks(changes.touched):
        stored.update(map(tuple, _EDGES.rows(c, {"ids": ids, "others": ids})))
    if gone := stored - wanted:
        c.execute(_UNLINK, [{"x": row[0], "y": row[1]} for row in sorted(gone)])
    insert_rows(c, edge, ("a", "b", "rule", "evidence"), sorted(wanted - stored))


def _end_customers(c: Connection, changes: Changes, at: str, actor: str) -> None:
    events: list[dict[str, Any]] = []
    if changes.merged:
        end = (
            update(customer)
            .where(customer.c.id == bindparam("i"))
            .values(status="merged", merged_into=bindparam("into"))
        )
        c.execute(end, [{"i": i, "into": into} for i, into in changes.merged])
        for old, into in changes.merged:
            # Earlier redirects are pointed on, so that following one never takes more than a step or two.
            c.execute(update(customer).where(customer.c.merged_into == old).values(merged_into=into))
            events.append({"at": at, "kind": "merged", "actor": actor, "ids": {"customer": old, "into": into}})
    if changes.retired:
        retire = update(customer).where(among(customer.c.id, "ids")).values(status="retired", merged_into=None)
        c.execute(retire, {"ids": changes.retired})
        events.extend({"at": at, "kind": "retired", "actor": actor, "ids": {"customer": i}} for i in changes.retired)
    events.extend(
        {"at": at, "kind": "split", "actor": actor, "ids": {"customer": old, "new": new}} for old, new in changes.split
    )
    if events:
        c.execute(insert(event), events)
    for ids in chunks([i for i, _ in changes.merged] + changes.retired):
        c.execute(delete(golden_record).where(among(golden_record.c.customer_id, "ids")), {"ids": ids})


def _write_golden(c: Connection, changes: Changes) -> None:
    columns = ("customer_id", "hash", "values", "provenance")
    insert_rows(c, golden_record, columns, changes.new_golden)
    if changes.golden:
        rows = [dict(zip(columns, row, strict=True)) for row in changes.golden]
        insert_or_update(c, golden_record, rows, ["customer_id"], ["hash", "values", "provenance"])


def links_of(c: Connection, entity_ids: Sequence[int]) -> list[tuple[int, int, str, list[str]]]:
    """The links among these entities: (a, b, rule, evidence)."""
    found: list[tuple[int, int, str, list[str]]] = []
    for ids in chunks(entity_ids):
        statement = select(edge.c.a, edge.c.b, edge.c.rule, edge.c.evidence).where(among(edge.c.a, "ids"))
        rows = c.execute(statement, {"ids": ids})
        found.extend((row[0], row[1], row[2], row[3]) for row in rows)
    return found
