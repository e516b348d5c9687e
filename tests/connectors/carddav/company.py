"""A hub between a folder of exported cards, which is only read, and address books, which are read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config import loader
from connectors.core.protocols import Runtime
from connectors.core.registry import catalogue
from state.database import Database
from state.vault import Vault
from sync.hub import Hub
from sync.reports import ApplyReport, CustomerView, PlannedChange, SyncReport
from tests.connectors.carddav.books import card
from tests.connectors.carddav.desk import Desk


class Company:
    """The hub, its folder of exports and the desk with its address books."""

    def __init__(self, folder: Path, database_url: str, desk: Desk) -> None:
        self.folder, self.desk, self.book = folder, desk, desk.paths[0]
        self.instant = datetime(2026, 6, 1, 12, tzinfo=UTC)
        (folder / "exports").mkdir()
        settings = {
            "hub": {"name": "Acme", "default_country": "GB", "database": database_url, "state_dir": str(folder / "s")},
            "connections": {
                "export": {
                    "connector": "files",
                    "config": {"path": str(folder / "exports")},
                    "streams": {"cards": {}},
                },
                "book": {"connector": "carddav", "config": desk.settings(), "push": {"contacts": {}}},
            },
        }
        (folder / "concord.yaml").write_text(json.dumps(settings), encoding="utf-8")
        self.db = Database(database_url, now=self.now)
        self.hub = self._open()

    def _open(self) -> Hub:
        vault = Vault(self.db, self.folder / "s")
        models = {name: vendor.config for name, vendor in catalogue().items()}
        settings = loader.load(self.folder / "concord.yaml", models, vault.get)
        return Hub(settings, self.db, vault, runtime=Runtime(now=self.now, sleep=self.sleep))

    def now(self) -> datetime:
        """The present instant, a millisecond later each time it is asked for."""
        self.instant += timedelta(milliseconds=1)
        return self.instant

    def sleep(self, seconds: float) -> None:
        """So many seconds go by."""
        self.instant += timedelta(seconds=seconds)

    def close(self) -> None:
        """Lets go of the database."""
        self.hub.close()

    def export(self, *cards: str) -> None:
        """The other system exports these cards, in place of what it exported before."""
        self.sleep(3600)
        path = self.folder / "exports" / "people.vcf"
        path.write_text("".join(cards), encoding="utf-8", newline="")
        os.utime(path, (self.instant.timestamp(), self.instant.timestamp()))

    def sync(self) -> SyncReport:
        """Everything is read and resolved."""
        self.sleep(60)
        report = self.hub.sync()
        assert self.hub.crashes == []
        assert report.ok, report
        return report

    def planned(self) -> Sequence[PlannedChange]:
        """What would be written now."""
        return self.hub.plan().changes

    def push(self) -> ApplyReport:
        """Plans and applies."""
        self.sleep(60)
        report = self.hub.apply(self.hub.plan().hash)
        assert self.hub.crashes == []
        return report

    def settle(self) -> None:
        """Reads, writes, reads back; holds that nothing is left to be written then."""
        self.sync()
        report = self.push()
        assert report.status == "ok", report
        self.sync()
        assert self.planned() == []

    def cards(self) -> dict[str, str]:
        """The cards in the address book for new ones, by path."""
        return dict(self.desk.books.cards(self.book))

    def only_card(self) -> tuple[str, str]:
        """The path and the text of the one card there is."""
        (found,) = self.cards().items()
        return found

    def customer(self) -> CustomerView:
        """The one customer there is."""
        (found,) = self.hub.find_customers("")
        return self.hub.customer(found.id)

    def golden(self) -> dict[str, Any]:
        """What is known of the one customer."""
        return {one.field: one.value for one in self.customer().values}


def kim(*lines: str, name: str = "Kim Plum") -> str:
    """Kim's card in the export."""
    return card("export-kim", "EMAIL:kim@plum.example", *lines, name=name)
