"""People are shown with their organization, and organizations with their people, as golden records are now."""

from __future__ import annotations

import pytest

from sync.reports import CustomerView
from tests.sync.hubs import Stage, person, values


@pytest.fixture
def company(stage: Stage) -> Stage:
    """Two companies, and people of theirs and of none."""
    stage.configure("shop", streams={"people": {}, "companies": {}})
    stage.shop.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    stage.shop.put("companies", {"name": "Acme Ltd", "domain": "acme.co.uk"})
    stage.shop.put("people", person("Ann Lee", email="ann@bolt.de"), id="ann")
    stage.shop.put("people", person("Bob Ray", email="bob@gmail.com"))
    stage.sync("shop")
    return stage


def _one(stage: Stage, name: str) -> CustomerView:
    (found,) = [one for one in stage.customers() if str(values(one)["name"]).startswith(name)]
    return found


def test_a_person_is_shown_with_the_organization_and_the_other_way_round(company: Stage) -> None:
    ann, bolt = _one(company, "Ann Lee"), _one(company, "Bolt")
    assert [(one.id, one.name, one.why) for one in ann.belongs] == [(bolt.id, "Bolt GmbH", "email at bolt.de")]
    assert [(one.id, one.name) for one in bolt.belongs] == [(ann.id, "Ann Lee")]
    assert _one(company, "Bob Ray").belongs == []
    assert _one(company, "Acme").belongs == []


def test_who_belongs_where_follows_what_records_say_now(company: Stage) -> None:
    company.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    company.sync("shop")
    assert [one.name for one in _one(company, "Ann Lee").belongs] == ["Acme Ltd"]
    assert _one(company, "Bolt").belongs == []


def test_two_organizations_of_one_domain_are_one_and_keep_their_people(company: Stage) -> None:
    company.shop.put("companies", {"name": "Bolt", "domain": "bolt.de"})
    company.sync("shop")
    (found,) = _one(company, "Ann Lee").belongs
    assert (found.id, found.why) == (_one(company, "Bolt").id, "email at bolt.de")
