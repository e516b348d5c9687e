"""Events of iCalendar files, cut out one by one, so that a broken one costs only itself."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core.icalendar import Reader
from connectors.files.formats.components import Component, components
from connectors.files.formats.item import Item, Place, Source
from connectors.files.text import Lines
from mapping.errors import RecordError

_HEAD_CHARS = 16_384


def read(source: Source, start: Place) -> Iterator[Item]:
    """The events that end behind ``start``. The file is walked from its beginning: zones may stand anywhere.

    A repeating event is one item (with its series), each exception to it is one of its own.
    """
    with source.path.open("rb") as handle:
        reader = Reader(source.encoding.decode(handle.read(_HEAD_CHARS)), zone=source.zone)
        for found in components(Lines(handle, source.encoding), "VTIMEZONE", "VEVENT"):
            if found.text[:16].upper().startswith("BEGIN:VTIMEZONE"):
                reader.zones.define(found.text)
            elif found.end.offset > start.offset and reader.speaks:
                yield _item(found, reader)


def _item(found: Component, reader: Reader) -> Item:
    if found.error:
        return Item(found.line, found.end, error=found.error)
    try:
        return Item(found.line, found.end, reader.parse(found.text))
    except RecordError as error:
        return Item(found.line, found.end, error=str(error))
