"""Delimited tables: rows one by one from a file of any size, and the header that says what they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from connectors.files.text import SAMPLE_BYTES, Encoding, Lines

DELIMITERS = ",;\t|"
ROW_LINES = 1_000
"""A row that spans more lines than this is taken for a quote that was never closed."""

CELL_CHARS = 1_048_576
# The csv module's own cap (131,072) is one number for the whole process and too low for notes and chat transcripts.
csv.field_size_limit(max(csv.field_size_limit(), CELL_CHARS))

_HEADER_WITHIN = 15
_HEAD_ROWS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, or the reason why there are none. ``line`` is its first line; reading resumes at ``end``."""

    cells: Sequence[str]
    line: int
    end: int
    end_line: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What a table looks like: its columns, and where the first row after them begins."""

    delimiter: str
    header: tuple[str, ...]
    start: int
    line: int
    rows: tuple[tuple[str, ...], ...] = ()


class _Tape:
    """Lines for ``csv.reader`` that can be put back, with the place after the last one handed out."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._back: list[tuple[str, int, int]] = []
        self.taken: list[tuple[str, int, int]] = []
        self._chars = 0

    def begin(self) -> None:
        self.taken = []
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= ROW_LINES or self._chars > CELL_CHARS:
            raise csv.Error("a row without an end")
        if self._back:
            entry = self._back.pop()
        else:
            text = next(self._lines)
            entry = (text, self._lines.end, self._lines.number)
        self.taken.append(entry)
        self._chars += len(entry[0])
        return entry[0]

    def keep_first(self) -> None:
        """Puts everything but the first line of the row back: a stray quote shall cost its own line only."""
        self._back.extend(reversed(self.taken[1:]))
        del self.taken[1:]

    def row(self, cells: Sequence[str], error: str = "") -> Row:
        return Row(cells, self.taken[0][2], self.taken[-1][1], self.taken[-1][2], error)


def rows(lines: Lines, delimiter: str, width: int = 0) -> Iterator[Row]:
    """Every row that has a cell with something in it. ``width`` is the number of columns, 0 while it is unknown.

    A row with more cells than columns, an unclosed quote or an endless line becomes one Row with an ``error``; the next
    line is tried afresh. Empty cells after the last column are dropped, they are what a trailing delimiter leaves.
    """
    tape = _Tape(lines)
    reader = csv.reader(tape, delimiter=delimiter, strict=True)
    while True:
        tape.begin()
        overlong = lines.overlong
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _recovered(tape, delimiter, width)
            continue
        if lines.overlong > overlong:
            yield tape.row((), "a line is too long")
            continue
        if not any(cells):
            continue
        if width and len(cells) > width:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) > width:
                tape.keep_first()
                yield tape.row((), "more cells than columns")
                continue
        yield tape.row(cells)


def _recovered(tape: _Tape, delimiter: str, width: int) -> Row:
    """The first line read leniently (text behind a closing quote is common and harmless), or an error."""
    alone = len(tape.taken) == 1
    tape.keep_first()
    text = tape.taken[0][0]
    if not alone or text.count('"') % 2:
        return tape.row((), "a quote is not closed")
    try:
        # A carriage return inside a cell is refused where it is not quoted.
        cells = next(csv.reader([text.rstrip("\r\n").replace("\r", " ")], delimiter=delimiter), [])
    except csv.Error:
        return tape.row((), "a cell is too long")
    if width and len(cells) > width:
        return tape.row((), "more cells than columns")
    return tape.row(cells)


def head(
    path: Path,
    encoding: Encoding,
    recognised: Callable[[Sequence[str], Sequence[Sequence[str]]], bool],
    delimiter: str = "",
    columns: tuple[str, ...] = (),
) -> Head | None:
    """The table's head, or None where no line looks like a header.

    A line that ``recognised`` knows wins, whatever stands above it (exports begin with notes, Excel with ``sep=;``);
    otherwise the first line that is as wide as most of the sample. With ``columns`` the file has no header of its own.
    """
    fallback: tuple[int, Head] | None = None
    for candidate in delimiter or DELIMITERS:
        found = _first_rows(path, encoding, candidate)
        if columns:
            if fallback is None or (len(found) and len(found[0].cells) == len(columns)):
                fallback = (0, Head(candidate, columns, encoding.mark, 0, tuple(tuple(row.cells) for row in found)))
            continue
        for index, row in enumerate(found[:_HEADER_WITHIN]):
            header = names(row.cells)
            below = tuple(tuple(later.cells) for later in found[index + 1 :] if not later.error)
            if recognised(header, below):
                return Head(candidate, header, row.end, row.end_line, below)
        guess = _plainest(found, candidate)
        if guess is not None and (fallback is None or guess[0] > fallback[0]):
            fallback = guess
    return fallback[1] if fallback else None


def _first_rows(path: Path, encoding: Encoding, delimiter: str) -> list[Row]:
    with path.open("rb") as handle:
        found = []
        for row in islice(rows(Lines(handle, encoding), delimiter), _HEAD_ROWS):
            found.append(row)
            if row.end > SAMPLE_BYTES:
                break
        return found


def _plainest(found: list[Row], delimiter: str) -> tuple[int, Head] | None:
    """The first row as wide as most, with a score: how many cells this delimiter puts into place."""
    widths = [len(row.cells) for row in found if not row.error]
    if not widths:
        return None
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    index = next(place for place, row in enumerate(found) if len(row.cells) == usual)
    row = found[index]
    below = tuple(tuple(later.cells) for later in found[index + 1 :] if not later.error)
    return (usual - 1) * widths.count(usual), Head(delimiter, names(row.cells), row.end, row.end_line, below)


def names(cells: Sequence[str]) -> tuple[str, ...]:
    """Column names without marks and outer blanks; a nameless column is called by its place, a repeated one counted."""
    found: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\ufeff", "").split()) or f"column {place}"
        count = 2
        unique = name
        while unique in found:
            unique = f"{name} ({count})"
            count += 1
        found.append(unique)
    return tuple(found)


def looks_like_data(header: Sequence[str]) -> bool:
    """Whether the line taken for a header is a record: it holds an email address, a number or an empty name."""
    return any("@" in name or name.replace(".", "").replace("-", "").isdigit() for name in header)
