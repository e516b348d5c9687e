"""What matching reads and writes: comparisons, the keys they are filed under, scores of pairs, and who waits for them.

Only who holds the resolve lease writes here, so that what was read outside a transaction still stands inside it: the
fence sees to that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, union_all, update

from mapping.criteria import MADE_BY
from mapping.model import PROFILES
from state.batches import Prepared, among, insert_rows
from state.database import Database, insert_or_update
from state.leases import Lease
from state.records import chunks
from state.tables import (
    block_key,
    comparison,
    customer,
    dirty_entity,
    edge,
    entity,
    oversized_key,
    pair_score,
    quarantine,
    statistics,
    waiting_match,
)

FILE, SCORE, DECIDE = "file", "score", "decide"
"""What an entity waits for: to be filed under its keys, to be scored, to be decided again once nothing else waits."""
TOGETHER = 500
"""Entities that wait in one row, and are taken together: their keys are written in one short transaction."""

Pair = tuple[int, int]
"""Two entities, the smaller first."""


def pack(numbers: Iterable[int]) -> bytes:
    """Whole numbers of 64 bits, signed, eight bytes each, the lowest first."""
    found = tuple(numbers)
    return struct.pack(f"<{len(found)}q", *found)


def unpack(stored: bytes) -> tuple[int, ...]:
    """What ``pack`` made."""
    return struct.unpack(f"<{len(stored) // 8}q", stored)


class Filed(NamedTuple):
    """What an entity is compared by, as stored. ``version`` names all it was made from, ``scored`` by what it was last
    scored, None where it waits."""

    version: str
    kind: str
    body: str
    keys: tuple[int, ...]
    scored: str | None


# Who waits


def enqueue(c: Connection, stage: str, ids: Sequence[int]) -> None:
    """These entities wait for a stage of matching."""
    rows = [(stage, pack(some)) for some in chunks(ids, TOGETHER)]
    insert_rows(c, waiting_match, ("stage", "entities"), rows)


_WAITING = (
    select(waiting_match.c.seq, waiting_match.c.entities)
    .where(waiting_match.c.stage == bindparam("stage"))
    .order_by(waiting_match.c.seq)
    .limit(TOGETHER)
)


def waiting(c: Connection, stage: str, most: int = TOGETHER) -> tuple[list[int], list[int]]:
    """Rows of the queue, oldest first, and their entities, each once: about as many as ``most``, and at least a row."""
    seqs: list[int] = []
    found: dict[int, None] = {}
    for seq, stored in c.execute(_WAITING, {"stage": stage}).all():
        ids = unpack(stored)
        if seqs and len(found) + len(ids) > most:
            break
        seqs.append(seq)
        found.update(dict.fromkeys(ids))
    return seqs, list(found)


def anything_waits(c: Connection) -> bool:
    """Whether anybody waits for any stage."""
    return c.execute(select(waiting_match.c.seq).limit(1)).first() is not None


def dequeue(c: Connection, seqs: Sequence[int]) -> None:
    """Takes rows out of the queue."""
    for some in chunks(seqs):
        c.execute(delete(waiting_match).where(among(waiting_match.c.seq, "seqs")), {"seqs": some})


def begun(c: Connection) -> bool:
    """Whether matching knows of every entity: those that were resolved before it began were enqueued."""
    return c.execute(select(statistics.c.kind).limit(1)).first() is not None


def up_to_date(c: Connection) -> bool:
    """Whether matching has ``begun``, and what it made is what this version of Concord makes."""
    return set(c.execute(select(statistics.c.made_by)).scalars()) == {MADE_BY}


def in_force(c: Connection) -> bool:
    """Whether there is a snapshot, so that anybody may have been scored."""
    return c.execute(select(statistics.c.kind).where(statistics.c.version != "").limit(1)).first() is not None


def begin(db: Database, lease: Lease) -> None:
    """Lets matching know of every profile there is, unless it does already. What waits to be resolved will be told of
    by resolving. What another version of Concord made of them is made anew (``begin_anew``)."""
    with db.read() as c:
        if up_to_date(c):
            return
        before = begun(c)
        everything = int(c.execute(select(func.count()).select_from(entity)).scalar_one())
        unresolved = int(c.execute(select(func.count(dirty_entity.c.entity_id.distinct()))).scalar_one())
    if before:
        begin_anew(db, lease)
    elif everything > unresolved:
        enqueue_all(db, lease, FILE)
    blank = {"version": "", "at": db.stamp(), "records": 0, "held": 0, "made_by": MADE_BY}
    rows = [{"kind": str(kind), **blank} for kind in sorted(PROFILES)]
    with db.write(lease) as c:
        insert_or_update(c, statistics, rows, ["kind"], ["made_by"])


def begin_anew(db: Database, lease: Lease) -> None:
    """Lets everybody be filed, scored and decided again. Cut off at any point, what was there before still stands."""
    drop_snapshots(db, lease)
    enqueue_all(db, lease, FILE, DECIDE)
    unfile_all(db, lease)


def lapse(db: Database, lease: Lease) -> None:
    """What is resolved from now on is not told to matching, which has to ``begin`` anew."""
    with db.read() as c:
        if not begun(c):
            return
    with db.write(lease) as c:
        c.execute(delete(statistics))


def enqueue_unresolved(db: Database, lease: Lease) -> None:
    """Whatever profile waits to be resolved waits to be filed, too."""
    statement = (
        select(dirty_entity.c.seq, dirty_entity.c.entity_id)
        .join(entity, entity.c.id == dirty_entity.c.entity_id)
        .where(dirty_entity.c.seq > bindparam("after"), entity.c.kind.in_([str(kind) for kind in PROFILES]))
        .order_by(dirty_entity.c.seq)
        .limit(20 * TOGETHER)
    )
    after = 0
    while True:
        with db.read() as c:
            rows = c.execute(statement, {"after": after}).all()
        if not rows:
            return
        with db.write(lease) as c:
            enqueue(c, FILE, list(dict.fromkeys(row[1] for row in rows)))
        after = rows[-1][0]


def enqueue_all(db: Database, lease: Lease, *stages: str) -> None:
    """Every live profile waits for these stages."""
    for ids in _live_profiles(db):
        with db.write(lease) as c:
            for stage in stages:
                enqueue(c, stage, ids)


def _live_profiles(db: Database) -> Iterator[list[int]]:
    """The ids of all live profiles, in parts."""
    after = 0
    statement = (
        select(entity.c.id)
        .where(entity.c.id > bindparam("after"), entity.c.live, entity.c.kind.in_([str(kind) for kind in PROFILES]))
        .order_by(entity.c.id)
        .limit(20 * TOGETHER)
    )
    while True:
        with db.read() as c:
            ids = list(c.execute(statement, {"after": after}).scalars())
        if not ids:
            return
        yield ids
        after = ids[-1]


def queue_everything(db: Database, lease: Lease) -> None:
    """Every live profile waits to be resolved again."""
    for ids in _live_profiles(db):
        with db.write(lease) as c:
            insert_rows(c, dirty_entity, ("entity_id",), [(i,) for i in ids])


def drop_snapshots(db: Database, lease: Lease) -> None:
    """There is no snapshot from now on, so that all are due."""
    with db.write(lease) as c:
        c.execute(update(statistics).values(version=""))


def unfile_all(db: Database, lease: Lease) -> None:
    """Nobody is filed under any key, nor any key oversized. What is compared is kept, but has to be made again."""
    after = 0
    statement = _FILED_AFTER.with_only_columns(comparison.c.entity_id, comparison.c["keys"]).limit(TOGETHER)
    again = update(comparison).where(comparison.c.entity_id == bindparam("i")).values(version="", keys=b"")
    while True:
        with db.read() as c:
            rows = c.execute(statement, {"after": after}).all()
        if not rows:
            break
        with db.write(lease) as c:
            _delete_keys(c, [(key, row[0]) for row in rows for key in unpack(row[1])])
            c.execute(again, [{"i": row[0]} for row in rows])
        after = rows[-1][0]
    with db.write(lease) as c:
        c.execute(delete(oversized_key))


def live_customers(c: Connection) -> int:
    """How many customers there are."""
    return int(c.execute(select(func.count()).select_from(customer).where(customer.c.status == "live")).scalar_one())


def enqueue_filed(db: Database, lease: Lease) -> None:
    """Everybody who is filed waits to be scored, and nobody twice. Cut off, it has to be done again."""
    after = 0
    with db.write(lease) as c:
        c.execute(delete(waiting_match).where(waiting_match.c.stage == SCORE))
    while True:
        with db.read() as c:
            ids = list(c.execute(_FILED_AFTER, {"after": after}).scalars())
        if not ids:
            return
        with db.write(lease) as c:
            enqueue(c, SCORE, ids)
        after = ids[-1]


_FILED_AFTER = (
    select(comparison.c.entity_id)
    .where(comparison.c.entity_id > bindparam("after"))
    .order_by(comparison.c.entity_id)
    .limit(20 * TOGETHER)
)


# Comparisons and their keys

_COLUMNS = (comparison.c.version, comparison.c.kind, comparison.c.body, comparison.c["keys"], comparison.c.scored)
_FILED = Prepared(select(comparison.c.entity_id, *_COLUMNS).where(among(comparison.c.entity_id, "ids")))
_BODIES = Prepared(select(comparison.c.entity_id, comparison.c.body).where(among(comparison.c.entity_id, "ids")))
_VERSIONED = Prepared(
    select(comparison.c.entity_id, comparison.c.version, comparison.c.body).where(among(comparison.c.entity_id, "ids"))
)
_VERSIONS = Prepared(select(comparison.c.entity_id, comparison.c.version).where(among(comparison.c.entity_id, "ids")))
_HOLDERS = Prepared(select(block_key.c.key, block_key.c.entity_id).where(among(block_key.c.key, "keys")))
_COUNTS = Prepared(
    select(block_key.c.key, func.count()).where(among(block_key.c.key, "keys")).group_by(block_key.c.key)
)
_OVERSIZED = Prepared(select(oversized_key.c.key).where(among(oversized_key.c.key, "keys")))


def filed(c: Connection, ids: Iterable[int]) -> dict[int, Filed]:
    """What these entities are compared by; those that are not filed are left out."""
    found: dict[int, Filed] = {}
    for some in chunks(ids):
        for row in _FILED.rows(c, {"ids": some}):
            found[row[0]] = Filed(row[1], row[2], row[3], unpack(row[4]), row[5])
    return found


def bodies(c: Connection, ids: Iterable[int]) -> dict[int, str]:
    """What these entities are compared by, as JSON."""
    return {row[0]: row[1] for some in chunks(ids) for row in _BODIES.rows(c, {"ids": some})}


def versioned(c: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The version of these entities' comparisons, and the comparisons as JSON."""
    return {row[0]: (row[1], row[2]) for some in chunks(ids) for row in _VERSIONED.rows(c, {"ids": some})}


def versions(c: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The version of these entities' comparisons."""
    return {row[0]: row[1] for some in chunks(ids) for row in _VERSIONS.rows(c, {"ids": some})}


def holders(c: Connection, keys: Iterable[int]) -> dict[int, list[int]]:
    """Key to the entities that are filed under it."""
    found: dict[int, list[int]] = {}
    for some in chunks(keys):
        for key, entity_id in _HOLDERS.rows(c, {"keys": some}):
            found.setdefault(key, []).append(entity_id)
    return found


def key_counts(c: Connection, keys: Iterable[int]) -> dict[int, int]:
    """Key to how many entities are filed under it; those of nobody are left out."""
    return {row[0]: row[1] for some in chunks(keys) for row in _COUNTS.rows(c, {"keys": some})}


def oversized(c: Connection, keys: Iterable[int]) -> set[int]:
    """Those of the keys that are oversized."""
    return {row[0] for some in chunks(keys) for row in _OVERSIZED.rows(c, {"keys": some})}


_FILING = ("entity_id", "version", "kind", "body", "keys")


def write_comparisons(c: Connection, rows: Sequence[tuple[int, str, str, str, bytes]], known: set[int]) -> None:
    """Keeps comparisons: (entity, version, kind, body, keys). They wait to be scored. ``known``: which are there."""
    insert_rows(c, comparison, _FILING, [row for row in rows if row[0] not in known])
    again = [dict(zip(_FILING, row, strict=True)) | {"scored": None} for row in rows if row[0] in known]
    insert_or_update(c, comparison, again, ["entity_id"], ["version", "kind", "body", "keys", "scored"])


_REKEY = update(comparison).where(comparison.c.entity_id == bindparam("i")).values(keys=bindparam("k"))


def write_keys(
    c: Connection,
    more: Sequence[tuple[int, int]],
    fewer: Sequence[tuple[int, int]],
    again: Mapping[int, Iterable[int]],
    wide: Iterable[int],
) -> None:
    """Files entities under ``more`` and no longer under ``fewer`` (key, entity); notes what entities are filed under
    ``again`` whose comparison is as it was, and which keys turned ``wide``: oversized."""
    for some in chunks(fewer):
        _delete_keys(c, some)
    insert_rows(c, block_key, ("key", "entity_id"), sorted(more))
    if again:
        c.execute(_REKEY, [{"i": i, "k": pack(sorted(keys))} for i, keys in again.items()])
    insert_rows(c, oversized_key, ("key",), [(key,) for key in sorted(wide)])


_UNKEY = delete(block_key).where(block_key.c.key == bindparam("k"), block_key.c.entity_id == bindparam("i"))


def _delete_keys(c: Connection, rows: Sequence[tuple[int, int]]) -> None:
    if rows:
        c.execute(_UNKEY, [{"k": key, "i": entity_id} for key, entity_id in rows])


def empty(c: Connection, keys: Iterable[int]) -> None:
    """Nobody is found under these keys any more."""
    for some in chunks(keys):
        c.execute(delete(block_key).where(among(block_key.c.key, "keys")), {"keys": some})


def forget(c: Connection, ids: Sequence[int]) -> None:
    """Entities that are gone are compared with nobody. Their keys are the caller's to take away."""
    for some in chunks(ids):
        c.execute(delete(comparison).where(among(comparison.c.entity_id, "ids")), {"ids": some})
        c.execute(delete(pair_score).where(among(pair_score.c.a, "ids")), {"ids": some})
        c.execute(delete(pair_score).where(among(pair_score.c.b, "ids")), {"ids": some})


# Scores

_LOWER = select(pair_score.c.a, pair_score.c.b, pair_score.c.log_odds).where(among(pair_score.c.a, "ids"))
_UPPER = select(pair_score.c.a, pair_score.c.b, pair_score.c.log_odds).where(among(pair_score.c.b, "others"))
_PAIRS = Prepared(union_all(_LOWER, _UPPER))  # type: ignore[arg-type]
_ANY_PAIR = Prepared(
    union_all(  # type: ignore[arg-type]
        select(pair_score.c.a).where(among(pair_score.c.a, "ids")),
        select(pair_score.c.b).where(among(pair_score.c.b, "others")),
    )
)


def pairs(c: Connection, ids: Iterable[int]) -> dict[Pair, float]:
    """The log-odds of every two entities that were compared, one of which is among these; hopeless pairs left out."""
    found: dict[Pair, float] = {}
    for some in chunks(ids):
        found.update({(row[0], row[1]): row[2] for row in _PAIRS.rows(c, {"ids": some, "others": some})})
    return found


def paired(c: Connection, ids: Iterable[int]) -> set[int]:
    """Those of the entities that have a score with anybody."""
    return {row[0] for some in chunks(ids) for row in _ANY_PAIR.rows(c, {"ids": some, "others": some})}


_SCORED = update(comparison).where(comparison.c.entity_id == bindparam("i")).values(scored=bindparam("by"))
_UNPAIR = delete(pair_score).where(pair_score.c.a == bindparam("x"), pair_score.c.b == bindparam("y"))


def write_scores(
    c: Connection,
    scores: Mapping[Pair, float],
    known: Iterable[Pair],
    models: Mapping[Pair, str],
    gone: Sequence[Pair],
    scored: Mapping[int, str],
) -> None:
    """Keeps scores, with the model of each, overwriting those that are ``known``, drops those that are ``gone``, and
    notes by what entities were ``scored``."""
    there = set(known)
    columns = ("a", "b", "log_odds", "model")
    rows = [(*pair, value, models[pair]) for pair, value in sorted(scores.items())]
    insert_rows(c, pair_score, columns, [row for row in rows if row[:2] not in there])
    again = [dict(zip(columns, row, strict=True)) for row in rows if row[:2] in there]
    insert_or_update(c, pair_score, again, ["a", "b"], ["log_odds", "model"])
    drop_pairs(c, gone)
    if scored:
        c.execute(_SCORED, [{"i": i, "by": by} for i, by in scored.items()])


def drop_pairs(c: Connection, gone: Sequence[Pair]) -> None:
    """These two are no longer compared."""
    if gone:
        c.execute(_UNPAIR, [{"x": a, "y": b} for a, b in gone])


def linked(c: Connection, ids: Iterable[int]) -> set[int]:
    """Those of the entities that any link ties to another."""
    found: set[int] = set()
    statement = union_all(
        select(edge.c.a).where(among(edge.c.a, "ids")), select(edge.c.b).where(among(edge.c.b, "others"))
    )
    for some in chunks(ids):
        found.update(c.execute(statement, {"ids": some, "others": some}).scalars())
    return found


# Components that are too large


def quarantined(c: Connection, ids: Iterable[int]) -> dict[int, int]:
    """Those of the entities that are in quarantine, with the component they belong to."""
    statement = select(quarantine.c.entity_id, quarantine.c.component).where(among(quarantine.c.entity_id, "ids"))
    return {row[0]: row[1] for some in chunks(ids) for row in c.execute(statement, {"ids": some})}


def any_quarantined(c: Connection) -> bool:
    """Whether anybody is in quarantine."""
    return c.execute(select(quarantine.c.entity_id).limit(1)).first() is not None


def quarantine_sizes(c: Connection) -> dict[int, int]:
    """Each component in quarantine, with how many records it has."""
    statement = select(quarantine.c.component, func.count()).group_by(quarantine.c.component)
    return {row[0]: row[1] for row in c.execute(statement)}


def write_quarantine(c: Connection, into: Mapping[int, int], out: Sequence[int]) -> None:
    """Puts entities into the quarantine of a component, and lets others ``out``."""
    for some in chunks(out):
        c.execute(delete(quarantine).where(among(quarantine.c.entity_id, "ids")), {"ids": some})
    insert_or_update(
        c, quarantine, [{"entity_id": i, "component": of} for i, of in into.items()], ["entity_id"], ["component"]
    )
