"""Rows of a delimited table as items, one a row, or one a run of rows that make up a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.files.formats.item import Item, Place, Source
from connectors.files.formats.tables import rows
from connectors.files.text import Lines

RUN_ROWS = 2_000
"""A record that goes on for more rows than this is cut; what follows is reported as rows without a beginning."""


def read(source: Source, start: Place) -> Iterator[Item]:
    """The table's records from ``start`` on. With ``source.continues`` the value is ``{"_rows": [cells, ...]}``."""
    single = _single(source, start)
    return _runs(source, single, start) if source.continues else single


def _single(source: Source, start: Place) -> Iterator[Item]:
    head, columns = source.head, source.columns
    if head is None:
        return
    begin = start if start.offset else Place(head.start, head.line)
    with source.path.open("rb") as handle:
        for row in rows(Lines(handle, source.encoding, begin.offset, begin.line), head.delimiter, len(columns)):
            end = Place(row.end, row.end_line)
            if row.error:
                yield Item(row.line, end, error=row.error)
                continue
            cells = {name: cell for name, raw in zip(columns, row.cells, strict=False) if (cell := raw.strip())}
            if cells:
                yield Item(row.line, end, cells)


def _runs(source: Source, items: Iterator[Item], start: Place) -> Iterator[Item]:
    """Rows that cannot be read do not end a run: they are told before it, at a place from where it is read again."""
    run: list[Item] = []
    errors: list[Item] = []
    begun = end = start
    for item in items:
        belongs = bool(item.error) or not run or _continues(source, run[0], item)
        if not belongs or len(run) + len(errors) >= RUN_ROWS:
            yield from _flushed(run, errors, begun, end)
            run, errors, begun = [], [], end
        (errors if item.error else run).append(item)
        end = item.end
    yield from _flushed(run, errors, begun, end)


def _flushed(run: list[Item], errors: list[Item], begun: Place, end: Place) -> Iterator[Item]:
    for error in errors:
        yield replace(error, end=begun if run else end)
    if run:
        yield Item(run[0].line, end, {"_rows": [item.value for item in run]})


def _continues(source: Source, opening: Item, item: Item) -> bool:
    return bool(source.continues and source.continues(opening.value or {}, item.value or {}))
