"""From one page of a vendor to the rows that say it: computed outside any transaction, so that writing is short."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from connectors.core.protocols import Stream
from mapping.contract import Coverage, Page, RawRecord, RemoteId, Schema, Slice, Tombstone
from mapping.errors import RecordError
from mapping.identity import name_of
from mapping.mapper import Entity, Mapper
from mapping.model import PROFILES
from mapping.timeline import Privacy
from state.database import stamp
from state.records import EntityRow, RawRow, StoredEntity, StoredRaw
from state.shadows import Shadow
from sync.echo import echoed_fields
from sync.signed import Signature

NOTHING: frozenset[str] = frozenset()
NAMING = frozenset({"key", "participants"})
"""What a fact is named by and whom it concerns: not what it says."""
OUR_FACT = "fact"
"""The alias of an activity that we wrote: a sighting of its fact, and no word of its own."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the page is read with: the stream, its rules and the version of all of them; and how records of ours are
    known there, where the stream reads what is written to as well."""

    stream: Stream
    mapper: Mapper
    privacy: Privacy
    schema: Callable[[], Schema]
    version: str
    signature: Signature | None = None

    @property
    def current(self) -> str:
        """What a slice whose records are all mapped is marked with: the rules in force, and how far ahead repeating
        meetings are looked at. As weeks go by, the next occurrences come out of the records that are there."""
        return f"{self.version}{self.mapper.until}"

    def entities(self, body: Mapping[str, Any]) -> Sequence[Entity]:
        """What a record says, with what the privacy settings tell of it. Raises RecordError."""
        found = self.mapper.map(body)
        return found if self.privacy.asks_for_nothing else [self.privacy.enrich(entity) for entity in found]


@dataclass(frozen=True, slots=True)
class Known:
    """What the database said of the page's records before it, and the slice's revision then. Shadows without an id are
    of records that were known by their signature, and are stored with the page."""

    raws: Mapping[str, StoredRaw]
    entities: Mapping[int, Mapping[str, StoredEntity]]
    shadows: Mapping[str, Shadow]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that could not be taken, and why; ``body`` is JSON text, empty when it could not even be parsed."""

    remote_id: str
    reason: str
    body: str = ""


@dataclass(slots=True)
class Rows:
    """What a page will write."""

    raws: list[RawRow] = field(default_factory=list)
    entities: list[EntityRow] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    healed: list[str] = field(default_factory=list)
    gone: list[Tombstone] = field(default_factory=list)
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    dropped: int = 0


def encode(body: Mapping[str, Any]) -> tuple[str, str]:
    """The body as JSON text with sorted keys, and the hash that tells two bodies apart."""
    try:
        data = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise RecordError(f"the record cannot be kept as JSON: {type(error).__name__}") from None
    return data.decode(), blake2b(data, digest_size=16).hexdigest()


def newest(page: Page, properties_at: str) -> list[RawRecord]:
    """The page's records, each remote id once, in its newest form: what patches said one after the other adds up."""
    found: dict[str, RawRecord] = {}
    for record in page.records:
        other = found.get(record.remote_id)
        if other is None:
            found[record.remote_id] = record
            continue
        older, newer = (record, other) if _older(record.changed_at, other.changed_at) else (other, record)
        if newer.coverage is Coverage.PATCH:
            body = merge_patch(older.body, newer.body, properties_at)
            newer = newer._replace(body=body, coverage=older.coverage)
        found[record.remote_id] = newer
    return list(found.values())


def _older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def merge_patch(stored: Mapping[str, Any], patch: Mapping[str, Any], properties_at: str) -> dict[str, Any]:
    """The last full body with what the patch says; where properties lie under one key they are merged one by one."""
    merged = {**stored, **patch}
    inner = patch.get(properties_at) if properties_at else None
    if isinstance(inner, Mapping):
        merged[properties_at] = {**(stored.get(properties_at) or {}), **inner}
    return merged


def whole_bodies(
    reading: Reading, slice_: Slice, records: Sequence[RawRecord], raws: Mapping[str, StoredRaw]
) -> tuple[list[RawRecord], list[Failure]]:
    """The records with patches made whole: merged into the stored body, or fetched where there is none.

    A patch that neither way can complete becomes a failure. Calls the vendor at most once.
    """
    whole: list[RawRecord] = []
    missing: list[RawRecord] = []
    for record in records:
        stored = raws.get(record.remote_id)
        if record.coverage is Coverage.FULL:
            whole.append(record)
        elif stored and stored.body and stored.state == "live":
            body = merge_patch(orjson.loads(stored.body), record.body, reading.stream.properties_at)
            whole.append(record._replace(body=body, coverage=Coverage.FULL))
        else:
            missing.append(record)
    if not missing:
        return whole, []
    fetched: dict[str, RawRecord] = {}
    if reading.stream.get is not None:
        fetched = {r.remote_id: r for r in reading.stream.get(slice_, [r.remote_id for r in missing])}
    whole.extend(fetched[r.remote_id] for r in missing if r.remote_id in fetched)
    failures = [
        Failure(
            r.remote_id, "a partial record arrived before any whole one, and it cannot be fetched", encode(r.body)[0]
        )
        for r in missing
        if r.remote_id not in fetched
    ]
    return whole, failures


def prepare(reading: Reading, slice_: Slice, page: Page, records: Sequence[RawRecord], known: Known, now: str) -> Rows:
    """Every row that the page asks for. Bad records become failures; nothing here touches the database."""
    rows = Rows(read=len(page.records) + len(page.tombstones) + len(page.errors), gone=list(page.tombstones))
    for error in page.errors:
        rows.failures.append(Failure(error.remote_id, str(error)))
    # Whatever the vendor names is there, even what cannot be read: only what it names no more may be reconciled.
    rows.seen.extend(raw.id for raw in known.raws.values())
    rows.unchanged += len(page.records) - len(records)
    for record in records:
        try:
            text, digest = encode(record.body)
        except RecordError as error:
            rows.failures.append(Failure(record.remote_id, str(error)))
            continue
        stored = known.raws.get(record.remote_id)
        changed_at = stamp(record.changed_at) if record.changed_at else None
        if stored is not None and _settled(stored, digest, changed_at):
            rows.unchanged += 1
            continue
        _take(reading, rows, record, text, digest, changed_at, stored, known, now)
    return rows


def _settled(stored: StoredRaw, digest: str, changed_at: str | None) -> bool:
    """Whether the record brings nothing: the same body, or an older version than the one stored."""
    if stored.state == "live" and stored.hash == digest:
        return True
    return changed_at is not None and stored.changed_at is not None and changed_at < stored.changed_at


def _take(
    reading: Reading,
    rows: Rows,
    record: RawRecord,
    text: str,
    digest: str,
    changed_at: str | None,
    stored: StoredRaw | None,
    known: Known,
    now: str,
) -> None:
    number = stored.id if stored else None
    raw = RawRow(number, record.remote_id, "live", None, digest, record.version, changed_at, text)
    try:
        entities = reading.entities(record.body)
    except RecordError as error:
        rows.raws.append(raw)
        rows.failures.append(Failure(record.remote_id, str(error), text))
        return
    held = known.shadows.get(record.remote_id)
    if not admitted(reading, entities, held):
        rows.dropped += 1
        if stored is not None:
            rows.gone.append(Tombstone(RemoteId(record.remote_id)))
        return
    rows.raws.append(raw)
    rows.healed.append(record.remote_id)
    if stored is None and held is None:
        rows.new += 1
        for entity in entities:
            rows.entities.append(_first(reading, record.remote_id, entity, changed_at))
        return
    before = known.entities.get(stored.id, {}) if stored else {}
    rows.entities.extend(entity_rows(reading, record.body, record.remote_id, entities, before, held, changed_at, now))
    if stored:
        rows.changed += 1
    else:
        rows.new += 1


def _first(reading: Reading, remote_id: str, entity: Entity, changed_at: str | None) -> EntityRow:
    """The entity of a record that is new to us and that we did not write: what ``entity_rows`` makes of it, at a
    fraction of the price, since there is nothing to compare it with."""
    part, kind, values, founding = entity
    profile = kind in PROFILES
    return EntityRow(
        None, remote_id, part, str(kind), founding and not _colleague(reading, entity), True,
        None if profile else values["key"], name_of(values) if profile else None, None, _dump(values),
        f'{{"*":"{changed_at or ""}"}}', "[]", reading.version,
    )  # fmt: skip


def admitted(reading: Reading, entities: Sequence[Entity], held: Shadow | None) -> bool:
    """Whether what the record says may be stored. An activity that we wrote was admitted where it came from; it may
    name nobody over there, as it does between its creation and its first association."""
    if reading.privacy.asks_for_nothing:
        return True
    ours = held is not None and held.subject_kind == "fact"
    return all(reading.privacy.admits(one) or (ours and not one.values.get("participants")) for one in entities)


def entity_rows(
    reading: Reading,
    body: Mapping[str, Any],
    remote_id: str,
    entities: Sequence[Entity],
    before: Mapping[str, StoredEntity],
    held: Shadow | None,
    changed_at: str | None,
    now: str,
) -> list[EntityRow]:
    """The entities of one record that differ from what is stored; parts that vanished are retracted."""
    echoes: Mapping[str, frozenset[str]] = {}
    if held is not None:
        echoes = echoed_fields(reading.stream, reading.mapper, body, tuple(entities), held, reading.schema())
    rows = []
    for entity in entities:
        row = _entity_row(
            reading, remote_id, entity, before.get(entity.part), echoes.get(entity.part, NOTHING), held, changed_at, now
        )
        if row is not None:
            rows.append(row)
    if before:
        parts = {entity.part for entity in entities}
        rows.extend(
            retraction(reading, old, remote_id, now) for part, old in before.items() if part not in parts and old.live
        )
    return rows


def _entity_row(
    reading: Reading,
    remote_id: str,
    entity: Entity,
    old: StoredEntity | None,
    echoes: frozenset[str],
    held: Shadow | None,
    changed_at: str | None,
    now: str,
) -> EntityRow | None:
    kind = str(entity.kind)
    fact_key = None if kind in PROFILES else entity.values["key"]
    since, echo = _marks(entity.values, old, echoes, changed_at, now)
    if held is not None and held.subject_kind == "fact" and fact_key is not None:
        fact_key = held.subject_key  # our own activity come back is a sighting of the fact it was written from
    alias = _alias(fact_key, entity.values, old, held, echo)
    founding = entity.founding and not _written_by_us(old, alias) and not _colleague(reading, entity)
    same = old is not None and old.live and old.values == entity.values and old.echo == echo
    if (
        same
        and old is not None
        and (old.rules, old.founding, old.fact_key, old.alias) == (reading.version, founding, fact_key, alias)
    ):
        return None
    return EntityRow(
        id=old.id if old else None,
        remote_id=remote_id,
        part=entity.part,
        kind=kind,
        founding=founding,
        live=True,
        fact_key=fact_key,
        name_key=name_of(entity.values) if kind in PROFILES and "name" not in echo else None,
        alias=alias,
        values=_dump(entity.values),
        since=_dump(since),
        echo=_dump(sorted(echo)) if echo else "[]",
        rules=reading.version,
        old_fact_key=old.fact_key if old and old.fact_key != fact_key else None,
    )


def _alias(
    fact_key: str | None,
    values: Mapping[str, Any],
    old: StoredEntity | None,
    held: Shadow | None,
    echo: frozenset[str],
) -> str | None:
    """The customer whose record it is over there: one that we wrote, or took for that customer's.

    A fact is marked as ours where it was written from one, or says only what we wrote into a profile.
    """
    if fact_key is not None:
        if held is not None and held.subject_kind == "fact":
            return OUR_FACT if old is None else old.alias
        return OUR_FACT if echo and not values.keys() - echo - NAMING else None
    if held is not None and held.subject_kind == "customer":
        return held.subject_key
    return old.alias if old else None


def _written_by_us(old: StoredEntity | None, alias: str | None) -> bool:
    """Whether the record is there only because we wrote it. One that was there before us may found a customer still."""
    return alias is not None and (old is None or (old.alias is not None and not old.founding))


def _colleague(reading: Reading, entity: Entity) -> bool:
    if reading.privacy.asks_for_nothing:
        return False
    email = entity.values.get("email")
    return email is not None and reading.privacy.is_internal(email)


def _marks(
    values: Mapping[str, Any], old: StoredEntity | None, echoes: frozenset[str], changed_at: str | None, now: str
) -> tuple[dict[str, str], frozenset[str]]:
    """Since when each field has its value, and which fields are echoes. An unchanged value keeps its marks.

    Where the vendor gives no time, a first sight counts as unknown (older than anything dated) and a later change as of
    the moment it was seen, marked ``~``: arrival time decides no value without saying so.
    """
    if old is None or not old.live:
        return {"*": changed_at or ""}, echoes & values.keys()
    default = old.since.get("*", "")
    moment = f"{now}~" if changed_at is None else changed_at
    since = {"*": default}
    echo = set()
    for name, value in values.items():
        if name in old.values and old.values[name] == value:
            if name in old.since:
                since[name] = old.since[name]
            if name in old.echo:
                echo.add(name)
        else:
            since[name] = moment
            if name in echoes:
                echo.add(name)
    return since, frozenset(echo)


def retraction(reading: Reading, old: StoredEntity, remote_id: str, now: str) -> EntityRow:
    """The entity as no longer said by anybody: its identifiers end, and what it said is forgotten."""
    return EntityRow(
        id=old.id,
        remote_id=remote_id,
        part=old.part,
        kind=old.kind,
        founding=old.founding,
        live=False,
        fact_key=old.fact_key,
        name_key=None,
        alias=old.alias,
        values="{}",
        since=_dump(old.since),
        echo=_dump(sorted(old.echo)),
        rules=old.rules,
    )


def tied(old: StoredEntity, remote_id: str, customer: str) -> EntityRow:
    """The entity as the record of that customer, with all else as it is."""
    return EntityRow(
        id=old.id,
        remote_id=remote_id,
        part=old.part,
        kind=old.kind,
        founding=old.founding,
        live=old.live,
        fact_key=old.fact_key,
        name_key=name_of(old.values) if "name" not in old.echo else None,
        alias=customer,
        values=_dump(old.values),
        since=_dump(old.since),
        echo=_dump(sorted(old.echo)),
        rules=old.rules,
    )


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


def parse(text: str) -> dict[str, Any]:
    """A stored body as it was."""
    body: dict[str, Any] = orjson.loads(text)
    return body
