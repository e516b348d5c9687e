"""People are associated with the company that they work for, at destinations that hold both, and nobody else's
association is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.memory.api import Api
from connectors.memory.faults import Fault
from connectors.memory.writes import Writer
from mapping.contract import Change, Op, Outcome
from mapping.errors import TransientError
from sync.reports import PlannedChange
from tests.sync.hubs import Stage, changes, members, person

PUSH: Mapping[str, Any] = {"people": {"match_on": "email"}, "companies": {}}
STREAMS = ("people", "companies")


@pytest.fixture
def firm(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Two companies; one of Bolt, one of Acme, and one who works for nobody."""
    made = Stage(tmp_path, database_url, push=PUSH, shop=STREAMS, crm=STREAMS)
    made.shop.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"}, id="bolt")
    made.shop.put("companies", {"name": "Acme Ltd", "domain": "acme.co.uk"}, id="acme")
    made.shop.put("people", person("Ann Lee", email="ann@bolt.de"), id="ann")
    made.shop.put("people", person("Bob Ray", email="bob@acme.co.uk"), id="bob")
    made.shop.put("people", person("Cy Orr", email="cy@gmail.com"), id="cy")
    yield made
    made.close()


def _works(stage: Stage) -> dict[str, list[str]]:
    """Who is associated with which companies over there, by given name."""
    firms = {f"companies:{i}": str(row.values["name"]) for i, row in stage.crm.records("companies").items()}
    people = [row for row in stage.crm.records("people").values() if not row.archived]
    return {
        str(row.values.get("given_name")): sorted(firms.get(end, "nobody") for end in row.refs.get("company", ()))
        for row in people
    }


def _remote(stage: Stage, object_: str, field: str, value: str) -> str:
    (found,) = [str(i) for i, row in stage.crm.records(object_).items() if row.values.get(field) == value]
    return found


def _ann(stage: Stage) -> str:
    return _remote(stage, "people", "given_name", "Ann")


def _by_hand(stage: Stage, name: str, company: str) -> None:
    """A person associates two records over there."""
    ends = {"company": [f"companies:{_remote(stage, 'companies', 'name', company)}"]}
    Api(stage.crm).link("people", _remote(stage, "people", "given_name", name), ends, add=True)


def _change(stage: Stage, title: str) -> PlannedChange:
    (found,) = [one for one in changes(stage.hub.plan()) if one.title == title]
    return found


def _organization(stage: Stage, record: str) -> str:
    (found,) = [one.id for one in stage.customers() if f"shop/companies {record}" in members(one)]
    return found


def _reached_by_mail(stage: Stage) -> None:
    """Both companies have an address, too: a golden record has one domain, and as many emails as there are."""
    for name, email in (("bolt", "hello@bolt.de"), ("acme", "hello@acme.co.uk")):
        stage.shop.change("companies", name, {"email": email})


# -- what a plan does


def test_people_are_associated_with_companies_that_the_same_plan_creates(firm: Stage) -> None:
    firm.settle()
    assert _works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
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
    ann = _change(firm, "Ann Lee")
    bolt = _organization(firm, "bolt")
    assert (ann.refs, ann.words) == ({"company": [bolt]}, {bolt: "Bolt GmbH (email at bolt.de)"})
    assert _change(firm, "Cy Orr").refs == {}


def test_what_is_taken_back_is_told_by_name(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.sync()
    ann = _change(firm, "Ann Lee")
    (left,) = [one for one in ann.fields if one.field == "company record"]
    assert left.old.startswith("Bolt GmbH (companies:")
    assert list(ann.words.values()) == ["Acme Ltd (email at acme.co.uk)"]


def test_people_whose_companies_are_not_written_there_are_not_associated(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "companies": {"enabled": False}})
    firm.settle()
    assert firm.crm.records("companies") == {}
    assert _works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.hub.plan().empty


def test_companies_that_are_no_longer_written_leave_their_people_as_they_are(firm: Stage) -> None:
    firm.settle()
    firm.configure("crm", push={**PUSH, "companies": {"enabled": False}})
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Bolt GmbH"]


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
    assert _works(firm)["Ann"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_a_company_that_changes_its_domain_reaches_its_people(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("companies", "bolt", {"domain": "bolt.example"})
    firm.settle()
    assert _works(firm)["Ann"] == [], "nothing says any more that she works there"
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.example"))
    firm.settle()
    assert _works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_changes_its_name_reaches_people_who_name_it(firm: Stage) -> None:
    firm.shop.put("people", person("Dee Fox", email="dee@gmail.com", company="Thunder"))
    firm.settle()
    assert _works(firm)["Dee"] == []
    firm.shop.change("companies", "bolt", {"name": "Thunder GmbH"})
    firm.settle()
    assert _works(firm)["Dee"] == ["Thunder GmbH"]
    assert _works(firm)["Ann"] == ["Thunder GmbH"], "the domain is the same"


def test_a_company_that_turns_up_later_reaches_people_who_were_there_before(firm: Stage) -> None:
    firm.shop.put("people", person("Dee Fox", email="dee@late.example"))
    firm.settle()
    firm.shop.put("companies", {"name": "Late Ltd", "domain": "late.example"})
    firm.sync("shop")
    assert [(one.title, one.action) for one in changes(firm.hub.plan())] == [("Dee Fox", "associate")]
    firm.settle()
    assert _works(firm)["Dee"] == ["Late Ltd"]


def test_two_who_claim_one_domain_have_nobody_by_it(firm: Stage) -> None:
    firm.settle()
    firm.shop.put("companies", {"name": "Other Inc", "email": "hello@bolt.de"})
    firm.sync()
    assert len([one for one in firm.customers() if one.kind == "organization"]) == 3
    firm.settle()
    assert _works(firm)["Ann"] == []
    assert firm.hub.plan().empty


def test_organizations_that_are_merged_have_all_people_at_one_record_and_a_split_parts_them_again(firm: Stage) -> None:
    _reached_by_mail(firm)
    firm.settle()
    merged = firm.hub.merge([_organization(firm, "bolt"), _organization(firm, "acme")])
    (left,) = [one for change in changes(firm.hub.plan()) for one in change.fields]
    assert (left.field, left.new, left.why) == ("company record", None, "it is a duplicate of the employer's record")
    firm.settle()
    works = _works(firm)
    assert works["Ann"] == works["Bob"]
    assert len(works["Ann"]) == 1
    assert len(firm.remotes("companies")) == 2, "the duplicate is reported and left alone"
    assert firm.hub.plan().empty
    firm.hub.take_back(merged.judgement)
    firm.settle()
    assert _works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
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
    assert _works(firm) == {"Ann": ["Bolt GmbH"], "Annie": ["Acme Ltd"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_live_plan_that_misses_a_company_makes_it_anew_and_takes_nothing_back(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", _remote(firm, "companies", "name", "Bolt GmbH"))
    plan = firm.hub.plan(live=True)
    assert [(one.object, one.action) for one in plan.changes] == [("companies", "create"), ("people", "associate")]
    firm.hub.apply(plan.hash)
    firm.sync()
    assert "Bolt GmbH" in _works(firm)["Ann"]
    assert firm.hub.plan().empty


# -- whose an association is


def test_an_association_made_by_hand_is_kept_when_the_employer_changes(firm: Stage) -> None:
    firm.settle()
    _by_hand(firm, "Ann", "Acme Ltd")
    _by_hand(firm, "Cy", "Bolt GmbH")
    firm.sync()
    assert firm.hub.plan().empty
    firm.shop.put("companies", {"name": "Third Ltd", "domain": "third.example"})
    firm.shop.change("people", "ann", {"email": "ann@third.example"})
    firm.settle()
    assert _works(firm) == {"Ann": ["Acme Ltd", "Third Ltd"], "Bob": ["Acme Ltd"], "Cy": ["Bolt GmbH"]}


def test_an_association_that_was_there_before_ours_is_theirs_for_good(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "people": {"match_on": "email", "enabled": False}})
    firm.settle()
    firm.crm.put("people", person("Ann Lee", email="ann@bolt.de"))
    _by_hand(firm, "Ann", "Bolt GmbH")
    firm.configure("crm", push=PUSH)
    firm.sync()
    assert firm.push().associated == 1, "Bob's; Ann's was there"
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.crm.change("people", _ann(firm), {"email": "ann@acme.co.uk"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Acme Ltd", "Bolt GmbH"]


def test_an_association_that_somebody_took_away_is_not_made_again(firm: Stage) -> None:
    firm.settle()
    ends = {"company": [f"companies:{_remote(firm, 'companies', 'name', 'Bolt GmbH')}"]}
    Api(firm.crm).link("people", _ann(firm), ends, add=False)
    firm.sync()
    assert firm.hub.plan().empty


# -- what may fail


def test_a_company_that_is_refused_costs_its_people_nothing_but_the_association(firm: Stage) -> None:
    firm.shop.change("companies", "bolt", {"name": "B" * 300})
    firm.sync()
    report = firm.push()
    assert (report.created, report.failed, report.moved) == (4, 1, 0)
    assert _works(firm) == {"Ann": [], "Bob": ["Acme Ltd"], "Cy": []}
    firm.shop.change("companies", "bolt", {"name": "Bolt GmbH"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.dead_letters() == []
    assert firm.hub.plan().empty


def test_a_company_that_waits_for_approval_is_associated_once_it_is_there(firm: Stage) -> None:
    firm.configure("crm", push={"people": {"match_on": "email", "approve": False}, "companies": {"approve": True}})
    assert firm.sync().ok
    assert _works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.push().ok
    assert _works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_was_there_and_waits_for_approval_leaves_nothing_to_write_meanwhile(firm: Stage) -> None:
    firm.configure("crm", push={"people": {"match_on": "email", "approve": False}, "companies": {"approve": True}})
    firm.crm.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    assert firm.sync().ok
    assert firm.sync().pushes == []
    assert firm.push().ok
    assert _works(firm)["Ann"] == ["Bolt GmbH"]


def test_a_company_that_may_not_be_created_is_associated_with_nobody(firm: Stage) -> None:
    firm.configure("crm", push={**PUSH, "companies": {"mode": "update_only"}})
    firm.settle()
    assert _works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert firm.hub.plan().empty


def test_a_company_that_was_there_and_may_not_be_written_is_associated_with_nobody(firm: Stage) -> None:
    """It never becomes ours to know by: nothing could be noted, and every plan would want it again."""
    firm.configure("crm", push={**PUSH, "companies": {"mode": "create_only"}})
    firm.crm.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    firm.settle()
    assert len(firm.remotes("companies")) == 2
    assert _works(firm) == {"Ann": [], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_guard_that_stops_companies_stops_their_people_too_until_somebody_looks(firm: Stage) -> None:
    free = {"approve": False, "max_change_share": 0.3}
    firm.configure("crm", push={"people": {"match_on": "email", **free}, "companies": free})
    assert firm.sync().ok
    firm.shop.change("companies", "bolt", {"city": "Kiel"})
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.de"))
    (push,) = firm.sync().pushes
    assert "1 of 2 companies" in push.message
    assert "Dee" not in _works(firm)
    assert firm.hub.apply(push.message.rsplit(" ", 1)[-1]).ok
    assert _works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_an_association_that_fails_after_the_person_was_written_comes_with_the_next_plan(firm: Stage) -> None:
    firm.sync()
    firm.crm.fail(TransientError("the line is dead"), on="write", after=2)
    report = firm.push()
    assert report.status == "failed"
    assert len(firm.remotes()) == 3
    assert _works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert {one.action for one in changes(firm.hub.plan())} == {"associate"}
    firm.settle()
    assert _works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_an_association_that_is_refused_is_a_dead_letter_until_it_is_made(firm: Stage) -> None:
    firm.sync()
    firm.crm.faults.add(Fault("write", refuse_every=1, after=2))
    report = firm.push()
    assert (report.status, report.created, report.failed) == ("partial", 5, 2)
    assert _works(firm) == {"Ann": [], "Bob": [], "Cy": []}
    assert len(firm.hub.dead_letters()) == 2
    _by_hand(firm, "Ann", "Bolt GmbH")
    firm.settle()
    assert _works(firm)["Bob"] == ["Acme Ltd"]
    assert firm.hub.plan().empty
    assert firm.hub.dead_letters() == []
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Bolt GmbH"], "ours was refused, so this one is theirs"


def test_an_association_whose_answer_was_lost_is_known_for_ours(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(after=2)
    report = firm.push()
    assert (report.created, report.failed) == (5, 2)
    assert _works(firm)["Ann"] == ["Bolt GmbH"]
    assert {one.action for one in changes(firm.hub.plan())} == {"associate"}
    firm.settle()
    assert firm.hub.plan().empty
    assert firm.hub.dead_letters() == []
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert _works(firm)["Ann"] == []


def test_an_association_whose_answer_was_lost_is_taken_back_where_the_employer_changed_meanwhile(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(after=2)
    firm.push()
    firm.shop.change("people", "ann", {"email": "ann@acme.co.uk"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_one_that_was_taken_back_without_an_answer_is_made_again_where_it_holds_again(firm: Stage) -> None:
    firm.settle()
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.sync()
    firm.crm.lose_answer(committed=True, after=1)
    assert firm.push().failed == 1
    assert _works(firm)["Ann"] == []
    firm.shop.change("people", "ann", {"email": "ann@bolt.de"})
    firm.settle()
    assert _works(firm)["Ann"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty
    firm.shop.change("people", "ann", {"email": "ann@gmail.com"})
    firm.settle()
    assert _works(firm)["Ann"] == []


def test_a_hub_that_died_before_it_asked_takes_no_association_for_its_own(firm: Stage) -> None:
    firm.sync()
    firm.crm.lose_answer(committed=False, error=KeyboardInterrupt(), after=2)
    with pytest.raises(KeyboardInterrupt):
        firm.hub.apply(firm.hub.plan().hash)
    assert _works(firm)["Ann"] == []
    firm.clock.sleep(3600)
    firm.settle()
    assert _works(firm) == {"Ann": ["Bolt GmbH"], "Bob": ["Acme Ltd"], "Cy": []}
    assert firm.hub.plan().empty


def test_a_company_that_is_deleted_over_there_is_made_anew_with_its_people(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", _remote(firm, "companies", "name", "Bolt GmbH"))
    firm.settle()
    assert _works(firm)["Ann"].count("Bolt GmbH") == 1
    assert _works(firm)["Bob"] == ["Acme Ltd"]
    assert firm.hub.plan().empty


def test_a_company_that_is_deleted_unseen_refuses_the_association_and_keeps_the_person(firm: Stage) -> None:
    firm.settle()
    firm.crm.delete("companies", _remote(firm, "companies", "name", "Bolt GmbH"))
    firm.shop.put("people", person("Dee Fox", email="dee@bolt.de"))
    firm.sync("shop")
    report = firm.push()
    assert (report.status, report.created, report.failed) == ("partial", 1, 1)
    (letter,) = firm.hub.dead_letters()
    assert "gone" in letter.reason
    firm.settle()
    assert _works(firm)["Dee"] == ["Bolt GmbH"]
    assert firm.hub.plan().empty


def test_a_company_that_is_merged_over_there_has_its_people_at_the_record_that_is_left(firm: Stage) -> None:
    firm.settle()
    firm.crm.put("companies", {"name": "Bolt, the old one"}, id="theirs")
    firm.crm.merge("companies", _remote(firm, "companies", "name", "Bolt GmbH"), "theirs")
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
    bolt, acme = (_remote(firm, "companies", "name", name) for name in ("Bolt GmbH", "Acme Ltd"))
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
    assert sum(bool(there) for there in _works(firm).values()) == 9
    firm.shop.change("companies", "bolt", {"domain": "bolt.example"})
    report = firm.sync()
    assert "8 of 10 people" in report.pushes[0].message
    assert sum(bool(there) for there in _works(firm).values()) == 9


# -- what it costs


def test_a_plan_asks_for_no_person_by_itself(firm: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        firm.shop.put("people", person(f"Dee{number} Fox", email=f"dee{number}@bolt.de"))
    firm.settle()
    bolt, acme = _organization(firm, "bolt"), _organization(firm, "acme")
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
