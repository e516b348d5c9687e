"""The truth behind the files: which person each record comes from, for whoever measures what was made of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """One record that speaks of a person: ``row`` counts the file's records from 0, ``key`` is the id it carries.

    ``person`` is -1 where nobody in particular is behind it: a test lead, a club's mailbox.
    """

    file: str
    row: int
    key: str
    person: int


@dataclass(slots=True)
class Ledger:
    """Collects origins while the files are written."""

    origins: list[Origin] = field(default_factory=list)

    def note(self, file: str, row: int, key: str, person: int) -> None:
        """Adds one origin."""
        self.origins.append(Origin(file, row, key, person))


def write_rows(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Mapping[str, object]],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> None:
    """Writes a table as spreadsheets do, CR LF at line ends; a column that a row lacks stays empty."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, header, restval="", delimiter=delimiter, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
