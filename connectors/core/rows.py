"""Rows of a listing as a page of records, of which one that cannot be read keeps back none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from mapping.contract import Body, Cursor, Page, RawRecord, RemoteId
from mapping.errors import RecordError

Json = Mapping[str, Any]


def page(
    rows: Iterable[Json], body: Callable[[Json], Body], changed: Callable[[Json], datetime | None], cursor: Cursor
) -> Page:
    """The record of each row, by its ``id``; a RecordError that ``body`` or ``changed`` raises becomes one of the
    page's errors."""
    records, errors = list[RawRecord](), list[RecordError]()
    for row in rows:
        id_ = RemoteId(str(row["id"]))
        try:
            records.append(RawRecord(id_, body(row), changed_at=changed(row)))
        except RecordError as error:
            errors.append(RecordError(str(error), remote_id=id_))
    return Page(records, cursor=cursor, errors=errors)
