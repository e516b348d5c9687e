"""A real Tryton fills, changes, deletes, is suddenly empty and refills; the hub follows, or stops and says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from admin.demo.servers.tryton import PASSWORD
from state.tables import metadata, raw_record
from sync.hub import Hub
from sync.reports import StreamSweep
from tests.connectors.tryton.works import PARTY, Works
from tests.sync.hubs import BOOKKEEPING


class Office:
    """A hub that reads one Tryton."""

    def __init__(self, folder: Path, template: Path, works: Works) -> None:
        self.works, self._clock = works, works.way.clock
        shutil.copy(template, folder / "concord.db")
        config = {"url": works.proxy.url, "database": works.server.database, "user": works.server.user, "page_size": 3}
        connection = {"connector": "tryton", "config": {**config, "password": PASSWORD}}
        hub = {"name": "Acme", "default_country": "GB", "state_dir": str(folder)}
        path = folder / "concord.yaml"
        path.write_text(json.dumps({"hub": hub, "connections": {"erp": connection}}))
        self.hub = Hub.open(path, runtime=works.runtime())

    def sync(self) -> None:
        """An hour later; holds that all went well."""
        self._clock.advance(3600)
        report = self.hub.sync(["erp"])
        assert self.hub.crashes == []
        assert [each.message for each in report.streams if each.status != "ok"] == []

    def sweep(self, *, allow_deletes: bool = False) -> StreamSweep:
        """A sweep of the parties."""
        self._clock.advance(3600)
        report = self.hub.sweep(["erp"], streams=["parties"], allow_deletes=allow_deletes)
        assert self.hub.crashes == []
        (found,) = report.streams
        return found

    def make(self, name: str, email: str) -> int:
        """A party in Tryton."""
        ways = [["create", [{"type": "email", "value": email}]]]
        values = {**PARTY, "name": name, "contact_mechanisms": ways}
        return self.works.backdoor.make("party.party", values, self._clock.now())

    def delete(self, *parties: int) -> None:
        """Parties that are removed from Tryton for good."""
        self.works.backdoor.call("party.party", "delete", [*parties])

    def found(self, query: str) -> set[str]:
        """The names of the customers that a search finds."""
        return {one.name for one in self.hub.find_customers(query)}

    def held(self) -> set[str]:
        """The ids of the records that the hub takes to be there."""
        with self.hub.db.read() as c:
            return set(c.scalars(select(raw_record.c.remote_id).where(raw_record.c.state == "live")))

    def dump(self) -> Mapping[str, list[Any]]:
        """Every row of every table, those apart that keep the books."""
        kept = [table for name, table in metadata.tables.items() if name not in BOOKKEEPING]
        with self.hub.db.read() as c:
            return {
                table.name: [tuple(row) for row in c.execute(select(table).order_by(*table.primary_key.columns))]
                for table in kept
            }


@pytest.fixture
def office(works: Works, tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    made = Office(tmp_path, sqlite_template, works)
    yield made
    made.hub.close()


def test_what_happens_in_tryton_happens_in_the_hub(office: Office) -> None:
    parties = [office.make(f"Ada Castro {number}", f"ada.{number}@example.com") for number in range(5)]
    office.works.backdoor.sale(parties[0], office.works.way.clock.now())
    office.sync()
    before = office.held()
    assert {str(each) for each in parties} < before
    kept = office.dump()
    office.sync()
    assert office.dump() == kept, "a second sync of an unchanged source writes no row"

    office.works.backdoor.call(
        "party.party", "write", [parties[1]], {"name": "Ada Ito"}, at=office.works.way.clock.now()
    )
    office.sync()
    assert office.found("ada.1@example.com") == {"Ada Ito"}

    office.delete(parties[2])
    office.sync()
    assert office.held() == before, "nothing tells of a deletion"
    assert office.sweep().gone == 1
    assert office.held() == before - {str(parties[2])}


def test_a_tryton_that_is_suddenly_empty_stops_at_the_guard_until_it_is_filled_again(office: Office) -> None:
    parties = [office.make(f"Ada Castro {number}", f"ada.{number}@example.com") for number in range(8)]
    office.sync()
    before = office.held()
    office.delete(*parties)
    swept = office.sweep()
    assert (swept.status, swept.gone) == ("failed", 0)
    assert "8 of 10 known records are no longer there; nothing was deleted" in swept.message
    assert office.held() == before
    again = [office.make(f"Bea Ito {number}", f"bea.{number}@example.com") for number in range(8)]
    office.sync()
    assert {str(each) for each in again} < office.held()
    assert office.sweep(allow_deletes=True).status == "ok"
    assert not {str(each) for each in parties} & (office.held() - {str(each) for each in again})
