"""What Concord knows of a card, as flat properties: how each is read, and how it is changed without touching others.

Everything else in a card is left as it stands. Where a card may hold several of a kind (emails, numbers, addresses,
sites) the property is the preferred one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from connectors.core.vcard_values import address_of, name_of, number_of
from connectors.core.vcards import Card, Line, escaped
from mapping import normalize
from mapping.compare import same
from mapping.contract import Fields, Schema, SchemaField
from mapping.texts import TEXT_LIMIT

KEY_LINE = "X-CONCORD-ID"
KEY = "x_concord_id"
"""The property that holds our key. The UID cannot: the cards of others have theirs already, and groups refer to it."""

OURS = "X-CONCORD=1"
"""Marks the email and the number that Concord added, so that its next value takes their place and nobody else's."""

NAME_PARTS = ("family", "given", "additional", "prefix", "suffix")
ADDRESS_PARTS = {"street": 2, "locality": 3, "region": 4, "postal_code": 5, "country": 6}
SEVERAL = {"email": "EMAIL", "tel": "TEL"}

Read = Callable[[Card], Any]
Write = Callable[[Card, Any], Card]
"""The card with another value; None clears. Raises ValueError with the reason why it cannot hold it."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property. ``write`` is None where it is not ours to change; ``line`` is the vCard name it stands under."""

    field: SchemaField
    line: str
    read: Read
    write: Write | None = None


def values(card: Card) -> dict[str, Any]:
    """Every property that says something. Texts are cut at the length that the canonical model keeps."""
    found: dict[str, Any] = {}
    for name, one in PROPERTIES.items():
        value = one.read(card)
        if value:
            found[name] = value[:TEXT_LIMIT] if isinstance(value, str) else value
    return found


def changed(card: Card, set_: Fields, clear: Sequence[str]) -> Card:
    """The card as it shall be: the very same object where it shows everything already.

    A value that the card shows in other words (a number in another format) is not written again. Raises ValueError
    naming the property, and never its value.
    """
    for name, value in {**set_, **dict.fromkeys(clear)}.items():
        value = None if value in ("", [], {}) else value
        one = PROPERTIES.get(name)
        if one is None:
            raise ValueError(f"contacts have no property {name}")
        if one.write is None:
            raise ValueError(f"{name} cannot be written")
        held = one.read(card)
        if same(one.field, value, held[:TEXT_LIMIT] if isinstance(held, str) else held):
            continue
        try:
            card = one.write(card, value)
        except ValueError as wrong:
            raise ValueError(f"{name}: {wrong}") from None
    return card


def everyone(card: Card, name: str) -> Sequence[Any]:
    """All that a card holds of a property: every email, every number; of others the one value."""
    if name == "tel":
        return [number_of(line) for line in card.all("TEL")]
    if name == "email":
        return [line.text.strip() for line in card.all("EMAIL")]
    return [PROPERTIES[name].read(card)]


def is_ours(line: Line) -> bool:
    """Whether Concord added it."""
    return OURS in (param.upper() for param in line.params)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it takes a text")
    return str(value)


def _plain(name: str, card: Card, value: Any) -> Card:
    return _put(card, name, None if value is None else escaped(_text(value)))


def _put(card: Card, name: str, written: str | None, *params: str) -> Card:
    """The card with another value for the preferred property of that name, or without it."""
    held = card.first(name)
    if written is None:
        return card.without(held) if held else card
    return card.replacing(held, held.holding(written)) if held else card.adding(Line(name, written, params))


def _formatted(card: Card, value: Any) -> Card:
    if value is None or not _text(value).strip():
        raise ValueError("every card has a name, so it cannot be cleared")
    return _plain("FN", card, value)


def _part(name: str, at: int, count: int, card: Card, value: Any) -> Card:
    """One component of a structured property; the others keep what they say."""
    held = card.first(name)
    parts = [escaped(part) for part in held.parts] if held else []
    parts += [""] * (count - len(parts))
    parts[at] = "" if value is None else escaped(_text(value))
    if name == "ADR" and at == ADDRESS_PARTS["street"]:
        # The second line of the street is read as part of it, so the new street has it already.
        parts[:2] = ["" if value is None else parts[0], ""]
    if not any(parts) and name != "N":  # 3.0 wants an N, if an empty one
        return _put(card, name, None)
    while name == "ORG" and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return _put(card, name, ";".join(parts))


def _unit(card: Card) -> str:
    held = card.first("ORG")
    return ", ".join(part for part in held.parts[1:] if part) if held else ""


def _put_unit(card: Card, value: Any) -> Card:
    held = card.first("ORG")
    name = escaped(held.parts[0]) if held else ""
    if value is None:
        return _put(card, "ORG", name or None)
    return _put(card, "ORG", f"{name};{escaped(_text(value))}")


def _street(card: Card, part: str) -> str:
    held = card.first("ADR")
    return address_of(held).get(part, "") if held else ""


def _site(card: Card, value: Any) -> Card:
    # A URI, not a text: commas and semicolons stand unescaped in it, and blanks cannot.
    return _put(card, "URL", None if value is None else "".join(_text(value).split()))


def _birthday(card: Card, value: Any) -> Card:
    if value is None:
        return _put(card, "BDAY", None)
    day = normalize.birthday(value)
    if day is None:
        raise ValueError("it is no date")
    held = card.first("BDAY")
    card = card.without(held) if held else card
    if not day.startswith("--"):
        return card.adding(Line("BDAY", day if card.version < "4" else day.replace("-", "")))
    if card.version < "4":  # 3.0 knows no day without a year; this is how Apple says it
        return card.adding(Line("BDAY", f"1604{day[1:]}", ("X-APPLE-OMIT-YEAR=1604",)))
    return card.adding(Line("BDAY", f"--{day[2:4]}{day[5:7]}"))


def _categories(card: Card, value: Any) -> Card:
    if value is not None and not isinstance(value, list | tuple):
        raise ValueError("it takes a list of texts")
    held = [line for line in card.lines if line.name == "CATEGORIES"]
    written = ",".join(escaped(_text(one)) for one in value or ())
    if not held or not written:
        return card.without(*held) if not written else card.adding(Line("CATEGORIES", written))
    return card.without(*held[1:]).replacing(held[0], held[0].holding(written))


def _one_of_several(name: str, card: Card, value: Any) -> Card:
    """What Concord has to say becomes the preferred one: the line that says it already, else the line that Concord
    added before, else a new one. What people noted beside it stays."""
    lines, ours = card.all(name), [line for line in card.all(name) if is_ours(line)]
    if value is None:
        return card.without(*(ours or lines[:1]))
    text = _text(value)
    if name == "EMAIL" and normalize.email(text) is None:
        raise ValueError("it is no email address")
    field = PROPERTIES[name.casefold()].field
    there = next((line for line in lines if same(field, text, number_of(line))), None)
    if there is None and ours:
        there = ours[0].holding(escaped(text))
        card, ours = card.replacing(ours[0], there), [*ours[1:]]
    elif there is None:
        kinds = ("TYPE=INTERNET",) if name == "EMAIL" and card.version < "4" else ()
        there = Line(name, escaped(text), (*kinds, OURS))
        card = card.adding(there)
    return _preferring(card.without(*(line for line in ours if line is not there)), there)


def _preferring(card: Card, chosen: Line) -> Card:
    """The card with one of its properties before all others of its name, whatever rank those claim."""
    if card.first(chosen.name) is chosen:
        return card
    modern = card.version >= "4"
    for line in card.all(chosen.name):
        if line is not chosen and line.preference <= 1:
            card = card.replacing(line, line.ranked("PREF=2" if modern else ""))
    return card.replacing(chosen, chosen.ranked("PREF=1" if modern else "TYPE=PREF"))


def _field(name: str, label: str, type_: str = "string", **more: Any) -> SchemaField:
    return SchemaField(name, type_, label, **more)


def _properties() -> Mapping[str, Property]:
    found = [
        Property(_field("fn", "Name", required=True), "FN", lambda card: card.text("FN"), _formatted),
        *(
            Property(_field(f"n_{part}", f"Name: {part}"), "N", partial(_named, part), partial(_part, "N", at, 5))
            for at, part in enumerate(NAME_PARTS)
        ),
        *(
            Property(_field(name, label), name.upper(), partial(_said, name.upper()), partial(_plain, name.upper()))
            for name, label in (("nickname", "Nickname"), ("title", "Job title"), ("role", "Role"), ("note", "Note"))
        ),
        Property(_field("org", "Organization"), "ORG", _organization, partial(_part, "ORG", 0, 1)),
        Property(_field("org_unit", "Department"), "ORG", _unit, _put_unit),
        Property(
            _field("email", "Email", "email"), "EMAIL", partial(_said, "EMAIL"), partial(_one_of_several, "EMAIL")
        ),
        Property(_field("tel", "Telephone", "phone"), "TEL", _telephone, partial(_one_of_several, "TEL")),
        *(
            Property(
                _field(f"adr_{part}", f"Address: {part.replace('_', ' ')}"),
                "ADR",
                partial(_street, part=part),
                partial(_part, "ADR", at, 7),
            )
            for part, at in ADDRESS_PARTS.items()
        ),
        Property(_field("url", "Website"), "URL", partial(_said, "URL"), _site),
        Property(_field("bday", "Birthday", "date"), "BDAY", lambda card: _day(card.text("BDAY")), _birthday),
        Property(_field("categories", "Categories", "multi"), "CATEGORIES", _tags, _categories),
        Property(_field("uid", "UID", unique=True, writable=False), "UID", partial(_said, "UID")),
        Property(
            _field(KEY, "Concord key", unique=True),
            "X-CONCORD-ID",
            partial(_said, "X-CONCORD-ID"),
            partial(_plain, "X-CONCORD-ID"),
        ),
    ]
    return {one.field.name: one for one in found}


def _said(name: str, card: Card) -> str:
    return card.text(name)


def _named(part: str, card: Card) -> str:
    return name_of(card).get(part, "")


def _organization(card: Card) -> str:
    held = card.first("ORG")
    return held.parts[0] if held else ""


def _email(card: Card) -> str:
    return card.text("EMAIL")


def _telephone(card: Card) -> str:
    held = card.first("TEL")
    return number_of(held) if held else ""


def _day(text: str) -> str:
    return normalize.birthday(text) or text


def _tags(card: Card) -> list[str]:
    return [tag for line in card.lines if line.name == "CATEGORIES" for tag in line.items]


PROPERTIES: Mapping[str, Property] = _properties()
"""Every property by its name in field rules."""

SCHEMA = Schema({name: one.field for name, one in PROPERTIES.items()})
"""What a card can say, to readers and to writers alike: no server adds to it or takes away from it."""
