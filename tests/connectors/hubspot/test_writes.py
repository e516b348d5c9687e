"""What is odd about writing to HubSpot: half a batch, whole batches refused, lost answers, typed values, stages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapping.contract import Change, Op, RemoteId, Status
from mapping.errors import ContractError, RateLimitedError, TransientError
from tests.connectors.hubspot.desk import Desk, sample


@pytest.fixture(params=["one by one", "whole batch"])
def either(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """HubSpot in either of its manners towards a bad input."""
    verbs = frozenset({"create", "update", "upsert"}) if request.param == "one by one" else frozenset()
    desk = Desk(multi_status=verbs)
    yield desk
    desk.close()


def upsert(number: int, **values: Any) -> Change:
    return Change(f"c{number}", Op.UPSERT, external_id=f"cus_{number}", set={**sample("contacts", number), **values})


def update(record_id: str, **values: Any) -> Change:
    return Change(f"u{record_id}", Op.UPDATE, remote_id=RemoteId(record_id), set=values)


def test_half_a_batch_may_fail_without_the_other_half(either: Desk) -> None:
    writes = either.writes()
    either.portal.contacts.create(email="ada.3@example.com")
    bad = {1: {"email": "no address"}, 4: {"email": "x@y"}, 5: {"lifecyclestage": "lead", "email": "also bad"}}
    outcomes = writes.write("contacts", [upsert(number, **bad.get(number, {})) for number in range(8)])
    assert [each.key for each in outcomes] == [f"c{number}" for number in range(8)]
    failed = {each.key for each in outcomes if each.status is Status.FAILED}
    assert failed == {"c1", "c3", "c4", "c5"}
    assert len(either.portal.contacts.all()) == 5
    for each in outcomes:
        if each.key in failed:
            assert "INVALID_EMAIL: email" in each.error or "CONFLICT" in each.error
            assert "@" not in each.error
        else:
            assert each.remote_id
            assert either.portal.contacts.get(each.remote_id).properties["concord_id"] == f"cus_{each.key[1:]}"


def test_an_email_that_is_taken_names_the_record_that_has_it(either: Desk) -> None:
    taken = either.portal.contacts.create(email="ada.3@example.com")
    (outcome,) = either.writes().write("contacts", [upsert(3)])
    assert (outcome.status, outcome.remote_id) == (Status.FAILED, taken.id)


def test_two_new_people_with_one_email_cost_one_of_them(either: Desk) -> None:
    first, second = either.writes().write("contacts", [upsert(1), upsert(2, email="ada.1@example.com")])
    assert (first.status, second.status) == (Status.CREATED, Status.FAILED)


def test_a_bad_value_is_seen_before_a_request_is_spent_on_it(desk: Desk) -> None:
    writes = desk.writes()
    writes.describe("contacts")
    desk.server.forget()
    outcomes = writes.write(
        "contacts",
        [
            upsert(1, no_such=1),
            upsert(2, hs_object_id="7"),
            upsert(3, lifecyclestage="king"),
            upsert(4, jobtitle="x" * 65_537),
        ],
    )
    assert {each.status for each in outcomes} == {Status.FAILED}
    assert [each.error for each in outcomes] == [
        "contacts have no property no_such",
        "hs_object_id: it cannot be written",
        "lifecyclestage: it is none of the options",
        "jobtitle: it has 65537 characters, HubSpot takes 65536",
    ]
    assert desk.server.calls(path="batch") == 0


def test_an_answer_lost_after_the_commit_and_a_second_try_make_no_duplicate(desk: Desk) -> None:
    writes = desk.writes()
    batch = [upsert(number) for number in range(3)]
    for fault in (desk.server.faults.drop_answer, desk.server.faults.truncate):
        fault(path="batch/upsert")
        assert {each.status for each in writes.write("contacts", batch)} == {Status.UNKNOWN}
        assert desk.server.calls(path="batch/upsert") == 1, "not repeated by itself"
        desk.server.forget()
    found = writes.find("contacts", "concord_id", ["cus_0", "cus_1", "cus_2"])
    assert len(found) == 3
    assert {each.status for each in writes.write("contacts", batch)} == {Status.UPDATED}
    assert len(desk.portal.contacts.all()) == 3


def test_a_timeout_is_unknown_and_never_an_error(desk: Desk) -> None:
    desk.server.faults.fail(504, path="batch/upsert")
    (outcome,) = desk.writes().write("contacts", [upsert(1)])
    assert outcome.status is Status.UNKNOWN


@pytest.mark.parametrize("asked", [30.0, None])
def test_a_rate_limit_before_anything_is_committed_is_raised(desk: Desk, asked: float | None) -> None:
    writes = desk.writes()
    desk.server.faults.fail(429, retry_after=asked, times=99, path="batch/upsert")
    with pytest.raises(RateLimitedError) as refused:
        writes.write("contacts", [upsert(1)])
    assert refused.value.retry_after == asked
    assert not desk.portal.contacts.all()


def test_a_rate_limit_after_a_part_is_committed_is_no_error(desk: Desk) -> None:
    writes = desk.writes()
    there = desk.portal.contacts.create(lastname="Castro")
    desk.server.faults.fail(429, times=99, path="batch/upsert")
    updated, created = writes.write("contacts", [update(there.id, firstname="Ada"), upsert(1)])
    assert updated.status is Status.UPDATED
    assert (created.status, created.error[:8]) == (Status.UNKNOWN, "not sent")
    desk.server.faults.clear()
    assert writes.write("contacts", [upsert(1)])[0].status is Status.CREATED


def test_a_rate_limit_amid_a_halved_batch_hides_no_commit() -> None:
    desk = Desk(multi_status=frozenset())
    writes = desk.writes()
    desk.server.faults.fail(429, times=99, skip=2, path="batch/upsert")
    outcomes = writes.write("contacts", [upsert(1), upsert(2), upsert(3), upsert(4, email="bad")])
    assert [each.status for each in outcomes[:2]] == [Status.CREATED, Status.CREATED]
    assert {each.status for each in outcomes[2:]} == {Status.UNKNOWN}
    desk.close()


def test_a_connection_that_cannot_be_made_is_raised() -> None:
    desk = Desk()
    writes = desk.writes()
    desk.close()
    with pytest.raises(TransientError):
        writes.write("contacts", [upsert(1)])


def test_two_changes_of_one_record_never_share_a_request(desk: Desk) -> None:
    there = desk.portal.contacts.create(lastname="Castro")
    first = update(there.id, firstname="Ada")
    second = Change("second", Op.UPDATE, remote_id=RemoteId(there.id), set={"firstname": "Bea"})
    outcomes = desk.writes().write("contacts", [first, second])
    assert {each.status for each in outcomes} == {Status.UPDATED}
    assert desk.portal.contacts.get(there.id).properties["firstname"] == "Bea"


def test_an_answer_that_mentions_nothing_is_no_success(desk: Desk) -> None:
    writes = desk.writes()
    desk.server.faults.fail(200, body={"status": "COMPLETE", "results": []}, path="batch/upsert")
    assert writes.write("contacts", [upsert(1)])[0].status is Status.UNKNOWN
    error = {"category": "VALIDATION_ERROR", "message": "no", "context": {}}
    desk.server.faults.fail(207, body={"results": [], "errors": [error]}, path="batch/upsert")
    (outcome,) = writes.write("contacts", [upsert(1)])
    assert (outcome.status, outcome.error) == (Status.FAILED, "VALIDATION_ERROR")


def test_a_result_without_a_trace_is_matched_by_its_unique_value(desk: Desk) -> None:
    writes = desk.writes()
    result = {"id": "77", "properties": {"concord_id": "cus_1", "lastname": "Castro 1"}, "new": True}
    other = {"id": "88", "properties": {"concord_id": "cus_2"}, "new": False}
    desk.server.faults.fail(200, body={"results": [other, result]}, path="batch/upsert")
    one, two = writes.write("contacts", [upsert(1), upsert(2)])
    assert (one.remote_id, one.status, one.acknowledged) == ("77", Status.CREATED, {"lastname": "Castro 1"})
    assert (two.remote_id, two.status) == ("88", Status.UPDATED)


def test_a_batch_of_more_than_a_hundred_is_sent_in_parts(desk: Desk) -> None:
    outcomes = desk.writes().write("contacts", [upsert(number) for number in range(230)])
    assert {each.status for each in outcomes} == {Status.CREATED}
    assert desk.server.calls(path="batch/upsert") == 3


def test_values_are_written_as_each_type_takes_them(desk: Desk) -> None:
    shelf = desk.portal.contacts
    shelf.define("n", "number")
    shelf.define("d", "date")
    shelf.define("t", "datetime")
    shelf.define("b", "bool", options=("true", "false"))
    shelf.define("e", "enumeration", options=("red", "dark blue"))
    at = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    cases: list[tuple[str, Any, str]] = [
        ("n", Decimal("1E+3"), "1000"),
        ("n", 12, "12"),
        ("n", "3.50", "3.50"),
        ("d", date(2026, 5, 4), "2026-05-04"),
        ("d", at, "2026-05-04"),
        ("t", at, "2026-05-04T08:30:00.000Z"),
        ("t", "2026-05-04T10:30:00+02:00", "2026-05-04T08:30:00.000Z"),
        ("t", date(2026, 5, 4), "2026-05-04T00:00:00.000Z"),
        ("b", True, "true"),
        ("b", "False", "false"),
        ("e", "Dark Blue", "dark blue"),
        ("e", ["red", "dark blue"], "red;dark blue"),
    ]
    writes = desk.writes()
    there = shelf.create(lastname="Castro")
    for name, value, expected in cases:
        (outcome,) = writes.write("contacts", [update(there.id, **{name: value})])
        assert outcome.status is Status.UPDATED, (name, value, outcome.error)
        assert outcome.acknowledged == {name: expected}
        assert shelf.get(there.id).properties[name] == expected
    for name, value in [("n", "many"), ("d", "soon"), ("t", 7), ("b", "maybe"), ("e", "green")]:
        assert writes.write("contacts", [update(there.id, **{name: value})])[0].status is Status.FAILED


def test_a_lifecycle_stage_that_hubspot_will_not_move_back_shows_in_what_is_acknowledged(desk: Desk) -> None:
    there = desk.portal.contacts.create(lifecyclestage="customer", lastname="Castro")
    (outcome,) = desk.writes().write("contacts", [update(there.id, lifecyclestage="lead")])
    assert outcome.acknowledged == {"lifecyclestage": "customer"}


def test_clearing_empties_and_an_absent_field_stays(desk: Desk) -> None:
    there = desk.portal.contacts.create(lastname="Castro", phone="1", city="Leeds")
    change = Change("clear", Op.UPDATE, remote_id=RemoteId(there.id), set={"lastname": "Byron"}, clear=("phone",))
    (outcome,) = desk.writes().write("contacts", [change])
    assert outcome.acknowledged == {"lastname": "Byron", "phone": ""}
    held = desk.portal.contacts.get(there.id).properties
    assert ("phone" in held, held["city"]) == (False, "Leeds")


def test_a_record_is_found_by_an_email_in_any_case_or_an_additional_one(desk: Desk) -> None:
    one = desk.portal.contacts.create(email="ada@example.com")
    two = desk.portal.contacts.create(email="bea@example.com")
    winner = desk.portal.contacts.merge(one.id, two.id)
    found = desk.writes().find("contacts", "email", ["ADA@Example.com", "nobody@example.com"])
    assert {value: [each.remote_id for each in some] for value, some in found.items()} == {
        "ADA@Example.com": [winner.id]
    }


def test_a_merged_id_is_fetched_as_what_it_became(desk: Desk) -> None:
    one, two = (desk.portal.contacts.create(lastname=name) for name in "ab")
    winner = desk.portal.contacts.merge(one.id, two.id)
    live = desk.writes().fetch("contacts", [RemoteId(two.id), RemoteId("999")])
    assert {asked: remote.remote_id for asked, remote in live.items()} == {two.id: winner.id}


def test_what_is_not_unique_is_searched_for_in_lower_case_past_a_page(desk: Desk) -> None:
    made = []
    for number in range(205):
        made.append(desk.portal.companies.create(name=f"Firm {number}", domain="firm.example.com").id)
        desk.clock.advance(1)
    found = desk.writes("companies").find("companies", "domain", ["FIRM.example.com", "other.example.com"])
    assert [each.remote_id for each in found["FIRM.example.com"]] == made
    assert list(found) == ["FIRM.example.com"]


def test_a_key_that_is_not_provisioned_yet_is_found_nowhere_and_written_nowhere(desk: Desk) -> None:
    writes = desk.connector().writes
    assert writes is not None
    assert writes.find("contacts", "concord_id", ["cus_1"]) == {}
    (outcome,) = writes.write("contacts", [upsert(1)])
    assert outcome.error == "contacts have no property concord_id yet: it has to be provisioned first"


def test_a_key_that_somebody_else_made_without_being_unique_is_refused(desk: Desk) -> None:
    desk.portal.contacts.define("concord_id")
    writes = desk.connector().writes
    assert writes is not None
    with pytest.raises(ContractError, match="not unique"):
        writes.provision("contacts", False)


def test_a_note_hangs_on_the_people_it_is_about(desk: Desk) -> None:
    person = desk.portal.contacts.create(lastname="Castro")
    company = desk.portal.companies.create(name="Firm")
    refs = {"contact": [f"contacts:{person.id}"], "company": [f"companies:{company.id}"]}
    change = Change("n", Op.UPSERT, external_id="f_1", set=sample("notes", 1), refs=refs)
    (outcome,) = desk.writes("notes").write("notes", [change])
    assert outcome.status is Status.CREATED
    assert desk.portal.linked("contacts", person.id, "notes") == [outcome.remote_id]
    assert desk.portal.linked("companies", company.id, "notes") == [outcome.remote_id]


def test_a_note_on_somebody_who_is_gone_says_so_and_is_not_made_twice(desk: Desk) -> None:
    person = desk.portal.contacts.create(lastname="Castro")
    desk.portal.contacts.archive(person.id)
    change = Change(
        "n", Op.UPSERT, external_id="f_1", set=sample("notes", 1), refs={"contact": [f"contacts:{person.id}"]}
    )
    writes = desk.writes("notes")
    for _ in range(2):
        (outcome,) = writes.write("notes", [change])
        assert outcome.status is Status.FAILED
        assert outcome.error.startswith(f"not associated with contacts {person.id}: OBJECT_NOT_FOUND")
        assert outcome.remote_id
    assert len(desk.portal.notes.all()) == 1


def test_a_lost_association_is_unknown(desk: Desk) -> None:
    person = desk.portal.contacts.create(lastname="Castro")
    change = Change(
        "n", Op.UPSERT, external_id="f_1", set=sample("notes", 1), refs={"contact": [f"contacts:{person.id}"]}
    )
    writes = desk.writes("notes")
    desk.server.faults.drop_answer(path="associate")
    assert writes.write("notes", [change])[0].status is Status.UNKNOWN
    assert writes.write("notes", [change])[0].status is Status.UPDATED


def test_references_and_ids_that_make_no_sense_fail_alone(desk: Desk) -> None:
    there = RemoteId(desk.portal.contacts.create(lastname="Castro").id)
    batch = [
        Change("no id", Op.ASSOCIATE, refs={"company": ["companies:1"]}),
        Change("no object", Op.ASSOCIATE, remote_id=there, refs={"company": ["1"]}),
        Change("nothing", Op.ASSOCIATE, remote_id=there),
        Change("archive what", Op.ARCHIVE),
        Change("no key", Op.UPSERT, set={"lastname": "x"}),
        Change("update what", Op.UPDATE, set={"lastname": "x"}),
    ]
    outcomes = {each.key: each for each in desk.writes().write("contacts", batch)}
    assert outcomes.pop("nothing").status is Status.UNCHANGED
    assert {each.status for each in outcomes.values()} == {Status.FAILED}
    assert all(each.error for each in outcomes.values())


def test_a_property_that_was_deleted_meanwhile_costs_one_batch_only(either: Desk) -> None:
    either.portal.contacts.define("shoe_size", "number")
    writes = either.writes()
    writes.describe("contacts")
    del either.portal.drawer("contacts").properties["shoe_size"]
    batch = [upsert(1, shoe_size=41), upsert(2)]
    first, second = writes.write("contacts", batch)
    assert (first.error, second.status) == ("VALIDATION_ERROR (PROPERTY_DOESNT_EXIST: shoe_size)", Status.CREATED)
    either.server.forget()
    first, second = writes.write("contacts", batch)
    assert (first.error, second.status) == ("contacts have no property shoe_size", Status.UPDATED)
    assert either.server.calls(path="batch") == 1
