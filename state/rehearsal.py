"""A copy of what decides who is who, in a database of its own, where it can be decided otherwise without harm.

Bodies, facts and what destinations hold stay behind: nobody decides by them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, Text, literal, select, type_coerce

from mapping.model import PROFILES
from state.batches import insert_rows
from state.database import Database
from state.owners import is_gone, new_owner
from state.tables import (
    Json,
    block_key,
    comparison,
    connection,
    customer,
    entity,
    golden_policy,
    golden_record,
    identifier,
    judgement,
    judgement_member,
    membership,
    oversized_key,
    pair_score,
    quarantine,
    raw_record,
    scoring_model,
    slice_,
    statistics,
    value_count,
    waiting_match,
)

WHOLE = (connection, slice_, judgement, judgement_member, customer, golden_policy, golden_record, scoring_model)
OF_PROFILES = (identifier, membership)
SCORED = (block_key, comparison, oversized_key, pair_score, quarantine, statistics, value_count, waiting_match)
READ = 5000
PREFIX, OWNER = "rehearsal-", "owner"

_PROFILES = entity.c.kind.in_([str(kind) for kind in PROFILES])


@contextmanager
def copied(db: Database, folder: Path, *, scored: bool = False) -> Iterator[Database]:
    """A copy, as it is at this moment, in a private folder that is gone afterwards. Nobody waits in it for anything.

    Without ``scored`` nothing is compared there yet; with it the scores of today are there, and what waits for some.
    What a killed process left behind goes first. Holds no lock that anybody who writes would wait for.
    """
    with _private(folder) as place:
        copy = Database(f"sqlite:///{place / 'copy.db'}", now=db.now)
        try:
            copy.migrate()
            _fill(db, copy, scored)
            yield copy
        finally:
            copy.close()


@contextmanager
def _private(folder: Path) -> Iterator[Path]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{PREFIX}*"):
        if _is_left_behind(left):
            shutil.rmtree(left, ignore_errors=True)
    place = Path(mkdtemp(prefix=PREFIX, dir=folder))  # mode 0700
    try:
        (place / OWNER).write_text(new_owner(), encoding="utf-8")
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_left_behind(place: Path) -> bool:
    try:
        return is_gone((place / OWNER).read_text(encoding="utf-8"))
    except OSError:
        return False


def _fill(db: Database, copy: Database, scored: bool) -> None:
    ids = select(entity.c.id).where(_PROFILES)
    of_profiles = raw_record.c.id.in_(select(entity.c.raw_id).where(_PROFILES))
    with db.read() as c:
        for table in (*WHOLE, *(SCORED if scored else ())):
            _copy(c, copy, table, _stored(table))
        _copy(c, copy, raw_record, _stored(raw_record).where(of_profiles))
        _copy(c, copy, entity, _stored(entity).where(_PROFILES))
        for table in OF_PROFILES:
            _copy(c, copy, table, _stored(table).where(table.c.entity_id.in_(ids)))


def _stored(table: Table) -> Select[Any]:
    """The rows of a table as its driver takes them."""
    return select(*(_plain(column) for column in table.columns))


def _plain(column: Column[Any]) -> Any:
    if column is raw_record.c.body:
        return literal(None).label("body")
    return type_coerce(column, Text) if isinstance(column.type, Json) else column


def _copy(c: Connection, copy: Database, table: Table, rows: Select[Any]) -> None:
    names = tuple(column.name for column in table.columns)
    for some in c.execute(rows.execution_options(yield_per=READ)).partitions(READ):
        part: Sequence[tuple[Any, ...]] = [tuple(row) for row in some]
        with copy.write() as other:
            insert_rows(other, table, names, part)
