"""Postal addresses: house number, street and unit apart, abbreviations in one form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mapping.spellings import letters
from mapping.wordlists import UNITS

_ABBREVIATED = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "avenue": "av", "ave": "av", "lane": "ln",
    "drive": "dr", "court": "ct", "crescent": "cres", "crt": "ct", "place": "pl", "boulevard": "bd", "blvd": "bd",
    "circuit": "cct", "circle": "cir", "close": "cl", "terrace": "tce", "ter": "tce", "parkway": "pkwy",
    "highway": "hwy", "square": "sq", "trail": "trl", "gardens": "gdns", "garden": "gdn", "grove": "gr", "way": "wy",
    "mount": "mt", "saint": "st", "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne",
    "northwest": "nw", "southeast": "se", "southwest": "sw", "rue": "r", "platz": "pl", "plaza": "pl", "piazza": "pl",
    "allee": "al", "calle": "c", "via": "v", "straat": "st", "first": "1st", "second": "2nd", "third": "3rd",
    "fourth": "4th", "fifth": "5th",
}  # fmt: skip
_UNITS = frozenset(UNITS.split())
_NUMBER = re.compile(r"\d+[a-z]?(?:-\d+[a-z]?)?")


class Street(NamedTuple):
    """A street address taken apart; each part may be empty."""

    number: str
    name: str
    unit: str


@lru_cache(maxsize=65_536)
def street(text: str) -> Street:
    """House number, street and unit of the first line or lines of an address, in plain lower-case letters.

    The number may stand before the street (``12 High Street``) or after it (``Hauptstr. 12``); ``Apt 4`` and ``3/12``
    give a unit.
    """
    line = text.replace("\n", " ").lower()
    unit = ""
    slash = re.match(r"\s*(\d+[a-z]?)\s*/\s*(?=\d)", line)
    if slash:
        unit, line = slash[1], line[slash.end() :]
    words = letters(line.replace("#", " unit ").replace("straße", "strasse")).split()
    kept: list[str] = []
    number = ""
    index = 0
    while index < len(words):
        word = words[index]
        if word in _UNITS and index + 1 < len(words):
            unit = unit or words[index + 1]
            index += 2
            continue
        if not number and _NUMBER.fullmatch(word):
            number = word
        else:
            kept.append(_short(word))
        index += 1
    return Street(number, " ".join(kept), unit)


def _short(word: str) -> str:
    found = _ABBREVIATED.get(word)
    if found:
        return found
    for ending in ("strasse", "straat", "str"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + " st"
    return word


@lru_cache(maxsize=65_536)
def postcode(text: str) -> str:
    """The postal code without spaces and hyphens; of a ZIP+4 the first five digits (USPS Publication 28, 2020)."""
    code = "".join(letter for letter in text.upper() if letter.isalnum())
    return code[:5] if len(code) == 9 and code.isdigit() else code[:12]
