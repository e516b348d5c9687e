"""What people say of who is who: it stands above what records share, is never forgotten, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from mapping.errors import ConfigError, GoneError
from state import judgements
from state.tables import entity
from sync.reports import CustomerView
from tests.sync.hubs import Stage, changes, members, person, values

PHONE = "+442079460958"


def _put(stage: Stage, *people: dict[str, object]) -> None:
    for one in people:
        stage.shop.put("people", one)


def _of(stage: Stage, record: str) -> CustomerView:
    """The customer of a record."""
    (found,) = [one for one in stage.customers() if record in members(one)]
    return found


def _two(stage: Stage) -> None:
    """Ann twice, by two emails: nothing links the two."""
    _put(
        stage,
        person("Ann Lee", email="ann@home.example", phone=PHONE),
        person("Anna Leigh", email="ann@work.example"),
        person("Bob Ray", email="bob@home.example"),
    )
    stage.sync()


def _family(stage: Stage) -> None:
    """Ann and her daughter, who signs as A Lee, share an email, so they are taken for one."""
    _put(
        stage,
        person("Ann Lee", email="fam@home.example", phone=PHONE),
        person("A Lee", email="fam@home.example"),
        person("Cy Orr", email="cy@home.example"),
    )
    stage.sync()


def _told(stage: Stage) -> list[tuple[object, ...]]:
    """Every customer with its records, its values (but for when they last changed), and what it has over there."""
    return [
        (members(one), {**values(one), "updated_at": None}, len(one.remotes), len(stage.hub.timeline(one.id)))
        for one in stage.customers()
    ]


def _again(stage: Stage, times: int = 1) -> None:
    """Everything waits again, as after a change of the rules."""
    for _ in range(times):
        with stage.hub.db.write() as c:
            judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
        stage.hub.resolve()


def test_a_merge_of_nonsense_is_refused_and_nothing_is_kept(stage: Stage) -> None:
    _two(stage)
    stage.shop.put("companies", {"name": "Lee Ltd"})
    stage.configure("shop", streams={"people": {}, "companies": {}})
    stage.sync()
    ann, anna = _of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id
    (firm,) = [one.id for one in stage.customers() if one.kind == "organization"]
    typo = ann[:-1] + ("z" if ann[-1] != "z" else "y")
    hub = stage.hub
    with pytest.raises(GoneError, match="Did you mean c_"):
        hub.merge([typo, anna])
    with pytest.raises(GoneError, match="concord customers find"):
        hub.merge(["nobody", anna])
    with pytest.raises(ConfigError, match="named twice"):
        hub.merge([ann, ann])
    with pytest.raises(ConfigError, match="two customers or more"):
        hub.merge([ann])
    with pytest.raises(ConfigError, match="different kinds"):
        hub.merge([ann, firm])
    assert hub.judgements() == []
    assert stage.rows("judgement_member") == []


def test_an_unmerge_of_nonsense_is_refused_and_nothing_is_kept(stage: Stage) -> None:
    _family(stage)
    family, other = _of(stage, "shop/people 1").id, _of(stage, "shop/people 3").id
    hub = stage.hub
    with pytest.raises(GoneError):
        hub.unmerge("c_nobody", ["shop/people/1"])
    with pytest.raises(ConfigError, match="Say which records"):
        hub.unmerge(family)
    with pytest.raises(ConfigError, match=f"is a record of {other}"):
        hub.unmerge(family, ["shop/people/3"])
    with pytest.raises(
        ConfigError, match="no record shop/people/99; its records are shop/people/sales/1, shop/people/sales/2"
    ):
        hub.unmerge(family, ["shop/people/99"])
    with pytest.raises(ConfigError, match="nothing would be left"):
        hub.unmerge(family, ["shop/people/1", "shop/people/2"])
    with pytest.raises(ConfigError, match="nothing would be left"):
        hub.unmerge(family, connections=["shop"])
    with pytest.raises(ConfigError, match="no record from 'crm'"):
        hub.unmerge(family, connections=["crm"])
    assert hub.judgements() == []


def test_a_merge_holds_through_rebuilds_and_reloads(stage: Stage) -> None:
    _two(stage)
    ann, anna, bob = (_of(stage, f"shop/people {n}").id for n in (1, 2, 3))
    report = stage.hub.merge([ann, anna], note="her married name", actor="ops")
    merged = _of(stage, "shop/people 1")
    assert members(merged) == ["shop/people 1", "shop/people 2"]
    assert merged.id == ann
    assert stage.hub.customer(anna).id == ann
    assert [(one.id, one.became) for one in report.customers] == [(ann, "stays"), (anna, ann)]
    groups = stage.groups()
    _again(stage, 3)
    stage.sync(full=True)
    assert stage.groups() == groups
    assert {_of(stage, f"shop/people {n}").id for n in (1, 2, 3)} == {ann, bob}
    (kept,) = stage.hub.judgements()
    assert (kept.id, kept.actor, kept.note) == (report.judgement, "ops", "her married name")
    assert kept.groups == [["shop/people/sales/1", "shop/people/sales/2"]]


def test_an_unmerge_holds_against_what_the_records_share(stage: Stage) -> None:
    _family(stage)
    family = _of(stage, "shop/people 1").id
    stage.hub.unmerge(family, ["shop/people/2"])
    apart = {frozenset({f"shop/people {n}"}) for n in (1, 2, 3)}
    assert stage.groups() == apart
    assert _of(stage, "shop/people 1").id == family, "of two halves the older keeps the id"
    ids = {frozenset(members(one)): one.id for one in stage.customers()}
    _again(stage, 3)
    stage.shop.change("people", "2", {"city": "Ely"})
    stage.sync()
    stage.sync(full=True)
    assert {frozenset(members(one)): one.id for one in stage.customers()} == ids


def test_a_record_that_comes_later_goes_to_whom_it_shares_most_with(stage: Stage) -> None:
    _family(stage)
    stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/2"])
    stage.shop.change("people", "2", {"phone": "+442079460123"})
    _put(
        stage,
        person("A Lee", email="fam@home.example", phone="+442079460123"),
        person("A Lee", email="fam@home.example", phone=PHONE),
    )
    stage.sync()
    assert members(_of(stage, "shop/people 2")) == ["shop/people 2", "shop/people 4"]
    assert members(_of(stage, "shop/people 1")) == ["shop/people 1", "shop/people 5"]


def test_a_judged_record_that_goes_and_comes_back_is_judged_still(stage: Stage) -> None:
    _two(stage)
    ann, anna = _of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id
    stage.hub.merge([ann, anna])
    stage.shop.archive("people", "2")
    stage.sync()
    assert members(_of(stage, "shop/people 1")) == ["shop/people 1"]
    stage.shop.change("people", "2", {"email": None})
    stage.shop.restore("people", "2")
    stage.sync()
    assert members(_of(stage, "shop/people 1")) == ["shop/people 1", "shop/people 2"]


def test_the_newer_of_two_judgements_stands(stage: Stage) -> None:
    _family(stage)
    stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/2"])
    stage.hub.merge([_of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id])
    assert members(_of(stage, "shop/people 1")) == ["shop/people 1", "shop/people 2"]
    stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/1"])
    assert len(stage.groups()) == 3
    _again(stage)
    assert len(stage.groups()) == 3


def test_taking_a_judgement_back_restores_what_was(stage: Stage) -> None:
    _two(stage)
    before = [(members(one), values(one)) for one in stage.customers()]
    report = stage.hub.merge([_of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id])
    stage.hub.take_back(report.judgement, actor="ops")
    assert [(members(one), values(one)) for one in stage.customers()] == before
    (kept,) = stage.hub.judgements()
    assert kept.taken_back_at
    assert kept.taken_back_by == "ops"
    with pytest.raises(ConfigError, match="taken back already"):
        stage.hub.take_back(report.judgement)
    with pytest.raises(GoneError, match="no judgement 99"):
        stage.hub.take_back(99)


def test_a_dry_run_tells_what_would_change_and_changes_nothing(timeline: Stage) -> None:
    stage = timeline
    _two(stage)
    stage.shop.put(
        "orders", {"number": "1", "customer": "2", "total": "9.50", "currency": "EUR", "email": "ann@work.example"}
    )
    stage.settle()
    ann, anna = _of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id
    before = stage.dump()
    report = stage.hub.merge([ann, anna], dry_run=True)
    assert stage.dump() == before
    assert (report.judgement, report.dry_run) == (0, True)
    assert {one.id: one.became for one in report.customers} == {ann: anna, anna: "stays"}, "the larger lives on"
    assert [one for one in report.facts if one.before != one.after] == []
    assert [(one.object, one.before, one.after, one.role) for one in report.remotes] == [
        ("people", ann, anna, "duplicate")
    ]
    assert "emails" in {one.field for one in report.values}
    assert all(one.customer == anna for one in report.values)
    done = stage.hub.merge([ann, anna])
    assert (done.customers, done.values, done.facts, done.remotes) == (
        report.customers, report.values, report.facts, report.remotes,
    )  # fmt: skip


def test_a_merge_makes_a_duplicate_over_there_and_taking_it_back_gives_it_back(timeline: Stage) -> None:
    stage = timeline
    _two(stage)
    stage.shop.put(
        "orders", {"number": "1", "customer": "2", "total": "9.50", "currency": "EUR", "email": "ann@work.example"}
    )
    stage.settle()
    assert stage.hub.plan().empty
    owners = {row["remote_id"]: row["subject_key"] for row in stage.rows("shadow") if row["object"] == "people"}
    before = _told(stage)
    report = stage.hub.merge([_of(stage, "shop/people 1").id, _of(stage, "shop/people 2").id])
    merged = _of(stage, "shop/people 1")
    assert sorted(one.role for one in merged.remotes) == ["duplicate", "primary"]
    plan = stage.hub.plan()
    assert [one.duplicates for one in plan.targets if one.object == "people"] == [1]
    assert stage.push().ok
    stage.sync()
    assert stage.hub.plan().empty
    stage.hub.take_back(report.judgement)
    assert _told(stage) == before
    assert all(one.role == "primary" for each in stage.customers() for one in each.remotes)
    assert len(owners) == len({row["subject_key"] for row in stage.rows("shadow") if row["object"] == "people"})
    assert stage.push().ok
    stage.sync()
    assert stage.hub.plan().empty
    _again(stage, 2)
    assert _told(stage) == before


def test_what_is_written_and_never_read_goes_back_as_well(tmp_path: Path, database_url: str) -> None:
    stage = Stage(tmp_path, database_url, crm=())
    stage.configure("crm", streams={name: {"enabled": False} for name in ("people", "companies", "activities")})
    _two(stage)
    stage.settle()
    assert {row["connection_id"] for row in stage.rows("slice")} == {"shop"}
    before = [(members(one), [(r.remote_id, r.role) for r in one.remotes]) for one in stage.customers()]
    report = stage.hub.merge([_of(stage, f"shop/people {n}").id for n in (1, 2)])
    assert stage.push().ok
    assert stage.hub.plan().empty
    stage.hub.take_back(report.judgement)
    assert [(members(one), [(r.remote_id, r.role) for r in one.remotes]) for one in stage.customers()] == before
    assert stage.push().ok
    assert stage.hub.plan().empty
    assert len(stage.remotes()) == 3
    stage.close()


def test_a_record_we_wrote_into_does_not_hold_on_to_whom_it_was_merged_with(stage: Stage) -> None:
    _put(stage, person(phone="+442079460999"), person("Ann Lee", email="ann@home.example"))
    stage.crm.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    before = stage.groups()
    merge = stage.hub.merge([_of(stage, f"shop/people {n}").id for n in (1, 2)])
    split = stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/1"])
    for report in (split, merge):
        stage.hub.take_back(report.judgement)
    assert stage.groups() == before


def test_an_unmerge_gives_the_other_a_record_of_its_own_over_there_and_its_engagements(timeline: Stage) -> None:
    stage = timeline
    _put(
        stage,
        person("Ann Lee", email="ann@home.example", phone=PHONE),
        person("A Lee", email="al@home.example", phone=PHONE),
    )
    stage.shop.put(
        "orders", {"number": "1", "customer": "2", "total": "9.50", "currency": "EUR", "email": "al@home.example"}
    )
    stage.settle()
    assert len(stage.remotes()) == 1
    one = _of(stage, "shop/people 1").id
    stage.hub.unmerge(one, ["shop/people/2", "shop/orders/3"])
    ann, bob = _of(stage, "shop/people 1"), _of(stage, "shop/people 2")
    assert members(ann) == ["crm/people 1", "shop/people 1"], "our copy stays with the customer"
    plan = stage.hub.plan()
    assert [one.action for one in changes(plan) if one.subject_key == bob.id] == ["create"]
    assert stage.push().ok
    assert stage.push().ok
    stage.sync()
    assert stage.hub.plan().empty
    assert len(stage.remotes()) == 2
    assert [row["subject_key"] for row in stage.rows("shadow") if row["object"] == "people"] == [ann.id, bob.id]
    held = {row["remote_id"]: row["subject_key"] for row in stage.rows("shadow") if row["object"] == "people"}
    (order,) = [row for row in stage.rows("shadow") if row["subject_kind"] == "fact"]
    assert [held[end.partition(":")[2]] for ends in order["refs"].values() for end in ends] == [bob.id]
    _again(stage)
    stage.sync(full=True)
    assert len(stage.groups()) == 2


def test_our_own_words_that_come_back_undo_no_unmerge(stage: Stage) -> None:
    _family(stage)
    stage.settle()
    stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/2"])
    groups = {frozenset(one for one in group if one.startswith("shop")) for group in stage.groups()}
    for _ in range(2):
        assert stage.push().ok
        stage.sync(full=True)
        assert {frozenset(one for one in group if one.startswith("shop")) for group in stage.groups()} == groups
    assert stage.hub.plan().empty


def test_what_was_said_of_a_record_goes_on_with_the_one_it_was_merged_into_over_there(stage: Stage) -> None:
    for name, email in (("Ann Lee", "fam@home.example"), ("A Lee", "fam@home.example"), ("A Lee", "a@x.example")):
        stage.crm.put("people", person(name, email=email))
    stage.sync()
    stage.hub.unmerge(_of(stage, "crm/people 1").id, ["crm/people/2"])
    stage.crm.merge("people", "2", "3")
    stage.sync()
    stage.crm.change("people", "3", {"email": "fam@home.example"})
    stage.sync()
    assert stage.groups() == {frozenset({"crm/people 1"}), frozenset({"crm/people 3"})}


def test_customers_that_no_judgement_touches_are_left_alone(stage: Stage) -> None:
    _family(stage)
    before = _of(stage, "shop/people 3")
    events = len(stage.rows("event"))
    stage.hub.unmerge(_of(stage, "shop/people 1").id, ["shop/people/2"])
    assert _of(stage, "shop/people 3") == before
    assert len(stage.rows("event")) == events + 1
