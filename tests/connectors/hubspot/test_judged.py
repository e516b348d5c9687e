"""What people say of who is who reaches HubSpot: duplicates, owners and associations follow with the next plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.hubspot.portal import Portal
from sync.reports import CustomerView
from tests.connectors.hubspot.desk import Desk
from tests.sync.hubs import Stage, changes, members, person

PUSH = {"contacts": {"match_on": "email"}, "timeline": {"kinds": ["order"]}}


@pytest.fixture
def stage(tmp_path: Path, database_url: str, desk: Desk) -> Iterator[Stage]:
    """A shop with two who share nothing, one of whom has bought; both are in the portal, and so is the order."""
    made = Stage(tmp_path, database_url, push=PUSH, shop=("people", "orders"), crm=("contacts", "notes"))
    made.connectors["crm"] = desk.connector()
    for email in ("ann@home.example", "anna@work.example"):
        made.shop.put("people", person("Ann Lee", email=email))
    made.shop.put(
        "orders",
        {
            "number": "1",
            "placed_at": "2026-05-01T10:00:00Z",
            "total": "9.50",
            "currency": "EUR",
            "email": "anna@work.example",
        },
    )
    made.settle()
    yield made
    made.close()


def _of(stage: Stage, record: str) -> CustomerView:
    (found,) = [one for one in stage.customers() if record in members(one)]
    return found


def _contact(desk: Desk, email: str) -> str:
    (found,) = [one.id for one in desk.portal.live("contacts") if one.properties.get("email") == email]
    return found


def _noted_at(portal: Portal) -> list[str]:
    (note,) = [one.id for one in portal.live("notes")]
    return portal.linked("notes", note, "contacts")


def _settled(stage: Stage) -> None:
    assert stage.push().ok
    assert stage.sync().ok
    assert stage.hub.plan().empty


def test_a_merge_makes_one_of_two_contacts_a_duplicate_and_a_split_gives_it_back(stage: Stage, desk: Desk) -> None:
    ann, anna = _contact(desk, "ann@home.example"), _contact(desk, "anna@work.example")
    assert _noted_at(desk.portal) == [anna]
    report = stage.hub.merge([_of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id])
    roles = {one.remote_id: one.role for one in _of(stage, "shop/people 1").remotes}
    assert sorted(roles.values()) == ["duplicate", "primary"]
    assert [one.duplicates for one in stage.hub.plan().targets if one.object == "contacts"] == [1]
    _settled(stage)
    assert roles[_noted_at(desk.portal)[0]] == "primary"
    assert len([*desk.portal.live("contacts")]) == 2, "nothing is merged over there unasked"
    stage.hub.take_back(report.judgement)
    _settled(stage)
    for record, contact in (("shop/people 1", ann), ("shop/people 2", anna)):
        assert [(one.remote_id, one.role) for one in _of(stage, record).remotes] == [(contact, "primary")]
    assert _noted_at(desk.portal) == [anna]


def test_a_split_customer_gets_a_contact_of_its_own_with_what_it_bought(stage: Stage, desk: Desk) -> None:
    stage.hub.merge([_of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id])
    _settled(stage)
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.hub.unmerge(_of(stage, "shop/people 4").id, ["shop/people/1", "shop/people/4"], note="her mother")
    _settled(stage)
    mother, anna = _of(stage, "shop/people 1"), _of(stage, "shop/people 2")
    assert {one.role for each in (mother, anna) for one in each.remotes} == {"primary"}
    assert _noted_at(desk.portal) == [one.remote_id for one in anna.remotes]
    assert [changes(stage.hub.plan(), name) for name in ("contacts", "notes")] == [[], []]
