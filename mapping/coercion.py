"""From whatever a vendor writes to the canonical JSON value of one field of the model.

The pydantic model is the authority: the fields and their kinds are read off it, and what comes out of here is a form
that the model takes and would give back unchanged. It is written out by hand because validating through pydantic costs
about as much as everything else together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from mapping import normalize
from mapping.model import MODELS, Address, Instant, Kind, Record
from mapping.texts import clean, to_text

SHORT = 256
"""Characters below which a text is short: nearly all are, and none of them has to be cut."""
REMEMBERED = 1000
"""Values that the coercer of a field of few values keeps."""
Coercer = Callable[[Any, str], Any]
"""(raw value, ISO country for phones) to the canonical value, None for nothing. Raises UnreadableError, ShapeError."""

QUICK: dict[Coercer, Callable[[str], Any]] = {}
"""Coercers to what says the same of a short text of printable ASCII, at the price of fewer calls. Where it gives
nothing, the coercer has to be asked."""

KEY_LIMIT = 400
"""Characters of a fact key or part; longer ones end in a hash of the whole."""


class UnreadableError(ValueError):
    """The text is no value of this field. ``kept`` is the part that is one, ``given`` what is not."""

    def __init__(self, given: Any, kept: Any = None) -> None:
        super().__init__("unreadable")
        self.given = given
        self.kept = kept


class ShapeError(ValueError):
    """A list or object where a text is expected, or the reverse; the message says so without the value."""


def sort_of(value: Any) -> str:
    """What JSON calls the value, for messages."""
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else "a text" if isinstance(value, str) else "a number"


def text(value: Any, country: str = "") -> str | None:
    """The clean text of a scalar."""
    if type(value) is str:
        return clean(value) or None
    found = to_text(value)
    if found is None:
        raise ShapeError(f"{sort_of(value)} where a text was expected")
    return found or None


def key(value: Any, country: str = "") -> str | None:
    """A text of at most KEY_LIMIT characters that still tells long keys apart."""
    found = text(value)
    if found is None or len(found) <= KEY_LIMIT:
        return found
    return f"{found[: KEY_LIMIT - 33]}#{blake2b(found.encode(), digest_size=16).hexdigest()}"


def is_short(value: Any) -> bool:
    """Whether the value is a short text of ASCII, of which ``clean`` only takes the spaces around it: most are."""
    return type(value) is str and len(value) < SHORT and value.isascii() and value.isprintable()


def _by(read: Callable[[str], Any]) -> Coercer:
    """A coercer of texts: what ``read`` gives, UnreadableError where it gives None."""

    def coerce(value: Any, country: str = "") -> Any:
        found = value.strip() or None if is_short(value) else text(value)
        if found is None:
            return None
        result = read(found)
        if result is None:
            raise UnreadableError(found)
        return result

    QUICK[coerce] = read
    return coerce


def _value(read: Callable[[Any], Any]) -> Coercer:
    """A coercer of scalars that are more than their text (numbers, truth values, epochs)."""

    def coerce(value: Any, country: str = "") -> Any:
        result = read(value)
        if result is not None:
            return result
        found = text(value)
        if found is None or found.startswith("0000-00-00"):  # how MySQL writes "no date"
            return None
        raise UnreadableError(found)

    QUICK[coerce] = read
    return coerce


def phone(value: Any, country: str) -> str | None:
    """E.164; a national number is dialled in ``country``."""
    found = value.strip() or None if is_short(value) else text(value)
    if found is None:
        return None
    result = normalize.phone(found, country)
    if result is None:
        raise UnreadableError(found)
    return result


def _remembered(read: Coercer) -> Coercer:
    """The coercer of a field of which there are few values: each is read once."""
    known: dict[str, Any] = {}

    def coerce(value: Any, country: str = "") -> Any:
        found = known.get(value) if type(value) is str else None
        if found is None:
            found = read(value, country)
            if found is not None and type(value) is str and len(value) < SHORT and len(known) < REMEMBERED:
                known[value] = found
        return found

    QUICK[coerce] = known.get
    return coerce


def _choice(choices: type[StrEnum]) -> Coercer:
    by_name = {member.value: member.value for member in choices}
    return _remembered(
        _by(lambda found: by_name.get(found) or by_name.get(found.lower().replace(" ", "_").replace("-", "_")))
    )


def _listed(each: Coercer) -> Coercer:
    """A list without repetitions; a single scalar counts as a list of one. What cannot be read is left out and told."""

    def coerce(value: Any, country: str) -> list[Any] | None:
        if isinstance(value, Mapping):
            raise ShapeError("an object where a list was expected")
        kept: dict[Any, None] = {}
        given = []
        for item in value if isinstance(value, list | tuple) else (value,):
            try:
                found = each(item, country)
            except UnreadableError as error:
                given.append(error.given)
                continue
            if found is not None:
                kept[found] = None
        if given:
            raise UnreadableError(given, list(kept) or None)
        return list(kept) or None

    return coerce


def custom(value: Any, country: str = "") -> Any:
    """Any JSON value without its empty parts."""
    try:
        return normalize.clean_json(value)
    except ValueError as error:
        raise ShapeError(str(error)) from None


def _object(value: Any, country: str) -> Any:
    if not isinstance(value, Mapping):
        raise ShapeError(f"{sort_of(value)} where an object was expected")
    return custom(value)


def _texts_by_key(value: Any, country: str) -> dict[str, str] | None:
    """An object of texts; a list becomes its texts, joined by commas."""
    if not isinstance(value, Mapping):
        raise ShapeError(f"{sort_of(value)} where an object was expected")
    found: dict[str, str] = {}
    for name, item in value.items():
        joined = ", ".join(filter(None, map(text, item))) if isinstance(item, list) else text(item)
        if joined and clean(str(name)):
            found[clean(str(name))] = joined
    return found or None


def _nested(model: type[BaseModel]) -> Coercer:
    """An object with the model's fields; other keys are a mistake in the rule. The unreadable is left out and told."""
    coercers = {name: coercer_of(model, name) for name in model.model_fields}

    def coerce(value: Any, country: str) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            raise ShapeError(f"{sort_of(value)} where an object was expected")
        strange = sorted(str(name) for name in value if name not in coercers)
        if strange:
            raise ShapeError(f"an object with a key that is none of {', '.join(coercers)}")
        found: dict[str, Any] = {}
        given: dict[str, Any] = {}
        for name, read in coercers.items():
            item = value.get(name)
            try:
                item = read(item, country) if item is not None else None
            except UnreadableError as error:
                item, given[name] = error.kept, error.given
            if item is not None:
                found[name] = item
        if given:
            raise UnreadableError(given, found or None)
        return found or None

    return coerce


def _objects(model: type[BaseModel]) -> Coercer:
    one = _nested(model)

    def coerce(value: Any, country: str) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            raise ShapeError(f"{sort_of(value)} where a list was expected")
        kept: list[Any] = []
        given = []
        for item in value:
            try:
                found = one(item, country)
            except UnreadableError as error:
                found = error.kept
                given.append(error.given)
            if found:
                kept.append(found)
        if given:
            raise UnreadableError(given, kept or None)
        return kept or None

    return coerce


QUICK[text] = str.strip
QUICK[phone] = normalize.international

_BY_NAME: dict[str, Coercer] = {
    "email": _by(normalize.mailbox),
    "phone": phone,
    "emails": _listed(_by(normalize.mailbox)),
    "phones": _listed(phone),
    "country": _remembered(_by(normalize.country)),
    "currency": _remembered(_by(normalize.currency)),
    "language": _remembered(_by(normalize.language)),
    "domain": _by(normalize.domain),
    "birth_date": _value(normalize.birthday),
    "custom": _object,
    "key": key,
}

_BY_TYPE: dict[Any, Coercer] = {
    str: text,
    bool: _value(normalize.boolean),
    int: _value(normalize.integer),
    Decimal: _value(normalize.number),
    Instant: _value(normalize.instant),
    date: _value(normalize.day),
    tuple[str, ...]: _listed(text),
    dict[str, str]: _texts_by_key,
}


def coercer_of(model: type[BaseModel], name: str) -> Coercer:
    """How a field of the model is read: by its name where the name says more than the type (email, phone, country)."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    field = model.model_fields[name]
    annotation = Instant if field.metadata or Instant in get_args(field.annotation) else field.annotation
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if annotation in _BY_TYPE:
        return _BY_TYPE[annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _choice(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _nested(annotation)
    return _objects(get_args(annotation)[0])


def required(model: type[Record]) -> tuple[str, ...]:
    """The fields without which the model refuses a record."""
    return tuple(name for name, field in model.model_fields.items() if field.is_required())


COERCERS: Mapping[Kind, Mapping[str, Coercer]] = {
    kind: {name: coercer_of(model, name) for name in model.model_fields if name != "participants"}
    for kind, model in MODELS.items()
}
"""Kind and field to its coercer. Participants are read by rules of their own."""

ADDRESS: Mapping[str, Coercer] = {name: coercer_of(Address, name) for name in Address.model_fields}
