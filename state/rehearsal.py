"""A copy of what decides who is who, in a database of its own, where it can be decided otherwise without harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table, func, literal, select, text

from state.batches import insert_rows
from state.database import Database
from state.tables import (
    connection,
    customer,
    entity,
    golden_record,
    identifier,
    judgement,
    judgement_member,
    membership,
    raw_record,
    scoring_model,
    slice_,
)

COPIED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (connection, ()),
    (slice_, ()),
    (raw_record, ("body",)),
    (entity, ()),
    (identifier, ()),
    (judgement, ()),
    (judgement_member, ()),
    (customer, ()),
    (membership, ()),
    (golden_record, ()),
    (scoring_model, ()),
)
"""Tables, and the columns that are left empty there: nobody decides by what a vendor sent."""
READ = 5000


class Difference(NamedTuple):
    """Two partitions compared. ``customers``: how many there are afterwards; ``merged``: those that hold the records of
    several of before; ``split``: those of before whose records several hold; ``moved``: records in another one."""

    customers: int
    merged: int
    split: int
    moved: int


@contextmanager
def copied(db: Database, folder: Path) -> Iterator[Database]:
    """A copy, as it is at this moment, in a private folder that is gone afterwards."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="rehearsal-", dir=folder) as place:
        copy = Database(f"sqlite:///{Path(place) / 'copy.db'}", now=db.now)
        try:
            copy.migrate()
            _fill(db, copy)
            yield copy
        finally:
            copy.close()


def _fill(db: Database, copy: Database) -> None:
    with db.read() as c:
        for table, empty in COPIED:
            columns = [literal(None).label(one.name) if one.name in empty else one for one in table.columns]
            rows = c.execution_options(yield_per=READ).execute(select(*columns))
            names = tuple(column.name for column in table.columns)
            for some in rows.partitions(READ):
                with copy.write() as other:
                    insert_rows(other, table, names, [tuple(_plain(value) for value in row) for row in some])
    with copy.write() as c:
        c.execute(text("CREATE TABLE before (entity_id INTEGER PRIMARY KEY, customer_id TEXT NOT NULL)"))
        c.execute(text("INSERT INTO before SELECT entity_id, customer_id FROM membership"))


def _plain(value: Any) -> Any:
    """The value as a driver takes it."""
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def difference(copy: Database) -> Difference:
    """How the partition in the copy differs from the one that was copied."""
    both = "FROM before JOIN membership USING (entity_id)"
    several = "SELECT count(*) FROM (SELECT 1 {both} GROUP BY {one} HAVING count(DISTINCT {other}) > 1)"
    mine, theirs = "membership.customer_id", "before.customer_id"
    with copy.read() as c:
        return Difference(
            int(c.execute(select(func.count()).where(customer.c.status == "live")).scalar_one()),
            int(c.execute(text(several.format(both=both, one=mine, other=theirs))).scalar_one()),
            int(c.execute(text(several.format(both=both, one=theirs, other=mine))).scalar_one()),
            int(c.execute(text(f"SELECT count(*) {both} WHERE {mine} <> {theirs}")).scalar_one()),
        )
