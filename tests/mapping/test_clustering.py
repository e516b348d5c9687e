"""Clusters that do not run away."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.clustering import Cluster, Edge, Rules, clusters
from mapping.comparison import Comparison
from mapping.vetoes import BIRTH, DEDUPLICATED, GENERATION, UNIQUE, births_differ, veto


def person(**values: Any) -> Comparison:
    return Comparison(**({"given": "ann", "family": "quill"} | values))


def groups(found: list[Cluster[int]]) -> list[tuple[int, ...]]:
    return [one.members for one in found]


def people(count: int) -> dict[int, Comparison]:
    return {number: person() for number in range(count)}


def test_nobody_gives_no_cluster() -> None:
    assert clusters({}, []) == []


def test_everybody_is_in_one_cluster_even_without_edges() -> None:
    assert groups(clusters(people(3), [])) == [(0,), (1,), (2,)]


def test_edges_to_records_that_are_not_there_are_left_out() -> None:
    assert groups(clusters(people(2), [Edge(0, 9, 5.0), Edge(0, 1, 5.0)])) == [(0, 1)]


def test_one_strong_edge_does_not_join_two_groups_that_disagree() -> None:
    """What connected components would do: 0-1-2 and 3-4-5, and a single bridge between 2 and 3."""
    inside = [Edge(a, b, 6.0) for group in ((0, 1, 2), (3, 4, 5)) for a, b in combinations(group, 2)]
    apart = [Edge(a, b, -3.0) for a in (0, 1, 2) for b in (3, 4, 5) if (a, b) != (2, 3)]
    assert groups(clusters(people(6), [*inside, *apart, Edge(2, 3, 4.0)])) == [(0, 1, 2), (3, 4, 5)]


def test_a_nameless_record_never_bridges_two_names() -> None:
    records = {0: person(), 1: Comparison(emails=("x@acme.com",)), 2: person(given="igor", family="petrov")}
    found = groups(clusters(records, [Edge(0, 1, 5.0), Edge(1, 2, 4.0)]))
    assert found == [(0, 1), (2,)]


OUR_COPY = Comparison(ids=("crm:contact:1",))
"""What we wrote and read back: of all that it says only its id is not our own word."""


def test_a_mute_record_has_no_vote() -> None:
    records = {0: person(), 1: Comparison(emails=("ann.quill@acme.com",)), 2: OUR_COPY}
    assert groups(clusters(records, [Edge(0, 1, 1.5)], same=[(0, 2)], mute={2})) == [(0, 1, 2)]


@pytest.mark.parametrize("copied", [1, 2])
def test_a_mute_record_decides_no_tie(copied: int) -> None:
    """Record 3 is as much like 1 as like 2; the copy of either comes before all of them."""
    records = {0: OUR_COPY, 1: person(), 2: person(), 3: Comparison(emails=("ann.quill@acme.com",))}
    edges = [Edge(1, 3, 2.0), Edge(2, 3, 2.0), Edge(1, 2, -1.9)]
    found = groups(clusters(records, edges, same=[(0, copied)], mute={0}))
    assert {tuple(one for one in group if one) for group in found} == {(1, 3), (2,)}


def test_what_a_person_told_apart_stays_apart_whatever_else_says() -> None:
    edges = [Edge(a, b, 8.0) for a, b in combinations(range(3), 2)]
    found = clusters(people(3), edges, same=[(0, 1), (1, 2)], trusted=[(0, 2)], different=[(0, 2)])
    assert all(not {0, 2} <= set(group) for group in groups(found))


def test_what_a_person_called_the_same_comes_together_against_hard_evidence() -> None:
    records = {0: person(generation="sr"), 1: person(generation="jr")}
    assert groups(clusters(records, [Edge(0, 1, -8.0)], same=[(0, 1)])) == [(0, 1)]


def test_a_trusted_id_joins_without_a_score() -> None:
    assert groups(clusters(people(2), [], trusted=[(0, 1)])) == [(0, 1)]


VETOED = [
    ({"birth": "1980-03-04", "verified_birth": True}, {"birth": "1950-11-23", "verified_birth": True}, BIRTH),
    ({"unique": ("tax:1",)}, {"unique": ("tax:2",)}, UNIQUE),
    ({"source": "crm", "deduplicated": True}, {"source": "crm", "deduplicated": True}, DEDUPLICATED),
    ({"generation": "jr"}, {"generation": "sr"}, GENERATION),
]


@pytest.mark.parametrize(("one", "other", "why"), VETOED)
def test_hard_evidence_keeps_two_records_apart(one: dict[str, Any], other: dict[str, Any], why: str) -> None:
    records = {0: person(**one), 1: person(**other)}
    assert veto(records[0], records[1], Rules()) == why
    assert groups(clusters(records, [Edge(0, 1, 8.0)])) == [(0,), (1,)]


@pytest.mark.parametrize(("one", "other", "why"), VETOED)
def test_hard_evidence_keeps_the_clusters_apart_that_hold_it(
    one: dict[str, Any], other: dict[str, Any], why: str
) -> None:
    records = {0: person(**one), 1: person(), 2: person(**other)}
    edges = [Edge(a, b, 8.0) for a, b in combinations(records, 2)]
    assert all(not {0, 2} <= set(group) for group in groups(clusters(records, edges)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"ids": ("crm:1",)}, {"ids": ("crm:2",)}),
        ({"tax": "1"}, {"tax": "2"}),
        ({"birth": "1980-03-04"}, {"birth": "1950-11-23"}),
        ({"birth": "1980-03-04", "verified_birth": True}, {"birth": "1980-04-03", "verified_birth": True}),
        ({"source": "crm"}, {"source": "crm"}),
    ],
)
def test_what_no_stream_vouches_for_is_no_veto(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert veto(person(**one), person(**other), Rules()) == ""


def test_a_slip_in_a_birth_date_is_no_other_date() -> None:
    assert not births_differ("1980-03-04", "1980-03-14")
    assert births_differ("1980-03-04", "1971-11-23")


def test_a_customer_has_no_more_emails_than_allowed() -> None:
    records = {number: person(emails=(f"a{number}@acme.com",)) for number in range(8)}
    found = clusters(records, [Edge(a, b, 8.0) for a, b in combinations(records, 2)])
    assert max(len(one.members) for one in found) == 5


def test_a_giant_component_is_put_aside_but_for_what_a_person_said() -> None:
    edges = [Edge(number, number + 1, 5.0) for number in range(11)]
    found = clusters(people(12), edges, Rules(largest=10), same=[(0, 7)])
    assert all(one.quarantined for one in found)
    assert (0, 7) in groups(found)
    assert len(found) == 11


@given(st.floats(-1000, -2))
def test_a_hopeless_pair_counts_like_one_that_never_met(hopeless: float) -> None:
    edges = [Edge(0, 1, 5.0), Edge(1, 2, 5.0)]
    assert clusters(people(3), [*edges, Edge(0, 2, hopeless)]) == clusters(people(3), edges)


EDGES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(-6, 8)).filter(lambda one: one[0] != one[1]),
    max_size=30,
)
PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda one: one[0] != one[1]), max_size=4)
RECORDS = st.lists(
    st.builds(
        lambda given, birth, email, generation: Comparison(
            given=given, birth=birth, verified_birth=True, emails=(email,) if email else (), generation=generation
        ),
        st.sampled_from(["", "ann", "tom"]),
        st.sampled_from(["", "", "1980-03-04", "1950-11-23"]),
        st.sampled_from(["", "a@acme.com", "b@acme.com", "c@acme.com"]),
        st.sampled_from(["", "", "jr", "sr"]),
    ),
    min_size=10,
    max_size=10,
)


@settings(max_examples=60)
@given(RECORDS, EDGES, PAIRS, PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(
    records: list[Comparison],
    edges: list[tuple[int, int, int]],
    same: list[tuple[int, int]],
    different: list[tuple[int, int]],
    chance: random.Random,
) -> None:
    once = {(min(a, b), max(a, b)): float(value) for a, b, value in edges}
    known = dict(enumerate(records))
    found = clusters(known, [Edge(a, b, value) for (a, b), value in once.items()], same=same, different=different)
    shuffled = [Edge(*(pair if chance.random() < 0.5 else pair[::-1]), value) for pair, value in once.items()]
    chance.shuffle(shuffled)
    numbers = list(known)
    chance.shuffle(numbers)
    mixed = {number: known[number] for number in numbers}
    chance.shuffle(same)
    chance.shuffle(different)
    assert clusters(mixed, shuffled, same=same, different=different) == found


@settings(max_examples=60)
@given(RECORDS, EDGES, PAIRS, PAIRS)
def test_no_rule_is_ever_broken(
    records: list[Comparison],
    edges: list[tuple[int, int, int]],
    same: list[tuple[int, int]],
    different: list[tuple[int, int]],
) -> None:
    known, rules = dict(enumerate(records)), Rules(emails=2)
    found = groups(clusters(known, [Edge(*one) for one in edges], rules, same=same, different=different))
    assert sorted(member for group in found for member in group) == list(known)
    told = {frozenset(pair) for pair in different}
    assert not any(frozenset(pair) in told for group in found for pair in combinations(group, 2))
    if same:
        return
    for group in found:
        assert not any(veto(known[a], known[b], rules) for a, b in combinations(group, 2))
        assert len({email for member in group for email in known[member].emails}) <= 2
