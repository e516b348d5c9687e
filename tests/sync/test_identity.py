"""Who is who by exact values: what links records, what never does, and which ids live on."""

from __future__ import annotations

import pytest

from sync import resolve
from tests.sync.hubs import Stage, members, person, values

PHONE = "020 7946 0958"


def _put(stage: Stage, *people: dict[str, object]) -> list[str]:
    return [stage.shop.put("people", one) for one in people]


def _sizes(stage: Stage) -> list[int]:
    return sorted(len(one.members) for one in stage.customers())


def _ids(stage: Stage) -> dict[str, str]:
    """Record to the id of its customer."""
    return {member: one.id for one in stage.customers() for member in members(one)}


def test_one_email_makes_one_customer_whatever_its_spelling(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="Ann.Lee@Gmail.com"), person("A Lee", email="annlee+shop@googlemail.com"))
    stage.crm.put("people", person("Ann Lee", email="ann.lee@gmail.com"))
    stage.sync()
    assert _sizes(stage) == [3]
    assert any("same email as" in member.why for member in stage.customer("").members)


def test_one_phone_under_different_names_is_a_family_and_not_a_person(stage: Stage) -> None:
    _put(stage, person("Ann Lee", phone=PHONE), person("Bob Lee", phone="+442079460958"))
    stage.sync()
    assert _sizes(stage) == [1, 1]


def test_one_phone_under_agreeing_names_is_a_person(stage: Stage) -> None:
    _put(stage, person("Ann Lee", phone=PHONE), person("A Lee", phone="+442079460958"))
    stage.sync()
    assert _sizes(stage) == [2]


def test_a_nameless_record_bridges_no_two_names(stage: Stage) -> None:
    _put(stage, person("Ann Lee", phone=PHONE), person("Bob Ray", phone=PHONE), {"phone": PHONE})
    stage.sync()
    assert _sizes(stage) == [1, 1, 1]


def test_one_email_under_two_names_is_a_family_and_under_more_links_nobody(stage: Stage) -> None:
    family = {"email": "fam@home.example"}
    _put(stage, person("Ann Lee", **family), person("A Lee", **family), person("Bob Ray", **family))
    stage.sync()
    assert _sizes(stage) == [1, 2], "a family's mailbox links those alone whose names agree"
    before = set(_ids(stage).values())
    _put(stage, person("Cy Orr", **family))
    stage.sync()
    assert _sizes(stage) == [1] * 4, "what links two names is taken back once there are three"
    assert before <= set(_ids(stage).values())


@pytest.mark.parametrize(
    "email", ["info@home.example", "noreply@home.example", "noemail@home.example", "test@test.com"]
)
def test_a_mailbox_of_a_function_or_of_nobody_links_nobody(stage: Stage, email: str) -> None:
    _put(stage, person("Ann Lee", email=email), person("Ann Lee", email=email))
    stage.sync()
    assert _sizes(stage) == [1, 1]


def test_a_placeholder_phone_links_nobody(stage: Stage) -> None:
    _put(stage, person("Ann Lee", phone="+44 20 1111 1111"), person("Ann Lee", phone="+44 20 1111 1111"))
    stage.sync()
    assert _sizes(stage) == [1, 1]


def test_an_address_of_our_own_links_nobody_and_makes_no_customer(stage: Stage) -> None:
    stage.configure(privacy={"internal": ["acme.example"]})
    _put(stage, person("Ann Lee", email="ann@acme.example"), person("Ann Lee", email="ann@eu.acme.example"))
    _put(stage, person("Bob Ray", email="bob@home.example"))
    stage.sync()
    assert [values(one)["name"] for one in stage.customers()] == ["Bob Ray"]


def test_a_value_that_the_admin_blocks_links_nobody_from_then_on(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="ann@home.example"), person("A Lee", email="ann@home.example"))
    _put(stage, person("Bob Ray", phone=PHONE), person("Bob Ray", phone=PHONE))
    stage.sync()
    assert _sizes(stage) == [2, 2]
    stage.configure(identity={"block": ["Ann@home.example", "+442079460958"]})
    stage.sync()
    assert _sizes(stage) == [1, 1, 1, 1]
    stage.configure(identity={"block": []})
    stage.sync()
    assert _sizes(stage) == [2, 2]


def test_a_value_held_by_too_many_records_links_nothing_and_unlinks_what_it_linked(stage: Stage) -> None:
    stage.configure(identity={"max_group": 4})
    _put(stage, *[person("Ann Lee", email="ann@home.example")] * 4)
    stage.sync()
    assert _sizes(stage) == [4]
    (whole,) = set(_ids(stage).values())
    extra = _put(stage, person("Ann Lee", email="ann@home.example"))
    stage.sync()
    assert _sizes(stage) == [1] * 5
    assert whole in _ids(stage).values()
    stage.shop.delete("people", extra[0])
    stage.sync()
    assert _sizes(stage) == [4], "it links again once few enough hold it"


def test_a_guest_who_orders_often_stays_one_customer(stage: Stage) -> None:
    _put(stage, *[person("Ann Lee", email="ann@home.example")] * 120)
    stage.sync()
    assert _sizes(stage) == [120]


def test_a_late_record_merges_two_customers_and_the_larger_lives_on(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="a@home.example"), person("Ann Lee", email="a@home.example"))
    _put(stage, person("Ann Lee", phone=PHONE))
    stage.sync()
    before = _ids(stage)
    larger, smaller = before["shop/people 1"], before["shop/people 3"]
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE))
    stage.sync()
    assert set(_ids(stage).values()) == {larger}
    assert (stage.hub.customer(smaller).id, stage.hub.customer(smaller).asked) == (larger, smaller)


def test_of_two_customers_of_one_size_the_older_lives_on(stage: Stage) -> None:
    _put(stage, person("Ann Lee", phone=PHONE))
    stage.sync()
    _put(stage, person("Ann Lee", email="a@home.example"))
    stage.sync()
    older = _ids(stage)["shop/people 1"]
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE))
    stage.sync()
    assert set(_ids(stage).values()) == {older}


def test_redirects_lead_to_the_survivor_for_ever(stage: Stage) -> None:
    _put(stage, *[person("Ann Lee", email=f"a{n}@home.example") for n in range(4)])
    stage.sync()
    once = set(_ids(stage).values())
    for number in range(1, 4):
        stage.shop.change("people", str(number + 1), {"email": "a0@home.example"})
        stage.sync()
    (survivor,) = set(_ids(stage).values())
    assert {stage.hub.customer(one).id for one in once} == {survivor}


def test_a_split_gives_a_new_id_and_leaves_the_others_alone(stage: Stage) -> None:
    _put(stage, *[person("Ann Lee", email="a@home.example")] * 3, person("Bob Ray", email="b@home.example"))
    stage.sync()
    before = _ids(stage)
    stage.shop.change("people", "3", {"email": "new@home.example"})
    report = stage.sync()
    after = _ids(stage)
    assert report.resolve.split == 1
    assert (after["shop/people 1"], after["shop/people 2"]) == (before["shop/people 1"],) * 2
    assert after["shop/people 3"] not in before.values()
    assert after["shop/people 4"] == before["shop/people 4"]


def test_of_two_equal_halves_the_one_with_the_oldest_record_keeps_the_id(stage: Stage) -> None:
    _put(stage, *[person("Ann Lee", email="a@home.example")] * 2)
    stage.sync()
    before = _ids(stage)
    stage.shop.change("people", "1", {"email": "new@home.example"})
    stage.sync()
    after = _ids(stage)
    assert after["shop/people 1"] == before["shop/people 1"]
    assert after["shop/people 2"] != before["shop/people 2"]


def test_ids_of_untouched_customers_never_change(stage: Stage) -> None:
    _put(stage, *[person("Ann Lee", email=f"a{n}@home.example") for n in range(5)])
    stage.sync()
    before = _ids(stage)
    _put(stage, person("Zoe Zed", email="z@home.example"), person("Zoe Zed", email="z@home.example"))
    stage.shop.delete("people", "5")
    stage.sync()
    stage.sync(full=True)
    del before["shop/people 5"]
    assert before.items() <= _ids(stage).items()


def test_a_merge_moves_what_a_destination_holds_and_only_the_primary_is_written(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="a@home.example"), person("Ann Lee", phone=PHONE))
    stage.settle()
    assert len(stage.remotes()) == 2
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE, city="Leeds"))
    stage.sync()
    one = stage.customer("")
    assert sorted(remote.role for remote in one.remotes) == ["duplicate", "primary"]
    plan = stage.hub.plan()
    primary = next(remote.remote_id for remote in one.remotes if remote.role == "primary")
    assert [change.remote_id for change in plan.changes] == [primary]
    assert plan.targets[0].duplicates == 1
    stage.push()
    stage.sync()
    assert stage.hub.plan().empty
    assert len(stage.customers()) == 1
    assert [one.get("city") for one in stage.remotes().values()].count("Leeds") == 1


def test_what_a_merge_did_is_an_event_without_a_value_in_it(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="a@home.example"), person("Ann Lee", phone=PHONE))
    stage.settle()
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE))
    stage.sync()
    events = stage.rows("event")
    assert [one["kind"] for one in events] == ["merged", "shadow_moved"]
    assert "home.example" not in str(events)


def test_people_and_companies_are_never_one(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@y.example", phone=PHONE))
    timeline.shop.put("companies", {"name": "Ann Lee", "email": "ann@y.example", "phone": PHONE, "domain": "y.example"})
    timeline.sync()
    assert [one.kind for one in timeline.customers()] in (["person", "organization"], ["organization", "person"])


def test_companies_are_one_by_their_domain(timeline: Stage) -> None:
    timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example"})
    timeline.crm.put("companies", {"name": "Y Organisation Ltd", "domain": "www.Y.example"})
    timeline.sync()
    assert len(timeline.customers()) == 1


def test_a_record_whose_rule_says_so_founds_no_customer_but_enriches_one(timeline: Stage) -> None:
    """An attendee of a meeting is taken for a customer only where one exists."""
    attendees = [{"name": "Bob Ray", "email": "bob@home.example"}, {"name": "Zoe Zed", "email": "zoe@home.example"}]
    timeline.shop.put("meetings", {"uid": "u1", "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees})
    timeline.sync()
    assert timeline.customers() == []
    timeline.shop.put("people", {"email": "bob@home.example"})
    timeline.sync()
    assert values(timeline.customer(""))["name"] == "Bob Ray"


def test_when_the_last_founding_record_goes_the_customer_goes(timeline: Stage) -> None:
    attendees = [{"name": "Bob Ray", "email": "bob@home.example"}]
    timeline.shop.put("meetings", {"uid": "u1", "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees})
    timeline.shop.put("people", {"email": "bob@home.example"}, id="p1")
    timeline.sync()
    assert len(timeline.customers()) == 1
    timeline.shop.delete("people", "p1")
    timeline.sync()
    assert timeline.customers() == []


@pytest.mark.parametrize("size", [1, 3])
def test_resolving_in_small_batches_gives_the_same_customers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    _put(
        stage, person("Ann Lee", email="a@home.example"), person("Ann Lee", phone=PHONE), person("Bob Lee", phone=PHONE)
    )
    _put(stage, *[person(f"{name} Ray", email="fam@home.example") for name in ("Cy", "Di", "Ed")])
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE), {"phone": PHONE})
    _put(stage, *[person("Flo Orr", email="flo@home.example")] * 4)
    monkeypatch.setattr(resolve, "BATCH", size)
    stage.sync()
    in_batches = stage.groups()
    monkeypatch.undo()
    stage.configure(identity={"block": ["nobody@home.example"]})  # every entity is resolved anew, in one batch
    stage.sync()
    assert stage.groups() == in_batches
    assert frozenset({"shop/people 1", "shop/people 2", "shop/people 7"}) in in_batches


def test_when_the_primary_goes_the_duplicate_takes_its_place_and_none_is_created(stage: Stage) -> None:
    _put(stage, person("Ann Lee", email="a@home.example"), person("Ann Lee", phone=PHONE))
    stage.settle()
    _put(stage, person("Ann Lee", email="a@home.example", phone=PHONE))
    stage.settle()
    roles = {remote.role: remote.remote_id for remote in stage.customer("").remotes}
    stage.crm.delete("people", roles["primary"])
    stage.sync()
    plan = stage.hub.plan()
    assert {change.remote_id for change in plan.changes} == {roles["duplicate"]}
    stage.push()
    stage.sync()
    assert list(stage.remotes()) == [roles["duplicate"]]
    assert [one.role for one in stage.customer("").remotes if one.state == "live"] == ["primary"]
    assert stage.hub.plan().empty


def test_record_seven_of_one_account_is_not_record_seven_of_another(stage: Stage) -> None:
    # A vendor whose rules name a record by its number alone, as most do.
    plain = {"people": {"fields": {"person": {"ids": "[join(':', ['memory', 'people', id])]"}}}}
    for name in ("shop", "crm"):
        stage.configure(name, streams=plain)
    numbers = {_put(stage, person("Ann Lee"))[0], stage.crm.put("people", person("Bob Ray"))}
    assert len(numbers) == 1, "both count from the same number"
    stage.sync()
    assert _sizes(stage) == [1, 1]
    shop, crm = sorted((values(one)["ids"] for one in stage.customers()), key=lambda ids: len(ids[0]))
    assert shop == ["memory:people:1"]
    assert crm[0].startswith("memory.")


def test_two_connections_to_one_account_speak_of_the_same_records(stage: Stage) -> None:
    plain = {"people": {"fields": {"person": {"ids": "[join(':', ['memory', 'people', id])]"}}}}
    stage.connect("again", world="shop")
    for name in ("shop", "again"):
        stage.configure(name, streams=plain)
    _put(stage, person("Ann Lee"))
    stage.sync()
    assert _sizes(stage) == [2]
