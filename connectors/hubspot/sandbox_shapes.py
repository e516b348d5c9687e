"""The shapes in which the stand-in answers: a record, a batch, a property group."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.core.exchange import Reply
from connectors.hubspot.portal import Record
from connectors.hubspot.portal_schema import iso, shown_by_default

Json = dict[str, Any]


def shown(record: Record, names: list[str] | None, *, defaults: bool = False) -> dict[str, Any]:
    """A record as the API shows it: the named properties, null where empty, or the default ones."""
    wanted = [*(names or ()), *(shown_by_default(record.object) if defaults or not names else ())]
    body: dict[str, Any] = {
        "id": record.id,
        "properties": {name: record.properties.get(name) for name in [*wanted, "hs_object_id"]},
        "createdAt": iso(record.created),
        "updatedAt": "?" if record.garbled else iso(record.updated),
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        body["archivedAt"] = iso(record.archived_at)
    return body


def batch(results: list[Json], errors: list[Json], now: datetime, status: int) -> Reply:
    """The answer to a batch."""
    moment = iso(now)
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return Reply(status, body)


def group(name: str, label: str) -> Json:
    """A property group."""
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
