"""Cursors that are small dataclasses of texts, numbers and truths, written as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TypeVar

from mapping.contract import Cursor
from mapping.errors import CursorExpiredError

P = TypeVar("P")


def dump(place: Any) -> Cursor:
    """The dataclass as a cursor; what is empty in it is left out."""
    return Cursor(json.dumps({name: value for name, value in asdict(place).items() if value}, separators=(",", ":")))


def load(kind: type[P], cursor: Cursor | None) -> P | None:
    """The place that a cursor names, None for none or an empty one.

    Raises CursorExpiredError for what ``dump`` did not write, and for what the dataclass refuses by a ValueError.
    """
    if not cursor:
        return None
    try:
        return kind(**json.loads(cursor))
    except (ValueError, TypeError):
        raise CursorExpiredError("the cursor was written by another version") from None
