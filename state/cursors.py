"""Where each slice stands: the connector's cursor, and the generation of the enumeration under way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from state.batches import Prepared
from state.database import insert_or_update
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


def store(c: Connection, slice_id: int, place: Place, at: str) -> None:
    """Keeps the place; in the transaction of the page it belongs to."""
    row = {
        "slice_id": slice_id,
        "value": place.value,
        "generation": place.generation,
        "enumerating": place.enumerating,
        "pages": place.pages,
        "began_at": place.began_at,
        "updated_at": at,
    }
    fields = ["value", "generation", "enumerating", "pages", "began_at", "updated_at"]
    insert_or_update(c, cursor, [row], ["slice_id"], fields)
