"""vCards 2.1, 3.0 and 4.0, mixed as they come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import vobject
from vobject.base import VObjectError

from connectors.files.formats.components import components
from connectors.files.formats.item import Item, Place, Source
from connectors.files.text import Lines

_BINARY = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))
_SKIPPED = frozenset(("version", "prodid", "x-ablabel", "x-abuid", "x-imagehash", "x-imagetype"))
_SINGLE = ("FN", "UID", "BDAY", "TITLE", "ROLE", "NICKNAME", "NOTE", "KIND", "REV")
_APPLE = ("X-ABSHOWAS", "X-ADDRESSBOOKSERVER-KIND")
_TEXT_CHARS = 16_384


def read(source: Source, start: Place) -> Iterator[Item]:
    """The cards from ``start`` on, each as property name to value; photos and other bulk are left out."""
    with source.path.open("rb") as handle:
        for found in components(Lines(handle, source.encoding, start.offset, start.line), "VCARD"):
            if found.error:
                yield Item(found.line, found.end, error=found.error)
                continue
            try:
                card = vobject.readOne(_readable(found.text), allowQP=True)
                yield Item(found.line, found.end, _fields(card.contents))
            except (VObjectError, ValueError, LookupError, AttributeError, TypeError):
                # The library's messages quote the line; a record's values stay out of ours.
                yield Item(found.line, found.end, error="not a readable vCard")


def _readable(text: str) -> str:
    """The card without photos and without lines that are no property, which the library would refuse as a whole.

    Quoted-printable values of vCard 2.1 go on on the next line after an equals sign, other values after a blank.
    """
    kept: list[str] = []
    soft = dropping = False
    for line in text.replace("\r", "").split("\n"):
        if soft:
            soft = line.rstrip().endswith("=")
        elif line[:1] not in (" ", "\t"):
            head, colon, _ = line.partition(":")
            dropping = not colon or head.split(";")[0].rpartition(".")[2].upper() in _BINARY
            soft = "QUOTED-PRINTABLE" in head.upper() and line.rstrip().endswith("=")
        if not dropping:
            kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def _fields(contents: dict[str, list[Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {"n", "adr", "org", "email", "tel", "url", "categories", *(n.lower() for n in (*_SINGLE, *_APPLE))}
    for name in (*_SINGLE, *_APPLE):
        if lines := contents.get(name.lower()):
            found[name] = _text(lines[0].value)
    if lines := contents.get("n"):
        parts = ("family", "given", "additional", "prefix", "suffix")
        found["N"] = {part: text for part in parts if (text := _text(getattr(lines[0].value, part, "")))}
    if lines := contents.get("org"):
        value = lines[0].value
        found["ORG"] = [_text(part) for part in (value if isinstance(value, list) else [value]) if _text(part)]
    found["EMAIL"] = [_text(line.value) for line in _preferred(contents.get("email", []))]
    found["TEL"] = [_number(_text(line.value)) for line in _preferred(contents.get("tel", []))]
    found["URL"] = [_text(line.value) for line in _preferred(contents.get("url", []))]
    found["ADR"] = [address for line in _preferred(contents.get("adr", [])) if (address := _address(line.value))]
    found["CATEGORIES"] = [tag for line in contents.get("categories", []) for tag in _several(line.value)]
    found["OTHER"] = {
        name.upper(): _text(lines[0].value)
        for name, lines in contents.items()
        if name not in known and name not in _SKIPPED and _text(lines[0].value)
    }
    return {name: value for name, value in found.items() if value}


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_text(part) for part in value).strip()
    return value.strip()[:_TEXT_CHARS] if isinstance(value, str) else ""


def _several(value: Any) -> list[str]:
    values = value if isinstance(value, list) else str(value).split(",")
    return [_text(one) for one in values if _text(one)]


def _preferred(lines: list[Any]) -> list[Any]:
    """The preferred one first: ``PREF`` of 2.1, ``TYPE=pref`` of 3.0, ``PREF=1`` of 4.0."""

    def rank(line: Any) -> int:
        words = {*getattr(line, "singletonparams", ()), *line.params.get("TYPE", ())}
        if any(word.casefold() == "pref" for word in words):
            return 0
        number = next(iter(line.params.get("PREF", ())), "")
        return int(number) if re.fullmatch(r"\d{1,3}", number) else 101

    return sorted((line for line in lines if _text(line.value) or not isinstance(line.value, str)), key=rank)


def _number(text: str) -> str:
    """A number without the ``tel:`` of vCard 4.0 and what may follow it."""
    return text[4:].partition(";")[0] if text.casefold().startswith("tel:") else text


def _address(value: Any) -> dict[str, str]:
    parts = {"street": "street", "locality": "city", "region": "region", "postal_code": "code", "country": "country"}
    found = {name: _text(getattr(value, part, "")) for name, part in parts.items()}
    if extended := _text(getattr(value, "extended", "")):
        found["street"] = f"{found['street']}\n{extended}".strip()
    found["street"] = found["street"] or _text(getattr(value, "box", ""))
    return {name: text for name, text in found.items() if text}
