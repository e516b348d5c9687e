"""What readings bring: whole records and patches, tombstones of every kind, parts and slices that come and go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mapping.contract import Cursor, Page, RawRecord, RemoteId, Tombstone
from state import shadows
from sync import page, storing
from tests.sync.hubs import Stage, members, person, stream, values
from tests.sync.scripted import Scripted, record

T1, T2, T3 = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 2, 3))


@pytest.fixture
def scripted(stage: Stage) -> Scripted:
    """The shop as a script."""
    connector = Scripted()
    stage.connectors["shop"] = connector
    return connector


def _page(*records: RawRecord, complete: bool = False, **fields: Any) -> Page:
    return replace(Page(records, cursor=Cursor("1"), complete=complete), **fields)


def test_a_patch_without_a_whole_record_that_cannot_be_fetched_is_a_dead_letter(
    stage: Stage, scripted: Scripted
) -> None:
    scripted.pages = [_page(record("1", patch=True, email="ann@home.example"), record("2", email="bob@home.example"))]
    assert stream(stage.sync(), "shop/people").status == "partial"
    (letter,) = stage.hub.dead_letters()
    assert "partial record" in letter.reason
    assert [values(one)["email"] for one in stage.customers()] == ["bob@home.example"]


def test_a_patch_without_a_whole_record_is_fetched(stage: Stage, scripted: Scripted) -> None:
    scripted.get = lambda slice_, ids: [record(one, given_name="Ann", email="ann@home.example") for one in ids]
    scripted.pages = [_page(record("1", patch=True, email="ann@home.example"))]
    assert stage.sync().ok
    assert values(stage.customer(""))["given_name"] == "Ann"


def test_a_patch_is_merged_into_the_last_whole_record(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(record("1", given_name="Ann", family_name="Lee", email="ann@home.example"))]
    stage.sync()
    scripted.pages = [_page(record("1", patch=True, email="ann@new.example", family_name=None))]
    stage.sync()
    one = values(stage.customer(""))
    assert (one["given_name"], one["email"], "family_name" in one) == ("Ann", "ann@new.example", False)


def test_two_patches_of_one_record_on_one_page_add_up(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(record("1", given_name="Ann", email="ann@home.example"))]
    stage.sync()
    scripted.pages = [
        _page(
            record("1", patch=True, email="ann@new.example")._replace(changed_at=T2),
            record("1", patch=True, city="Leeds")._replace(changed_at=T3),
            record("1", patch=True, city="York")._replace(changed_at=T1),
        )
    ]
    stage.sync()
    one = values(stage.customer(""))
    assert (one["given_name"], one["email"], one["address"]) == ("Ann", "ann@new.example", {"locality": "Leeds"})


def test_an_old_patch_changes_nothing(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(record("1", given_name="Ann", email="ann@home.example")._replace(changed_at=T2))]
    stage.sync()
    scripted.pages = [_page(record("1", patch=True, given_name="Old")._replace(changed_at=T1))]
    stage.sync()
    assert values(stage.customer(""))["given_name"] == "Ann"


def test_patches_of_a_real_stream_keep_what_they_do_not_name(timeline: Stage) -> None:
    """The vendor tells only what changed of companies that are older than the last one read."""
    company = timeline.shop.put("companies", {"name": "Y Org", "domain": "y.example", "city": "Leeds"})
    timeline.shop.put("companies", {"name": "Z Org", "domain": "z.example"})
    timeline.sync()
    timeline.shop.change("companies", company, {"city": None, "employees": 7})
    timeline.sync()
    one = values(timeline.customer("y.example"))
    assert (one["name"], one["employees"], "address" in one) == ("Y Org", 7, False)


def test_a_record_and_its_tombstone_on_one_page_leave_nothing(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(record("1", email="ann@home.example"), tombstones=[Tombstone(RemoteId("1"))])]
    stage.sync()
    assert stage.customers() == []


def test_a_tombstone_of_a_record_never_seen_is_no_error(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(tombstones=[Tombstone(RemoteId("404"))])]
    report = stage.sync()
    assert (report.ok, stream(report, "shop/people").gone) == (True, 0)


def test_a_connector_that_begins_anew_by_itself_is_reconciled_by_what_it_lists_then(
    stage: Stage, scripted: Scripted
) -> None:
    people = [record(str(n), email=f"p{n}@home.example") for n in range(5)]
    scripted.pages = [_page(*people, complete=True)]
    stage.sync()
    scripted.pages = [_page(*people[:2], begins=True), _page(*people[3:], complete=True)]
    report = stage.sync()
    assert stream(report, "shop/people").gone == 1
    assert len(stage.customers()) == 4


def test_what_was_met_before_a_reading_began_anew_does_not_count(stage: Stage, scripted: Scripted) -> None:
    people = [record(str(n), email=f"p{n}@home.example") for n in range(5)]
    scripted.pages = [_page(*people, complete=True)]
    stage.sync()
    scripted.pages = [_page(*people[:2], begins=True), _page(*people[1:], begins=True, complete=True)]
    stage.sync()
    assert len(stage.customers()) == 4


def test_arrival_time_decides_a_value_only_with_a_mark(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = [_page(record("1", given_name="Ann", email="ann@home.example", city="Leeds"))]
    stage.sync()
    scripted.pages = [_page(record("1", given_name="Ann", email="ann@home.example", city="York"))]
    stage.sync()
    (address,) = [value for value in stage.customer("").values if value.field == "address"]
    assert address.since.endswith("~")


def test_parts_that_vanish_from_a_record_are_retracted(timeline: Stage) -> None:
    attendees = [{"email": "ann@home.example", "name": "Ann Lee"}, {"email": "bob@home.example", "name": "Bob Ray"}]
    meeting = timeline.shop.put("meetings", {"uid": "u1", "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees})
    timeline.shop.put("people", {"email": "bob@home.example"})
    timeline.sync()
    assert values(timeline.customer(""))["name"] == "Bob Ray"
    timeline.shop.change("meetings", meeting, {"attendees": attendees[:1]})
    timeline.sync()
    assert "name" not in values(timeline.customer(""))
    timeline.shop.change("meetings", meeting, {"attendees": attendees})
    timeline.sync()
    assert values(timeline.customer(""))["name"] == "Bob Ray"


def test_every_slice_is_read_and_keeps_a_place_of_its_own(stage: Stage) -> None:
    stage.shop.page_size = 1
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"), team="sales")
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"), team="support")
    stage.sync()
    stage.shop.add_team("field", "Field")
    stage.shop.put("people", person("Cy Orr", email="cy@home.example"), team="field")
    assert stream(stage.sync(), "shop/people").new == 1
    assert {member.slice for one in stage.customers() for member in one.members} == {"sales", "support", "field"}


@pytest.mark.parametrize(("before", "after"), [("sales", "support"), ("support", "sales")])
def test_a_record_that_moved_to_another_slice_stays_the_same_customer(stage: Stage, before: str, after: str) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"), id="7", team=before)
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"), id="8")
    stage.sync()
    whole = stage.customer("")
    stage.shop.move("7", after)
    stage.sync()
    assert stage.customer("").id == whole.id
    assert {member.slice for member in stage.customer("").members if member.record == "7"} == {after}


def test_a_record_that_moved_to_another_slice_of_the_crm_is_still_the_one_we_write(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    (remote,) = stage.remotes()
    for team in ("support", "sales"):
        stage.crm.move(remote, team)
        stage.sync()
        assert stage.hub.plan().empty
        assert [one.state for one in stage.customer("").remotes] == ["live"]
    assert list(stage.remotes()) == [remote]


@pytest.mark.parametrize("how", ["delete", "archive"])
def test_a_record_that_is_gone_from_the_crm_is_no_longer_believed_to_be_there(stage: Stage, how: str) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    (remote,) = stage.remotes()
    getattr(stage.crm, how)("people", remote)
    stage.sync()
    assert [one.state for one in stage.customer("").remotes] == ["gone" if how == "delete" else "archived"]
    assert [change.action for change in stage.hub.plan().changes] == ["create"]
    if how == "archive":
        stage.crm.restore("people", remote)
        stage.sync()
        assert [one.state for one in stage.customer("").remotes] == ["live"]
        assert stage.hub.plan().empty


def test_a_record_that_comes_back_belongs_to_whom_it_was_given_while_its_page_was_prepared(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    (remote,) = stage.remotes()
    stage.crm.archive("people", remote)
    stage.sync()
    stage.crm.restore("people", remote)
    ann = stage.customer("")

    def slowly(*given: Any) -> page.Rows:
        rows = page.prepare(*given)
        monkeypatch.undo()
        with stage.hub.db.write() as c:
            shadows.move_subject(c, ann.id, "heir", "2026-06-01T12:00:00.000000Z")
        return rows

    monkeypatch.setattr(storing, "prepare", slowly)
    stage.sync("crm")
    assert [(row["subject_key"], row["state"]) for row in stage.rows("shadow")] == [("heir", "live")]


def test_a_merge_in_the_crm_moves_what_we_hold_and_is_not_undone(stage: Stage) -> None:
    """A salesperson merges our record into one that was there before us."""
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    (ours,) = stage.remotes()
    stage.crm.put("people", person("Annie Leigh", email="annie@old.example", job_title="CTO"), id="theirs")
    stage.sync()
    assert len(stage.customers()) == 2
    before = stage.customer("ann@home.example").id
    stage.crm.merge("people", ours, "theirs")
    stage.sync()
    one = stage.customer("")
    assert one.id == before
    assert members(one) == ["crm/people theirs", "shop/people 1"]
    assert {(remote.remote_id, remote.state) for remote in one.remotes} == {(ours, "merged_into"), ("theirs", "live")}
    for _ in range(2):
        stage.push()
        stage.sync()
    assert list(stage.remotes()) == ["theirs"]
    assert stage.hub.plan().empty


def test_a_merge_in_the_crm_of_two_customers_records_creates_none_again(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    stage.settle()
    loser, winner = sorted(stage.remotes())
    stage.crm.merge("people", loser, winner)
    stage.sync()
    plan = stage.hub.plan()
    assert [change.action for change in plan.changes if change.action == "create"] == []
    assert any("another" in warning for warning in plan.warnings)
