"""What may fail while people are associated with their companies, and what comes of it."""

from __future__ import annotations

import pytest

from connectors.memory.faults import Fault
from mapping.errors import TransientError
from tests.sync.firms import PUSH, by_hand, remote, works
from tests.sync.hubs import Stage, changes, person


def test_a_company_that_is_refused_costs_its_people_nothing_but_the_association(firm: Stage) -> None:
    firm.shop.change("companies", "bolt", {"name": "B" * 300})
    firm.sync()
    report = firm.push()
    assert (report.created, report.failed, report.moved) == (4, 1, 0)
    assert works(firm) == {"Ann": [], "Bob": ["Acme Ltd"], "Cy": []}
    firm.shop.change("companies", "bolt", {"name": "Bolt GmbH"})
    firm.settle()
    assert works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.dead_letters() == []
    assert firm.hub.plan().empty


def test_a_company_that_waits_for_approval_is_associated_once_it_is_there(firm: Stage) -> None:
    firm.configure("crm", push={"people": {"match_on": "email", "approve": False}, "companies": {"approve": True}})
    assert firm.sync().ok
    assert works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.push().ok
    assert works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_was_there_and_waits_for_approval_leaves_nothing_to_write_meanwhile(firm: Stage) -> None:
    firm.configure("crm", push={"people": {"match_on": "email", "approve": False}, "companies": {"approve": True}})
    firm.crm.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    assert firm.sync().ok
    assert firm.sync().pushes == []
    assert firm.push().ok
    assert works(firm)["Ann"] == ["Bolt GmbH"]


def test_a_company_that_may_not_be_created_is_associated_with_nobody(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "companies": {"mode": "update_only"}})
    firm.settle()
    assert works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.hub.plan().empty


def test_a_company_that_was_there_and_may_not_be_written_is_associated_with_nobody(firm: Stage) -> None:
    """It never becomes ours to know by: nothing could be noted, and every plan would want it again."""
    firm.configure("crm", push={**PUSH, "companies": {"mode": "create_only"}})
    firm.crm.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    firm.settle()
    assert len(firm.remotes("companies")) == 2
    assert works(firm) == {"Ann": [], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_guard_that_stops_companies_stops_their_people_too_until_somebody_looks(firm: Stage) -> None:
    free = {"approve": False, "max_change_share": 0.3}
    firm.configure("crm", push={"people": {"match_on": "email", **free}, "companies": free})
    assert firm.sync().ok
    firm.shop.change("companies", "bolt", {"city": "Kiel"})
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.de"))
    (push,) = firm.sync().pushes
    assert "1 of 2 companies" in push.message
    assert "Dee" not in works(firm)
    assert firm.hub.apply(push.message.rsplit(" ", 1)[-1]).ok
    assert works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_an_association_that_fails_after_the_person_was_written_comes_with_the_next_plan(firm: Stage) -> None:
    firm.sync()
    firm.crm.fail(TransientError("the line is dead"), on="write", after=2)
    report = firm.push()
    assert report.status == "failed"
    assert len(firm.remotes()) == 3
    assert works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert {one.action for one in changes(firm.hub.plan())} == {"associate"}
    firm.settle()
    assert works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_an_association_that_is_refused_is_a_dead_letter_until_it_is_made(firm: Stage) -> None:
    firm.sync()
    firm.crm.faults.add(Fault("write", refuse_every=1, after=2))
    report = firm.push()
    assert (report.status, report.created, report.failed) == ("partial", 5, 2)
    assert works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert len(firm.hub.dead_letters()) == 2
    by_hand(firm, "Ann", "Bolt GmbH")
    firm.settle()
    assert works(firm)["Bob"] == ["Acme Ltd"]
    assert firm.hub.plan().empty
    assert firm.hub.dead_letters() == []
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert works(firm)["Ann"] == ["Bolt GmbH"], "ours was refused, so this one is theirs"


def test_an_association_whose_answer_was_lost_is_known_for_ours(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(after=2)
    report = firm.push()
    assert (report.created, report.failed) == (5, 2)
    assert works(firm)["Ann"] == ["Bolt GmbH"]
    assert {one.action for one in changes(firm.hub.plan())} == {"associate"}
    firm.settle()
    assert firm.hub.plan().empty
    assert firm.hub.dead_letters() == []
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert works(firm)["Ann"] == []


def test_an_association_whose_answer_was_lost_is_taken_back_where_the_employer_changed_meanwhile(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(after=2)
    firm.push()
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.settle()
    assert works(firm)["Ann"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_one_that_was_taken_back_without_an_answer_is_made_again_where_it_holds_again(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.sync()
    firm.crm.lose_answer(committed=True, after=1)
    assert firm.push().failed == 1
    assert works(firm)["Ann"] == []
    firm.shop.change("people", "ann", {"email": "ann@bolt.de"})
    firm.settle()
    assert works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert works(firm)["Ann"] == []


def test_a_hub_that_died_before_it_asked_takes_no_association_for_its_own(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(committed=False, error=KeyboardInterrupt(), after=2)
    with pytest.raises(KeyboardInterrupt):
        firm.hub.apply(firm.hub.plan().hash)
    assert works(firm)["Ann"] == []
    firm.clock.sleep(3600)
    firm.settle()
    assert works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_company_that_is_deleted_over_there_is_made_anew_with_its_people(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", remote(firm, "companies", "name", "Bolt GmbH"))
    firm.settle()
    assert works(firm)["Ann"].count("Bolt GmbH") == 1
    assert works(firm)["Bob"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_a_company_that_is_deleted_unseen_refuses_the_association_and_keeps_the_person(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", remote(firm, "companies", "name", "Bolt GmbH"))
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.de"))
    firm.sync("shop")
    report = firm.push()
    assert (report.status, report.created, report.failed) == ("partial", 1, 1)
    (letter,) = firm.hub.dead_letters()
    assert "gone" in letter.reason
    firm.settle()
    assert works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_is_merged_over_there_has_its_people_at_the_record_that_is_left(firm: Stage) -> None:
    firm.settle()
    firm.crm.put("companies", {"name": "Bolt, the old one"}, id="theirs")
    firm.crm.merge("companies", remote(firm, "companies", "name", "Bolt GmbH"), "theirs")
    firm.sync()
    for _ in range(2):
        firm.push()
        firm.sync()
    assert len(firm.remotes("companies")) == 2
    (ann,) = [row.refs["company"] for row in firm.crm.records("people").values() if row.values["given_name"] == "Ann"]
    assert "companies:theirs" in ann
    assert firm.hub.plan().empty


def test_a_company_that_is_merged_into_that_of_another_customer_moves_nobody(firm: Stage) -> None:
    """The vendor has moved its people; who works where over there is not ours to say as long as Bolt has no record."""
    firm.settle()
    bolt, acme = (remote(firm, "companies", "name", name) for name in ("Bolt GmbH", "Acme Ltd"))
    firm.crm.merge("companies", bolt, acme)
    firm.sync()
    plan = firm.hub.plan()
    assert plan.empty
    assert any("another customer owns it" in warning for warning in plan.warnings)


def test_what_is_known_of_the_employer_only_by_an_unanswered_write_lets_nothing_go(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("companies", "bolt", {"city": "Kiel"})
    firm.sync()
    firm.crm.lose_answer(committed=False, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        firm.hub.apply(firm.hub.plan().hash)
    assert changes(firm.hub.plan()) == []


def test_taking_back_more_than_the_share_waits_for_a_person(firm: Stage) -> None:
    free = {"approve": False, "max_change_share": 0.3}
    firm.configure(
        "crm", push={"people": {"match_on": "email", **free}, "companies": {"approve": False, "max_change_share": 1}}
    )
    for number in range(7):
        firm.shop.put("people", person(f"Dee{number} Fox", email=f"dee{number}@bolt.de"))
    assert firm.sync().ok
    assert sum(bool(there) for there in works(firm).values()) == 9
    firm.shop.change("companies", "bolt", {"domain": "bolt.example"})
    report = firm.sync()
    assert "8 of 10 people" in report.pushes[0].message
    assert sum(bool(there) for there in works(firm).values()) == 9
