"""vCards 2.1, 3.0 and 4.0, mixed as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.core import vcards
from connectors.core.vcard_values import address_of, name_of, number_of
from connectors.core.vcards import Card
from connectors.files.formats.components import components
from connectors.files.formats.item import Item, Place, Source
from connectors.files.text import Lines

_SKIPPED = frozenset(("VERSION", "PRODID", "X-ABLABEL", "X-ABUID", "X-IMAGEHASH", "X-IMAGETYPE"))
_SINGLE = ("FN", "UID", "BDAY", "TITLE", "ROLE", "NICKNAME", "NOTE", "KIND", "REV")
_APPLE = ("X-ABSHOWAS", "X-ADDRESSBOOKSERVER-KIND")
_KNOWN = frozenset((*_SINGLE, *_APPLE, "N", "ADR", "ORG", "EMAIL", "TEL", "URL", "CATEGORIES"))
_TEXT_CHARS = 16_384


def read(source: Source, start: Place) -> Iterator[Item]:
    """The cards from ``start`` on, each as property name to value; photos and other bulk are left out."""
    with source.path.open("rb") as handle:
        for found in components(Lines(handle, source.encoding, start.offset, start.line), "VCARD"):
            if found.error:
                yield Item(found.line, found.end, error=found.error)
                continue
            try:
                yield Item(found.line, found.end, _fields(vcards.read(found.text)))
            except ValueError as error:
                yield Item(found.line, found.end, error=str(error))


def _fields(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {name: card.text(name)[:_TEXT_CHARS] for name in (*_SINGLE, *_APPLE)}
    found["N"] = dict(name_of(card))
    organization = card.first("ORG")
    found["ORG"] = [part for part in organization.parts if part] if organization else []
    found["EMAIL"] = [text for line in card.all("EMAIL") if (text := line.text.strip())]
    found["TEL"] = [number for line in card.all("TEL") if (number := number_of(line))]
    found["URL"] = [text for line in card.all("URL") if (text := line.text.strip())]
    found["ADR"] = [address for line in card.all("ADR") if (address := dict(address_of(line)))]
    found["CATEGORIES"] = [tag for line in card.lines if line.name == "CATEGORIES" for tag in line.items]
    found["OTHER"] = _others(card)
    return {name: value for name, value in found.items() if value}


def _others(card: Card) -> dict[str, str]:
    """The first of each property that has no place of its own."""
    found: dict[str, str] = {}
    for line in card.lines:
        told = line.name and line.name not in _KNOWN | _SKIPPED | vcards.BINARY and not line.is_bulk
        if told and (text := line.text.strip()[:_TEXT_CHARS]):
            found.setdefault(line.name, text)
    return found
