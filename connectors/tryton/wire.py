"""Tryton's JSON: its own types as plain values, and related records in the place of their ids.

Dates, numbers and bytes travel as objects with a ``__class__`` (trytond/protocols/jsonrpc.py of 7.0 and 8.2).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from mapping.errors import ContractError

Json = Mapping[str, Any]
FLAGS = frozenset({"active"})


def encode(moment: datetime) -> Json:
    """An instant as Tryton takes it: without a zone, for its server lives in UTC."""
    utc = moment.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(utc, part) for part in parts}}


def decode(value: Any) -> Any:
    """The value as plain JSON: decimals as exact texts, days and instants in ISO 8601 (instants in UTC), spans in
    seconds, bytes in base64. Raises ContractError for a type that is not known, and for one that is not whole."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind is None:
        return {name: decode(each) for name, each in value.items()}
    try:
        return _TYPES[kind](value)
    except (KeyError, TypeError, ValueError):
        raise ContractError(f"Tryton sent a value of the type {str(kind)[:40]!r} that cannot be read") from None


def record(row: Json, flags: Collection[str] = FLAGS) -> dict[str, Any]:
    """A row of ``read`` with ``party.`` (what was asked of a related record) in the place of ``party`` (its id), and
    without what is empty: nothing is said by listing it. ``flags`` are the fields that are true or false, which a
    server on SQLite sends as 1 and 0. Names come in order, since 8.2 sends them in another at each start."""
    found = dict[str, Any]()
    for name in sorted(row):
        value = row[name]
        if name.endswith("."):
            found[name[:-1]] = _related(value, flags)
        elif name not in found:
            found[name] = bool(value) if name in flags and value is not None else value
    return {name: value for name, value in found.items() if value is not None}


def instant(text: Any) -> datetime | None:
    """The instant of a decoded value, None where there is none."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _related(value: Any, flags: Collection[str]) -> Any:
    if isinstance(value, list):
        return [record(each, flags) for each in value]
    return record(value, flags) if isinstance(value, dict) else None


def _datetime(value: Json) -> str:
    year, month, number, *clock = (
        value[name] for name in ("year", "month", "day", "hour", "minute", "second", "microsecond")
    )
    hour, minute, second, micro = clock
    return datetime(year, month, number, hour, minute, second, micro, UTC).isoformat().replace("+00:00", "Z")


_TYPES: Mapping[str, Callable[[Json], Any]] = {
    "datetime": _datetime,
    "date": lambda value: date(value["year"], value["month"], value["day"]).isoformat(),
    "time": lambda value: time(value["hour"], value["minute"], value["second"], value["microsecond"]).isoformat(),
    "timedelta": lambda value: float(value["seconds"]),
    "Decimal": lambda value: str(value["decimal"]),
    "bytes": lambda value: str(value["base64"]).replace("\n", ""),
}
