"""A stale plan is refused: what is applied is what was planned, for the world it was planned for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mapping.errors import ConfigError, StalePlanError
from sync.reports import PlanReport
from tests.sync.hubs import Stage, changes, new_values, person, values
from tests.sync.meanwhile import Meanwhile


def _planned(stage: Stage) -> PlanReport:
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"))
    stage.shop.put("people", person("Bob Ray", email="bob@x.example"))
    stage.sync()
    return stage.hub.plan()


def _refused(stage: Stage, plan: PlanReport, match: str) -> None:
    sent = stage.crm.requests["write"]
    with pytest.raises((StalePlanError, ConfigError), match=match):
        stage.hub.apply(plan.hash)
    assert stage.crm.requests["write"] == sent
    assert stage.rows("outbox") == []


def test_a_plan_is_refused_when_a_customer_changed_and_nothing_of_it_is_written(stage: Stage) -> None:
    plan = _planned(stage)
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    _refused(stage, plan, "1 of 2 records changed")
    assert stage.remotes() == {}


def test_the_rest_is_applied_when_moved_records_may_be_skipped(stage: Stage) -> None:
    plan = _planned(stage)
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    report = stage.hub.apply(plan.hash, skip_moved=True)
    assert (report.status, report.created, report.moved) == ("partial", 1, 1)
    assert [one["email"] for one in stage.remotes().values()] == ["bob@x.example"]


def test_a_plan_is_refused_when_a_customer_is_gone(stage: Stage) -> None:
    plan = _planned(stage)
    stage.shop.delete("people", "1")
    stage.sync()
    _refused(stage, plan, "1 of 2 records changed")


def test_a_plan_is_refused_when_two_of_its_customers_became_one(stage: Stage) -> None:
    plan = _planned(stage)
    stage.shop.change("people", "2", person("Ann Lee", email="ann@x.example", city="Leeds"))
    stage.sync()
    _refused(stage, plan, "2 of 2 records changed")


def test_a_plan_is_refused_when_what_the_destination_holds_changed(stage: Stage) -> None:
    _planned(stage)
    stage.settle()
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    plan = stage.hub.plan()
    for city in ("York", "Leeds"):
        stage.shop.change("people", "1", {"city": city})
        stage.sync()
        if city == "York":
            stage.push()
    _refused(stage, plan, "1 of 1 record changed")


@pytest.mark.parametrize("skip_moved", [False, True])
def test_a_plan_is_refused_whole_when_the_rules_changed(stage: Stage, skip_moved: bool) -> None:
    plan = _planned(stage)
    stage.configure("crm", push={"people": {"fields": {"notes": "job_title"}}})
    with pytest.raises(StalePlanError, match="rules of crm/people"):
        stage.hub.apply(plan.hash, skip_moved=skip_moved)
    assert stage.remotes() == {}


@pytest.mark.parametrize("skip_moved", [False, True])
def test_a_plan_is_refused_whole_when_the_account_changed(stage: Stage, skip_moved: bool) -> None:
    plan = _planned(stage)
    stage.crm.account = "memory-other"
    with pytest.raises((StalePlanError, ConfigError), match="another account"):
        stage.hub.apply(plan.hash, skip_moved=skip_moved)
    stage.hub.rebind("crm")
    with pytest.raises(StalePlanError, match="another account"):
        stage.hub.apply(plan.hash, skip_moved=skip_moved)
    assert stage.remotes() == {}


def test_a_plan_is_refused_when_its_target_is_no_longer_written(stage: Stage) -> None:
    plan = _planned(stage)
    stage.configure("crm", push={"people": {"enabled": False}})
    _refused(stage, plan, "rules of crm/people")


def test_a_plan_expires(stage: Stage) -> None:
    plan = _planned(stage)
    stage.clock.sleep(24 * 3600 + 1)
    _refused(stage, plan, "expired")


def test_a_plan_is_applied_once(stage: Stage) -> None:
    plan = _planned(stage)
    assert stage.hub.apply(plan.hash).ok
    _refused(stage, plan, "applied already")


def test_a_plan_that_somebody_edited_is_refused(stage: Stage) -> None:
    plan = _planned(stage)
    path = Path(plan.path)
    path.write_text(path.read_text().replace("ann@x.example", "eve@x.example"))
    _refused(stage, plan, "changed since it was made")


def test_a_plan_whose_expiry_was_put_off_by_hand_expires_all_the_same(stage: Stage) -> None:
    plan = _planned(stage)
    path = Path(plan.path)
    data = json.loads(path.read_text())
    data["expires_at"] = "2099-01-01T00:00:00.000000Z"
    path.write_text(json.dumps(data))
    stage.clock.sleep(24 * 3600 + 1)
    _refused(stage, plan, "expired|changed")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_damaged_plan_is_refused(stage: Stage, text: str) -> None:
    plan = _planned(stage)
    Path(plan.path).write_text(text)
    _refused(stage, plan, "damaged|another version")


def test_a_plan_whose_file_is_gone_is_refused(stage: Stage) -> None:
    plan = _planned(stage)
    Path(plan.path).unlink()
    _refused(stage, plan, "no longer there")


@pytest.mark.parametrize("prefix", ["", "zzzz", "../../etc/passwd"])
def test_a_hash_that_names_no_plan_is_refused(stage: Stage, prefix: str) -> None:
    _planned(stage)
    with pytest.raises(StalePlanError, match="There is no plan"):
        stage.hub.apply(prefix)


def test_the_beginning_of_a_hash_is_enough_where_it_names_one_plan(stage: Stage) -> None:
    plan = _planned(stage)
    assert stage.hub.read_plan(plan.hash[:12]).changes == plan.changes
    assert stage.hub.apply(plan.hash[:12]).ok


def test_preconditions_are_checked_again_at_each_batch(stage: Stage) -> None:
    for number in range(150):
        stage.shop.put("people", person(f"Ann A{number:03}", email=f"a{number}@x.example"))
    stage.sync()
    plan = stage.hub.plan()
    other = stage.another()

    def meanwhile() -> None:
        stage.shop.change("people", "150", {"city": "Leeds"})
        stage.shop.change("people", "1", {"city": "York"})
        other.sync(["shop"])

    stage.watch(Meanwhile("push crm/people", meanwhile))
    report = stage.hub.apply(plan.hash)
    other.close()
    assert report.status == "partial"
    assert (report.created, report.moved) in {(149, 1), (148, 2)}


def test_a_plan_file_is_for_its_owner_only(stage: Stage) -> None:
    plan = _planned(stage)
    path = Path(plan.path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_expired_plan_files_are_removed_when_the_next_plan_is_made(stage: Stage) -> None:
    plan = _planned(stage)
    stage.clock.sleep(24 * 3600 + 1)
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    stage.hub.plan()
    assert not Path(plan.path).exists()


def test_a_plan_says_what_changes_from_what_to_what_and_why(stage: Stage) -> None:
    _planned(stage)
    stage.settle()
    stage.shop.change("people", "1", {"city": "Leeds", "email": "ann.lee@x.example"})
    stage.sync()
    plan = stage.hub.plan()
    (change,) = changes(plan)
    assert (change.action, change.title) == ("update", "Ann Lee")
    assert {(f.field, f.old, f.new) for f in change.fields} == {
        ("city", None, "Leeds"),
        ("email", "ann@x.example", "ann.lee@x.example"),
    }
    assert all("shop/people" in field.why for field in change.fields if field.field == "email")
    (target,) = plan.targets
    assert (target.update, target.create, target.unchanged, target.calls) == (1, 0, 1, 1)
    assert new_values(change)["city"] == values(stage.customer("ann.lee@x.example"))["address"]["locality"]
