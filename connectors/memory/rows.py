"""What a world holds: tables of rows and graves, with the two indexes that keep reads and searches quick."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, PrivateAttr

from mapping.contract import Reason, SchemaField

Place = tuple[str, int]
"""Where an entry stands in the feed of a team: the instant of its last change, then the number of that change.

The number, not the id, tells entries of one instant apart: whatever changes while somebody reads comes after his place.
"""


class Row(BaseModel):
    """One record as the vendor keeps it.

    ``touched`` says when each value last changed, which is what patches are made of; ``broken`` rows are those whose
    bytes no client can parse.
    """

    id: str
    team: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    refs: dict[str, list[str]] = Field(default_factory=dict)
    created_at: str
    updated_at: str
    touched: dict[str, str] = Field(default_factory=dict)
    change: int = 0
    revision: int = 1
    archived: bool = False
    broken: bool = False


class Grave(BaseModel):
    """The vendor's memory of a record that a team no longer sees."""

    id: str
    team: str
    reason: Reason
    at: str
    change: int
    merged_into: str | None = None


def folded(value: Any) -> str:
    """The form in which values are searched: text without regard to case or outer blanks."""
    return str(value).strip().casefold()


class Table(BaseModel):
    """The rows of one object. An id has in one team either a visible row or a grave, never both."""

    rows: dict[str, Row] = Field(default_factory=dict)
    graves: dict[str, dict[str, Grave]] = Field(default_factory=dict)
    extra_fields: dict[str, SchemaField] = Field(default_factory=dict)
    dropped_fields: set[str] = Field(default_factory=set)
    changes: int = 0

    _feeds: dict[str, list[tuple[str, int, str]]] | None = PrivateAttr(default=None)
    _values: dict[str, dict[str, set[str]]] = PrivateAttr(default_factory=dict)

    def feed(self, team: str, after: Place, limit: int) -> Sequence[Row | Grave]:
        """Up to ``limit`` entries of a team that changed after a place, in the order of change."""
        places = self._sorted().get(team, [])
        at, change = after
        start = bisect_left(places, (at, change + 1, ""))
        buried = self.graves.get(team, {})
        return [buried.get(id_) or self.rows[id_] for _, _, id_ in places[start : start + limit]]

    def visible(self, team: str) -> Sequence[Row]:
        """The rows a team sees, by id."""
        return sorted((row for row in self.rows.values() if row.team == team and not row.archived), key=lambda r: r.id)

    def save(self, row: Row, at: str, changed: Sequence[str] = ()) -> None:
        """Stores a new or changed row as of an instant; a grave it had in its team is opened."""
        self._forget(row.team, row.id)
        row.updated_at, row.change = at, self._next_change()
        row.touched.update(dict.fromkeys(changed, at))
        self.rows[row.id] = row
        if not row.archived:
            self.graves.get(row.team, {}).pop(row.id, None)
            insort(self._sorted().setdefault(row.team, []), (at, row.change, row.id))

    def set_values(self, row: Row, values: dict[str, Any]) -> None:
        """Changes values of a row in place, keeping the search index; None removes a value."""
        for name, value in values.items():
            index = self._values.get(name)
            if index is not None:
                if name in row.values:
                    index[folded(row.values[name])].discard(row.id)
                if value is not None:
                    index.setdefault(folded(value), set()).add(row.id)
            if value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value

    def bury(self, team: str, id_: str, reason: Reason, at: str, merged_into: str | None = None) -> None:
        """Leaves a grave in a team; the row itself stays where it is."""
        self._forget(team, id_)
        grave = Grave(id=id_, team=team, reason=reason, at=at, change=self._next_change(), merged_into=merged_into)
        self.graves.setdefault(team, {})[id_] = grave
        insort(self._sorted().setdefault(team, []), (at, grave.change, id_))

    def remove(self, id_: str) -> Row:
        """Takes a row out of the table. Raises KeyError when there is none."""
        row = self.rows[id_]
        self._forget(row.team, id_)
        self.set_values(row, dict.fromkeys(row.values))
        return self.rows.pop(id_)

    def having(self, name: str, value: Any) -> Sequence[Row]:
        """The rows with a value, archived ones too, oldest first."""
        if name not in self._values:
            index: dict[str, set[str]] = {}
            for row in self.rows.values():
                if name in row.values:
                    index.setdefault(folded(row.values[name]), set()).add(row.id)
            self._values[name] = index
        found = [self.rows[id_] for id_ in self._values[name].get(folded(value), ())]
        return sorted(found, key=lambda row: (row.created_at, len(row.id), row.id))

    def _next_change(self) -> int:
        self.changes += 1
        return self.changes

    def _sorted(self) -> dict[str, list[tuple[str, int, str]]]:
        if self._feeds is None:
            self._feeds = {}
            for row in self.rows.values():
                if not row.archived:
                    self._feeds.setdefault(row.team, []).append((row.updated_at, row.change, row.id))
            for team, graves in self.graves.items():
                self._feeds.setdefault(team, []).extend((each.at, each.change, each.id) for each in graves.values())
            for places in self._feeds.values():
                places.sort()
        return self._feeds

    def _forget(self, team: str, id_: str) -> None:
        places = self._sorted().get(team, [])
        grave = self.graves.get(team, {}).get(id_)
        row = self.rows.get(id_)
        entries = [(grave.at, grave.change, id_)] if grave else []
        if row and row.team == team:
            entries.append((row.updated_at, row.change, id_))
        for entry in entries:
            index = bisect_left(places, entry)
            if index < len(places) and places[index] == entry:
                del places[index]


class Holdings(BaseModel):
    """Everything a world must remember from one process to the next."""

    teams: dict[str, str]
    epoch: int = 1
    last_id: int = 0
    tables: dict[str, Table] = Field(default_factory=dict)

    def table(self, name: str) -> Table:
        """The table of an object, made on first use."""
        return self.tables.setdefault(name, Table())
