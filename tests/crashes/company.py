"""The company of the crash play: a shop and a CRM of the memory vendor, each in a file, and the configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.core.protocols import utc_now
from connectors.memory.sandbox import World, open_world
from tests.sync.hubs import person

PEOPLE = 8
OWN_STREAMS = ("people", "companies", "activities", "notes")


class Clock:
    """The present, though never the same millisecond twice: of two records one is the newer, on a quick machine too."""

    def __init__(self) -> None:
        self._last = utc_now()

    def __call__(self) -> datetime:
        self._last = max(utc_now(), self._last + timedelta(milliseconds=1))
        return self._last


class Company:
    """The worlds and the configuration, in a folder; for the test that changes them and the process that reads them."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database
        self.config = folder / "concord.yaml"
        self._clock = Clock()
        self.shop = self._world("shop")
        self.crm = self._world("crm")

    def _world(self, name: str) -> World:
        world = open_world(f"crash-{name}", self.folder / f"{name}.json")
        world.clock = self._clock
        return world

    def found(self) -> None:
        """The shop, the CRM with records of its own, and the configuration."""
        for number in range(PEOPLE):
            self.shop.put("people", named(number))
        for number in range(3):
            self.shop.put("companies", {"name": f"Firm {number}", "domain": f"firm{number}.example"})
            self.crm.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example", city="Hull"))
            self.shop.put(
                "orders",
                {"number": f"N{number}", "total": "10.00", "currency": "EUR", "email": f"ann{number}@home.example"},
            )
        for number in range(2):
            # They work for a firm, with which the CRM's people are associated.
            self.shop.put("people", person(f"Wim W{number}", email=f"wim{number}@firm0.example"), id=f"w{number}")
        for number in range(5):
            at = f"2026-02-{number + 1:02}T10:00:00Z"
            self.shop.put("meetings", meeting(number, at))
            self.shop.put("activities", {"kind": "call", "title": f"Call {number}", "at": at})
        everything = {"approve": False, "max_change_share": 1}
        crm = {
            **self._connection(self.crm),
            "push": {"people": {"match_on": "email", **everything}, "companies": everything, "timeline": {}},
            "streams": {name: {} for name in OWN_STREAMS},
        }
        hub = {"name": "Acme", "default_country": "GB", "currency": "EUR", "database": self.database}
        settings = {
            "hub": {**hub, "state_dir": str(self.folder / "state")},
            "connections": {"shop": self._connection(self.shop), "crm": crm},
        }
        self.write(settings)

    def _connection(self, world: World) -> dict[str, Any]:
        path = str(self.folder / f"{world.name.removeprefix('crash-')}.json")
        return {"connector": "memory", "config": {"world": world.name, "path": path, "page_size": 3}}

    def settings(self) -> dict[str, Any]:
        """The configuration as it is."""
        found: dict[str, Any] = json.loads(self.config.read_text())
        return found

    def write(self, settings: Mapping[str, Any]) -> None:
        """Another configuration."""
        self.config.write_text(json.dumps(settings))

    def configure(self, connection: str, **more: Any) -> None:
        """Other settings for one connection."""
        settings = self.settings()
        settings["connections"][connection] |= more
        self.write(settings)

    def id_of(self, email: str) -> str:
        """The CRM's record with that address."""
        return next(str(i) for i, row in self.crm.records("people").items() if row.values.get("email") == email)

    def lose(self, world: World, object_: str, id_: str) -> None:
        """A record is gone without a word."""
        with world.holdings() as holdings:
            holdings.table(object_).remove(id_)


def named(number: int, **more: Any) -> dict[str, Any]:
    """One of the people."""
    return person(f"Ann A{number}", email=f"ann{number}@home.example", phone=f"+4420794600{number:02}", **more)


def meeting(number: int, at: str) -> dict[str, Any]:
    """A meeting with one of the people."""
    guest = {"email": f"ann{number}@home.example", "name": f"Ann A{number}"}
    return {"uid": f"u{number}", "title": "Talk", "starts_at": at, "ends_at": at, "attendees": [guest]}
