"""Where each slice stands: the connector's cursor, and the generation of the enumeration under way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from state.batches import Prepared, insert_rows
from state.tables import cursor


@dataclass(frozen=True, slots=True)
class Place:
    """A slice's cursor. While ``enumerating``, records met are stamped with ``generation``.

    ``began_at``: when the enumeration under way, or the last one, began.
    """

    value: str | None = None
    generation: int = 0
    enumerating: bool = False
    pages: int = 0
    began_at: str | None = None


def load(c: Connection, slice_id: int) -> Place:
    """Where the slice stands; the beginning when it was never read."""
    row = c.execute(
        select(cursor.c.value, cursor.c.generation, cursor.c.enumerating, cursor.c.pages, cursor.c.began_at).where(
            cursor.c.slice_id == slice_id
        )
    ).one_or_none()
    return Place(*row) if row else Place()


_GENERATION = Prepared(select(cursor.c.generation).where(cursor.c.slice_id == bindparam("slice_id")))


def generation(c: Connection, slice_id: int) -> int:
    """The generation of the slice's enumeration under way, or of its last one; 0 when it was never read."""
    found = _GENERATION.rows(c, {"slice_id": slice_id})
    return int(found[0][0]) if found else 0


_FIELDS = ("value", "generation", "enumerating", "pages", "began_at", "updated_at")
_MOVE = Prepared(
    update(cursor)
    .where(cursor.c.slice_id == bindparam("b_slice"))
    .values({name: bindparam(f"n_{name}") for name in _FIELDS})
)


def store(c: Connection, slice_id: int, place: Place, at: str) -> None:
    """Keeps the place; in the transaction of the page it belongs to."""
    row = (place.value, place.generation, place.enumerating, place.pages, place.began_at, at)
    if not _MOVE.change(
        c, {"b_slice": slice_id, **{f"n_{name}": value for name, value in zip(_FIELDS, row, strict=True)}}
    ):
        insert_rows(c, cursor, ("slice_id", *_FIELDS), [(slice_id, *row)])
