"""The vendor's own rules for values: what it refuses, and what it makes of what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from mapping.contract import SchemaField
from mapping.errors import RecordError

CENTS = Decimal("0.01")


def accept(fields: Mapping[str, SchemaField], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the vendor stores them, None for those that are emptied.

    Raises RecordError for the first field that is unknown, computed, too long, or not of its type; the message names
    the field and why, never the value.
    """
    return {name: _accept_one(fields, name, value) for name, value in values.items()}


def _accept_one(fields: Mapping[str, SchemaField], name: str, value: Any) -> Any:
    known = fields.get(name)
    if known is None:
        raise RecordError(f"unknown field {name!r}")
    if known.computed or not known.writable:
        raise RecordError(f"field {name!r} is read-only")
    if value is None or value == "":
        if known.required:
            raise RecordError(f"field {name!r} must not be empty")
        return None
    normalise: Callable[[Any], Any] = NORMALISE.get(known.type, _text)
    try:
        taken = normalise(value)
    except (ValueError, InvalidOperation):
        raise RecordError(f"field {name!r} is not a valid {known.type}") from None
    if known.options and taken not in known.options:
        raise RecordError(f"field {name!r} must be one of {', '.join(known.options)}")
    if known.length is not None and isinstance(taken, str) and len(taken) > known.length:
        raise RecordError(f"field {name!r} is longer than {known.length} characters")
    return taken


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value.strip()


def _email(value: Any) -> str:
    text = _text(value).lower()
    name, at, domain = text.rpartition("@")
    if not (name and at and domain) or " " in text:
        raise ValueError
    return text


def _phone(value: Any) -> str:
    text = _text(value)
    digits = "".join(sign for sign in text if sign.isdigit())
    if not digits:
        raise ValueError
    return f"+{digits}" if text.startswith("+") else digits


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return float(number.quantize(CENTS, ROUND_HALF_EVEN))


def _integer(value: Any) -> int:
    number = Decimal(str(value))
    if isinstance(value, bool) or number != number.to_integral_value():
        raise ValueError
    return int(number)


def _boolean(value: Any) -> bool:
    taken = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(taken, bool):
        raise ValueError
    return taken


def _date(value: Any) -> str:
    return date.fromisoformat(_text(value)).isoformat()


def _datetime(value: Any) -> str:
    instant = datetime.fromisoformat(_text(value))
    return stamp(instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant)


def stamp(instant: datetime) -> str:
    """An aware instant as the vendor writes it: UTC, milliseconds, fixed width, so that text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


NORMALISE: Mapping[str, Callable[[Any], Any]] = {
    "email": _email,
    "phone": _phone,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
