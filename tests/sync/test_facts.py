"""Facts: one event seen in several places is one, and belongs to who held the identifier at its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sync.hubs import Stage, changes, person

PHONE = "020 7946 0958"
MAY = "2026-05-01T10:00:00Z"


def _meeting(*emails: str, uid: str = "u1", at: str = MAY, **fields: Any) -> Mapping[str, Any]:
    attendees = [{"email": email, "name": email.split("@")[0].title()} for email in emails]
    return {"uid": uid, "title": "Kickoff", "starts_at": at, "attendees": attendees, **fields}


def _order(number: str, at: str, **who: str) -> Mapping[str, Any]:
    return {"number": number, "placed_at": at, "total": "9.90", "currency": "EUR", **who}


def _timeline(stage: Stage, query: str) -> list[str]:
    return [item.key.rsplit(":", 1)[-1] for item in stage.hub.timeline(stage.customer(query).id)]


def _two_calendars(stage: Stage) -> None:
    stage.connect("calendar", streams=("meetings",))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    stage.shop.put("meetings", _meeting("ann@home.example", "bob@home.example"), id="here")
    stage.worlds[f"calendar-{stage.number}"].put(
        "meetings", _meeting("ann@home.example", location="Room 2"), id="there"
    )


def test_two_sightings_are_one_fact(timeline: Stage) -> None:
    _two_calendars(timeline)
    report = timeline.sync()
    assert report.resolve.facts == 1
    (item,) = timeline.hub.timeline(timeline.customer("ann@home.example").id)
    assert item.sources == ["calendar/meetings", "shop/meetings"]
    assert _timeline(timeline, "bob@home.example") == ["u1"]
    timeline.push()
    assert len(timeline.remotes("activities")) == 1


def test_a_sighting_that_vanishes_leaves_the_fact_to_the_others(timeline: Stage) -> None:
    _two_calendars(timeline)
    for number in range(3):
        timeline.shop.put("meetings", _meeting("zoe@home.example", uid=f"other{number}"))
    timeline.sync()
    timeline.shop.delete("meetings", "here")
    timeline.sync(full=True)
    (item,) = timeline.hub.timeline(timeline.customer("ann@home.example").id)
    assert item.sources == ["calendar/meetings"]
    assert timeline.hub.timeline(timeline.customer("bob@home.example").id) == []


def test_a_fact_that_nobody_speaks_of_any_more_is_gone_from_the_timeline(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    for number in range(3):
        timeline.shop.put("meetings", _meeting("ann@home.example", uid=f"u{number}"))
    timeline.sync()
    assert _timeline(timeline, "ann") == ["u2", "u1", "u0"]
    timeline.shop.delete("meetings", next(iter(timeline.shop.records("meetings"))))
    timeline.sync(full=True)
    assert _timeline(timeline, "ann") == ["u2", "u1"]


def test_the_newest_sighting_speaks_first_and_the_others_fill_in(timeline: Stage) -> None:
    _two_calendars(timeline)
    timeline.shop.change("meetings", "here", {"title": "Kickoff, moved"})
    timeline.sync()
    (fact,) = timeline.rows("fact")
    assert '"title":"Kickoff, moved"' in fact["values"]
    assert '"location":"Room 2"' in fact["values"]


def test_an_ambiguous_participant_attaches_to_nobody(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", phone=PHONE))
    timeline.shop.put("people", person("Bob Ray", phone=PHONE))
    timeline.shop.put("orders", _order("1", MAY, phone=PHONE))
    timeline.sync()
    assert _timeline(timeline, "Ann Lee") == []
    assert _timeline(timeline, "Bob Ray") == []
    assert len(timeline.rows("fact")) == 1, "it is kept, for a person to look at"


def test_a_stronger_identifier_decides_where_a_weaker_one_is_ambiguous(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", phone=PHONE, email="ann@home.example"))
    timeline.shop.put("people", person("Bob Ray", phone=PHONE))
    timeline.shop.put("orders", _order("1", MAY, phone=PHONE, email="ann@home.example", name="Ann Lee"))
    timeline.sync()
    assert len(_timeline(timeline, "ann@home.example")) == 1
    assert _timeline(timeline, "Bob Ray") == []


def test_a_fact_belongs_to_who_held_the_number_at_its_time(timeline: Stage) -> None:
    """The number changed hands on the first of June: what was before is the former holder's."""
    ann = timeline.shop.put("people", person("Ann Lee", email="ann@home.example", phone=PHONE))
    timeline.sync()
    timeline.clock.sleep(30 * 86400)
    timeline.shop.change("people", ann, {"phone": None})
    timeline.sync()
    timeline.clock.sleep(86400)
    timeline.shop.put("people", person("Bob Ray", email="bob@home.example", phone=PHONE))
    timeline.sync()
    timeline.crm.put("activities", {"kind": "call", "title": "Early", "at": "2026-06-10T10:00:00Z"})
    timeline.shop.put("orders", _order("early", "2026-06-10T10:00:00Z", phone=PHONE))
    timeline.shop.put("orders", _order("late", "2026-07-20T10:00:00Z", phone=PHONE))
    timeline.configure("shop", streams={"orders": {"creates_customers": False}})
    timeline.sync()
    ann_has = [item.line for item in timeline.hub.timeline(timeline.customer("ann@home.example").id)]
    bob_has = [item.line for item in timeline.hub.timeline(timeline.customer("bob@home.example").id)]
    assert [line.split(",")[0] for line in ann_has] == ["Order #early"]
    assert [line.split(",")[0] for line in bob_has] == ["Order #late"]


def test_attachment_follows_merge_and_split_without_rewriting_the_fact(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("people", person("Ann Lee", email="lee@home.example"), id="second")
    timeline.shop.put("meetings", _meeting("lee@home.example"))
    timeline.sync()
    facts, refs = timeline.rows("fact"), timeline.rows("fact_ref")
    assert _timeline(timeline, "ann@home.example") == []
    timeline.clock.sleep(86400)
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example", phone=PHONE), id="bridge")
    timeline.shop.put("people", person("Ann Lee", email="lee@home.example", phone=PHONE), id="other bridge")
    timeline.sync()
    assert _timeline(timeline, "ann@home.example") == ["u1"]
    timeline.shop.delete("people", "bridge")
    timeline.sync()
    assert _timeline(timeline, "ann@home.example") == []
    assert _timeline(timeline, "lee@home.example") == ["u1"]
    assert (timeline.rows("fact"), timeline.rows("fact_ref")) == (facts, refs)


def test_associations_are_added_after_a_merge(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("people", person("Ann Lee", email="lee@home.example"), id="second")
    timeline.shop.put("meetings", _meeting("lee@home.example"))
    timeline.settle()
    (meeting,) = timeline.crm.records("activities").values()
    assert len(meeting.refs["person"]) == 1
    timeline.shop.change("people", "second", {"phone": PHONE})
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example", phone=PHONE))
    timeline.sync()
    plan = timeline.hub.plan()
    assert [change.action for change in changes(plan, "activities")] == ["associate"]
    assert timeline.hub.apply(plan.hash).associated == 1
    timeline.sync()
    (meeting,) = timeline.crm.records("activities").values()
    assert len(meeting.refs["person"]) == 2
    assert timeline.hub.plan().empty


def test_a_fact_that_concerns_no_customer_is_kept_and_not_sent(timeline: Stage) -> None:
    timeline.shop.put("meetings", _meeting("zoe@home.example"))
    timeline.settle()
    assert timeline.remotes("activities") == {}
    timeline.shop.put("people", person("Zoe Zed", email="zoe@home.example"))
    timeline.settle()
    assert [one["title"] for one in timeline.remotes("activities").values()] == ["Kickoff"]


def test_a_fact_that_changed_is_updated_over_there_again_and_again(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    meeting = timeline.shop.put("meetings", _meeting("ann@home.example"))
    timeline.settle()
    for title in ("Second", "Third"):
        timeline.shop.change("meetings", meeting, {"title": title})
        timeline.settle()
        assert [one["title"] for one in timeline.remotes("activities").values()] == [title]
        assert timeline.hub.plan().empty


def test_our_activity_come_back_is_a_sighting_and_no_fact_of_its_own(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("meetings", _meeting("ann@home.example"))
    timeline.settle()
    assert len(timeline.rows("fact")) == 1
    (item,) = timeline.hub.timeline(timeline.customer("ann").id)
    assert item.sources == ["crm/activities", "shop/meetings"]


def test_an_activity_that_a_person_noted_in_the_crm_is_on_the_timeline_and_not_sent_back(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.settle()
    remote = next(iter(timeline.remotes()))
    call = timeline.crm.put("activities", {"kind": "call", "title": "Called her", "at": MAY})
    with timeline.crm.holdings() as holdings:
        holdings.table("activities").rows[call].refs["person"] = [f"people:{remote}"]
    timeline.sync()
    assert [i.line for i in timeline.hub.timeline(timeline.customer("ann").id)] == ["Call, Called her"]
    timeline.push()
    timeline.sync()
    assert len(timeline.remotes("activities")) == 1, "the CRM has it already"
    assert timeline.hub.plan().empty


def test_only_the_kinds_that_the_admin_wants_go_out(timeline: Stage) -> None:
    timeline.configure("crm", push={"people": {"match_on": "email"}, "timeline": {"kinds": ["order"]}})
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("meetings", _meeting("ann@home.example"))
    timeline.shop.put("orders", _order("7", MAY, email="ann@home.example", name="Ann Lee"))
    timeline.settle()
    assert timeline.remotes("activities") == {}
    assert [one["title"] for one in timeline.remotes("notes").values()] == ["Order 7"]
