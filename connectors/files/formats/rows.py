"""Rows of a delimited table as items, one a row, or one a run of rows that make up a record."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.files.formats.item import Item, Place, Source
from connectors.files.formats.tables import rows
from connectors.files.text import Lines

RUN_ROWS = 2_000
"""A record that goes on for more rows than this is cut; what follows is reported as rows without a beginning."""


def read(source: Source, start: Place) -> Iterator[Item]:
    """The table's records from ``start`` on. With ``source.continues`` the value is ``{"_rows": [cells, ...]}``."""
    single = _single(source, start)
    return _runs(source, single) if source.continues else single


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


def _runs(source: Source, items: Iterator[Item]) -> Iterator[Item]:
    run: list[Item] = []
    for item in items:
        if run and not (item.value and len(run) < RUN_ROWS and _continues(source, run[0], item)):
            yield _run(run)
            run = []
        if item.error:
            yield item
        else:
            run.append(item)
    if run:
        yield _run(run)


def _continues(source: Source, opening: Item, item: Item) -> bool:
    return bool(source.continues and source.continues(opening.value or {}, item.value or {}))


def _run(run: list[Item]) -> Item:
    return Item(run[0].line, run[-1].end, {"_rows": [item.value for item in run]})
