"""A hub that reads calendars of real servers, and what it then knows of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from connectors.core import icalendar
from connectors.core.protocols import Runtime
from state.tables import fact, metadata, raw_record, slice_
from sync.hub import Hub
from sync.reports import StreamReport
from tests.connectors.caldav.desk import TRANSPORT, Desk
from tests.sync.hubs import BOOKKEEPING


class CalendarHub:
    """A hub in a folder of its own; each desk is a connection, called after its place in the list: ``calendars0``.

    ``template`` is a migrated database to copy. With ``everything`` all calendars of the account are read, and not
    only those of the desk.
    """

    def __init__(self, folder: Path, template: Path, *desks: Desk, everything: bool = False) -> None:
        self.desks = desks
        self.everything = everything
        shutil.copy(template, folder / "concord.db")
        path = folder / "concord.yaml"
        path.write_text(
            json.dumps({"hub": {"name": "Acme", "state_dir": str(folder)}, "connections": self._connections()})
        )
        self.hub = Hub.open(path, runtime=Runtime(transport=TRANSPORT))

    def _connections(self) -> Mapping[str, Any]:
        found = {}
        for number, desk in enumerate(self.desks):
            login = {"username": desk.server.user, "password": desk.server.password} if desk.server.user else {}
            config = {
                "url": desk.server.url,
                "calendars": [] if self.everything else desk.names,
                "page_size": desk.page_size,
                **login,
            }
            found[f"calendars{number}"] = {"connector": "caldav", "config": config, "streams": {"events": {}}}
        return found

    def close(self) -> None:
        """Lets go of the database."""
        self.hub.close()

    def sync(self, *names: str, full: bool = False, allow_deletes: bool = False) -> list[StreamReport]:
        """Syncs, and holds that nothing crashed on the way."""
        report = self.hub.sync(names, full=full, allow_deletes=allow_deletes)
        assert self.hub.crashes == []
        return list(report.streams)

    def one(self, *, full: bool = False, allow_deletes: bool = False) -> StreamReport:
        """Syncs the only connection."""
        (report,) = self.sync(full=full, allow_deletes=allow_deletes)
        return report

    def objects(self) -> dict[tuple[str, str], Any]:
        """The bodies the hub holds to be there, by path of the calendar and name of the object."""
        wanted = select(slice_.c.key, raw_record.c.remote_id, raw_record.c.body).join(
            slice_, slice_.c.id == raw_record.c.slice_id
        )
        with self.hub.db.read() as c:
            rows = c.execute(wanted.where(raw_record.c.state == "live")).all()
        return {(key, name): orjson.loads(body) for key, name, body in rows}

    def meetings(self) -> dict[str, Mapping[str, Any]]:
        """The meetings that are live, by UID (and recurrence id, where there is one)."""
        with self.hub.db.read() as c:
            rows = c.execute(select(fact.c.key, fact.c["values"]).where(fact.c.live)).all()
        return {key.removeprefix("ical:"): orjson.loads(values) for key, values in rows}

    def titles(self) -> dict[str, str]:
        """The titles of the meetings."""
        return {uid: str(values.get("title")) for uid, values in self.meetings().items()}

    def dump(self) -> dict[str, list[Any]]:
        """Every row of every table, those apart that keep the books."""
        kept = [table for name, table in metadata.tables.items() if name not in BOOKKEEPING]
        with self.hub.db.read() as c:
            return {
                table.name: [tuple(row) for row in c.execute(select(table).order_by(*table.primary_key.columns))]
                for table in kept
            }


def there(*desks: Desk) -> dict[tuple[str, str], Any]:
    """What the servers hold, in the form of ``CalendarHub.objects``."""
    return {
        (path, name): {"events": icalendar.events(text)}
        for desk in desks
        for path in desk.paths
        for name, text in desk.calendars.objects(path).items()
    }
