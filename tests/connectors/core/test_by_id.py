"""A listing by id is read whole, whatever comes and goes while it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.core.by_id import Rank, Slip, by_id
from mapping.errors import ContractError

IDS = st.sets(st.integers(1, 60))
STEPS = st.lists(st.tuples(st.sets(st.integers(1, 60), max_size=25), IDS), max_size=12)


class Listing:
    """Numbers that come and go between two answers. ``hidden`` ones count, but are not shown."""

    def __init__(self, ids: set[int], hidden: set[int], steps: Sequence[tuple[set[int], set[int]]], size: int) -> None:
        self.ids, self.hidden, self.steps, self.size = set(ids), hidden, list(steps), size
        self.asked = 0
        self.stayed = set(ids)

    def fetch(self, offset: int) -> Slip[int]:
        """A page; then something changes."""
        self.asked += 1
        assert self.asked < 1_000, "the read spins"
        rows, total = sorted(self.ids)[offset : offset + self.size], len(self.ids)
        if self.steps:
            gone, come = self.steps.pop(0)
            self.stayed -= gone
            self.ids = (self.ids - gone) | come
        return Slip([row for row in rows if row not in self.hidden], total)

    def read(self, start: Rank | None = None) -> tuple[list[int], Rank]:
        """All rows, and where the read ended."""
        found, rank = list[int](), start or Rank()
        for leaf in by_id(self.fetch, lambda row: row, self.size, start):
            assert leaf.next is not None
            assert len(leaf.page) <= self.size
            found, rank = found + leaf.page, leaf.next
        return found, rank


@given(IDS, STEPS, st.integers(2, 8))
@settings(max_examples=150, deadline=None)
def test_no_row_that_stays_is_missed_and_none_comes_twice(
    ids: set[int], steps: list[tuple[set[int], set[int]]], size: int
) -> None:
    listing = Listing(ids, set(), steps, size)
    found, _ = listing.read()
    assert found == sorted(set(found))
    assert set(found) >= listing.stayed


@given(IDS, IDS, st.integers(2, 8))
@settings(max_examples=80, deadline=None)
def test_rows_that_are_hidden_keep_none_from_being_read(ids: set[int], hidden: set[int], size: int) -> None:
    assert Listing(ids, hidden, [], size).read()[0] == sorted(ids - hidden)


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)), st.sets(st.integers(41, 60)), st.integers(2, 8))
@settings(max_examples=60, deadline=None)
def test_a_later_read_goes_on_with_what_was_added(ids: set[int], gone: set[int], added: set[int], size: int) -> None:
    listing = Listing(ids, set(), [], size)
    _, rank = listing.read()
    listing.ids = (ids - gone) | added
    assert listing.read(rank)[0] == sorted(added)


def test_an_undisturbed_read_costs_one_row_a_page_and_an_idle_one_a_single_request() -> None:
    listing = Listing(set(range(1, 991)), set(), [], 100)
    _, rank = listing.read()
    assert listing.asked == 10
    listing.read(rank)
    assert listing.asked == 11


def test_rows_that_are_not_sorted_are_refused() -> None:
    with pytest.raises(ContractError, match="sorted by id"):
        list(by_id(lambda offset: Slip([2, 1], 2), lambda row: row, 2))
