"""LinkedIn's leads behind a hub: a lead founds a customer, who may buy later; what is forgotten over there stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.linkedin_lead_sync.bureau import Bureau
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, members, person, values


@pytest.fixture
def ads() -> Iterator[Bureau]:
    bureau = Bureau(clock=Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield bureau
    bureau.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, ads: Bureau) -> Iterator[Stage]:
    """A hub that reads the leads, and a shop."""
    made = Stage(tmp_path, database_url, shop=("people",))
    config = {name: value for name, value in ads.server.settings.items() if name != "refresh_token"}
    login = {"access_token": ads.server.token(), "client_id": "", "base_url": config["base_url"]}
    made.settings["connections"]["ads"] = {
        "connector": "linkedin_lead_sync",
        "config": {"ad_account": config["ad_account"], **login},
    }
    made.configure()
    yield made
    made.close()


def test_a_lead_who_becomes_a_buyer_is_one_customer(stage: Stage, ads: Bureau) -> None:
    lead = ads.submit(1, at=datetime(2026, 5, 31, tzinfo=UTC))
    assert stage.sync().ok
    (found,) = stage.customers()
    assert values(found)["stage"] == "lead"
    stage.shop.put("people", person("Kim Plum1", email="KIM.1@plum.example"))
    assert stage.sync().ok
    (found,) = stage.customers()
    assert members(found) == [f"ads/leads {lead}", "shop/people 1"]
    (item,) = stage.hub.timeline(found.id)
    assert item.key == f"linkedin:lead:{lead}"
    assert "Trial form" in item.line
    assert "Spring trial" in repr(stage.rows("fact"))


def test_a_second_sync_changes_nothing_and_a_test_lead_is_nobody(stage: Stage, ads: Bureau) -> None:
    ads.submit(1, at=datetime(2026, 5, 31, tzinfo=UTC))
    ads.submit(2, at=datetime(2026, 5, 31, tzinfo=UTC), testLead=True)
    assert stage.sync().ok
    before = stage.dump()
    assert stage.sync().ok
    assert stage.dump() == before
    assert len(stage.customers()) == 1


def test_a_lead_that_linkedin_has_forgotten_stays(stage: Stage, ads: Bureau) -> None:
    ads.submit(1, at=datetime(2026, 5, 31, tzinfo=UTC))
    stage.sync()
    ads.owner.responses.clear()
    assert stage.sync().ok
    assert len(stage.customers()) == 1


def test_a_login_that_ended_pauses_the_connection_and_the_others_go_on(stage: Stage, ads: Bureau) -> None:
    ads.submit(1)
    ads.server.revoke()
    stage.shop.put("people", person("Bo Fig", email="bo@fig.example"))
    report = stage.sync()
    assert not report.ok
    (ads_report,) = [one for one in report.streams if one.connection == "ads"]
    assert ads_report.status == "paused"
    assert len(stage.customers()) == 1
