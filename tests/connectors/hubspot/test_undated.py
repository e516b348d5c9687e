"""What happened nobody knows when: HubSpot takes no engagement without a time, so none is sent, and that is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.hubspot.desk import Desk
from tests.sync.hubs import Stage, person

PUSH = {"contacts": {"match_on": "email"}, "timeline": {}}
TOLD = "1 skipped: nothing is known for hs_timestamp, without which crm takes none"


@pytest.fixture
def stage(tmp_path: Path, database_url: str, desk: Desk) -> Iterator[Stage]:
    """A shop that does not say when one of its two orders was placed."""
    made = Stage(tmp_path, database_url, push=PUSH, shop=("people", "orders"), crm=("contacts",))
    made.connectors["crm"] = desk.connector()
    made.shop.put("people", person("Ann Lee", email="ann@home.example"))
    made.shop.put("orders", {"number": "1", "placed_at": "2026-05-01T10:00:00Z", "email": "ann@home.example"})
    made.shop.put("orders", {"number": "2", "email": "ann@home.example"}, id="undated")
    yield made
    made.close()


def notes(desk: Desk) -> list[str]:
    """The times of the notes over there."""
    return sorted(str(one.properties.get("hs_timestamp")) for one in desk.portal.live("notes"))


def test_it_is_left_out_and_said_to_be_and_nothing_is_left_to_do(stage: Stage, desk: Desk) -> None:
    stage.settle()
    assert len(notes(desk)) == 1
    plan = stage.hub.plan()
    assert plan.empty
    assert any(TOLD in told for told in plan.warnings)
    assert stage.rows("dead_letter") == []
    assert len(stage.hub.timeline(stage.customer("ann@home.example").id)) == 2, "it stands in the timeline all the same"


def test_it_is_written_as_soon_as_its_time_is_known(stage: Stage, desk: Desk) -> None:
    stage.settle()
    stage.shop.change("orders", "undated", {"placed_at": "2026-05-02T10:00:00Z"})
    stage.settle()
    assert len(notes(desk)) == 2
    assert stage.hub.plan().warnings == []


def test_a_time_that_is_known_no_longer_stays_as_it_is_over_there(stage: Stage, desk: Desk) -> None:
    stage.shop.change("orders", "undated", {"placed_at": "2026-05-02T10:00:00Z"})
    stage.settle()
    before = notes(desk)
    stage.shop.change("orders", "undated", {"placed_at": None})
    stage.settle()
    assert stage.hub.plan().empty
    assert notes(desk) == before
