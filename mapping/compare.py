"""Whether two values of a vendor's field are the same, in the vendor's own sense.

A CRM gives back what it was given with other spacing, case, phone format or rounding. That is an echo, not a change; so
each type of field has a comparator, and a schema may name another one for a field (``SchemaField.comparator``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from mapping import moments, normalize, texts
from mapping.contract import SchemaField

Comparator = Callable[[SchemaField, Any, Any], bool]


def same(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """Whether the vendor's value ``theirs`` says no more than ``ours``. None, "", [] and {} are all "nothing there".

    Never raises: values of a kind that the comparator does not know are compared as texts.
    """
    if ours == theirs and type(ours) is type(theirs):
        return True
    if _empty(ours) or _empty(theirs):
        return _empty(ours) and _empty(theirs)
    compare = COMPARATORS.get(field.comparator) or COMPARATORS.get(field.type, _text)
    return compare(field, ours, theirs)


def _empty(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, list | Mapping) and not value)
    )


def _written(value: Any) -> str:
    """A value as text, so that unlike kinds can be compared at all."""
    text = texts.to_text(value)
    return unicodedata.normalize("NFC", text if text is not None else repr(texts.clean_json(value)))


def _text(field: SchemaField, ours: Any, theirs: Any) -> bool:
    if isinstance(ours, list) and isinstance(theirs, list):
        return [_written(each) for each in ours] == [_written(each) for each in theirs]
    one, other = _written(ours), _written(theirs)
    # A vendor that cuts at its limit gives back the beginning of what it was given.
    return one == other or bool(field.length and len(other) >= field.length and one[: field.length].rstrip() == other)


def _caseless(field: SchemaField, ours: Any, theirs: Any) -> bool:
    return _text(field, _written(ours).casefold(), _written(theirs).casefold())


def _email(field: SchemaField, ours: Any, theirs: Any) -> bool:
    one, other = normalize.email(_written(ours)), normalize.email(_written(theirs))
    return one == other if one and other else _caseless(field, ours, theirs)


def _phone(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """Equal in E.164, or in their digits where one lacks the country: then the shorter must end the longer."""
    one, other = _written(ours), _written(theirs)
    first, second = normalize.phone(one), normalize.phone(other)
    if first and second:
        return first == second
    left, right = _digits(first or one), _digits(second or other)
    if not left or not right:
        return one.casefold() == other.casefold()
    if left == right:
        return True
    if first is None and second is None:
        return False
    short, long = sorted((left.lstrip("0"), right.lstrip("0")), key=len)
    return len(short) >= 7 and long.endswith(short)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _number(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """Equal, or equal once ours is rounded to as many places as theirs has."""
    one, other = texts.number(ours), texts.number(theirs)
    if one is None or other is None:
        return _text(field, ours, theirs)
    first, second = Decimal(one), Decimal(other)
    if first == second:
        return True
    unit = Decimal(1).scaleb(min(int(second.as_tuple().exponent), 0))
    return any(first.quantize(unit, rounding=rounding) == second for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def _boolean(field: SchemaField, ours: Any, theirs: Any) -> bool:
    one, other = texts.boolean(ours), texts.boolean(theirs)
    return one == other if one is not None and other is not None else _caseless(field, ours, theirs)


def _date(field: SchemaField, ours: Any, theirs: Any) -> bool:
    one, other = moments.day(_epoch(ours)), moments.day(_epoch(theirs))
    return one == other if one and other else _text(field, ours, theirs)


def _datetime(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """Equal to the millisecond; to the second where theirs keeps no more."""
    one, other = _instant(ours), _instant(theirs)
    if one is None or other is None:
        return _text(field, ours, theirs)
    if other.microsecond == 0:
        return one.replace(microsecond=0) == other
    return abs((one - other).total_seconds()) < 0.001


def _instant(value: Any) -> datetime | None:
    found = moments.instant(_epoch(value))
    return datetime.fromisoformat(found).astimezone(UTC) if found else None


def _epoch(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) > 8 else value


def _choice(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """One option; options are ``value`` or ``value=label`` and either names it. Case and separators do not matter."""
    return _option(field, ours) == _option(field, theirs)


def _choices(field: SchemaField, ours: Any, theirs: Any) -> bool:
    """Several options in any order: a list, or a text separated by semicolons."""
    return _options(field, ours) == _options(field, theirs)


def _options(field: SchemaField, value: Any) -> frozenset[str]:
    items = value if isinstance(value, list | tuple) else _written(value).split(";")
    return frozenset(_option(field, item) for item in items if not _empty(item))


def _option(field: SchemaField, value: Any) -> str:
    folded = _folded(_written(value))
    for option in field.options:
        name, _, label = option.partition("=")
        if folded in (_folded(name), _folded(label)):
            return _folded(name)
    return folded


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


COMPARATORS: Mapping[str, Comparator] = {
    "string": _text,
    "text": _text,
    "caseless": _caseless,
    "email": _email,
    "phone": _phone,
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "enum": _choice,
    "multi": _choices,
    "reference": _text,
}
"""Comparator by name; the names of SchemaField's types are among them."""
