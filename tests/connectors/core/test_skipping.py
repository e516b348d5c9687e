"""A list that only skips and counts loses no row, whatever is removed or put in while it is gone over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.rounds import Batch
from connectors.core.skipping import by_skipping
from mapping.errors import ContractError

Row = dict[str, Any]


class Rows:
    """A vendor's rows by id. ``asked`` counts the requests."""

    def __init__(self, count: int) -> None:
        self.ids, self.asked = [f"{number:04}" for number in range(0, count * 10, 10)], 0

    def fetch(self, start: int, take: int) -> tuple[Sequence[Row], int]:
        self.asked += 1
        return [{"id": each} for each in self.ids[start : start + take]], len(self.ids)


def ids(batch: Batch) -> list[str]:
    return [row["id"] for row in batch.rows]


@given(
    count=st.integers(0, 25),
    size=st.integers(1, 6),
    moves=st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=25),
    again=st.booleans(),
)
def test_what_was_there_all_along_is_met(count: int, size: int, moves: list[tuple[bool, int]], again: bool) -> None:
    rows, met, moves = Rows(count), set[str](), list(moves)
    lasting, at, skip = set(rows.ids), "", 0
    batches = by_skipping(rows.fetch, at, skip, size)
    for _ in range(500):
        batch = next(batches, None)
        if batch is None:
            break
        met |= set(ids(batch))
        if batch.last:
            break
        if moves:
            removes, number = moves.pop()
            if removes and rows.ids:
                lasting.discard(rows.ids.pop(number % len(rows.ids)))
            elif not removes and f"{number:04}" not in rows.ids:
                rows.ids = sorted([*rows.ids, f"{number:04}"])
        if again:  # as a run does that was cut off
            batches = by_skipping(rows.fetch, batch.at, batch.skip, size)
    else:
        pytest.fail("the listing does not end")
    assert lasting & set(rows.ids) <= met


@pytest.mark.parametrize(("count", "size", "requests"), [(0, 3, 1), (9, 3, 3), (10, 3, 4), (2, 3, 1)])
def test_a_list_at_rest_takes_as_many_requests_as_it_has_pages(count: int, size: int, requests: int) -> None:
    rows = Rows(count)
    batches = list(by_skipping(rows.fetch, "", 0, size))
    assert [each for batch in batches for each in ids(batch)] == rows.ids
    assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]
    assert rows.asked == requests


def test_a_page_that_is_empty_though_more_should_follow_is_an_error() -> None:
    with pytest.raises(ContractError):
        list(by_skipping(lambda start, take: ([], 9), "", 0, 3))
