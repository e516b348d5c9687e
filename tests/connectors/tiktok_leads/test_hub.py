"""TikTok's leads behind a hub: somebody who fills in two forms is one customer with two leads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.rig import Clock
from tests.connectors.tiktok_leads.studio import DEMO, TRIAL, Studio
from tests.sync.hubs import Stage, members, person


@pytest.fixture
def ads() -> Iterator[Studio]:
    studio = Studio(clock=Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)), titles=("Trial", "Demo"))
    yield studio
    studio.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, ads: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A hub that reads the leads, and a shop. The hub's clock is the stand-in's, or no export would ever be ready."""
    made = Stage(tmp_path, database_url, shop=("people",))
    monkeypatch.setattr(ads.server, "now", made.clock)
    config = {**ads.server.settings, "regions": ["eu", "other"]}
    made.settings["connections"]["ads"] = {"connector": "tiktok_leads", "config": config}
    made.configure()
    yield made
    made.close()


def test_a_lead_of_two_forms_who_becomes_a_buyer_is_one_customer(stage: Stage, ads: Studio) -> None:
    first = ads.submit(1, form=TRIAL, region="eu")
    second = ads.submit(1, form=DEMO)
    ads.submit(2, test=True)
    assert stage.sync().ok
    stage.shop.put("people", person("Kim Plum", email="KIM.1@plum.example"))
    assert stage.sync().ok
    (found,) = stage.customers()
    assert members(found) == sorted([f"ads/leads {first.id}", f"ads/leads {second.id}", "shop/people 1"])
    keys = {item.key for item in stage.hub.timeline(found.id)}
    assert keys == {f"tiktok:lead:{first.id}", f"tiktok:lead:{second.id}"}


def test_a_second_sync_changes_nothing(stage: Stage, ads: Studio) -> None:
    ads.submit(1)
    assert stage.sync().ok
    before = stage.dump()
    assert stage.sync().ok
    assert stage.dump() == before
