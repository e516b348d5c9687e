"""Files that say who is who: read, checked, and found again among the records of this hub.

A truth file has a row a record, a file of labels a row a pair. Both name records as the hub knows them: by the
connection's name, the stream, the slice where there is one, the id over there, the part where a record says several.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from sys import intern
from typing import NamedTuple

from mapping.counts import many
from mapping.errors import ConfigError, Problem
from mapping.model import Kind
from state.belonging import Placed

RECORD = ("connection", "stream", "slice", "remote_id", "part")
NEEDED = ("connection", "stream", "remote_id")
DELIMITERS = ",;\t|"
TOLD = 10
"""How many mistakes of a file are told."""
SAMPLE = 5
"""How many records are named of many."""


class Named(NamedTuple):
    """One record as a file names it."""

    connection: str
    stream: str
    slice: str
    remote_id: str
    part: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class Found(NamedTuple):
    """One profile of this hub. Its texts are shared among many."""

    entity_id: int
    customer_id: str | None
    kind: str
    slice: str


@dataclass(slots=True)
class Mistakes:
    """What is wrong with a file, by its lines; of many the first are told."""

    file: str
    found: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int | None, key: str, message: str, *, expected: str = "", nearest: str = "") -> None:
        """One more."""
        self.count += 1
        if self.count <= TOLD:
            self.found.append(Problem(self.file, line, key, message, expected, nearest))

    def stop(self) -> None:
        """Raises ConfigError where there is any."""
        if self.count > TOLD:
            self.found.append(Problem(self.file, None, "", f"and {many(self.count - TOLD, 'more mistake')}"))
            self.count = TOLD
        if self.found:
            raise ConfigError(problems=tuple(self.found))


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its line number, and what stands in it under the names of the columns."""

    number: int
    cells: Mapping[str, str]

    def named(self, prefix: str = "") -> Named:
        """The record that it names."""
        cells = self.cells
        return Named(
            intern(cells[f"{prefix}connection"]), intern(cells[f"{prefix}stream"]), cells.get(f"{prefix}slice", ""),
            cells[f"{prefix}remote_id"], cells.get(f"{prefix}part", ""),
        )  # fmt: skip


def rows(path: Path, needed: Sequence[str], known: Sequence[str], mistakes: Mistakes) -> Iterator[Line]:
    """The rows of a table in UTF-8, whatever separates its columns; ``needed`` columns must be there and filled.

    Raises ConfigError for a file that is no such table. Of a row that lacks something a mistake is noted.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _table(file, needed, known, mistakes)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: it is not in UTF-8; save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise ConfigError(f"{path.name}: it is no table that can be read ({error}).") from None
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{path}: there is no such file.") from None


def _table(file: Iterable[str], needed: Sequence[str], known: Sequence[str], mistakes: Mistakes) -> Iterator[Line]:
    lines = iter(file)
    head = next(lines, "")
    if not head.strip():
        raise ConfigError(f"{mistakes.file}: it is empty.")
    delimiter = max(DELIMITERS, key=head.count)
    table = csv.reader(chain([head], lines), delimiter=delimiter, strict=True)
    columns = [name.strip().casefold() for name in next(table)]
    if missing := [name for name in needed if name not in columns]:
        raise ConfigError(
            f"{mistakes.file}: its first line names no column {', '.join(missing)}; needed are {', '.join(needed)}."
        )
    if twice := [name for name in known if columns.count(name) > 1]:
        raise ConfigError(f"{mistakes.file}: it has the column {twice[0]} twice.")
    places = [(name, columns.index(name)) for name in known if name in columns]
    size = len(columns)
    empty = True
    for row in table:
        if not any(row):
            continue
        empty = False
        if len(row) != size:
            mistakes.add(table.line_num, "", f"has {len(row)} columns", expected=f"{size} as in the first line")
            continue
        cells = {name: row[place].strip() for name, place in places}
        lacking = [name for name in needed if not cells[name]]
        if lacking:
            mistakes.add(table.line_num, ", ".join(lacking), "is empty")
            continue
        yield Line(table.line_num, cells)
    if empty:
        raise ConfigError(f"{mistakes.file}: it has no row below the names of its columns.")


@dataclass(slots=True)
class Wanted:
    """Records that a file names, while they are looked for. They are known by their places, from 0 on."""

    ids: Mapping[str, str]
    """Connection's name to its id."""
    lines: array[int] = field(default_factory=lambda: array("q"))
    _by_stream: dict[tuple[str, str], dict[str, int | list[int]]] = field(default_factory=dict)
    _slices: dict[int, str] = field(default_factory=dict)
    _parts: dict[int, str] = field(default_factory=dict)
    _found: dict[int, Found] = field(default_factory=dict)
    _several: dict[int, list[Found]] = field(default_factory=dict)

    def add(self, named: Named, line: int) -> int:
        """The place of one more record; the one that it has where it was named before."""
        held = self._by_stream.setdefault((named.connection, named.stream), {})
        known = held.get(named.remote_id)
        at = [] if known is None else [known] if isinstance(known, int) else known
        for place in at:
            if self._slices.get(place, "") == named.slice and self._parts.get(place, "") == named.part:
                return place
        place = len(self.lines)
        self.lines.append(line)
        held[named.remote_id] = place if not at else [*at, place]
        if named.slice:
            self._slices[place] = named.slice
        if named.part:
            self._parts[place] = named.part
        return place

    def check(self, streams: set[tuple[str, str]], mistakes: Mistakes) -> None:
        """Notes connections and streams that this hub does not have."""
        for connection, stream in sorted(self._by_stream):
            line = self.lines[self._earliest(connection, stream)]
            if connection not in self.ids:
                near = get_close_matches(connection, list(self.ids), 1)
                mistakes.add(
                    line, "connection", f"there is no connection {_word(connection)} here",
                    expected=f"one of {', '.join(sorted(self.ids)) or 'none, since nothing was read yet'}",
                    nearest=near[0] if near else "",
                )  # fmt: skip
                continue
            mine = sorted(name for id_, name in streams if id_ == self.ids[connection])
            if stream not in mine:
                near = get_close_matches(stream, mine, 1)
                mistakes.add(
                    line, "stream", f"nothing was read of a stream {_word(stream)} of {connection}",
                    expected=f"one of {', '.join(mine) or 'none'}", nearest=near[0] if near else "",
                )  # fmt: skip

    def _earliest(self, connection: str, stream: str) -> int:
        places = self._by_stream[connection, stream].values()
        return min(place if isinstance(place, int) else place[0] for place in places)

    def search(self, profiles: Iterable[Placed]) -> int:
        """Looks for them among all profiles; returns how many profiles that belong to a customer were not wanted."""
        names = {id_: name for name, id_ in self.ids.items()}
        others = 0
        once: dict[str, str] = {}
        for one in profiles:
            held = self._by_stream.get((names.get(one.connection_id, ""), one.stream), _NOTHING)
            known = held.get(one.remote_id)
            wanted = False
            owner = one.customer_id and once.setdefault(one.customer_id, one.customer_id)
            for place in [] if known is None else [known] if isinstance(known, int) else known:
                if self._slices.get(place, one.slice) == one.slice and self._parts.get(place, one.part) == one.part:
                    self._meet(place, Found(one.entity_id, owner, intern(one.kind), intern(one.slice)))
                    wanted = True
            others += not wanted and one.customer_id is not None
        for place, several in self._several.items():
            people = [one for one in several if one.kind == Kind.PERSON]
            if len(people) == 1 and len({one.slice for one in several}) == 1:
                self._found[place] = people[0]
            else:
                self._found.pop(place, None)
        return others

    def _meet(self, place: int, one: Found) -> None:
        first = self._found.setdefault(place, one)
        if first is not one:
            self._several.setdefault(place, [first]).append(one)

    def found(self, place: int) -> Found | None:
        """What is behind a place here; None where there is nothing, or where it could be several."""
        return self._found.get(place)

    def everybody(self) -> Iterable[Found]:
        """All that were found."""
        return self._found.values()

    def unclear(self) -> list[int]:
        """The places that could be several profiles here."""
        return sorted(place for place in self._several if place not in self._found)

    def missing(self) -> list[int]:
        """The places that are no profile here."""
        return [place for place in range(len(self.lines)) if place not in self._found and place not in self._several]

    def told(self, places: Sequence[int]) -> list[str]:
        """Some of these as the file names them, with their lines."""
        sought = set(places[:SAMPLE])
        names = {
            place: Named(connection, stream, self._slices.get(place, ""), remote_id, self._parts.get(place, ""))
            for (connection, stream), held in self._by_stream.items()
            for remote_id, at in held.items()
            for place in ([at] if isinstance(at, int) else at)
            if place in sought
        }
        return [f"{names[place]} (line {self.lines[place]})" for place in sorted(sought)]


def _word(text: str) -> str:
    """What stands in a column, where it looks like a name and not like somebody's data in the wrong place."""
    return repr(text) if _NAME.fullmatch(text) else "of that name"


_NAME = re.compile(r"[A-Za-z][\w.-]{0,60}")
_NOTHING: Mapping[str, int | list[int]] = {}


@dataclass(slots=True)
class Truth:
    """What a truth file says: the entity of each place of ``wanted``, by number; ``names`` are the entities' own."""

    wanted: Wanted
    entities: array[int]
    names: list[str]

    def entities_of(self, records: Set[int]) -> set[int]:
        """The entities that have one of these records."""
        if not records:
            return set()
        found = ((entity, self.wanted.found(place)) for place, entity in enumerate(self.entities))
        return {entity for entity, one in found if one is not None and one.entity_id in records}


def read_truth(path: Path, ids: Mapping[str, str]) -> Truth:
    """The truth file with columns connection, stream, slice, remote_id, part, entity. ``slice`` and ``part`` may be
    empty or not there. Raises ConfigError with the lines of what is wrong: a record that is named twice, too."""
    mistakes = Mistakes(path.name)
    wanted, entities = Wanted(ids), array("q")
    numbers: dict[str, int] = {}
    for line in rows(path, (*NEEDED, "entity"), (*RECORD, "entity"), mistakes):
        entity = numbers.setdefault(line.cells["entity"], len(numbers))
        place = wanted.add(line.named(), line.number)
        if place < len(entities):
            before = wanted.lines[place]
            says = "another entity" if entities[place] != entity else "the same"
            mistakes.add(line.number, "", f"names the record of line {before} again, as {says}")
        else:
            entities.append(entity)
    mistakes.stop()
    return Truth(wanted, entities, list(numbers))
