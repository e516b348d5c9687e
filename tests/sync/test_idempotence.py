"""Idempotent: what did not change is neither written nor sent again."""

from __future__ import annotations

import pytest

from connectors.memory.sandbox import World
from tests.sync.hubs import Stage, person


@pytest.fixture
def timeline(timeline: Stage) -> Stage:
    """The stage with records compared, too."""
    timeline.configure(identity={"compare": True})
    return timeline


def _fill(shop: World, crm: World) -> None:
    shop.put("people", person("Ann Lee", email="Ann.Lee@x.com", phone="020 7946 0958", newsletter=True))
    shop.put("people", person("Anne Lee", email="ann.lee@x.com", city="Leeds"))
    shop.put("people", person("Bob Ray", email="bob@y.org", lifetime_value=12.345))
    shop.put("companies", {"name": "Y Org", "domain": "y.org", "employees": 12})
    attendees = [{"name": "Bob", "email": "bob@y.org", "answer": "accepted"}, {"email": "zed@z.com"}]
    shop.put("meetings", {"uid": "u1", "title": "Kickoff", "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees})
    shop.put("orders", {"number": "1", "placed_at": "2026-04-01T10:00:00Z", "total": "49.90", "email": "ann.lee@x.com"})
    crm.put("people", person("Bob Ray", email="bob@y.org", job_title="CTO"))
    crm.put("companies", {"name": "Other", "domain": "other.example"})


def test_a_second_sync_of_unchanged_sources_writes_no_data_row(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    assert timeline.sync().ok
    before = timeline.dump()
    again = timeline.sync()
    assert again.ok
    assert timeline.dump() == before
    assert sum(one.new + one.changed + one.gone + one.dead for one in again.streams) == 0


def test_reading_everything_again_writes_no_data_row(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.settle()
    before = timeline.dump()
    assert timeline.sync(full=True).ok
    assert timeline.dump() == before


def test_a_sync_after_a_push_writes_no_data_row_the_second_time_and_sends_nothing(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.settle()
    before, written, sent = timeline.dump(), timeline.crm.written, timeline.crm.requests["write"]
    for _ in range(2):
        assert timeline.sync().ok
    assert timeline.dump() == before
    assert (timeline.crm.written, timeline.crm.requests["write"]) == (written, sent)


def test_a_plan_right_after_apply_and_sync_is_empty(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.settle()
    plan = timeline.hub.plan()
    assert plan.empty, plan.changes
    assert timeline.hub.plan(live=True).empty


def test_a_plan_right_after_apply_is_empty_before_anything_was_read_back(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.sync()
    assert timeline.push().ok
    assert timeline.hub.plan().empty


def test_applying_an_empty_plan_sends_nothing(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.settle()
    sent = timeline.crm.requests["write"]
    assert timeline.push().ok
    assert timeline.crm.requests["write"] == sent


def test_the_same_world_gives_the_same_plan(timeline: Stage) -> None:
    _fill(timeline.shop, timeline.crm)
    timeline.sync()
    one = timeline.hub.plan()
    other = timeline.hub.plan()
    assert one.hash == other.hash
    assert one.changes == other.changes


def test_targets_that_need_no_approval_are_written_once(timeline: Stage) -> None:
    timeline.configure(
        "crm", push={"people": {"approve": False}, "companies": {"approve": False}, "timeline": {"approve": False}}
    )
    _fill(timeline.shop, timeline.crm)
    assert all(push.ok for push in timeline.sync().pushes)
    written = timeline.crm.written
    assert written > 0
    for _ in range(2):
        assert timeline.sync().pushes == []
    assert timeline.crm.written == written
