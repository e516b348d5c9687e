"""What a push may do: modes of targets and fields, unique values, live plans, and targets that need no approval."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.contract import SchemaField
from tests.sync.hubs import Stage, changes, person, stream, values


def _push(stage: Stage, **people: Any) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", **people}})


def _fields(stage: Stage, **fields: Any) -> None:
    _push(stage, fields=fields)


def _one(stage: Stage) -> dict[str, Any]:
    (found,) = stage.remotes().values()
    return dict(found)


def test_update_only_creates_nothing(stage: Stage) -> None:
    _push(stage, mode="update_only")
    stage.crm.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    assert [(change.action, change.title) for change in plan.changes] == [("adopt", "Ann Lee")]
    assert plan.targets[0].skipped == 1
    stage.hub.apply(plan.hash)
    assert _one(stage)["city"] == "Leeds"


def test_create_only_updates_nothing(stage: Stage) -> None:
    _push(stage, mode="create_only")
    stage.crm.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    stage.settle()
    stage.shop.change("people", "2", {"city": "York"})
    stage.sync()
    assert stage.hub.plan().empty
    assert sorted((one["email"], one.get("city")) for one in stage.remotes().values()) == [
        ("ann@home.example", None),
        ("bob@home.example", None),
    ]


@pytest.mark.parametrize(
    ("mode", "first", "changed", "emptied"),
    [
        ("always", "Buyer", "CPO", None),
        ("fill_only", "Buyer", "Buyer", "Buyer"),
        ("never_clear", "Buyer", "CPO", "CPO"),
    ],
)
def test_a_fields_mode_decides_what_becomes_of_it(
    stage: Stage, mode: str, first: str, changed: str, emptied: str | None
) -> None:
    _fields(stage, job_title={"from": "job_title", "mode": mode})
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", job_title="Buyer"))
    for value, expected in (("Buyer", first), ("CPO", changed), (None, emptied)):
        stage.shop.change("people", "1", {"job_title": value})
        stage.settle()
        assert _one(stage).get("job_title") == expected
        assert stage.hub.plan().empty


def test_fill_only_leaves_alone_what_the_crm_says_itself(stage: Stage) -> None:
    _fields(stage, job_title={"from": "job_title", "mode": "fill_only"})
    stage.configure(golden={"job_title": {"prefer": ["shop"]}})
    stage.crm.put("people", person("Ann Lee", email="ann@home.example", job_title="CTO"))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", job_title="Buyer", city="Leeds"))
    stage.settle()
    assert (_one(stage)["job_title"], _one(stage)["city"]) == ("CTO", "Leeds")


def test_to_clear_and_to_leave_alone_are_different_things(stage: Stage) -> None:
    """What we wrote is cleared when no source says it any more; what we never wrote stays."""
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.settle()
    stage.crm.change("people", next(iter(stage.remotes())), {"notes": "their own"})
    stage.shop.change("people", "1", {"city": None})
    stage.sync()
    (change,) = changes(stage.hub.plan())
    assert [(f.field, f.old, f.new, f.why) for f in change.fields] == [
        ("city", "Leeds", None, "no source says it any more")
    ]
    stage.push()
    stage.sync()
    assert (_one(stage).get("city"), _one(stage)["notes"]) == (None, "their own")
    assert stage.hub.plan().empty


def test_a_property_that_is_taken_out_of_the_rules_is_left_as_it_is(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.settle()
    _fields(stage, city=None)
    stage.shop.change("people", "1", {"city": "York"})
    stage.sync()
    assert stage.hub.plan().empty
    assert _one(stage)["city"] == "Leeds"


def test_a_unique_value_that_customers_share_goes_to_one_of_them(stage: Stage) -> None:
    """Three names behind one address are three customers, and the CRM takes the address once."""
    for name in ("Ann Lee", "Bob Lee", "Cy Lee"):
        stage.shop.put("people", person(name, email="family@home.example"))
    stage.settle()
    assert len(stage.customers()) == 3
    assert sorted(str(one.get("email")) for one in stage.remotes().values()) == ["None", "None", "family@home.example"]
    plan = stage.hub.plan()
    assert plan.empty
    assert any("share email" in warning for warning in plan.warnings)


@pytest.mark.parametrize("order", [("1", "2", "3"), ("3", "1", "2")])
def test_who_gets_a_unique_value_does_not_depend_on_who_came_first(stage: Stage, order: tuple[str, ...]) -> None:
    names = {"1": "Ann Lee", "2": "Bob Lee", "3": "Cy Lee"}
    for remote_id in order:
        stage.shop.put("people", person(names[remote_id], email="info@home.example"), id=remote_id)
        stage.sync()
    stage.settle()
    assert [one["given_name"] for one in stage.remotes().values() if one.get("email")] == ["Ann"]


def test_a_unique_value_stays_with_the_record_that_shows_it(stage: Stage) -> None:
    stage.crm.put("people", person("Cy Lee", email="family@home.example"))
    for name in ("Ann Lee", "Bob Lee", "Cy Lee"):
        stage.shop.put("people", person(name, email="family@home.example"))
    stage.settle()
    assert [one["given_name"] for one in stage.remotes().values() if one.get("email")] == ["Cy"]
    assert len(stage.remotes()) == len(stage.customers())


def test_a_record_of_another_customer_is_never_adopted(stage: Stage) -> None:
    """The CRM's own record founds a customer; somebody else with its address must not be written into it."""
    stage.configure(identity={"block": ["desk@home.example"]})
    stage.crm.put("people", person("Ann Lee", email="desk@home.example"), id="theirs")
    stage.shop.put("people", person("Bob Ray", email="desk@home.example"))
    stage.settle()
    assert sorted(one["given_name"] for one in stage.remotes().values()) == ["Ann", "Bob"]
    assert len(stage.remotes()) == len(stage.customers()) == 2


def test_of_several_records_that_match_the_oldest_is_adopted_and_the_others_are_reported(stage: Stage) -> None:
    stage.configure("crm", streams={"people": {"enabled": False}})
    for city in ("Leeds", "York"):
        stage.crm.put("people", person("Ann Lee", email="ann@home.example", city=city))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", job_title="CTO"))
    stage.sync()
    plan = stage.hub.plan()
    assert [(change.action, change.remote_id) for change in plan.changes] == [("adopt", "1")]
    assert plan.targets[0].duplicates == 1
    stage.hub.apply(plan.hash)
    assert [one.get("job_title") for one in stage.remotes().values()] == ["CTO", None]


def test_two_records_of_one_customer_in_the_crm_are_reported_and_only_one_is_written(stage: Stage) -> None:
    for city in ("Leeds", "York"):
        stage.crm.put("people", person("Ann Lee", email="ann@home.example", city=city))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", job_title="CTO"))
    stage.sync()
    plan = stage.hub.plan()
    assert plan.targets[0].duplicates == 1
    stage.hub.apply(plan.hash)
    stage.sync()
    assert [one.get("job_title") for one in stage.remotes().values()] == ["CTO", None]
    assert stage.hub.plan().empty


def test_a_value_that_the_vendor_refuses_costs_its_record_and_no_other(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", job_title="x" * 100))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    stage.sync()
    report = stage.push()
    assert (report.status, report.created, report.failed) == ("partial", 1, 1)
    (letter,) = stage.hub.dead_letters()
    assert "'job_title' is longer than 80" in letter.reason


def test_an_expression_that_fails_skips_its_record_and_says_so(stage: Stage) -> None:
    _fields(stage, lifetime_value="to_number(custom.lifetime_value)", notes="join(',', custom.tags_list)")
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    assert plan.targets[0].skipped + len(plan.changes) == 1
    assert "ann@" not in str(plan.warnings)


def test_the_external_id_field_is_made_first_and_only_by_applying(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    assert any("concord_id" in warning for warning in plan.warnings)
    with stage.crm.holdings(change=False) as holdings:
        assert holdings.table("people").extra_fields == {}
    stage.hub.apply(plan.hash)
    assert _one(stage)["concord_id"] == stage.customer("").id
    assert stage.hub.plan().warnings == []


def test_a_field_of_the_customers_own_can_be_filled(stage: Stage) -> None:
    stage.crm.add_field("people", SchemaField("tier", "enum", options=("gold", "silver")))
    _fields(stage, tier="custom.lifetime_value > `100` && 'gold' || 'silver'")
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", lifetime_value=500))
    stage.settle()
    assert _one(stage)["tier"] == "gold"
    assert stage.hub.plan().empty


# -- live


def test_a_live_plan_sees_a_record_that_is_gone_and_creates_it(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    stage.crm.delete("people", next(iter(stage.remotes())))
    assert stage.hub.plan().empty, "without looking, what was acknowledged is believed"
    plan = stage.hub.plan(live=True)
    assert [change.action for change in plan.changes] == ["create"]
    assert stage.hub.apply(plan.hash).created == 1
    assert _one(stage)["email"] == "ann@home.example"


def test_a_live_plan_sees_what_was_edited_since(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.settle()
    stage.crm.change("people", next(iter(stage.remotes())), {"city": "York"})
    assert stage.hub.plan().empty
    (change,) = changes(stage.hub.plan(live=True))
    assert [(f.field, f.old, f.new) for f in change.fields] == [("city", "York", "Leeds")]


def test_a_live_plan_is_refused_record_by_record_where_it_changed_since_it_was_read(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example", city="Leeds"))
    stage.settle()
    remote = next(iter(stage.remotes()))
    stage.crm.change("people", remote, {"city": "York"})
    plan = stage.hub.plan(live=True)
    stage.crm.change("people", remote, {"city": "Hull"})
    report = stage.hub.apply(plan.hash)
    assert (report.status, report.failed) == ("partial", 1)
    assert _one(stage)["city"] == "Hull"


# -- without approval


def test_a_target_that_needs_no_approval_is_written_by_the_sync_itself(stage: Stage) -> None:
    _push(stage, approve=False)
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    report = stage.sync()
    assert [push.created for push in report.pushes] == [1]
    assert _one(stage)["email"] == "ann@home.example"


def test_a_target_that_needs_approval_is_never_written_by_a_sync(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    assert stage.sync().pushes == []
    assert stage.remotes() == {}


def test_a_change_of_more_than_the_share_waits_for_a_person(stage: Stage) -> None:
    _push(stage, approve=False, max_change_share=0.5)
    for number in range(4):
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example"))
    assert stage.sync().ok
    for number in range(3):
        stage.shop.change("people", str(number + 1), {"city": "Leeds"})
    before = stage.crm.written
    report = stage.sync()
    assert not report.ok
    assert "3 of 4 people" in report.pushes[0].message
    assert stage.crm.written == before
    hash_ = report.pushes[0].message.rsplit(" ", 1)[-1]
    assert stage.hub.apply(hash_).updated == 3


def test_a_change_within_the_share_goes_out(stage: Stage) -> None:
    _push(stage, approve=False, max_change_share=0.5)
    for number in range(4):
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example"))
    stage.sync()
    stage.shop.change("people", "1", {"city": "Leeds"})
    assert [push.updated for push in stage.sync().pushes] == [1]


def test_adopting_and_rewriting_most_of_what_is_there_waits_for_a_person_too(stage: Stage) -> None:
    _push(stage, approve=False, max_change_share=0.5)
    for number in range(4):
        stage.crm.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example", city="Hull"))
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example", city="Leeds"))
    report = stage.sync()
    assert not report.ok
    assert {one["city"] for one in stage.remotes().values()} == {"Hull"}


def test_a_push_that_fails_does_not_fail_the_reading(stage: Stage) -> None:
    _push(stage, approve=False)
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.crm.refuse(every=1)
    report = stage.sync()
    assert stream(report, "shop/people").status == "ok"
    assert [push.status for push in report.pushes] == ["partial"]
    assert values(stage.customer(""))["name"] == "Ann Lee"
    assert [push.created for push in stage.sync().pushes] == [1]


def test_an_activity_waits_for_its_customer_where_only_customers_need_approval(timeline: Stage) -> None:
    timeline.configure("crm", push={"timeline": {"approve": False}})
    guests = [{"name": "Ann Lee", "email": "ann@home.example"}]
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("meetings", {"uid": "u1", "starts_at": "2026-05-01T10:00:00Z", "attendees": guests})
    timeline.sync()
    assert timeline.remotes("activities") == {}, "an activity of nobody helps nobody"
    timeline.push()
    timeline.sync()
    (activity,) = timeline.crm.records("activities").values()
    assert len(activity.refs["person"]) == 1


def test_a_record_without_what_every_record_must_have_is_not_created(stage: Stage) -> None:
    """It would be refused each time; what was refused so before is over."""
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.crm.add_field("people", SchemaField("job_title", required=True))
    stage.sync()
    plan = stage.hub.plan()
    assert plan.empty
    (told,) = plan.warnings
    assert told == "crm/people: 1 skipped: nothing is known for job_title, without which crm takes none"
    stage.shop.change("people", "1", {"job_title": "Buyer"})
    stage.settle()
    assert _one(stage)["job_title"] == "Buyer"
    stage.shop.change("people", "1", {"job_title": None})
    stage.sync()
    assert stage.hub.plan().empty, "to empty it would be refused, too"


def test_a_letter_of_what_is_no_longer_tried_is_over(stage: Stage) -> None:
    stage.crm.add_field("people", SchemaField("job_title"))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    stage.crm.add_field("people", SchemaField("job_title", required=True))
    assert not stage.hub.apply(plan.hash).ok
    assert [row["state"] for row in stage.rows("dead_letter")] == ["open"]
    stage.sync()
    assert stage.hub.plan().empty
    assert [row["state"] for row in stage.rows("dead_letter")] == ["resolved"]
