"""Odoo's rows as raw records: nothing listed that is empty, and what was read along under ``joined``.

Odoo shows an empty value as ``false`` (ORM reference), which in a text or a number would be taken for a value; only a
boolean may be false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.odoo.api import Api, Json
from connectors.odoo.fields import Definitions
from connectors.odoo.sources import Lines, Lookup, Source
from mapping.contract import RawRecord, RemoteId
from mapping.errors import RecordError

SHOWN = "%Y-%m-%d %H:%M:%S"
"""How Odoo shows an instant: in UTC, to the second, while the database keeps microseconds (odoo/odoo#203626)."""
JOINED = "joined"
MOST_KEPT = 10_000
"""Looked-up records of one model that are held at a time: a few megabytes."""


class Joiner:
    """Reads along what a source's records lead to; what was looked up once is kept for the rest of the read."""

    def __init__(self, api: Api, source: Source) -> None:
        self._api, self._source = api, source
        self._known: dict[str, dict[int, Json]] = {}

    def join(self, rows: Sequence[Json]) -> Sequence[Json]:
        """The rows, each with what hangs on it or is linked from it under ``joined``."""
        ids = [each["id"] for each in rows if isinstance(each.get("id"), int)]
        joined: list[dict[str, Any]] = [{} for _ in rows]
        for lines in self._source.lines:
            below = self._below(lines, ids)
            for row, found in zip(rows, joined, strict=True):
                found[lines.field] = below.get(row.get("id"), [])
        for lookup in self._source.lookups:
            for found, value in zip(joined, self._looked_up(lookup, rows), strict=True):
                if value:
                    found[lookup.field] = value
        return [{**row, JOINED: found} for row, found in zip(rows, joined, strict=True)]

    def _below(self, lines: Lines, ids: Sequence[int]) -> Mapping[Any, list[Json]]:
        if not ids:
            return {}
        wanted = ("id", "write_date", lines.parent, *lines.fields)
        rows = self._api.rows(lines.model, [(lines.parent, "in", list(ids))], wanted)
        found: dict[Any, list[Json]] = {}
        values = [self._looked_up(lookup, rows) for lookup in lines.lookups]
        for number, row in enumerate(rows):
            line = {name: value for name, value in row.items() if value is not False and name != lines.parent}
            more = {each.field: column[number] for each, column in zip(lines.lookups, values, strict=True)}
            line |= {JOINED: {name: value for name, value in more.items() if value}} if any(more.values()) else {}
            found.setdefault(link(row.get(lines.parent)), []).append(line)
        return found

    def _looked_up(self, lookup: Lookup, rows: Sequence[Json]) -> list[Any]:
        """For each row what its link leads to: an object, or for many links a list of them."""
        known = self._known.setdefault(lookup.model, {})
        asked = [row.get(lookup.field) for row in rows]
        missing = sorted({each for value in asked for each in _ids(value)} - known.keys())
        if missing:
            if len(known) > MOST_KEPT:
                known.clear()
                missing = sorted({each for value in asked for each in _ids(value)})
            for found in self._api.rows(lookup.model, [("id", "in", missing)], ("id", *lookup.fields)):
                known[found["id"]] = {name: value for name, value in found.items() if value is not False}
        return [_led_to(value, known) for value in asked]


def record(row: Json, definitions: Definitions) -> RawRecord:
    """The row as a raw record, dated by its own last change or that of a line. Raises RecordError."""
    identity = row.get("id")
    if not isinstance(identity, int) or isinstance(identity, bool):
        raise RecordError("a record without an id")
    try:
        moments = [each for each in _moments(row) if each is not None]
    except ValueError:
        raise RecordError("a record without a readable write_date", remote_id=str(identity)) from None
    booleans = {name for name, said in definitions.items() if said.get("type") == "boolean"}
    body = {
        name: value
        for name, value in row.items()
        if value is not None and value != [] and value != {} and (value is not False or name in booleans)
    }
    return RawRecord(RemoteId(str(identity)), body, changed_at=max(moments, default=None))


def instant(shown: Any) -> datetime | None:
    """The instant that Odoo shows so; None for ``false``, as rows have that were put in by SQL. Raises ValueError."""
    return datetime.strptime(str(shown), SHOWN).replace(tzinfo=UTC) if shown else None


def link(value: Any) -> Any:
    """The id of a many2one, which is shown as ``[id, name]``."""
    return value[0] if isinstance(value, list) and value else value


def _moments(row: Json) -> Iterator[datetime | None]:
    yield instant(row.get("write_date"))
    for value in row[JOINED].values():
        for line in value if isinstance(value, list) else ():
            yield instant(line.get("write_date"))


def _ids(value: Any) -> Sequence[int]:
    """The ids of a many2one (``[id, name]``) or of a many2many (a list of ids)."""
    if not isinstance(value, list) or not value:
        return ()
    return value[:1] if len(value) == 2 and isinstance(value[1], str) else value


def _led_to(value: Any, known: Mapping[int, Json]) -> Any:
    ids = _ids(value)
    found = [known[each] for each in ids if each in known]
    single = isinstance(value, list) and len(value) == 2 and isinstance(value[1], str)
    return (found[0] if found else None) if single else found
