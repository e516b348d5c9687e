"""Figures of partitions against small ones that were counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.quality import drift, faults, quality, verdicts


def test_a_perfect_partition_is_perfect() -> None:
    found = quality([1, 1, 2], ["a", "a", "b"])
    assert (found.precision, found.recall, found.f1, found.b3, found.exact) == (1, 1, 1, 1, 1)
    assert (found.clusters_found, found.clusters_true, found.clusters_exact) == (2, 2, 2)


def test_pairwise_and_b_cubed_are_what_the_definitions_say() -> None:
    """Found {1,2,3}, {4}; true {1,2}, {3,4}: one of three found pairs is right, one of two true pairs is found."""
    found = quality([0, 0, 0, 1], [0, 0, 1, 1])
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 2)
    assert found.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.b3_recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert found.exact == 0
    assert (found.pairs_found, found.pairs_true, found.pairs_right) == (3, 2, 1)


def test_nothing_merged_has_no_false_pair() -> None:
    found = quality([0, 1, 2], [0, 0, 0])
    assert (found.precision, found.recall, found.f1) == (1, 0, 0)


def test_no_record_at_all_has_nothing_wrong() -> None:
    assert quality([], []).b3 == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_pairs_are_those_that_one_would_count(rows: list[tuple[int, int]]) -> None:
    found, truth = [row[0] for row in rows], [row[1] for row in rows]
    pairs = [(a, b) for a in range(len(rows)) for b in range(a)]
    together = [found[a] == found[b] for a, b in pairs]
    truly = [truth[a] == truth[b] for a, b in pairs]
    figures = quality(found, truth)
    assert figures.pairs_found == sum(together)
    assert figures.pairs_true == sum(truly)
    assert figures.pairs_right == sum(x and y for x, y in zip(together, truly, strict=True))
    wrong = faults(found, truth, len(rows))
    assert sum(one.pairs for one in wrong) == figures.pairs_found - figures.pairs_right
    assert sum(one.pairs for one in faults(truth, found, len(rows))) == figures.pairs_true - figures.pairs_right
    for one in wrong:
        members = sorted(place for _, places in one.parts for place in places)
        assert members == [place for place, number in enumerate(found) if number == one.cluster]


def test_the_worst_fault_comes_first_with_its_largest_part() -> None:
    first, second = faults([0, 0, 1, 1, 1], [5, 6, 7, 8, 8], 9)
    assert (first.cluster, first.pairs, first.parts) == (1, 2, [(8, [3, 4]), (7, [2])])
    assert (second.cluster, second.pairs) == (0, 1)
    assert faults([0, 0, 1, 1, 1], [5, 6, 7, 8, 8], 1) == [first]


def test_judged_pairs_are_counted_by_how_they_were_decided() -> None:
    told = verdicts([(True, True), (True, True), (True, False), (False, True), (False, False)])
    assert (told.right, told.wrong, told.missed, told.apart) == (2, 1, 1, 1)
    assert told.precision == pytest.approx(2 / 3) == told.recall


def test_a_drift_tells_who_came_together_and_who_came_apart() -> None:
    before = {1: "a", 2: "a", 3: "b", 4: "c", 5: "c", 6: "d"}
    after = {1: "a", 2: "a", 3: "a", 4: "c", 5: "new", 6: "d"}
    told = drift(before, after)
    assert (told.before, told.after, told.moved) == (4, 4, 2)
    assert told.merged == {"a": ["a", "b"]}
    assert told.split == {"c": ["c", "new"]}


def test_another_name_alone_is_no_drift() -> None:
    told = drift({1: "a", 2: "a", 3: "b"}, {1: "x", 2: "x", 3: "y"})
    assert (told.moved, told.merged, told.split) == (0, {}, {})
