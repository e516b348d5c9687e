"""What may go wrong between two steps: an answer on its way while customers merge, a process that dies in between."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.memory.writes import Writer
from mapping.contract import Change, Op, Outcome
from tests.sync.hubs import PUSH_ALL, Stage, person


def _while_writing(monkeypatch: pytest.MonkeyPatch, op: Op, action: Callable[[], object]) -> None:
    """Does something once, after the CRM has carried out a write of that kind and before we hear of it."""
    write, todo = Writer.write, [action]

    def late(self: Writer, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        outcomes = write(self, target, batch)
        if todo and any(one.op is op for one in batch):
            todo.pop()()
        return outcomes

    monkeypatch.setattr(Writer, "write", late)


def _die_before_writing(stage: Stage) -> None:
    plan = stage.hub.plan()
    stage.crm.lose_answer(committed=False, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage.hub.apply(plan.hash)


def _merge(stage: Stage) -> None:
    """A record turns up that says that Ann and Anne are one."""
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", phone="020 7946 0958"))
    with stage.another() as other:
        assert other.sync(["shop"]).resolve.merged == 1


def _two_to_be_merged(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Ann Lee", phone="020 7946 0958"))
    stage.sync()


def _meet(stage: Stage) -> None:
    attendees = [{"name": "Ann", "email": "ann@home.example"}]
    meeting = {"uid": "u1", "title": "Kickoff", "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees}
    stage.shop.put("meetings", meeting)


def _shadows(stage: Stage, object_: str = "people") -> list[dict[str, Any]]:
    return [one for one in stage.rows("shadow") if one["object"] == object_]


def test_a_value_is_not_taken_for_cleared_by_a_process_that_died_before_it_asked(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.settle()
    stage.shop.change("people", "1", {"city": None})
    stage.sync()
    _die_before_writing(stage)
    stage.sync()
    assert [one.get("city") for one in stage.remotes().values()] == ["Leeds"]
    stage.push()
    assert [one.get("city") for one in stage.remotes().values()] == [None]


def test_a_record_belongs_to_what_its_customer_became_while_it_was_created(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _two_to_be_merged(stage)
    _while_writing(monkeypatch, Op.UPSERT, lambda: _merge(stage))
    stage.push()
    (customer,) = stage.customers()
    assert [(one["subject_key"], one["state"]) for one in _shadows(stage)] == [(customer.id, "live")] * 2
    assert sorted(one["role"] for one in _shadows(stage)) == ["duplicate", "primary"]
    stage.settle()
    assert len(stage.remotes()) == 2, "both were created before they were known to be one, and no third was"
    assert stage.hub.plan().empty


def test_an_association_gives_no_record_back_to_a_customer_that_is_no_more(
    timeline: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _two_to_be_merged(timeline)
    _meet(timeline)
    timeline.sync()
    _while_writing(monkeypatch, Op.ASSOCIATE, lambda: _merge(timeline))
    timeline.push()
    (customer,) = timeline.customers()
    assert {one["subject_key"] for one in _shadows(timeline)} == {customer.id}
    assert [bool(one["refs"]) for one in _shadows(timeline, "activities")] == [True]


def test_an_adopted_record_stays_with_its_customer_when_we_replace_the_address_it_was_known_by(stage: Stage) -> None:
    stage.crm.put("people", person("Ann Lee", email="old@home.example", job_title="Buyer"))
    stage.clock.sleep(60)
    stage.shop.put("people", person("Ann Lee", email="old@home.example", phone="020 7946 0958"))
    stage.sync()
    stage.clock.sleep(60)
    stage.shop.put("people", person("Ann Lee", email="new@home.example", phone="020 7946 0958"))
    stage.settle()
    assert [one["email"] for one in stage.remotes().values()] == ["new@home.example"]
    assert len(stage.customers()) == 1
    assert stage.hub.plan().empty


def test_what_died_under_way_and_was_edited_there_since_is_still_known_as_ours(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.sync()
    plan = stage.hub.plan()
    stage.crm.lose_answer(committed=True, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage.hub.apply(plan.hash)
    (remote,) = stage.remotes()
    stage.crm.change("people", remote, {"city": "York"})
    stage.sync()
    (customer,) = stage.customers()
    (shadow,) = _shadows(stage)
    assert (shadow["subject_key"], shadow["sent"].get("email")) == (customer.id, "ann@home.example")
    assert "city" not in shadow["sent"], "the edit is their word"
    assert len(stage.remotes()) == 1
    assert len(customer.members) == 2


def test_no_activity_is_written_for_a_customer_whose_record_waits_for_approval(timeline: Stage) -> None:
    timeline.configure("crm", push={**PUSH_ALL, "people": {"approve": True}, "timeline": {"approve": False}})
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    _meet(timeline)
    assert timeline.sync().pushes == []
    assert timeline.remotes("activities") == {}
    timeline.push()
    assert len(timeline.remotes("activities")) == 1


def test_no_activity_is_written_for_a_customer_whose_record_was_refused(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    _meet(timeline)
    timeline.sync()
    timeline.crm.refuse(every=1)
    report = timeline.push()
    assert (report.status, report.failed, report.moved) == ("partial", 1, 1)
    assert timeline.remotes("activities") == {}
    timeline.push()
    assert [len(timeline.remotes(name)) for name in ("people", "activities")] == [1, 1]
    assert [bool(one["refs"]) for one in _shadows(timeline, "activities")] == [True]


def test_a_plan_that_was_cut_off_while_it_was_written_is_swept_out_by_a_later_one(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    folder = Path(stage.hub.plan().path).parent
    cut_off, under_way = folder / ".0123.45", folder / ".6789.10"
    for draft, age in ((cut_off, 7200), (under_way, 5)):
        draft.write_text("{")
        os.utime(draft, (draft.stat().st_mtime - age,) * 2)
    stage.hub.plan()
    assert not cut_off.exists()
    assert under_way.exists(), "somebody may be writing it"


def test_a_duplicate_that_is_found_by_our_key_for_a_customer_that_is_split_off_is_its_primary(stage: Stage) -> None:
    """It was made anew and merged away before it was read back, so only writing it finds out whose it is."""
    for name in ("Ann Lee", "Bob Ray", "Cy Orr"):
        stage.shop.put("people", person(name, email=f"{name.split()[0].lower()}@home.example"))
    stage.settle()
    ann, bob = (stage.customer(f"{name}@home.example").id for name in ("ann", "bob"))
    stage.crm.delete("people", next(str(i) for i, row in stage.remotes().items() if row["given_name"] == "Ann"))
    stage.sync()
    stage.push()
    merged = stage.hub.merge([ann, bob])
    stage.sync()
    stage.push()
    stage.hub.take_back(merged.judgement)
    for _ in range(2):
        stage.sync()
        stage.push(skip_moved=True)
    live = [(one["subject_key"], one["role"]) for one in _shadows(stage) if one["state"] == "live"]
    assert len({key for key, role in live if role == "primary"}) == 3
    assert stage.hub.plan().empty
