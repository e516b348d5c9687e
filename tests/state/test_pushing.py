"""Shadows, attempts and plans: what is known of a destination, what is under way to it, what was planned for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from state import audit, outbox, plans, shadows
from state.database import Database
from state.outbox import Attempt
from state.plans import StoredPlan
from state.shadows import Shadow
from tests.state.rooms import LATER, NOW


def _shadow(remote_id: str, subject: str = "c1", **fields: Any) -> Shadow:
    return replace(Shadow("crm", "people", remote_id, "customer", subject), **fields)


def _save(db: Database, *many: Shadow) -> None:
    with db.write() as c:
        for one in many:
            shadows.save(c, one, NOW)


def _all(db: Database) -> dict[str, Shadow]:
    with db.read() as c:
        return {one.remote_id: one for one in shadows.of_target(c, "crm", "people")}


def test_a_shadow_is_found_by_its_record_and_by_its_subject(database: Database) -> None:
    _save(database, _shadow("1"), _shadow("2", "c2", sent={"email": "ann@home.example"}, refs={"company": ("x:1",)}))
    with database.read() as c:
        found = shadows.by_remote(c, "crm", "people", ["2", "404"])
        assert list(found) == ["2"]
        assert (found["2"].sent, found["2"].refs) == ({"email": "ann@home.example"}, {"company": ["x:1"]})
        assert shadows.by_remote(c, "erp", "people", ["2"]) == {}
        assert [one.remote_id for one in shadows.of_subject(c, "customer", ["c1"])] == ["1"]
        assert shadows.of_subject(c, "fact", ["c1"]) == []
        assert len(shadows.of_subject(c, "customer", [f"c{n}" for n in range(40_000)])) == 2


def test_what_was_held_for_one_customer_is_a_duplicate_where_the_other_has_a_primary(database: Database) -> None:
    _save(database, _shadow("1", "c1"), _shadow("2", "c2"))
    with database.write() as c:
        shadows.move_subject(c, "c2", "c1", LATER)
    assert {i: (one.subject_key, one.role, one.version) for i, one in _all(database).items()} == {
        "1": ("c1", "primary", 1),
        "2": ("c1", "duplicate", 2),
    }
    assert [one.what for one in audit.events(database)] == ["shadow_moved"]


def test_what_was_held_for_one_customer_stays_primary_where_the_other_has_none_alive(database: Database) -> None:
    _save(database, _shadow("1", "c1", state="gone"), _shadow("2", "c2"), _shadow("3", "c2", role="duplicate"))
    with database.write() as c:
        shadows.move_subject(c, "c2", "c1", LATER)
    assert {i: one.role for i, one in _all(database).items()} == {"1": "primary", "2": "primary", "3": "duplicate"}


def test_a_lost_primary_is_followed_by_its_oldest_living_duplicate(database: Database) -> None:
    _save(database, _shadow("1"), _shadow("2", role="duplicate", state="gone"), _shadow("3", role="duplicate"))
    _save(database, _shadow("4", role="duplicate"), _shadow("5", "c2", role="duplicate"))
    with database.write() as c:
        shadows.lose(c, _all(database)["1"], "archived", LATER)
    assert {i: (one.role, one.state) for i, one in _all(database).items()} == {
        "1": ("primary", "archived"),
        "2": ("duplicate", "gone"),
        "3": ("primary", "live"),
        "4": ("duplicate", "live"),
        "5": ("duplicate", "live"),
    }


def test_a_merge_over_there_moves_what_we_hold_to_a_record_that_is_nobodys(database: Database) -> None:
    _save(database, _shadow("1", sent={"email": "ann@home.example"}, version=4, remote_version="9"))
    with database.write() as c:
        assert shadows.move_remote(c, _all(database)["1"], "2", LATER)
    found = _all(database)
    assert (found["1"].state, found["1"].merged_into, found["1"].version) == ("merged_into", "2", 5)
    assert (found["2"].state, found["2"].subject_key, found["2"].sent) == ("live", "c1", {"email": "ann@home.example"})
    assert found["2"].remote_version is None, "the version of the former record says nothing of this one"


def test_a_merge_over_there_takes_nothing_from_another_customer(database: Database) -> None:
    _save(database, _shadow("1"), _shadow("2", "c2"))
    with database.write() as c:
        assert not shadows.move_remote(c, _all(database)["1"], "2", LATER)
    found = _all(database)
    assert (found["1"].state, found["2"].subject_key, found["2"].version) == ("merged_into", "c2", 1)


def _attempt(key: str, **fields: Any) -> Attempt:
    one = Attempt("crm", "people", key, "customer", key, "upsert", {"set": {}, "clear": []}, "plan", sent_at=NOW)
    return replace(one, **fields)


def test_an_attempt_stands_until_it_is_ended_and_a_repeated_one_stands_once(database: Database) -> None:
    with database.write() as c:
        outbox.begin(c, [_attempt("a"), _attempt("b")])
        outbox.begin(c, [_attempt("a", plan_hash="later", sent_at=LATER)])
    with database.read() as c:
        assert [(one.change_key, one.plan_hash) for one in outbox.pending(c, "crm", "people")] == [
            ("a", "later"),
            ("b", "plan"),
        ]
        assert outbox.pending(c, "crm", "companies") == outbox.pending(c, "erp") == []
    with database.write() as c:
        outbox.end(c, "crm", "companies", ["a"])
        outbox.end(c, "crm", "people", ["b", "never"])
    with database.read() as c:
        assert [one.change_key for one in outbox.pending(c, "crm")] == ["a"]


def test_an_attempt_is_marked_with_what_became_of_it(database: Database) -> None:
    with database.write() as c:
        outbox.begin(c, [_attempt("a"), _attempt("b"), _attempt("c")])
        outbox.mark(c, _attempt("a"), "unknown", "the answer was lost", LATER)
        outbox.mark(c, _attempt("b"), "parked", "look first")
    with database.read() as c:
        found = {one.change_key: (one.state, one.error, one.settle_until) for one in outbox.pending(c, "crm")}
        assert outbox.counts(c) == {"sending": 1, "unknown": 1, "parked": 1}
    assert found == {
        "a": ("unknown", "the answer was lost", LATER),
        "b": ("parked", "look first", None),
        "c": ("sending", None, None),
    }


def test_only_living_records_of_the_target_are_counted_as_there(database: Database) -> None:
    _save(database, _shadow("1"), _shadow("2", state="gone"), replace(_shadow("3"), object="companies"))
    with database.read() as c:
        assert outbox.held_count(c, "crm", "people") == 1


def test_a_plan_is_found_by_the_beginning_of_its_hash_the_newest_first(database: Database) -> None:
    with database.write() as c:
        for hash_, at in (("abc1", NOW), ("abc2", LATER), ("x%_", NOW)):
            plans.save(c, StoredPlan(hash_, at, LATER, "open", {"changes": 1}))
        plans.set_state(c, "abc1", "applied")
    with database.read() as c:
        assert [(one.hash, one.state) for one in plans.find(c, "abc")] == [("abc2", "open"), ("abc1", "applied")]
        assert plans.find(c, "%") == []
        assert [one.hash for one in plans.find(c, "x%")] == ["x%_"]


def test_a_plan_made_again_from_the_same_world_is_open_again(database: Database) -> None:
    with database.write() as c:
        plans.save(c, StoredPlan("abc", NOW, NOW, "applied", {}))
        plans.save(c, StoredPlan("abc", LATER, LATER, "open", {}))
    with database.read() as c:
        assert [(one.state, one.created_at) for one in plans.find(c, "abc")] == [("open", LATER)]
