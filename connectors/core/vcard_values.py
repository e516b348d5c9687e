"""What properties of a card say as plain values: the parts of a name and of an address, a number, a photo's size."""

from __future__ import annotations

import binascii
from collections.abc import Mapping

from connectors.core.vcards import Card, Line

_ADDRESS = ("street", "locality", "region", "postal_code", "country")
_NAME = ("family", "given", "additional", "prefix", "suffix")


def name_of(card: Card) -> Mapping[str, str]:
    """The parts of N that say something: family, given, additional, prefix, suffix."""
    line = card.first("N")
    return {name: part for name, part in zip(_NAME, line.parts, strict=False) if part} if line else {}


def address_of(line: Line) -> Mapping[str, str]:
    """The parts of an ADR that say something. An extended address is a second line of the street, and a box stands for
    the street where there is none."""
    box, extended, *rest = (*line.parts, *[""] * 7)[:7]
    found = dict(zip(_ADDRESS, rest, strict=True))
    if extended:
        found["street"] = f"{found['street']}\n{extended}".strip()
    found["street"] = found["street"] or box
    return {name: text for name, text in found.items() if text}


def number_of(line: Line) -> str:
    """A telephone number without the ``tel:`` of vCard 4.0 and what may follow it."""
    text = line.text.strip()
    return text[4:].partition(";")[0] if text.casefold().startswith("tel:") else text


def bulk_octets(line: Line) -> int:
    """How many octets the inline bytes of a photo or the like take; 0 where it is an address or unreadable."""
    data = line.value.partition("base64,")[2] if line.text.casefold().startswith("data:") else line.value
    if not (line.is_bulk or data is not line.value):
        return 0
    try:
        return len(binascii.a2b_base64(data))
    except binascii.Error:
        return 0
