"""People are associated with the company that they work for, at destinations that hold both, and nobody else's
association is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.memory.api import Api
from connectors.memory.writes import Writer
from mapping.contract import Change, Op, Outcome
from tests.sync.firms import PUSH, ann, by_hand, change, organization, reached_by_mail, remote, works
from tests.sync.hubs import Stage, changes, members, person

# -- what a plan does


def test_people_are_associated_with_companies_that_the_same_plan_creates(firm: Stage) -> None:
    firm.settle()
    assert works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty, "also after our own writes were read"
    assert firm.hub.plan(live=True).empty


def test_a_second_plan_is_empty_before_anything_was_read_back(firm: Stage) -> None:
    firm.sync()
    report = firm.push()
    assert (report.created, report.associated, report.failed) == (5, 2, 0)
    written = firm.crm.written
    assert firm.hub.plan().empty
    assert firm.crm.written == written


def test_the_plan_says_in_words_who_will_be_associated_and_why(firm: Stage) -> None:
    firm.sync()
    ann = change(firm, "Ann Lee")
    bolt = organization(firm, "bolt")
    assert (ann.refs, ann.words) == ({"company": [bolt]}, {bolt: "Bolt GmbH (email at bolt.de)"})
    assert change(firm, "Cy Orr").refs == {}


def test_what_is_taken_back_is_told_by_name(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.sync()
    ann = change(firm, "Ann Lee")
    (left,) = [one for one in ann.fields if one.field == "company record"]
    assert left.old.startswith("Bolt GmbH (companies:")
    assert list(ann.words.values()) == ["Acme Ltd (email at acme.co.uk)"]


def test_people_whose_companies_are_not_written_there_are_not_associated(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "companies": {"enabled": False}})
    firm.settle()
    assert firm.crm.records("companies") == {}
    assert works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.hub.plan().empty


def test_companies_that_are_no_longer_written_leave_their_people_as_they_are(firm: Stage) -> None:
    firm.settle()
    firm.configure("crm", push={**PUSH, "companies": {"enabled": False}})
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.settle()
    assert works(firm)["Ann"] == ["Bolt GmbH"]


def test_a_plan_of_a_while_ago_is_refused_once_the_employer_is_another(firm: Stage) -> None:
    firm.settle()
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.de"))
    firm.sync()
    plan = firm.hub.plan()
    firm.shop.change("companies", "bolt", {"domain": "bolt.example"})
    firm.sync()
    report = firm.hub.apply(plan.hash, skip_moved=True)
    assert (report.created, report.moved) == (0, 1)


# -- what changes reaches people


def test_a_person_who_changes_employer_is_associated_with_the_new_one_alone(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.settle()
    assert works(firm)["Ann"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_a_company_that_changes_its_domain_reaches_its_people(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("companies", "bolt", {"domain": "bolt.example"})
    firm.settle()
    assert works(firm)["Ann"] == [], "nothing says any more that she works there"
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.example"))
    firm.settle()
    assert works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_changes_its_name_reaches_people_who_name_it(firm: Stage) -> None:
    firm.shop.put("people", person("Dee Fox", email="dee@gmail.com", company="Thunder"))
    firm.settle()
    assert works(firm)["Dee"] == []
    firm.shop.change("companies", "bolt", {"name": "Thunder GmbH"})
    firm.settle()
    assert works(firm)["Dee"] == ["Thunder GmbH"]
    assert works(firm)["Ann"] == ["Thunder GmbH"], "the domain is the same"


def test_a_company_that_turns_up_later_reaches_people_who_were_there_before(firm: Stage) -> None:
    firm.shop.put("people", person("Dee Fox", email="dee@late.example"))
    firm.settle()
    firm.shop.put("companies", {"name": "Late Ltd", "domain": "late.example"})
    firm.sync("shop")
    assert [(one.title, one.action) for one in changes(firm.hub.plan())] == [("Dee Fox", "associate")]
    firm.settle()
    assert works(firm)["Dee"] == ["Late Ltd"]


def test_two_who_claim_one_domain_have_nobody_by_it(firm: Stage) -> None:
    firm.settle()
    firm.shop.put("companies", {"name": "Other Inc", "email": "hello@bolt.de"})
    firm.sync()
    assert len([one for one in firm.customers() if one.kind == "organization"]) == 3
    firm.settle()
    assert works(firm)["Ann"] == []
    assert firm.hub.plan().empty


def test_organizations_that_are_merged_have_all_people_at_one_record_and_a_split_parts_them_again(firm: Stage) -> None:
    reached_by_mail(firm)
    firm.settle()
    merged = firm.hub.merge([organization(firm, "bolt"), organization(firm, "acme")])
    (left,) = [one for change in changes(firm.hub.plan()) for one in change.fields]
    assert (left.field, left.new, left.why) == ("company record", None, "it is a duplicate of the employer's record")
    firm.settle()
    together = works(firm)
    assert together["Ann"] == together["Bob"]
    assert len(together["Ann"]) == 1
    assert len(firm.remotes("companies")) == 2, "the duplicate is reported and left alone"
    assert firm.hub.plan().empty
    firm.hub.take_back(merged.judgement)
    firm.settle()
    assert works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_people_who_are_merged_and_split_again_keep_their_companies(firm: Stage) -> None:
    firm.shop.put("people", person("Annie Lee", email="annie@acme.co.uk"), id="annie")
    firm.settle()
    people = [one.id for one in firm.customers() if {"shop/people ann", "shop/people annie"} & {*members(one)}]
    merged = firm.hub.merge(people)
    firm.settle()
    assert firm.hub.plan().empty
    firm.hub.take_back(merged.judgement)
    firm.settle()
    assert works(firm) == {"Ann": ["Bolt GmbH"], "Annie": ["Acme Ltd"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_live_plan_that_misses_a_company_makes_it_anew_and_takes_nothing_back(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", remote(firm, "companies", "name", "Bolt GmbH"))
    plan = firm.hub.plan(live=True)
    assert [(one.object, one.action) for one in plan.changes] == [("companies", "create"), ("people", "associate")]
    firm.hub.apply(plan.hash)
    firm.sync()
    assert "Bolt GmbH" in works(firm)["Ann"]
    assert firm.hub.plan().empty


# -- whose an association is


def test_an_association_made_by_hand_is_kept_when_the_employer_changes(firm: Stage) -> None:
    firm.settle()
    by_hand(firm, "Ann", "Acme Ltd")
    by_hand(firm, "Cy", "Bolt GmbH")
    firm.sync()
    assert firm.hub.plan().empty
    firm.shop.put("companies", {"name": "Third Ltd", "domain": "third.example"})
    firm.shop.change("people", "ann", {"email": "ann@third.example"})
    firm.settle()
    assert works(firm) == {"Ann": ["Acme Ltd", "Third Ltd"], "Bob": ["Acme Ltd"], "Cy": ["Bolt GmbH"]}


def test_an_association_that_was_there_before_ours_is_theirs_for_good(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "people": {"match_on": "email", "enabled": False}})
    firm.settle()
    firm.crm.put("people", person("Ann Lee", email="ann@bolt.de"))
    by_hand(firm, "Ann", "Bolt GmbH")
    firm.configure("crm", push=PUSH)
    firm.sync()
    assert firm.push().associated == 1, "Bob's; Ann's was there"
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.crm.change("people", ann(firm), {"email": "ann@acme.co.uk"})
    firm.settle()
    assert works(firm)["Ann"] == ["Acme Ltd", "Bolt GmbH"]


def test_an_association_that_somebody_took_away_is_not_made_again(firm: Stage) -> None:
    firm.settle()
    ends = {"company": [f"companies:{remote(firm, 'companies', 'name', 'Bolt GmbH')}"]}
    Api(firm.crm).link("people", ann(firm), ends, add=False)
    firm.sync()
    assert firm.hub.plan().empty


# -- what it costs


def test_a_plan_asks_for_no_person_by_itself(firm: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        firm.shop.put("people", person(f"Dee{number} Fox", email=f"dee{number}@bolt.de"))
    firm.settle()
    bolt, acme = organization(firm, "bolt"), organization(firm, "acme")
    firm.hub.merge([bolt, acme])
    asked = 0
    read = type(firm.hub.db).read

    def counted(self: Any) -> Any:
        nonlocal asked
        asked += 1
        return read(self)

    monkeypatch.setattr(type(firm.hub.db), "read", counted)
    assert not firm.hub.plan().empty
    assert asked < 30


def test_nothing_is_asked_of_the_vendor_where_nobody_is_to_be_associated(
    firm: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm.settle()
    asked: list[Op] = []
    write = Writer.write

    def seen(self: Writer, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        asked.extend(one.op for one in batch)
        return write(self, target, batch)

    def never(self: Writer, *given: Any) -> Any:
        raise AssertionError(given)

    monkeypatch.setattr(Writer, "write", seen)
    monkeypatch.setattr(Writer, "associated", never)
    firm.shop.change("people", "ann", {"city": "Kiel"})
    firm.settle()
    assert asked == [Op.UPDATE]
