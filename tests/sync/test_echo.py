"""Echoes: our own words come back from a CRM are no evidence, and a person's words in it are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.hubs import Stage, changes, members, new_values, person, values


def _written(stage: Stage, **fields: Any) -> str:
    """A customer from the shop, written to the CRM and read back. Returns the CRM's id."""
    stage.shop.put("people", {**person("Ann Lee", email="ann@x.example"), **fields})
    stage.settle()
    return next(iter(stage.remotes()))


def _origins(stage: Stage, query: str = "") -> dict[str, str]:
    return {value.field: f"{value.connection}/{value.stream}" for value in stage.customer(query).values}


def test_our_own_words_come_back_are_evidence_of_nothing(stage: Stage) -> None:
    _written(stage, phone="020 7946 0958")
    (echo,) = [one for one in stage.rows("entity") if one["alias"]]
    assert '"email"' in echo["echo"]
    assert '"phone"' in echo["echo"]
    mine = [one for one in stage.rows("identifier") if one["entity_id"] == echo["id"] and one["kind"] != "id"]
    assert mine == []
    origins = _origins(stage)
    assert (origins["email"], origins["name"], origins["phone"]) == ("shop/people",) * 3


def test_our_own_words_come_back_cause_no_push(stage: Stage) -> None:
    _written(stage)
    sent = stage.crm.requests["write"]
    for _ in range(3):
        assert stage.sync().ok
        assert stage.hub.plan().empty
        assert stage.push().ok
    assert stage.crm.requests["write"] == sent


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [
        ("email", "Ann.LEE@X.example", "ann.lee@x.example"),
        ("phone", "020 7946 0958", "+442079460958"),
        ("city", "  Leeds ", "Leeds"),
    ],
)
def test_what_the_vendor_made_of_our_words_is_an_echo_too(stage: Stage, field: str, ours: str, theirs: str) -> None:
    _written(stage, **{field: ours})
    assert next(iter(stage.remotes().values()))[field] == theirs
    assert stage.hub.plan().empty
    assert stage.hub.plan(live=True).empty
    origins = _origins(stage)
    assert origins.get(field, origins.get("address")) == "shop/people"


def test_a_number_that_the_vendor_rounded_is_an_echo(stage: Stage) -> None:
    stage.configure("crm", push={"people": {"fields": {"lifetime_value": "custom.lifetime_value"}}})
    _written(stage, lifetime_value=12.345678)
    assert next(iter(stage.remotes().values()))["lifetime_value"] == 12.35
    assert stage.hub.plan().empty
    assert values(stage.customer(""))["custom.lifetime_value"] == 12.345678


def test_a_value_that_the_vendor_changed_behind_our_back_right_after_the_write_is_its_own_word(stage: Stage) -> None:
    remote = _written(stage, city="Leeds")
    stage.crm.change("people", remote, {"city": "York"})
    stage.sync()
    assert values(stage.customer(""))["address"] == {"locality": "York"}
    assert stage.hub.plan().empty, "what the CRM says itself need not be told to it"


def test_a_persons_edit_in_the_crm_is_taken_field_by_field_and_wins_by_survivorship(stage: Stage) -> None:
    remote = _written(stage, job_title="Buyer")
    stage.crm.change("people", remote, {"job_title": "Head of Buying"})
    stage.sync()
    origins = _origins(stage)
    assert values(stage.customer(""))["job_title"] == "Head of Buying"
    assert (origins["job_title"], origins["email"]) == ("crm/people", "shop/people")
    stage.shop.change("people", "1", {"job_title": "CPO"})
    stage.sync()
    assert values(stage.customer(""))["job_title"] == "CPO", "the newest word survives"
    assert [new_values(change) for change in changes(stage.hub.plan())] == [{"job_title": "CPO"}]


def test_an_edit_in_the_crm_loses_where_the_admin_prefers_the_shop_and_is_overwritten(stage: Stage) -> None:
    stage.configure(golden={"job_title": {"prefer": ["shop"]}})
    remote = _written(stage, job_title="Buyer")
    stage.crm.change("people", remote, {"job_title": "Head of Buying"})
    stage.sync()
    assert values(stage.customer(""))["job_title"] == "Buyer"
    assert [new_values(change) for change in changes(stage.hub.plan())] == [{"job_title": "Buyer"}]
    stage.push()
    stage.sync()
    assert [one["job_title"] for one in stage.remotes().values()] == ["Buyer"]
    assert stage.hub.plan().empty


def test_an_edit_that_restores_our_word_is_an_echo_again(stage: Stage) -> None:
    remote = _written(stage, city="Leeds")
    stage.crm.change("people", remote, {"city": "York"})
    stage.sync()
    stage.crm.change("people", remote, {"city": "Leeds"})
    stage.sync()
    assert _origins(stage)["address"] == "shop/people"
    assert stage.hub.plan().empty


def test_an_email_corrected_in_the_crm_keeps_the_customer_together(stage: Stage) -> None:
    remote = _written(stage)
    before = stage.customer("").id
    stage.crm.change("people", remote, {"email": "ann.lee@other.example"})
    stage.sync()
    after = stage.customer("")
    assert after.id == before
    assert members(after) == [f"crm/people {remote}", "shop/people 1"]
    assert values(after)["email"] == "ann.lee@other.example"


def test_an_echo_unlinks_nothing(stage: Stage) -> None:
    """An adopted record was linked by its own email; our push replaces it, and the two stay one."""
    remote = stage.crm.put("people", person("Ann Lee", email="ann@x.example"))
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"))
    stage.settle()
    before = stage.customer("")
    assert members(before) == [f"crm/people {remote}", "shop/people 1"]
    stage.shop.change("people", "1", {"email": "ann@new.example"})
    for _ in range(3):
        stage.sync()
        stage.push()
    assert [one["email"] for one in stage.remotes().values()] == ["ann@new.example"]
    assert len(stage.remotes()) == 1
    after = stage.customer("")
    assert (after.id, members(after)) == (before.id, members(before))
    assert stage.hub.plan().empty


def test_an_adopted_record_keeps_what_it_said_itself(stage: Stage) -> None:
    remote = stage.crm.put("people", person("Ann Lee", email="ann@x.example", job_title="CTO"))
    stage.shop.put("people", person("Ann Lee", email="ann@x.example", city="Leeds"))
    stage.settle()
    assert _origins(stage)["job_title"] == "crm/people"
    stage.shop.delete("people", "1")
    stage.sync()
    one = stage.customer("")
    assert members(one) == [f"crm/people {remote}"]
    assert values(one)["email"] == "ann@x.example"
    assert "address" not in values(one), "the city was our word"


def test_a_crm_copy_of_ours_founds_no_customer(stage: Stage) -> None:
    remote = _written(stage)
    stage.shop.delete("people", "1")
    stage.sync()
    assert stage.customers() == []
    stage.crm.change("people", remote, {"job_title": "CTO"})
    stage.sync()
    assert stage.customers() == []
    assert list(stage.remotes()) == [remote], "nothing is deleted over there"
    assert stage.hub.plan().empty


def test_a_customer_whose_sources_come_back_gets_its_crm_record_back(stage: Stage) -> None:
    remote = _written(stage)
    stage.shop.archive("people", "1")
    stage.sync()
    assert stage.customers() == []
    stage.shop.restore("people", "1")
    stage.sync()
    stage.push()
    stage.sync()
    assert list(stage.remotes()) == [remote]
    assert len(stage.customers()) == 1
    assert stage.hub.plan().empty


def test_a_written_record_is_tied_to_its_customer_though_it_shares_no_word_with_it(stage: Stage) -> None:
    remote = _written(stage)
    stage.crm.change("people", remote, {"email": "other@z.example", "given_name": "Zoe", "family_name": "Zed"})
    stage.sync()
    assert len(stage.customers()) == 1
    assert any("written by us" in member.why for member in stage.customer("").members)


def test_two_hubs_of_one_crm_do_not_take_each_others_records_for_echoes(stage: Stage) -> None:
    """A record that some other program wrote is native, though it holds just what we would have written."""
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"))
    stage.crm.put("people", {**person("Ann Lee", email="ann@x.example"), "concord_id": "c_of_another_hub"})
    stage.settle()
    assert all(one["alias"] is None or one["founding"] for one in stage.rows("entity") if one["kind"] == "person")
    assert len(stage.customers()) == 1
    assert len(stage.remotes()) == 1


def test_a_newsletter_ticked_in_the_crm_on_a_record_of_ours_is_a_consent_of_its_own(stage: Stage) -> None:
    remote = _written(stage)
    stage.crm.change("people", remote, {"newsletter": True})
    stage.sync()
    one = stage.customer("")
    assert values(one)["email_consent"] is True
    assert [item.kind for item in stage.hub.timeline(one.id)] == ["consent"]
