"""A hub between two worlds of the memory vendor: a shop that is read and a CRM that is read and written."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from config import loader
from connectors.core.protocols import Connector, Runtime
from connectors.core.registry import catalogue
from connectors.memory.sandbox import World, forget_world, open_world
from mapping.contract import RemoteId
from state.database import Database
from state.tables import metadata
from state.vault import Vault
from sync.hub import Hub
from sync.opening import models
from sync.reports import ApplyReport, CustomerView, Observer, PlannedChange, PlanReport, StreamReport, SyncReport

BOOKKEEPING = frozenset({"run", "cursor", "lease", "sighting", "sweep", "schedule", "spending", "stream_schema"})
BOOKKEEPING |= {"alert", "alert_delivery", "run_log", "tally"}
"""The tables that may change although nothing did."""

PUSH_PEOPLE: Mapping[str, Any] = {"people": {"match_on": "email"}}
PUSH_ALL: Mapping[str, Any] = {"people": {"match_on": "email"}, "companies": {}, "timeline": {}}

_numbers = count()

Row = dict[str, Any]


class Clock:
    """Time that moves a millisecond whenever it is asked, so that no two things happen at once, and leaps on demand."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 6, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        self.instant += timedelta(milliseconds=1)
        return self.instant

    def sleep(self, seconds: float) -> None:
        """So many seconds go by."""
        self.slept.append(seconds)
        self.instant += timedelta(seconds=seconds)


class PresentClock(Clock):
    """The time that other processes have, too."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Really waits, though never for long."""
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.02))


class Stage:
    """One hub's configuration, database and worlds. ``hub`` opens anew after ``configure``.

    Exact values alone decide who is who unless a test says ``compare``: the invented people of most tests are so much
    alike, by design, that scores would rightly take them for one.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        push: Mapping[str, Any] = PUSH_PEOPLE,
        shop: Sequence[str] = ("people",),
        crm: Sequence[str] = ("people",),
        clock: Clock | None = None,
        compare: bool = False,
    ) -> None:
        self.folder = folder
        self.url = database_url
        self.clock = clock or Clock()
        self.number = next(_numbers)
        self.worlds: dict[str, World] = {}
        self.connectors: dict[str, Connector] = {}
        self._observer: Observer | None = None
        self.settings: dict[str, Any] = {
            "hub": {"name": "Acme", "default_country": "GB", "database": database_url, "state_dir": str(folder / "s")},
            "identity": {"compare": compare},
            "connections": {},
        }
        self._hub: Hub | None = None
        self.shop = self.connect("shop", streams=shop)
        self.crm = self.connect("crm", push=dict(push), streams=crm)

    def connect(
        self,
        name: str,
        *,
        world: str = "",
        push: Mapping[str, Any] | None = None,
        streams: Sequence[str] = ("people",),
        **config: Any,
    ) -> World:
        """Adds a connection to a world of its own, or to the world of another connection."""
        called = f"{world or name}-{self.number}"
        connection: dict[str, Any] = {
            "connector": "memory",
            "config": {"world": called, **config},
            "streams": {stream: {} for stream in streams},
        }
        if push:
            connection["push"] = copy.deepcopy(dict(push))
        self.settings["connections"][name] = connection
        self._reopen()
        found = open_world(called)
        found.clock = self.clock
        found.account = f"memory-{world or name}"  # the same on every stage, so that two can be compared
        self.worlds[called] = found
        return found

    def configure(self, connection: str = "", **settings: Any) -> None:
        """Changes parts of the configuration: of one connection, or of the whole file."""
        at = self.settings["connections"][connection] if connection else self.settings
        for name, value in settings.items():
            at[name] = {**at[name], **value} if isinstance(value, dict) and isinstance(at.get(name), dict) else value
        self._reopen()

    def watch(self, observer: Observer) -> None:
        """Lets an observer hear of progress from now on."""
        self._observer = observer
        self._reopen()

    @property
    def hub(self) -> Hub:
        """The hub over the configuration as it is now."""
        if self._hub is None:
            self._hub = self.another()
        return self._hub

    def another(self) -> Hub:
        """One more hub over the same database, as another process would open it."""
        path = self.folder / "concord.yaml"
        path.write_text(json.dumps(self.settings), encoding="utf-8")
        db = Database(self.url, now=self.clock)
        vault = Vault(db, self.folder / "s")
        settings = loader.load(path, models(catalogue()), vault.get)
        runtime = Runtime(now=self.clock, sleep=self.clock.sleep)
        return Hub(settings, db, vault, observer=self._observer, runtime=runtime, connectors=self.connectors)

    def _reopen(self) -> None:
        if self._hub is not None:
            self._hub.close()
            self._hub = None

    def close(self) -> None:
        """Lets go of the database and the worlds."""
        self._reopen()
        for name in self.worlds:
            forget_world(name)

    # -- doing

    def sync(self, *names: str, **options: Any) -> SyncReport:
        """Syncs, and holds that nothing crashed on the way."""
        report = self.hub.sync(names, **options)
        assert self.hub.crashes == []
        return report

    def push(self, *, live: bool = False, skip_moved: bool = False) -> ApplyReport:
        """Plans and applies."""
        plan = self.hub.plan(live=live)
        report = self.hub.apply(plan.hash, skip_moved=skip_moved)
        assert self.hub.crashes == []
        return report

    def settle(self) -> None:
        """Syncs, pushes, and reads back what was pushed."""
        assert self.sync().ok
        assert self.push().ok
        assert self.sync().ok

    # -- looking

    def rows(self, table: str) -> list[Row]:
        """The rows of one table, in the order of its first column."""
        found = metadata.tables[table]
        with self.hub.db.read() as c:
            rows = c.execute(select(found).order_by(*found.primary_key.columns)).mappings().all()
        return [dict(row) for row in rows]

    def dump(self, leave_out: Iterable[str] = BOOKKEEPING) -> dict[str, list[Row]]:
        """Every row of every table, those left out apart."""
        return {name: self.rows(name) for name in metadata.tables if name not in leave_out}

    def customers(self, query: str = "") -> list[CustomerView]:
        """The customers that a query finds, whole, by their names."""
        found = [self.hub.customer(one.id) for one in self.hub.find_customers(query, 1000)]
        return sorted(found, key=lambda one: (str(values(one).get("name")), one.id))

    def customer(self, query: str) -> CustomerView:
        """The one customer that a query finds."""
        (found,) = self.customers(query)
        return found

    def groups(self) -> set[frozenset[str]]:
        """The partition into customers: ``shop/people 1`` and the like, together as they belong."""
        return {frozenset(members(one)) for one in self.customers()}

    def remotes(self, object_name: str = "people") -> dict[RemoteId, Mapping[str, Any]]:
        """What the CRM holds now, archived records apart."""
        return {i: row.values for i, row in self.crm.records(object_name).items() if not row.archived}


def person(name: str = "", **fields: Any) -> dict[str, Any]:
    """Values of a person's record, by a full name of two words."""
    given, _, family = name.partition(" ")
    parts = {"given_name": given or None, "family_name": family or None}
    return {**{field: value for field, value in parts.items() if value}, **fields}


def values(one: CustomerView) -> dict[str, Any]:
    """The golden values of a customer."""
    return {value.field: value.value for value in one.values}


def members(one: CustomerView) -> list[str]:
    """The records of a customer; the part is told where there may be several."""
    return sorted(
        f"{m.connection}/{m.stream} {m.record}" + ("" if m.part in ("person", "company", "buyer") else f" {m.part}")
        for m in one.members
    )


def stream(report: SyncReport, name: str) -> StreamReport:
    """What became of one stream, as ``shop/people``."""
    (found,) = [one for one in report.streams if f"{one.connection}/{one.stream}" == name]
    return found


def changes(plan: PlanReport, object_name: str = "people") -> Sequence[PlannedChange]:
    """The planned writes to one object."""
    return [change for change in plan.changes if change.object == object_name]


def new_values(change: PlannedChange) -> dict[str, Any]:
    """What a planned write would set."""
    return {field.field: field.new for field in change.fields}
