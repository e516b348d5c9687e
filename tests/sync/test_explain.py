"""Why records are one customer, and why two customers are not, in words that a person can check."""

from __future__ import annotations

import pytest

from mapping.errors import GoneError
from sync.judged import Branch
from tests.sync.hubs import Stage, members, person

PHONE = "+442079460958"


def _id(stage: Stage, record: str) -> str:
    (found,) = [one.id for one in stage.customers() if record in members(one)]
    return found


def _records(branch: Branch) -> list[str]:
    return [branch.record, *(one for each in branch.branches for one in _records(each))]


def _why_not(stage: Stage, a: str = "shop/people 1", b: str = "shop/people 2") -> str:
    view = stage.hub.why_not(_id(stage, a), _id(stage, b))
    assert not view.one
    return "\n".join(view.reasons)


def test_an_id_that_is_not_there_is_refused(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    with pytest.raises(GoneError, match="no customer 'nobody'"):
        stage.hub.explain("nobody")
    with pytest.raises(GoneError, match="no customer 'nobody'"):
        stage.hub.why_not(_id(stage, "shop/people 1"), "nobody")


def test_every_record_hangs_on_another_by_its_strongest_link(stage: Stage) -> None:
    for one in (
        person("Ann Lee", email="ann@home.example", phone=PHONE),
        person("A Lee", email="ann@home.example", phone=PHONE),
        person("Anna Leigh", email="ann@work.example"),
    ):
        stage.shop.put("people", one)
    stage.settle()
    first, married = _id(stage, "shop/people 1"), _id(stage, "shop/people 3")
    number = stage.hub.merge([first, married], note="her married name", actor="ops").judgement
    view = stage.hub.explain(married)
    assert (view.id, view.asked) == (first, married)
    (tree,) = view.trees
    assert sorted(_records(tree)) == sorted({one for link in view.links for one in (link.a, link.b)})
    assert [link.weight for link in view.links] == sorted((link.weight for link in view.links), reverse=True)
    words = [link.words for link in view.links]
    assert any(
        f"ops said on 2026-06-01 (judgement {number}, 'her married name') that they are one" in one for one in words
    )
    assert "we wrote it for this customer" in words
    assert "same email ann@home.example" in words
    assert f"same phone {PHONE}, and names that agree (A Lee, Ann Lee)" in words


def test_whom_somebody_told_apart_is_named_on_both_sides(stage: Stage) -> None:
    for name in ("Ann Lee", "A Lee"):
        stage.shop.put("people", person(name, email="fam@home.example"))
    stage.sync()
    report = stage.hub.unmerge(_id(stage, "shop/people 1"), ["shop/people/2"], note="her daughter", actor="ops")
    ann, daughter = _id(stage, "shop/people 1"), _id(stage, "shop/people 2")
    (said,) = stage.hub.explain(ann).apart
    assert said.startswith(
        f"ops said on 2026-06-01 (judgement {report.judgement}, 'her daughter') that shop/people/sales/2"
    )
    assert daughter in said
    reasons = _why_not(stage)
    assert "that shop/people/sales/1 and shop/people/sales/2 are not one" in reasons
    assert "both say the email fam@home.example, which would make them one if nobody had said otherwise" in reasons


def test_two_ids_of_one_customer_are_said_to_be_one(stage: Stage) -> None:
    for email in ("a@home.example", "b@home.example"):
        stage.shop.put("people", person("Ann Lee", email=email))
    stage.sync()
    ids = [_id(stage, "shop/people 1"), _id(stage, "shop/people 2")]
    stage.hub.merge(ids)
    assert stage.hub.why_not(*ids).one


def test_nothing_shared_is_said_so_with_what_speaks_against_it(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="a@home.example"))
    stage.shop.put("people", person("Bob Ray", email="b@home.example"))
    stage.sync()
    assert "they share no email, no phone, no id" in _why_not(stage)
    assert "their names do not agree: ann lee and bob ray" in _why_not(stage)


def test_a_shared_value_that_links_nobody_is_told_with_the_reason(stage: Stage) -> None:
    stage.configure(identity={"block": ["blocked@home.example"], "max_group": 3})
    for name, fields in (
        ("Ann Lee", {"email": "info@home.example", "phone": PHONE}),
        ("Bob Ray", {"email": "info@home.example", "phone": PHONE}),
        ("Cy Orr", {"email": "blocked@home.example"}),
        ("Di Orr", {"email": "blocked@home.example"}),
        *((name, {"email": "fam@home.example"}) for name in ("Ed Poe", "Flo Poe", "Gus Poe")),
        *(("Hal Moe", {"email": "hal@home.example"}),) * 4,
    ):
        stage.shop.put("people", person(name, **fields))
    stage.sync()
    role = _why_not(stage)
    assert "both say the email info@home.example, but it is the mailbox of a role, or of nobody" in role
    assert f"both say the phone {PHONE}, but a phone links only records whose names agree" in role
    assert "is blocked in the configuration" in _why_not(stage, "shop/people 3", "shop/people 4")
    assert "used under 3 names, more than identity.max_shared_names (2): ed poe, flo poe, gus poe" in _why_not(
        stage, "shop/people 5", "shop/people 6"
    )
    assert "4 records do, more than the 3 that are allowed" in _why_not(stage, "shop/people 8", "shop/people 9")


def test_an_internal_domain_and_an_echo_are_told(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Bob Ray", phone=PHONE))
    stage.settle()
    ann, bob = _id(stage, "shop/people 1"), _id(stage, "shop/people 2")
    stage.hub.merge([ann, bob])
    assert stage.push().ok
    assert stage.sync().ok
    stage.hub.unmerge(ann, ["shop/people/2"])
    assert f"both say the phone {PHONE}, but {_id(stage, 'shop/people 1')} has it only because we wrote it" in _why_not(
        stage
    )


def test_a_score_that_holds_a_customer_together_is_added_up(stage: Stage) -> None:
    stage.configure(identity={"compare": True})
    for host in ("hill", "work"):
        stage.shop.put("people", person("Kate Hill", email=f"kate@{host}.example", birth_date="1980-03-04"))
    stage.sync("shop")
    (one,) = stage.customers()
    (score,) = stage.hub.explain(one.id).scores
    assert {score.a, score.b} == {"shop/people/sales/1", "shop/people/sales/2"}
    assert sum(part.weight for part in score.parts) == pytest.approx(score.log_odds)
    assert score.probability > 0.95
    assert ("name as a whole", "same") in {(part.feature, part.says) for part in score.parts}


def test_why_not_adds_up_the_best_score_and_names_what_stands_against_it(stage: Stage) -> None:
    stage.configure(identity={"compare": True})
    for suffix in ("Jr", "Sr"):
        stage.shop.put("people", person(f"Jon Smith {suffix}", email="jon@smith.example", phone=PHONE))
    stage.shop.put("people", person("Zoe Quux", email="zoe@quux.example"))
    stage.sync("shop")
    a, b, zoe = (_id(stage, f"shop/people {n}") for n in (1, 2, 3))
    view = stage.hub.why_not(a, b)
    assert view.score is not None
    assert view.score.against == "Junior and Senior"
    assert any(part.feature == "generation" and part.weight < 0 for part in view.score.parts)
    assert stage.hub.why_not(a, zoe).score is None
