"""Records over there that carry our ids, and of which no shadow tells: whose they are, and when ids say nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import delete

from connectors.memory.mapping import EXTERNAL_ID
from mapping.contract import RemoteId
from state.tables import shadow
from sync.hub import Hub
from sync.page import prepare
from tests.sync.hubs import Stage, members, person, values


def _ann(stage: Stage) -> RemoteId:
    """A customer whose address tells nobody apart, from the shop, written to the CRM. Returns the CRM's id."""
    stage.shop.put("people", person("Ann Lee", email="info@x.example"))
    stage.settle()
    return next(iter(stage.remotes()))


def _forget(stage: Stage) -> None:
    """Forgets what was written, as a backup from before does that is put back."""
    with stage.hub.db.write() as c:
        c.execute(delete(shadow))


def _imported(stage: Stage, **more: Any) -> RemoteId:
    """Deletes the CRM's record, which the hub sees, and brings it back as an import would: under another id there.
    Returns that."""
    ((old, held),) = stage.remotes().items()
    stage.crm.delete("people", old)
    assert stage.sync("crm").ok
    return stage.crm.put("people", {**held, **more})


def _merged(hub: Hub, both: Sequence[str]) -> str:
    """Says that two customers are one; returns whose id stays."""
    return next(one.id for one in hub.merge(both).customers if one.became == "stays")


def _primary(stage: Stage) -> Mapping[str, str]:
    live = [one for one in stage.rows("shadow") if one["state"] == "live"]
    assert all(one["role"] == "primary" for one in live)
    return {one["remote_id"]: one["subject_key"] for one in live}


def test_a_record_that_was_deleted_and_imported_again_is_its_customers(stage: Stage) -> None:
    _ann(stage)
    customer = stage.customer("").id
    new = _imported(stage, city="York")
    assert stage.sync().ok
    assert _primary(stage) == {new: customer}
    assert members(stage.customer("")) == [f"crm/people {new}", "shop/people 1"]
    assert stage.hub.plan().empty
    # What a person added there is that person's word.
    assert values(stage.customer(""))["address"] == {"locality": "York"}


def test_what_was_found_again_ends_with_its_customer(stage: Stage) -> None:
    _ann(stage)
    _imported(stage)
    assert stage.sync().ok
    stage.shop.delete("people", "1")
    assert stage.sync().ok
    assert stage.customers() == []


def test_a_first_reading_knows_its_own_records_too(stage: Stage) -> None:
    remote = _ann(stage)
    customer = stage.customer("").id
    _forget(stage)
    world = stage.settings["connections"]["crm"]["config"]["world"].removesuffix(f"-{stage.number}")
    stage.connect("new", world=world, push={"people": {"match_on": "email"}})
    assert stage.sync("new").ok
    assert _primary(stage) == {remote: customer}


def test_a_second_record_with_the_same_id_is_a_copy(stage: Stage) -> None:
    remote = _ann(stage)
    customer = stage.customer("").id
    copy = stage.crm.put("people", {**person("Bob Kay", email="bob@x.example"), EXTERNAL_ID: customer})
    assert stage.sync().ok
    assert _primary(stage) == {remote: customer}
    assert members(stage.customer("Bob Kay")) == [f"crm/people {copy}"]


def test_of_two_strange_records_with_one_id_the_older_is_ours(stage: Stage) -> None:
    remote = _ann(stage)
    customer = stage.customer("").id
    held = dict(stage.remotes()[remote])
    stage.crm.delete("people", remote)
    _forget(stage)
    first = stage.crm.put("people", {**held, "city": "York"})
    stage.crm.put("people", {**held, "city": "Bath"})
    assert stage.sync().ok
    assert _primary(stage) == {first: customer}


@pytest.mark.parametrize("id_", ["c_019999999999abcdef0000", "", "0", "Ann Lee"])
def test_ids_that_are_nobodys_say_nothing(stage: Stage, id_: str) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"))
    remote = stage.crm.put("people", {**person("Bob Kay", email="bob@x.example"), EXTERNAL_ID: id_})
    assert stage.sync().ok
    assert _primary(stage) == {}
    assert members(stage.customer("Bob Kay")) == [f"crm/people {remote}"]


def test_the_id_of_a_customer_of_another_kind_says_nothing(timeline: Stage) -> None:
    timeline.shop.put("companies", {"name": "Pine Ltd", "domain": "pine.example"})
    assert timeline.sync().ok
    firm = timeline.customer("").id
    timeline.crm.put("people", {**person("Bob Kay", email="bob@x.example"), EXTERNAL_ID: firm})
    assert timeline.sync().ok
    assert _primary(timeline) == {}
    assert timeline.customer("Bob Kay").kind == "person"


def test_the_id_of_a_customer_that_was_merged_leads_to_its_heir(stage: Stage) -> None:
    _ann(stage)
    former = stage.customer("").id
    stage.shop.put("people", person("Ann Leigh", email="annleigh@x.example"))
    assert stage.sync().ok
    new = _imported(stage)
    heir = _merged(stage.hub, [one.id for one in stage.customers()])
    assert stage.sync().ok
    assert former in (stage.remotes()[new][EXTERNAL_ID], heir)
    assert _primary(stage) == {new: heir}


def test_a_merge_while_the_page_is_computed_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _ann(stage)
    ann = stage.customer("").id
    for _ in range(2):  # of two records, so that the id of this one stays
        stage.shop.put("people", person("Ann Leigh", email="annleigh@x.example"))
    assert stage.sync().ok
    both = [one.id for one in stage.customers()]
    _forget(stage)
    new = _imported(stage)
    assert new not in _primary(stage)
    heirs: list[str] = []

    def prepared(*asked: Any) -> Any:
        rows = prepare(*asked)
        if not heirs:
            other = stage.another()
            heirs.append(_merged(other, both))
            other.close()
        return rows

    monkeypatch.setattr("sync.storing.prepare", prepared)
    assert stage.sync("crm").ok
    assert heirs[0] != ann
    assert _primary(stage) == {new: heirs[0]}
    (ours,) = [one for one in stage.rows("entity") if one["alias"] and one["live"]]
    assert ours["alias"] == heirs[0]


def test_a_meeting_that_we_wrote_is_not_told_twice(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@x.example"))
    meeting = {"uid": "u1", "title": "Tea", "starts_at": "2026-05-01T10:00:00Z"}
    timeline.shop.put("meetings", {**meeting, "attendees": [{"email": "ann@x.example", "name": "Ann"}]})
    timeline.settle()
    before = timeline.rows("fact")
    ((old, held),) = timeline.remotes("activities").items()
    timeline.crm.delete("activities", old)
    assert timeline.sync().ok
    new = timeline.crm.put("activities", held)
    assert timeline.sync().ok
    assert timeline.rows("fact") == before
    assert _primary(timeline)[new] == before[0]["key"]
    assert [one["alias"] for one in timeline.rows("entity") if one["fact_key"] and one["live"]] == [None, "fact"]


def test_a_strange_key_on_a_meeting_says_nothing(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@x.example"))
    timeline.crm.put("activities", {"kind": "call", "title": "Call", "at": "2026-05-01T10:00:00Z", EXTERNAL_ID: "f_1"})
    assert timeline.sync().ok
    assert len(timeline.rows("fact")) == 1
    assert _primary(timeline) == {}
