"""What is odd about reading HubSpot: one sort, ten thousand matches, a lagging index, merges and archives."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from connectors.hubspot.portal import Portal
from connectors.hubspot.refusals import DAILY_WAIT
from mapping.contract import Cursor, Reason, RemoteId
from mapping.errors import (
    AuthError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)
from tests.connectors.hubspot.desk import TOKEN, WHOLE, Desk, sample
from tests.connectors.rig import Clock

WEEK = 7 * 86_400


@pytest.fixture
def lagging() -> Iterator[Desk]:
    clock = Clock()
    desk = Desk(Portal(now=clock.now, index_lag=timedelta(seconds=90)), clock)
    yield desk
    desk.close()


def test_a_missing_scope_pauses_the_stream_and_is_named(desk: Desk) -> None:
    desk.server.scopes_missing = {"/objects/tickets": "tickets"}
    with pytest.raises(ForbiddenError, match="it needs the scope tickets"):
        desk.read(desk.open("tickets"))
    assert desk.read(desk.open("contacts")).pages[-1].complete


def test_a_spent_daily_quota_is_not_asked_again_in_a_second(desk: Desk) -> None:
    desk.server.faults.fail(429, body={"policyName": "DAILY", "category": "RATE_LIMITS"}, times=99)
    with pytest.raises(RateLimitedError) as refused:
        desk.read(desk.open())
    assert refused.value.retry_after == DAILY_WAIT
    assert desk.clock.requests == 1


def test_a_login_page_in_place_of_an_answer_stops_the_stream(desk: Desk) -> None:
    desk.server.faults.login_page(times=9)
    with pytest.raises(ContractError, match="HTML"):
        desk.read(desk.open())


def test_an_answer_without_results_stops_the_stream(desk: Desk) -> None:
    desk.server.faults.fail(200, body={"surprise": True}, times=9)
    with pytest.raises(ContractError, match="results"):
        desk.read(desk.open())


def test_a_lost_search_is_no_lost_write(desk: Desk) -> None:
    before = desk.read(desk.open())
    desk.server.faults.drop_answer(times=99, path="/search$")
    with pytest.raises(TransientError) as lost:
        desk.read(desk.open(), before.cursor)
    assert not isinstance(lost.value, UnknownOutcomeError)


@pytest.mark.parametrize("cursor", ["", "{}", "null", "[1]", '{"phase":"full","v":99}', '{"phase":"elsewhere"}', "x"])
def test_a_cursor_of_another_kind_asks_for_a_full_read(desk: Desk, cursor: str) -> None:
    stream = desk.open()
    if cursor == "":
        assert desk.read(stream, Cursor(cursor)).pages[-1].complete, "no cursor at all is a full read"
        return
    with pytest.raises(CursorExpiredError):
        desk.read(stream, Cursor(cursor))


def test_the_vendors_word_about_a_record_never_shows_its_values(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"category": "CONFLICT", "message": "Contact ada@example.com already exists. Existing ID: 7"}
    desk.server.faults.fail(409, body=body)
    with pytest.raises(ContractError) as refused:
        desk.read(desk.open())
    assert "CONFLICT" in str(refused.value)
    assert "ada@" not in str(refused.value) + caplog.text
    assert TOKEN not in caplog.text


def test_ten_thousand_and_more_that_share_one_timestamp_are_all_read(desk: Desk) -> None:
    before = desk.read(desk.open())
    desk.clock.advance(WEEK)
    made = {desk.portal.companies.create(name="x").id for _ in range(3)}
    made |= {desk.portal.contacts.create(lastname="x").id for _ in range(10_300)} - made
    desk.clock.advance(1)
    after = desk.read(desk.open(), before.cursor)
    assert len(after.ids) == len(set(after.ids)) == 10_300
    assert set(after.ids) <= made


def test_a_long_increment_resumes_after_any_page(desk: Desk) -> None:
    before = desk.read(desk.open())
    desk.clock.advance(WEEK)
    made = [desk.portal.contacts.create(lastname=str(number)).id for number in range(25)]
    desk.clock.advance(1)
    whole = desk.read(desk.open(page_size=4), before.cursor)
    for number, page in enumerate(whole.pages[:-1], 1):
        seen = {str(record.remote_id) for each in whole.pages[:number] for record in each.records}
        assert page.cursor
        desk.portal.contacts.update(made[0], firstname=str(number))
        desk.clock.advance(1)
        assert seen | set(desk.read(desk.open(page_size=4), page.cursor).ids) == set(made)


def test_what_changes_while_an_increment_is_read_comes_with_the_next(desk: Desk) -> None:
    before = desk.read(desk.open())
    desk.clock.advance(WEEK)
    made = [desk.portal.contacts.create(lastname=str(number)).id for number in range(10)]
    desk.clock.advance(1)
    pages = desk.open(page_size=4).read(WHOLE, before.cursor)
    got = [next(pages)]
    desk.portal.contacts.update(made[0], firstname="later")
    got += pages
    desk.clock.advance(WEEK)
    assert got[-1].cursor
    late = {record.remote_id: record for record in desk.read(desk.open(), got[-1].cursor).records}
    assert late[RemoteId(made[0])].body["properties"]["firstname"] == "later"


def test_what_the_index_shows_late_is_found_by_looking_back(lagging: Desk) -> None:
    desk = lagging
    before = desk.read(desk.open())
    desk.clock.advance(WEEK)
    old = desk.portal.contacts.create(lastname="old")
    desk.clock.advance(120)
    new = desk.portal.contacts.create(lastname="new")
    desk.portal.contacts.update(old.id, firstname="changed")
    desk.clock.advance(5)
    first = desk.read(desk.open(), before.cursor)
    assert first.ids == [old.id], "the index still shows its state of before"
    desk.clock.advance(120)
    second = desk.read(desk.open(), first.cursor)
    assert {old.id, new.id} == set(second.ids)


def test_a_vendor_clock_that_runs_behind_hides_nothing() -> None:
    clock = Clock()
    portal = Portal(now=lambda: clock.now() - timedelta(hours=2))
    with closing(Desk(portal, clock)) as desk:
        before = desk.read(desk.open())
        clock.advance(60)
        made = portal.contacts.create(lastname="x")
        clock.advance(60)
        assert desk.read(desk.open(), before.cursor).ids == [made.id]


def test_an_archived_record_is_a_tombstone_once_it_is_due(desk: Desk) -> None:
    gone = desk.portal.contacts.create(lastname="gone")
    kept = desk.portal.contacts.create(lastname="kept")
    hourly: dict[str, Any] = {"archived_every_minutes": 60}
    full = desk.read(desk.open(**hourly))
    desk.clock.advance(60)
    desk.portal.contacts.archive(gone.id)
    archived_at = desk.clock.now()
    desk.clock.advance(60)
    early = desk.read(desk.open(**hourly), full.cursor)
    assert not early.tombstones, "the archived ones are gone through once an hour"
    desk.clock.advance(3_600)
    due = desk.read(desk.open(**hourly), early.cursor)
    assert [(each.remote_id, each.reason, each.at) for each in due.tombstones] == [
        (gone.id, Reason.ARCHIVED, archived_at)
    ]
    ids = desk.open().ids
    assert ids
    assert list(ids(WHOLE)) == [[kept.id]]
    desk.clock.advance(7_200)
    assert not desk.read(desk.open(**hourly), due.cursor).tombstones, "told once"


def test_going_through_the_archived_resumes_after_any_page(desk: Desk) -> None:
    made = [desk.portal.contacts.create(lastname=str(number)).id for number in range(230)]
    full = desk.read(desk.open())
    desk.clock.advance(WEEK)
    for each in made:
        desk.portal.contacts.archive(each)
    desk.clock.advance(1)
    whole = desk.read(desk.open(), full.cursor)
    assert {each.remote_id for each in whole.tombstones} == set(made)
    for number, page in enumerate(whole.pages[:-1], 1):
        seen = {each.remote_id for some in whole.pages[:number] for each in some.tombstones}
        assert page.cursor
        assert seen | {each.remote_id for each in desk.read(desk.open(), page.cursor).tombstones} == set(made)


@pytest.mark.parametrize("keeps_primary", [False, True])
def test_a_merge_gives_tombstones_that_say_what_became_of_the_records(keeps_primary: bool) -> None:
    clock = Clock()
    with closing(Desk(Portal(now=clock.now, merge_keeps_primary=keeps_primary), clock)) as desk:
        one, two, three = (desk.portal.contacts.create(email=f"a{number}@example.com") for number in range(3))
        before = desk.read(desk.open())
        clock.advance(WEEK)
        desk.portal.contacts.merge(one.id, two.id)
        clock.advance(60)
        winner = desk.portal.contacts.merge(three.id, one.id)
        clock.advance(1)
        after = desk.read(desk.open(), before.cursor)
        assert after.ids == [winner.id]
        gone = {each.remote_id for each in after.tombstones}
        assert {one.id, two.id} <= gone
        assert winner.id not in gone
        assert {(each.reason, each.merged_into) for each in after.tombstones} == {(Reason.MERGED, winner.id)}
        get = desk.open().get
        assert get
        assert [record.remote_id for record in get(WHOLE, [RemoteId(two.id)])] == [winner.id]


def test_null_and_absent_are_the_same_and_an_empty_text_stays(desk: Desk) -> None:
    made = desk.portal.contacts.create(lastname="Castro", firstname="")
    (record,) = desk.read(desk.open()).records
    held = record.body["properties"]
    assert held["lastname"] == "Castro"
    assert "firstname" not in held
    assert None not in held.values()
    assert record.remote_id == made.id


def test_custom_properties_are_read_without_being_asked_for(desk: Desk) -> None:
    desk.portal.contacts.define("shoe_size", "number")
    desk.portal.contacts.create(lastname="Castro", shoe_size=41)
    (record,) = desk.read(desk.open()).records
    assert record.body["properties"]["shoe_size"] == "41"


def test_more_properties_than_an_address_can_hold_are_all_read(desk: Desk) -> None:
    names = [f"a_rather_long_property_name_{number:03}" for number in range(400)]
    for name in names:
        desk.portal.contacts.define(name)
    made = [desk.portal.contacts.create(lastname="x", **dict.fromkeys(names, "1")).id for _ in range(3)]
    full = desk.read(desk.open())
    desk.clock.advance(WEEK)
    desk.portal.contacts.update(made[0], lastname="y")
    for haul in (full, desk.read(desk.open(), full.cursor)):
        assert all(set(names) <= set(record.body["properties"]) for record in haul.records)
    assert full.ids == made


def test_a_deal_names_the_people_and_companies_it_is_about(desk: Desk) -> None:
    person = desk.portal.contacts.create(email="ada@example.com")
    company = desk.portal.companies.create(name="Firm")
    deal = desk.portal.deals.create(**sample("deals", 1))
    others = [desk.portal.contacts.create(lastname=str(number)) for number in range(501)]
    crowded = desk.portal.deals.create(**sample("deals", 2))
    desk.portal.link("deals", deal.id, "contacts", person.id)
    desk.portal.link("deals", deal.id, "companies", company.id)
    for each in others:
        desk.portal.link("deals", crowded.id, "contacts", each.id)
    one, two = desk.read(desk.open("deals")).records
    assert one.body["associations"] == {"contacts": [person.id], "companies": [company.id]}
    assert two.body["associations"]["contacts"] == [each.id for each in others]


def test_a_full_read_of_deals_asks_nothing_more_for_whom_they_are_about(desk: Desk) -> None:
    company = desk.portal.companies.create(name="Firm")
    for number in range(250):
        deal = desk.portal.deals.create(**sample("deals", number))
        desk.portal.link("deals", deal.id, "companies", company.id)
    desk.server.forget()
    full = desk.read(desk.open("deals"))
    assert {tuple(record.body["associations"]["companies"]) for record in full.records} == {(company.id,)}
    assert desk.server.calls() == 4, "one for the properties, three for the pages"


def test_whom_a_deal_is_about_reads_alike_in_a_full_read_and_in_an_increment(desk: Desk) -> None:
    deal = desk.portal.deals.create(**sample("deals", 1))
    people = [desk.portal.contacts.create(lastname=str(number)) for number in range(120)]
    for each in reversed(people):
        desk.portal.link("deals", deal.id, "contacts", each.id)
    full = desk.read(desk.open("deals"))
    desk.clock.advance(WEEK)
    desk.portal.update(deal, {"amount": "7"})
    (again,) = desk.read(desk.open("deals"), full.cursor).records
    assert again.body["associations"] == full.records[0].body["associations"]


def test_nothing_is_asked_faster_than_the_account_allows() -> None:
    with closing(Desk(rate=(100, 10.0), search_rate=(4, 1.0))) as desk:
        before = desk.read(desk.open())
        desk.clock.advance(WEEK)
        made = [desk.portal.contacts.create(lastname=str(number)).id for number in range(240)]
        desk.clock.advance(1)
        assert desk.read(desk.open(page_size=2), before.cursor).ids == made
        assert not [each for each in desk.server.exchanges if each.reply.status == 429]
        assert desk.clock.slept > 0


def test_a_full_read_of_many_records_asks_for_a_hundred_at_a_time(desk: Desk) -> None:
    for number in range(250):
        desk.portal.contacts.create(lastname=str(number))
    desk.server.forget()
    full = desk.read(desk.open())
    assert [len(page.records) for page in full.pages] == [100, 100, 50]
    assert desk.server.calls() == 4, "one for the properties, three for the pages"
    assert json.loads(full.cursor)["phase"] == "rest"


def test_the_account_is_the_portal(desk: Desk) -> None:
    assert desk.connector().check().id == str(desk.portal.account)
    with pytest.raises(AuthError):
        desk.connector("wrong").check()
