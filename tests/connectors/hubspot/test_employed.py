"""Contacts are associated with the companies that people work for, and HubSpot's own associations are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot

from tests.connectors.hubspot.desk import TOKEN, Desk
from tests.sync.hubs import Stage, changes, person

PUSH = {"companies": {"match_on": "domain"}, "contacts": {"match_on": "email"}}


@pytest.fixture
def stage(tmp_path: Path, database_url: str, desk: Desk) -> Iterator[Stage]:
    """A shop with two companies and somebody who works for the first."""
    made = Stage(tmp_path, database_url, push=PUSH, shop=("people", "companies"), crm=("contacts", "companies"))
    made.connectors["crm"] = desk.connector()
    made.shop.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"}, id="bolt")
    made.shop.put("companies", {"name": "Acme Ltd", "domain": "acme.co.uk"}, id="acme")
    made.shop.put("people", person("Ann Lee", email="ann@bolt.de"), id="ann")
    yield made
    made.close()


def _company(desk: Desk, domain: str) -> str:
    (found,) = [one.id for one in desk.portal.live("companies") if one.properties.get("domain") == domain]
    return found


def _works_at(desk: Desk) -> list[str | None]:
    (contact,) = desk.portal.live("contacts")
    linked = desk.portal.linked("contacts", contact.id, "companies")
    return [desk.portal.companies.get(one).properties.get("domain") for one in linked]


def _settled(stage: Stage) -> None:
    stage.settle()
    assert stage.hub.plan().empty


@pytest.mark.proof("official client", "hubspot-api-client")
def test_the_vendors_client_sees_the_company_of_a_contact_that_one_plan_created(stage: Stage, desk: Desk) -> None:
    _settled(stage)
    client: Any = HubSpot(access_token=TOKEN, host=desk.server.url)
    (contact,) = client.crm.contacts.get_all()
    found = client.crm.associations.v4.basic_api.get_page("contacts", contact.id, "companies").results
    assert [each.to_object_id for each in found] == [_company(desk, "bolt.de")]


def test_another_employer_takes_the_place_of_the_one_that_we_associated(stage: Stage, desk: Desk) -> None:
    _settled(stage)
    stage.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    _settled(stage)
    assert _works_at(desk) == ["acme.co.uk"]


def test_what_hubspot_associated_by_itself_stays_when_the_employer_changes(stage: Stage, desk: Desk) -> None:
    bolt = desk.portal.companies.create(name="Bolt", domain="bolt.de")
    ann = desk.portal.contacts.create(email="ann@bolt.de", firstname="Ann", lastname="Lee")
    desk.portal.link("contacts", ann.id, "companies", bolt.id)
    _settled(stage)
    assert _works_at(desk) == ["bolt.de"]
    stage.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    desk.portal.update(ann, {"email": "ann@acme.co.uk"})
    _settled(stage)
    assert _works_at(desk) == ["bolt.de", "acme.co.uk"]


@pytest.mark.parametrize("how", ["dropped", "refused", "overloaded"])
def test_an_association_that_goes_wrong_comes_with_the_next_plan_and_is_ours(
    stage: Stage, desk: Desk, how: str
) -> None:
    stage.sync()
    if how == "dropped":
        desk.server.faults.drop_answer(path="associate/default")
    elif how == "refused":
        desk.server.faults.fail(400, body={"category": "VALIDATION_ERROR"}, path="associate/default")
    else:
        desk.server.faults.fail(500, times=20, path="associate/default")
    report = stage.push()
    desk.server.faults.clear()
    assert not report.ok
    assert len([*desk.portal.live("contacts")]) == 1
    assert [one.action for one in changes(stage.hub.plan(), "contacts")] == ["associate"]
    _settled(stage)
    assert _works_at(desk) == ["bolt.de"]
    assert stage.hub.dead_letters() == []
    stage.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    _settled(stage)
    assert _works_at(desk) == ["acme.co.uk"]


def test_a_look_at_what_is_there_that_fails_writes_no_association(stage: Stage, desk: Desk) -> None:
    stage.sync()
    desk.server.faults.fail(500, times=20, path="companies/batch/read")
    assert not stage.push().ok
    desk.server.faults.clear()
    assert _works_at(desk) == []
    _settled(stage)
    assert _works_at(desk) == ["bolt.de"]


def test_a_company_that_is_archived_there_is_made_again_with_its_contacts(stage: Stage, desk: Desk) -> None:
    _settled(stage)
    desk.portal.companies.archive(_company(desk, "bolt.de"))
    _settled(stage)
    assert _works_at(desk) == ["bolt.de"]


def test_companies_and_contacts_that_are_merged_there_stay_associated(stage: Stage, desk: Desk) -> None:
    _settled(stage)
    other = desk.portal.companies.create(name="Bolt, the old one")
    desk.portal.merge("companies", other.id, _company(desk, "bolt.de"))
    (ann,) = desk.portal.live("contacts")
    also = desk.portal.contacts.create(email="lee@home.example", lastname="Lee")
    desk.portal.merge("contacts", also.id, ann.id)
    stage.sync()
    for _ in range(2):
        stage.push()
        stage.sync()
    assert len(_works_at(desk)) == 1
    assert stage.hub.plan().empty
