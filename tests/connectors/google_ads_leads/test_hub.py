"""Google Ads leads behind a hub: a lead founds a customer, who may buy later; one bad lead costs one lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.google_ads_leads.agency import Agency
from tests.connectors.rig import Clock
from tests.sync.hubs import BOOKKEEPING, Stage, members, person, values

COUNTED = BOOKKEEPING | {"dead_letter"}
"""A dead letter counts how often it came."""


@pytest.fixture
def ads() -> Iterator[Agency]:
    agency = Agency(clock=Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield agency
    agency.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, ads: Agency) -> Iterator[Stage]:
    """A hub that reads the leads, keeping the login's tokens, and a shop."""
    (tmp_path / "s").mkdir()
    made = Stage(tmp_path, database_url, shop=("people",))
    made.settings["connections"]["ads"] = {"connector": "google_ads_leads", "config": dict(ads.server.settings)}
    made.configure()
    yield made
    made.close()


def test_a_lead_who_becomes_a_buyer_is_one_customer(stage: Stage, ads: Agency) -> None:
    lead = ads.submit(1)
    assert stage.sync().ok
    (found,) = stage.customers()
    assert values(found)["stage"] == "lead"
    stage.shop.put("people", person("Kim Plum", email="KIM.1@plum.example"))
    assert stage.sync().ok
    (found,) = stage.customers()
    assert members(found) == [f"ads/leads {lead.id}", "shop/people 1"]
    assert [item.key for item in stage.hub.timeline(found.id)] == [f"google_ads:lead:{lead.id}"]


def test_a_bad_lead_goes_to_the_dead_letters_and_a_second_sync_changes_nothing(stage: Stage, ads: Agency) -> None:
    ads.submit(1)
    ads.submit(2, garbled=True)
    assert not stage.sync().ok
    before = stage.dump(COUNTED)
    stage.sync()
    assert stage.dump(COUNTED) == before
    assert (len(stage.customers()), len(stage.rows("dead_letter"))) == (1, 1)
