"""Raw records and the entities they say: what a page of a pull reads and writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from state.batches import Prepared, among, insert_columns, insert_rows
from state.bodies import text_of
from state.database import Database, insert_or_update
from state.leases import Lease
from state.tables import dirty_entity, entity, membership, raw_record, sighting, slice_

CHUNK = 10_000


class StoredAlreadyError(Exception):
    """A record that was to be new is there; the transaction can only be rolled back."""


@dataclass(frozen=True, slots=True)
class StoredRaw:
    """What is known of one raw record. ``body`` is JSON text, loaded only where asked for."""

    id: int
    remote_id: str
    state: str
    hash: str
    version: str | None
    changed_at: str | None
    generation: int
    observed_at: str = ""
    body: str | None = None


class RawRow(NamedTuple):
    """One raw record to write; ``id`` None for a new one. ``body`` is JSON text."""

    id: int | None
    remote_id: str
    state: str
    merged_into: str | None
    hash: str
    version: str | None
    changed_at: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """One entity as stored."""

    id: int
    raw_id: int
    part: str
    kind: str
    founding: bool
    live: bool
    fact_key: str | None
    values: Mapping[str, Any]
    since: Mapping[str, str]
    echo: frozenset[str]
    rules: str
    alias: str | None


class EntityRow(NamedTuple):
    """One entity to write; ``id`` None for a new one. The texts are JSON.

    ``old_fact_key`` is the fact it spoke of before, when that changed.
    """

    id: int | None
    remote_id: str
    part: str
    kind: str
    founding: bool
    live: bool
    fact_key: str | None
    name_key: str | None
    alias: str | None
    values: str
    since: str
    echo: str
    rules: str
    old_fact_key: str | None = None


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The values in lists of bounded length, so that no statement grows without end."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def slice_id(db: Database, connection_id: str, stream: str, key: str, title: str = "") -> int:
    """The id of a slice, made when it is first seen."""
    where = (slice_.c.connection_id == connection_id) & (slice_.c.stream == stream) & (slice_.c.key == key)
    with db.read() as c:
        found = c.execute(select(slice_.c.id).where(where)).scalar()
    if found is not None:
        return int(found)
    with db.write() as c:
        row = {"connection_id": connection_id, "stream": stream, "key": key, "title": title}
        insert_or_update(c, slice_, [row], ["connection_id", "stream", "key"], ["title"])
        return int(c.execute(select(slice_.c.id).where(where)).scalar_one())


_RULES = Prepared(select(slice_.c.rules).where(slice_.c.id == bindparam("slice_id")))


def rules_of(c: Connection, slice_id: int) -> str | None:
    """The version of the rules that every entity of the slice was made with."""
    found = _RULES.rows(c, {"slice_id": slice_id})
    return found[0][0] if found else None


def set_rules(c: Connection, slice_id: int, version: str) -> None:
    """Notes that the whole slice now speaks this version of the rules."""
    c.execute(update(slice_).where(slice_.c.id == slice_id).values(rules=version))


_REVISION = Prepared(select(slice_.c.revision).where(slice_.c.id == bindparam("slice_id")))
_ADVANCE = Prepared(update(slice_).where(slice_.c.id == bindparam("b_id")).values(revision=slice_.c.revision + 1))


def revision(c: Connection, slice_id: int) -> int:
    """A number that is another one as soon as any raw record of the slice has been written."""
    return int(next(iter(_REVISION.rows(c, {"slice_id": slice_id})))[0])


def note_deduplicated(db: Database, lease: Lease, slice_id: int, declared: bool) -> None:
    """Keeps whether the connector says of the slice that it holds nobody twice."""
    with db.read() as c:
        known = c.execute(select(slice_.c.deduplicated).where(slice_.c.id == slice_id)).scalar()
    if bool(known) != declared:
        with db.write(lease) as c:
            c.execute(update(slice_).where(slice_.c.id == slice_id).values(deduplicated=declared))


def deduplicated(c: Connection) -> set[tuple[str, str]]:
    """The streams, as (connection, stream), of which their connectors say that they hold nobody twice."""
    rows = c.execute(select(slice_.c.connection_id, slice_.c.stream).distinct().where(slice_.c.deduplicated))
    return {(row[0], row[1]) for row in rows}


def slice_key(c: Connection, slice_id: int) -> str:
    """The key of a slice."""
    return str(c.execute(select(slice_.c.key).where(slice_.c.id == slice_id)).scalar_one())


def slices_of(c: Connection, connection_id: str) -> Sequence[tuple[int, str, str]]:
    """(id, stream, key) of every slice of a connection."""
    rows = c.execute(select(slice_.c.id, slice_.c.stream, slice_.c.key).where(slice_.c.connection_id == connection_id))
    return [(int(r[0]), r[1], r[2]) for r in rows]


_RAW = [
    raw_record.c.id,
    raw_record.c.remote_id,
    raw_record.c.state,
    raw_record.c.hash,
    raw_record.c.version,
    raw_record.c.changed_at,
    raw_record.c.generation,
    raw_record.c.observed_at,
]
_BY_REMOTE = select(*_RAW).where(raw_record.c.slice_id == bindparam("slice_id"), among(raw_record.c.remote_id, "ids"))
_RAW_BY_REMOTE = Prepared(_BY_REMOTE)
_RAW_WITH_BODY = Prepared(_BY_REMOTE.add_columns(raw_record.c.body))


def load_raws(c: Connection, slice_id: int, remote_ids: Iterable[str], *, body: bool = False) -> dict[str, StoredRaw]:
    """The stored raw records of these remote ids."""
    statement = _RAW_WITH_BODY if body else _RAW_BY_REMOTE
    found: dict[str, StoredRaw] = {}
    for ids in chunks(remote_ids):
        for row in statement.rows(c, {"slice_id": slice_id, "ids": ids}):
            found[row[1]] = StoredRaw(*row)
            if body and not isinstance(row[-1], str):
                found[row[1]] = replace(found[row[1]], body=text_of(c, row[-1]))
    return found


_ENTITY = [
    entity.c.id,
    entity.c.raw_id,
    entity.c.part,
    entity.c.kind,
    entity.c.founding,
    entity.c.live,
    entity.c.fact_key,
    entity.c["values"],
    entity.c.since,
    entity.c.echo,
    entity.c.rules,
    entity.c.alias,
]
_ENTITIES_OF = select(*_ENTITY).where(among(entity.c.raw_id, "ids"))


def load_entities(c: Connection, raw_ids: Iterable[int]) -> dict[int, dict[str, StoredEntity]]:
    """The stored entities of these raw records, retracted ones too: raw id to part to entity."""
    found: dict[int, dict[str, StoredEntity]] = {}
    for ids in chunks(raw_ids):
        for row in c.execute(_ENTITIES_OF, {"ids": ids}):
            values, since, echo = orjson.loads(row[7]), orjson.loads(row[8]), frozenset(orjson.loads(row[9]))
            stored = StoredEntity(
                row[0], row[1], row[2], row[3], row[4], row[5], row[6], values, since, echo, row[10], row[11]
            )
            found.setdefault(stored.raw_id, {})[stored.part] = stored
    return found


def owners(c: Connection, connection_id: str, stream: str, remote_id: str) -> list[str]:
    """The customers to which a record belongs, in whatever slice it lies; its parts may have several."""
    statement = (
        select(membership.c.customer_id)
        .distinct()
        .join(entity, entity.c.id == membership.c.entity_id)
        .join(raw_record, raw_record.c.id == entity.c.raw_id)
        .join(slice_, slice_.c.id == raw_record.c.slice_id)
        .where(slice_.c.connection_id == connection_id, slice_.c.stream == stream, raw_record.c.remote_id == remote_id)
        .order_by(membership.c.customer_id)
    )
    return list(c.execute(statement).scalars())


_UPDATE_RAW = (
    update(raw_record)
    .where(raw_record.c.id == bindparam("b_id"))
    .values(
        state=bindparam("state"),
        merged_into=bindparam("merged_into"),
        hash=bindparam("hash"),
        version=bindparam("version"),
        changed_at=bindparam("changed_at"),
        observed_at=bindparam("observed_at"),
        body=bindparam("body"),
    )
)


def write_raws(
    db: Database, c: Connection, slice_id: int, generation: int, observed_at: str, rows: Sequence[RawRow]
) -> dict[str, int]:
    """Writes raw records and returns remote id to row id. A record keeps the generation in which it was first met.

    The slice gets another ``revision``, so that whoever computed from what was there before looks again. Raises
    StoredAlreadyError where one without an id is not new.
    """
    _ADVANCE.change(c, {"b_id": slice_id})
    new = [row for row in rows if row.id is None]
    ids = {row.remote_id: row.id for row in rows if row.id is not None}
    if new:
        numbers, count = db.allocate(c, "raw_record", len(new)), len(new)
        columns: dict[str, Sequence[Any]] = dict(zip(RawRow._fields, zip(*new, strict=True), strict=True))
        ids.update(zip(columns["remote_id"], numbers, strict=True))
        columns |= {"id": numbers, "slice_id": [slice_id] * count}
        columns |= {"observed_at": [observed_at] * count, "generation": [generation] * count}
        try:
            insert_columns(c, raw_record, columns)
        except (sqlite3.IntegrityError, IntegrityError):
            raise StoredAlreadyError from None
    changed = [
        {
            "b_id": r.id, "state": r.state, "merged_into": r.merged_into, "hash": r.hash, "version": r.version,
            "changed_at": r.changed_at, "body": r.body, "observed_at": observed_at,
        }
        for r in rows
        if r.id is not None
    ]  # fmt: skip
    if changed:
        c.execute(_UPDATE_RAW, changed)
    return ids


_ENTITY_FIELDS = (
    "part",
    "kind",
    "founding",
    "live",
    "fact_key",
    "name_key",
    "alias",
    "values",
    "since",
    "echo",
    "rules",
)
_UPDATE_ENTITY = (
    update(entity)
    .where(entity.c.id == bindparam("b_id"))
    .values({name: bindparam(f"n_{name}") for name in _ENTITY_FIELDS})
)


def write_entities(db: Database, c: Connection, rows: Sequence[EntityRow], raw_ids: Mapping[str, int]) -> None:
    """Writes entities and queues them for resolving, which also keeps their identifiers."""
    new = [row for row in rows if row.id is None]
    known = [row for row in rows if row.id is not None]
    if new:
        numbers = db.allocate(c, "entity", len(new))
        columns: dict[str, Sequence[Any]] = dict(zip(EntityRow._fields, zip(*new, strict=True), strict=True))
        of = [raw_ids[one] for one in columns["remote_id"]]
        insert_columns(c, entity, {"id": numbers, "raw_id": of} | {name: columns[name] for name in _ENTITY_FIELDS})
        insert_columns(c, dirty_entity, {"entity_id": numbers})
    if known:
        c.execute(
            _UPDATE_ENTITY,
            [{"b_id": r.id, **{f"n_{name}": getattr(r, name) for name in _ENTITY_FIELDS}} for r in known],
        )
        insert_rows(c, dirty_entity, ("entity_id", "fact_key"), [(r.id, r.old_fact_key) for r in known])


def write_sightings(c: Connection, slice_id: int, generation: int, raw_ids: Sequence[int]) -> None:
    """Notes that known records were seen in this generation; apart from the record, so that it stays untouched."""
    rows = [{"raw_id": raw_id, "slice_id": slice_id, "generation": generation} for raw_id in raw_ids]
    if rows:
        insert_or_update(c, sighting, rows, ["raw_id"], ["generation"])


def count_known(c: Connection, slice_id: int, generation: int) -> int:
    """How many live records of a slice were known before this generation."""
    where = (
        (raw_record.c.slice_id == slice_id) & (raw_record.c.state == "live") & (raw_record.c.generation < generation)
    )
    return int(c.execute(select(func.count()).where(where)).scalar_one())


def unseen(c: Connection, slice_id: int, generation: int) -> list[str]:
    """Remote ids of the live records that this generation of a complete enumeration did not meet."""
    statement = (
        select(raw_record.c.remote_id)
        .outerjoin(sighting, sighting.c.raw_id == raw_record.c.id)
        .where(
            raw_record.c.slice_id == slice_id,
            raw_record.c.state == "live",
            raw_record.c.generation < generation,
            or_(sighting.c.generation.is_(None), sighting.c.generation < generation),
        )
        .order_by(raw_record.c.remote_id)
    )
    return list(c.execute(statement).scalars())


def live_elsewhere(c: Connection, slice_id: int, remote_ids: Iterable[str]) -> set[str]:
    """Those of the ids that are live records of another slice of the same stream."""
    here = select(slice_.c.connection_id, slice_.c.stream).where(slice_.c.id == slice_id).subquery()
    statement = (
        select(raw_record.c.remote_id)
        .join(slice_, slice_.c.id == raw_record.c.slice_id)
        .join(here, (here.c.connection_id == slice_.c.connection_id) & (here.c.stream == slice_.c.stream))
        .where(
            slice_.c.id != slice_id,
            raw_record.c.state == "live",
            among(raw_record.c.remote_id, "ids"),
        )
    )
    found: set[str] = set()
    for ids in chunks(remote_ids):
        found.update(c.execute(statement, {"ids": ids}).scalars())
    return found


def iter_bodies(db: Database, slice_id: int, size: int = 500, since: str = "") -> Iterator[list[StoredRaw]]:
    """The live records of a slice with their bodies, in batches, for replay; with ``since`` those that changed since
    then, or were read since where the vendor gives no time."""
    last = -1
    where = (raw_record.c.slice_id == slice_id) & (raw_record.c.state == "live")
    if since:
        where &= func.coalesce(raw_record.c.changed_at, raw_record.c.observed_at) >= since
    while True:
        statement = (
            select(*_RAW, raw_record.c.body).where(where, raw_record.c.id > last).order_by(raw_record.c.id).limit(size)
        )
        with db.read() as c:
            rows = [replace(StoredRaw(*tuple(row)), body=text_of(c, row[-1])) for row in c.execute(statement)]
        if not rows:
            return
        yield rows
        last = rows[-1].id


def newest_bodies(c: Connection, slice_id: int, count: int) -> list[str]:
    """The bodies of the live records of a slice that were read last, for samples."""
    newest = (
        select(raw_record.c.id)
        .where(raw_record.c.slice_id == slice_id, raw_record.c.state == "live", raw_record.c.body.is_not(None))
        .order_by(raw_record.c.observed_at.desc(), raw_record.c.id.desc())
        .limit(count)
    )
    found = c.execute(select(raw_record.c.body).where(raw_record.c.id.in_(newest))).scalars().all()
    return [text for body in found if (text := text_of(c, body)) is not None]


def read_again(c: Connection, slice_id: int) -> None:
    """Lets the next full reading take the records without a body for changed, although they are not."""
    bare = (raw_record.c.slice_id == slice_id) & (raw_record.c.state == "live") & raw_record.c.body.is_(None)
    c.execute(update(raw_record).where(bare, raw_record.c.hash != "").values(hash=""))


_FORGET = Prepared(delete(dirty_entity).where(among(dirty_entity.c.seq, "ids")))


def forget_dirty(c: Connection, seqs: Sequence[int]) -> None:
    """Takes what was resolved out of the queue."""
    for ids in chunks(seqs):
        _FORGET.change(c, {"ids": ids})


def live_records(c: Connection, connection_id: str) -> int:
    """How many records of a connection are live."""
    statement = (
        select(func.count())
        .select_from(raw_record)
        .join(slice_, slice_.c.id == raw_record.c.slice_id)
        .where(slice_.c.connection_id == connection_id, raw_record.c.state == "live")
    )
    return int(c.execute(statement).scalar_one())
