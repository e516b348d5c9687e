"""Who holds which identifier, and since and until when: rows are ended, never deleted, since a fact may be older."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, func, select, tuple_, update

from mapping.identity import Holder, Identifier
from state.batches import Prepared, among, insert_rows
from state.database import insert_or_update
from state.records import chunks
from state.tables import entity, identifier, raw_record, slice_

COLUMNS = ("entity_id", "kind", "value", "since")
Row = tuple[int, str, str, str]
"""(entity, kind, value, instant)."""


_HELD = Prepared(
    select(identifier.c.entity_id, identifier.c.kind, identifier.c.value, identifier.c.until).where(
        among(identifier.c.entity_id, "ids")
    )
)


def held(c: Connection, entity_ids: Iterable[int]) -> dict[int, dict[Identifier, bool]]:
    """Entity to the identifiers it holds (True) or held once (False)."""
    found: dict[int, dict[Identifier, bool]] = {}
    for ids in chunks(entity_ids):
        for entity_id, kind, value, until in _HELD.rows(c, {"ids": ids}):
            found.setdefault(entity_id, {})[(kind, value)] = until is None
    return found


_END = (
    update(identifier)
    .where(
        identifier.c.entity_id == bindparam("b_entity"),
        identifier.c.kind == bindparam("b_kind"),
        identifier.c.value == bindparam("b_value"),
    )
    .values(until=bindparam("b_until"))
)


def write(
    c: Connection,
    begun: Sequence[Row],
    resumed: Sequence[Row],
    ended: Sequence[Row],
) -> None:
    """Keeps identifiers held for the first time, held again, and held no longer."""
    insert_rows(c, identifier, COLUMNS, begun)
    again = [{**dict(zip(COLUMNS, row, strict=True)), "until": None} for row in resumed]
    insert_or_update(c, identifier, again, ["entity_id", "kind", "value"], ["until"])
    if ended:
        c.execute(_END, [{"b_entity": e, "b_kind": k, "b_value": v, "b_until": at} for e, k, v, at in ended])


_SHARED = Prepared(
    select(identifier.c.kind, identifier.c.value, func.count())
    .where(
        tuple_(identifier.c.value, identifier.c.kind).in_(
            select(identifier.c.value, identifier.c.kind).where(among(identifier.c.entity_id, "ids"))
        ),
        identifier.c.until.is_(None),
    )
    .group_by(identifier.c.value, identifier.c.kind)
    .having(func.count() > 1)
)
_COUNTED = Prepared(
    select(identifier.c.kind, identifier.c.value, func.count())
    .where(among(identifier.c.value, "values"), identifier.c.until.is_(None))
    .group_by(identifier.c.value, identifier.c.kind)
)
_HOLDERS = Prepared(
    select(
        identifier.c.kind, identifier.c.value, entity.c.kind, entity.c.id, entity.c.name_key,
        slice_.c.connection_id, slice_.c.stream, slice_.c.key, raw_record.c.remote_id, entity.c.part,
    )
    .join(entity, entity.c.id == identifier.c.entity_id)
    .join(raw_record, raw_record.c.id == entity.c.raw_id)
    .join(slice_, slice_.c.id == raw_record.c.slice_id)
    .where(among(identifier.c.value, "values"), identifier.c.until.is_(None), entity.c.live)
)  # fmt: skip


def shared(c: Connection, entity_ids: Iterable[int]) -> dict[Identifier, int]:
    """The identifiers that these entities hold or held and that several hold now: to how many."""
    found: dict[Identifier, int] = {}
    for ids in chunks(entity_ids):
        found.update({(row[0], row[1]): row[2] for row in _SHARED.rows(c, {"ids": ids})})
    return found


def counts(c: Connection, values: set[Identifier]) -> dict[Identifier, int]:
    """How many entities hold each of the identifiers now; those that nobody holds are left out."""
    found: dict[Identifier, int] = {}
    for some in chunks({value for _, value in values}):
        rows = _COUNTED.rows(c, {"values": some})
        found.update({(row[0], row[1]): row[2] for row in rows if (row[0], row[1]) in values})
    return found


def holders(c: Connection, values: Iterable[Identifier]) -> Mapping[tuple[str, str, str], list[Holder]]:
    """(profile kind, identifier kind, value) to the records that hold the value now."""
    wanted = set(values)
    found: dict[tuple[str, str, str], list[Holder]] = {}
    for some in chunks({value for _, value in wanted}):
        for row in _HOLDERS.rows(c, {"values": some}):
            if (row[0], row[1]) in wanted:
                found.setdefault((row[2], row[0], row[1]), []).append(Holder(row[3], tuple(row[5:10]), row[4] or ""))
    return found
