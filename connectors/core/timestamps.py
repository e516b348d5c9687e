"""Timestamps in a vendor's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mapping.errors import RecordError
from mapping.moments import moment, to_utc


def instant(found: Mapping[str, Any], name: str) -> datetime:
    """The timestamp (ISO 8601) that a record has under that name, in UTC, for which one without a zone is taken.

    Raises RecordError where there is none.
    """
    try:
        return to_utc(datetime.fromisoformat(str(found[name])))
    except (KeyError, ValueError):
        raise RecordError(f"a record without a readable {name}", remote_id=str(found.get("id") or "")) from None


def changed(found: Mapping[str, Any], name: str) -> datetime:
    """When a record last changed, which it says under that name in whatever way. Raises RecordError otherwise."""
    told = moment(found.get(name))
    if not isinstance(told, datetime):
        raise RecordError(f"{name} is no time")
    return told
