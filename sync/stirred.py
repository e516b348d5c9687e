"""Whom scores that changed may lead to another decision."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from mapping.clustering import Rules
from state import matching
from state.database import Connection
from state.matching import Pair

Scores = Mapping[Pair, float]
"""The log-odds of every two that were compared; hopeless pairs left out."""


def joined(rules: Rules, *several: Scores) -> set[int]:
    """Those whom one of the scores joins to somebody."""
    return {i for scores in several for pair, value in scores.items() if rules.reaches(value) for i in pair}


def stirred(
    c: Connection, rules: Rules, mine: Container[int], before: Scores, after: Scores, changed: Iterable[Pair]
) -> set[int]:
    """Those about whom another decision may be made now, as some scores of ``mine`` have ``changed``, came or went.
    ``before`` and ``after``: all that these scored until now and score from now on, or more.

    Whoever is resolved brings everybody along whom links and scores join to it, so of two whose score changed one is
    enough, as long as the score did not join them before. A score that is too low to join anybody counts where clusters
    are weighed: between records that links or other scores join.
    """
    connected = joined(rules, before, after)
    found: set[int] = set()
    rest: set[int] = set()
    for pair in changed:
        if pair in before and rules.reaches(before[pair]):
            found.update(pair)
        elif found.isdisjoint(pair):
            one = pair[0] if pair[0] in mine else pair[1]
            (found if one in connected else rest).add(one)
    return found | (matching.linked(c, rest - found) if rest else set())
