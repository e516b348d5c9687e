"""Whom a change reaches: scores that come, change or go, and links that a newcomer makes or undoes."""

from __future__ import annotations

import pytest

from mapping.clustering import Rules
from mapping.identity import Link
from state.tables import edge
from sync.neighbourhood import tied_otherwise
from sync.stirred import stirred
from tests.sync.hubs import Stage

HIGH, LOW = 3.0, -1.0


@pytest.mark.parametrize(
    ("before", "after", "linked", "reached"),
    [
        ({}, {(1, 2): HIGH}, [], {1}),  # it brings the other along
        ({(1, 2): HIGH}, {(1, 2): LOW}, [], {1, 2}),
        ({(1, 2): HIGH}, {}, [], {1, 2}),
        ({(1, 2): LOW}, {}, [], set()),  # no cluster was weighed by it
        ({(1, 2): LOW}, {}, [(1, 3)], {1}),
        ({(1, 2): LOW, (1, 3): HIGH}, {(1, 3): HIGH}, [], {1}),
        ({(1, 2): LOW, (2, 3): HIGH}, {(1, 2): -0.5, (2, 3): HIGH}, [], set()),  # 1 is alone
    ],
)
def test_who_is_decided_again_when_scores_change(
    stage: Stage,
    before: dict[tuple[int, int], float],
    after: dict[tuple[int, int], float],
    linked: list[tuple[int, int]],
    reached: set[int],
) -> None:
    changed = {pair for pair in before.keys() | after.keys() if before.get(pair) != after.get(pair)}
    with stage.hub.db.write() as c:
        for a, b in linked:
            c.execute(edge.insert().values(a=a, b=b, rule="same_email", evidence="[]"))
        assert stirred(c, Rules(), {1}, before, after, changed) == reached


def _star(*ends: int) -> list[Link]:
    return [Link(ends[0], end, "same_email", "x@y.example") for end in ends[1:]]


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [
        (_star(1, 2), _star(1, 2), set()),
        (_star(1, 2, 3), _star(1, 2, 3, 9), {1, 2, 3, 9}),
        (_star(1, 2, 3), _star(9, 1, 2, 3), {1, 2, 3, 9}),
        (_star(1, 2, 3), [], {1, 2, 3}),
        (_star(1, 2) + _star(5, 6), _star(1, 2, 9) + _star(5, 6), {1, 2, 9}),
        ([], _star(1, 9), {1, 9}),
    ],
)
def test_a_newcomer_reaches_its_whole_family_of_names_and_no_other(
    before: list[Link], after: list[Link], reached: set[int]
) -> None:
    assert tied_otherwise(before, after) == reached
