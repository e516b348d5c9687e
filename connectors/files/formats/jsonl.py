"""JSON Lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from connectors.files.formats.item import Item, Place, Source
from connectors.files.text import Lines


def read(source: Source, start: Place) -> Iterator[Item]:
    """The objects from ``start`` on; a line that is no JSON object becomes an error of its own."""
    with source.path.open("rb") as handle:
        lines = Lines(handle, source.encoding, start.offset, start.line)
        overlong = 0
        for text in lines:
            place = Place(lines.end, lines.number)
            if lines.overlong > overlong:
                overlong = lines.overlong
                yield Item(lines.number, place, error="a line is too long")
                continue
            if not text.strip():
                continue
            try:
                value = orjson.loads(text)
            except orjson.JSONDecodeError:
                # The parser's message may quote the line; a record's values stay out of ours.
                yield Item(lines.number, place, error="not a JSON object")
                continue
            if isinstance(value, dict):
                yield Item(lines.number, place, value)
            else:
                yield Item(lines.number, place, error="not a JSON object")
