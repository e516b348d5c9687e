"""A row that cannot be read is told, and the others of its page are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.core.rows import Json, page
from mapping.contract import Cursor
from mapping.errors import RecordError

AT = datetime(2026, 11, 29, tzinfo=UTC)


def _body(row: Json) -> dict[str, Any]:
    if "total" not in row:
        raise RecordError("no total")
    return dict(row)


def _changed(row: Json) -> datetime | None:
    if row.get("at") == "?":
        raise RecordError("no time")
    return AT if row.get("at") else None


def test_rows_that_cannot_be_read_are_errors_and_the_others_records() -> None:
    rows: list[Json] = [
        {"id": 1, "total": "1", "at": "now"},
        {"id": 2},
        {"id": 3, "total": "3", "at": "?"},
        {"id": 4, "total": "4"},
    ]
    found = page(rows, _body, _changed, Cursor("here"))
    assert [(one.remote_id, one.changed_at) for one in found.records] == [("1", AT), ("4", None)]
    assert [(one.remote_id, str(one)) for one in found.errors] == [("2", "no total"), ("3", "no time")]
    assert (found.cursor, found.complete) == ("here", False)
