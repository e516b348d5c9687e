"""Acknowledged means acknowledged: what failed, timed out or was cut off is found out and made right."""

from __future__ import annotations

import pytest

from mapping.errors import AuthError, ForbiddenError, RateLimitedError, TransientError
from tests.sync.hubs import Stage, person


def _fill(stage: Stage, count: int = 3) -> None:
    for number in range(1, count + 1):
        stage.shop.put("people", person(f"Ann {chr(64 + number) * 3}", email=f"a{number}@x.example"))
    stage.sync()


def _emails(stage: Stage) -> list[str]:
    return sorted(values["email"] for values in stage.remotes().values())


def _all_is_well(stage: Stage, count: int = 3) -> None:
    """Each customer has exactly one record in the CRM, which the hub knows, and nothing is left to do."""
    assert stage.sync().ok
    assert _emails(stage) == [f"a{n}@x.example" for n in range(1, count + 1)]
    assert stage.hub.plan().empty
    assert stage.hub.plan(live=True).empty
    assert stage.rows("outbox") == []
    assert all(one["observed"] or one["sent"] for one in stage.rows("shadow"))


@pytest.mark.fault(
    "lost answer", "A write is searched for by its key before anything is repeated; no duplicate is made."
)
def test_a_timeout_after_the_vendor_committed_makes_no_duplicate(stage: Stage) -> None:
    _fill(stage)
    stage.crm.lose_answer(committed=True)
    report = stage.push()
    assert (report.status, report.created, report.unknown) == ("ok", 3, 0), "it was found out at once"
    _all_is_well(stage)


def test_a_timeout_before_the_vendor_committed_is_made_right_by_the_next_plan(stage: Stage) -> None:
    _fill(stage)
    stage.crm.lose_answer(committed=False)
    report = stage.push()
    assert report.created == 0
    assert _emails(stage) == []
    assert stage.push().created == 3
    _all_is_well(stage)


def test_an_answer_that_was_lost_is_searched_for_only_once_the_index_has_settled(stage: Stage) -> None:
    stage.configure("crm", config={"settle_seconds": 40})
    stage.crm.index_lag = 30
    _fill(stage)
    stage.crm.lose_answer(committed=True)
    assert stage.push().created == 3
    assert stage.clock.slept
    assert 30 < stage.clock.slept[0] <= 40
    _all_is_well(stage)


def test_an_update_whose_answer_was_lost_is_acknowledged_or_sent_again(stage: Stage) -> None:
    _fill(stage)
    stage.settle()
    for committed in (True, False):
        stage.shop.change("people", "1", {"city": f"Leeds {committed}"})
        stage.sync()
        stage.crm.lose_answer(committed=committed)
        stage.push()
        if not committed:
            stage.push()
        assert [one.get("city") for one in stage.remotes().values()].count(f"Leeds {committed}") == 1
        _all_is_well(stage)


def test_a_process_that_dies_while_the_vendor_works_is_found_out_by_the_next(stage: Stage) -> None:
    _fill(stage)
    for committed in (True, False):
        plan = stage.hub.plan()
        stage.crm.lose_answer(committed=committed, error=KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            stage.hub.apply(plan.hash)
        assert {one["state"] for one in stage.rows("outbox")} == {"sending"}, "the attempt was kept before it was sent"
        stage.sync("shop")
        if committed:
            assert stage.sync().ok
            assert stage.rows("outbox") == []
            _all_is_well(stage)
            stage.shop.put("people", person("Zoe Zed", email="a4@x.example"))
            stage.sync()
    assert stage.push().created == 1
    _all_is_well(stage, 4)


def test_a_run_whose_process_died_is_shown_as_interrupted(stage: Stage) -> None:
    _fill(stage)
    plan = stage.hub.plan()
    stage.crm.lose_answer(error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage.hub.apply(plan.hash)
    assert next(run.status for run in stage.hub.runs(each=True) if run.kind == "push") == "interrupted"


def test_what_is_under_way_is_not_planned_a_second_time(stage: Stage) -> None:
    _fill(stage)
    plan = stage.hub.plan()
    stage.crm.lose_answer(error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage.hub.apply(plan.hash)
    stage.crm.fail(TransientError("away"), on="find")
    with pytest.raises(TransientError):
        stage.hub.plan()
    assert stage.hub.plan().empty
    _all_is_well(stage)


def test_one_refused_record_costs_one_record(stage: Stage) -> None:
    _fill(stage, 4)
    stage.crm.refuse(every=2)
    report = stage.push()
    assert (report.status, report.created, report.failed) == ("partial", 2, 2)
    letters = stage.hub.dead_letters()
    assert [(one.direction, one.connection, one.stream) for one in letters] == [("out", "crm", "people")] * 2
    assert all("refused" in one.reason for one in letters)
    assert stage.push().created == 2
    assert stage.hub.dead_letters() == []
    _all_is_well(stage, 4)


def test_a_rate_limit_in_the_middle_keeps_what_was_acknowledged_and_goes_on_later(stage: Stage) -> None:
    _fill(stage, 150)
    stage.crm.fail(RateLimitedError("slow down", retry_after=9999), on="write", after=1)
    report = stage.push()
    assert (report.status, report.created) == ("paused", 100)
    assert len(stage.remotes()) == 100
    assert stage.rows("outbox") == []
    assert stage.push().created == 50
    assert stage.sync().ok
    assert len(stage.remotes()) == 150
    assert stage.hub.plan().empty


def test_a_plan_that_was_cut_short_can_be_applied_further(stage: Stage) -> None:
    _fill(stage, 150)
    plan = stage.hub.plan()
    stage.crm.fail(TransientError("away"), on="write", after=1)
    assert stage.hub.apply(plan.hash).status == "failed"
    report = stage.hub.apply(plan.hash, skip_moved=True)
    assert (report.created, report.moved, len(stage.remotes())) == (50, 100, 150)


def test_a_login_lost_in_the_middle_pauses_that_connection_while_others_go_on(stage: Stage) -> None:
    stage.connect("erp", push={"people": {"match_on": "email"}})
    _fill(stage)
    plan = stage.hub.plan()
    stage.crm.fail(AuthError("the key was withdrawn"), on="write")
    report = stage.hub.apply(plan.hash)
    assert report.status == "paused"
    assert "crm" in report.message
    assert [(c.name, c.state) for c in stage.hub.status().connections if c.state == "paused"] == [("crm", "paused")]
    assert len(stage.worlds[f"erp-{stage.number}"].records("people")) == 3, "the other destination got its records"
    assert stage.rows("outbox") == []
    assert stage.hub.check(["crm"])[0].ok, "a login that works again resumes it"
    stage.push()
    _all_is_well(stage)


def test_a_login_lost_while_reading_pauses_that_connection_while_others_go_on(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="a1@x.example"))
    stage.crm.put("people", person("Bob Ray", email="bob@y.example"))
    stage.shop.fail(AuthError("the key was withdrawn"))
    report = stage.sync()
    assert [(one.connection, one.status) for one in report.streams] == [("shop", "paused"), ("crm", "ok")]
    assert {(c.name, c.state) for c in stage.hub.status().connections} == {("shop", "paused"), ("crm", "ok")}
    assert stage.sync().ok
    assert {c.state for c in stage.hub.status().connections} == {"ok"}


def test_a_target_without_permission_stops_alone(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@x.example"))
    timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example"})
    timeline.sync()
    timeline.crm.fail(ForbiddenError("no scope for companies"), on="write")
    report = timeline.push()
    assert report.status == "paused"
    assert "companies" in report.message
    assert len(timeline.remotes("people")) == 1
    assert timeline.push().created == 1
    assert timeline.hub.plan().empty


@pytest.mark.fault(
    "lost answer", "Where no key can be searched for, the write is parked for a person and never repeated by itself."
)
def test_a_create_without_a_unique_key_that_cannot_be_found_is_parked_and_never_repeated(timeline: Stage) -> None:
    timeline.configure("crm", push={"people": {"match_on": "email"}, "notes": {}})
    timeline.shop.put("orders", {"number": "1", "email": "ann@x.example", "name": "Ann Lee", "placed_at": "2026-04-01"})
    timeline.sync()
    timeline.configure("crm", push={"companies": {"enabled": False}, "timeline": {"enabled": False}})
    timeline.crm.lose_answer(after=1)
    report = timeline.push()
    assert (report.status, report.parked) == ("partial", 1)
    for _ in range(2):
        timeline.sync()
        assert timeline.hub.plan().empty
    assert len(timeline.remotes("notes")) == 1
    status = timeline.hub.status()
    assert status.parked == 1
    assert any("could not be confirmed" in line for line in status.advice)


def test_a_create_that_only_a_match_can_find_is_found(timeline: Stage) -> None:
    timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example"})
    timeline.sync()
    timeline.crm.lose_answer(committed=True)
    report = timeline.push()
    assert (report.status, report.created, report.parked) == ("ok", 1, 0)
    timeline.sync()
    assert len(timeline.remotes("companies")) == 1
    assert timeline.hub.plan().empty


def test_a_create_that_only_a_match_could_find_and_does_not_is_parked(timeline: Stage) -> None:
    timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example"})
    timeline.sync()
    timeline.crm.lose_answer(committed=False)
    assert timeline.push().parked == 1
    assert timeline.hub.plan().empty
    assert timeline.remotes("companies") == {}


def test_a_parked_create_is_written_again_once_a_person_has_looked(timeline: Stage) -> None:
    timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example"})
    timeline.sync()
    timeline.crm.lose_answer(committed=False)
    assert timeline.push().parked == 1
    (letter,) = timeline.hub.dead_letters()
    assert letter.direction == "out"
    timeline.hub.replay_dead_letters()
    assert timeline.hub.plan().empty, "nobody named it"
    timeline.hub.replay_dead_letters([letter.id])
    assert timeline.push().created == 1
    assert len(timeline.remotes("companies")) == 1
    assert timeline.hub.status().ok


def test_a_record_deleted_over_there_before_the_pull_told_us_is_written_anew(stage: Stage) -> None:
    """The update fails as gone; the link is dropped, and the next plan creates the record."""
    _fill(stage, 1)
    stage.settle()
    stage.configure("crm", streams={"people": {"enabled": False}})
    stage.crm.delete("people", next(iter(stage.remotes())))
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    assert stage.push().failed == 1
    assert stage.push().created == 1
    assert [one["city"] for one in stage.remotes().values()] == ["Leeds"]
    assert stage.hub.plan().empty


def test_a_record_touched_over_there_does_not_refuse_our_writes_for_ever(stage: Stage) -> None:
    _fill(stage, 1)
    stage.settle()
    stage.crm.change("people", next(iter(stage.remotes())), {"job_title": "CTO"})
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync("shop")
    report = stage.push()
    assert report.failed == 1, "it changed over there and we had not read that"
    stage.sync()
    assert stage.push().updated == 1
    (remote,) = stage.remotes().values()
    assert (remote["job_title"], remote["city"]) == ("CTO", "Leeds")
    assert stage.hub.dead_letters() == []
    stage.sync()
    assert stage.hub.plan().empty
