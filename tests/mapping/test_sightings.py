"""Sightings: one fact out of several, and whom it belongs to at its time."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.sightings import Hold, Sighting, attach, merge

MAY, JUNE, JULY = "2026-05-01T00:00:00.000000Z", "2026-06-01T00:00:00.000000Z", "2026-07-01T00:00:00.000000Z"


def _sighting(number: int, changed: str, kind: str = "activity", **values: Any) -> Sighting:
    return Sighting(number, ("shop", "meetings", "", str(number), "meeting"), kind, values, changed)


def _hold(customer: str, kind: str = "email", since: str = MAY, until: str | None = None, participant: int = 0) -> Hold:
    return Hold(participant, "to", kind, customer, since, until)


def test_the_newest_sighting_speaks_and_the_others_fill_in() -> None:
    kind, values = merge([_sighting(1, MAY, title="Old", location="Room 2"), _sighting(2, JUNE, title="New")])
    assert (kind, values) == ("activity", {"title": "New", "location": "Room 2"})


def test_everybody_whom_any_sighting_names_took_part_once() -> None:
    ann, bob = {"role": "attendee", "email": "ann@home.example"}, {"role": "attendee", "email": "bob@home.example"}
    named = {**ann, "name": "Ann Lee", "answer": "accepted"}
    _, values = merge([_sighting(1, JUNE, participants=[named]), _sighting(2, MAY, participants=[ann, bob])])
    assert values["participants"] == [named, bob]


def test_participants_known_by_name_only_are_told_apart_by_it() -> None:
    guests = [{"role": "attendee", "name": "Ann"}, {"role": "attendee", "name": "Bob"}]
    _, values = merge([_sighting(1, MAY, participants=guests), _sighting(2, MAY, participants=guests)])
    assert values["participants"] == guests


def test_of_sightings_of_one_instant_the_natural_key_decides() -> None:
    assert merge([_sighting(2, MAY, title="B"), _sighting(1, MAY, title="A")])[1]["title"] == "A"


@given(st.lists(st.tuples(st.sampled_from([MAY, JUNE]), st.sampled_from(["A", "B", ""])), min_size=1, max_size=4))
def test_the_order_of_sightings_decides_nothing(told: list[tuple[str, str]]) -> None:
    sightings = [
        _sighting(number, changed, **({"title": title} if title else {}))
        for number, (changed, title) in enumerate(told)
    ]
    expected = merge(sightings)
    assert all(merge(order) == expected for order in permutations(sightings))


def test_a_fact_that_nobody_holds_belongs_to_nobody() -> None:
    assert attach(MAY, []) == {}


def test_two_who_hold_it_at_the_time_make_it_nobodys() -> None:
    assert attach(JUNE, [_hold("c1"), _hold("c2")]) == {}


def test_one_who_holds_it_by_two_records_holds_it() -> None:
    assert attach(JUNE, [_hold("c1"), _hold("c1")]) == {(0, "to"): "c1"}


def test_who_held_it_at_the_time_comes_before_who_came_later() -> None:
    holds = [_hold("former", since=MAY, until=JUNE), _hold("now", since=JUNE)]
    assert attach("2026-05-15T00:00:00.000000Z", holds) == {(0, "to"): "former"}
    assert attach(JULY, holds) == {(0, "to"): "now"}
    assert attach(JUNE, holds) == {(0, "to"): "now"}


def test_where_nobody_held_it_yet_it_is_whose_it_became() -> None:
    assert attach(MAY, [_hold("c1", since=JUNE)]) == {(0, "to"): "c1"}
    assert attach(MAY, [_hold("c1", since=JUNE), _hold("c2", since=JULY)]) == {}


def test_who_gave_it_up_before_is_not_asked() -> None:
    assert attach(JULY, [_hold("c1", since=MAY, until=JUNE)]) == {}


def test_without_a_time_only_who_holds_it_now_counts() -> None:
    assert attach(None, [_hold("former", until=JUNE), _hold("now", since=JUNE)]) == {(0, "to"): "now"}


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([_hold("by id", "id"), _hold("by email", "email"), _hold("by phone", "phone")], "by id"),
        ([_hold("by email", "email"), _hold("by phone", "phone"), _hold("too", "phone")], "by email"),
    ],
)
def test_the_strongest_identifier_decides(holds: list[Hold], expected: str) -> None:
    assert attach(JUNE, holds) == {(0, "to"): expected}


def test_a_strong_but_ambiguous_identifier_is_not_overruled_by_a_weak_one() -> None:
    assert attach(JUNE, [_hold("c1", "id"), _hold("c2", "id"), _hold("c1", "phone")]) == {}


def test_participants_are_attached_one_by_one() -> None:
    found = attach(
        JUNE, [_hold("c1"), _hold("c2", participant=1), _hold("c3", participant=2), _hold("c4", participant=2)]
    )
    assert found == {(0, "to"): "c1", (1, "to"): "c2"}
