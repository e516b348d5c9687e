"""What an export layout is: how its files are recognised, and how one of its records becomes a raw record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mapping.errors import RecordError
from mapping.rules import EntityRules

Cells = dict[str, str]
"""One row: column name to what stands in it; empty cells are absent."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a record may need to know of its file. ``system`` is the admin's word that makes ids unique."""

    name: str
    modified: datetime
    system: str = ""

    def reference(self, vendor: str, kind: str, value: str) -> str:
        """A ``system:value`` text: ``hubspot:contact:42``, or ``hubspot.acme:contact:42`` for the system ``acme``."""
        return f"{vendor}.{self.system}:{kind}:{value}" if self.system else f"{vendor}:{kind}:{value}"


@dataclass(frozen=True, slots=True)
class Shaped:
    """A record as it goes on: natural key, body, and when it last changed if it says so itself."""

    remote_id: str
    body: dict[str, Any]
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One family of exports, which is one stream.

    ``columns`` maps the name a column has in the body to the other names it goes by; ``telling`` are columns without a
    canonical home that the layout is known by. ``recognises`` answers for a
    header (already in body names) and the first rows. ``shape`` raises RecordError for a record that cannot be told
    apart from others. ``opens`` answers for the beginning of the text and the file name, where the format says it all.
    ``continues`` says whether a row belongs to the record that the first row began. ``version``
    grows when ``shape`` changes, so that unchanged files are read again.
    """

    stream: str
    title: str
    rules: tuple[EntityRules, ...]
    shape: Callable[[dict[str, Any], FileFacts], Shaped]
    format: str = "csv"
    columns: Mapping[str, tuple[str, ...]] | None = None
    telling: tuple[str, ...] = ()
    recognises: Callable[[frozenset[str], Sequence[Cells]], bool] = lambda header, rows: False
    continues: Callable[[Cells, Cells], bool] | None = None
    version: int = 1
    opens: Callable[[str, str], bool] | None = None


def folded(name: str) -> str:
    """A column name as it is compared: without case and outer blanks."""
    return name.casefold().strip()


def body_names(layout: Layout, header: Sequence[str]) -> tuple[str, ...]:
    """The header in the names that the layout's rules use; a column that it does not know keeps its own."""
    known: dict[str, str] = {}
    for canonical, others in (layout.columns or {}).items():
        for name in (canonical, *others):
            known.setdefault(folded(name), canonical)
    known.update((folded(name), name) for name in layout.telling)
    found: list[str] = []
    for name in header:
        canonical = known.get(folded(name), name)
        found.append(canonical if canonical not in found else name)
    return tuple(found)


def rest(cells: Mapping[str, Any], layout_columns: Mapping[str, tuple[str, ...]], *used: str) -> dict[str, Any]:
    """The columns without a canonical home, for ``custom``: neither known to the layout nor ``used`` otherwise."""
    return {name: cell for name, cell in cells.items() if name not in layout_columns and name not in used}


def digest(*parts: str) -> str:
    """A stable id for a record without one: 24 hex digits over its folded identifying parts."""
    text = "\x1f".join(" ".join(part.casefold().split()) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def identity_of(cells: Mapping[str, Any], *columns: str) -> str:
    """The digest of the given columns, or of the whole row where they are all empty."""
    parts = [str(cells.get(column, "")) for column in columns]
    if any(parts):
        return digest(*parts)
    return digest(*(f"{name}={cells[name]}" for name in sorted(cells) if not name.startswith("_")))


def required(cells: Mapping[str, Any], column: str) -> str:
    """The cell. Raises RecordError where it is empty."""
    value = str(cells.get(column, "")).strip()
    if not value:
        raise RecordError(f"the column {column!r} is empty")
    return value


def first(cells: Mapping[str, str], columns: Iterable[str]) -> str:
    """The first cell with something in it."""
    return next((cells[column] for column in columns if cells.get(column)), "")


_BLANK_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)|\s*UTC$")


def instant(text: str) -> datetime | None:
    """An ISO-like time as an aware instant, without a zone taken for UTC; None for anything else.

    Only for ordering versions. Day-month forms are not guessed at: a wrong guess would let an old file win.
    """
    try:
        found = datetime.fromisoformat(_BLANK_BEFORE_ZONE.sub("", text.strip()))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def plain_number(text: str) -> str:
    """An amount with a decimal point: ``1.234,50`` and ``1,234.50`` become ``1234.50``; anything else stays."""
    compact = text.strip().replace("\u00a0", "").replace(" ", "")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d{1,2}|-?\d+,\d{1,2}", compact):
        return compact.replace(".", "").replace(",", ".")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", compact):
        return compact.replace(",", "")
    return compact


def split_list(text: str, separators: str = ",;") -> list[str]:
    """The trimmed, non-empty pieces of a joined cell."""
    return [piece.strip() for piece in re.split(f"[{re.escape(separators)}]", text) if piece.strip()]
