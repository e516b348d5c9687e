"""Pairwise and B-cubed precision, recall and F1 of one partition against another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Quality(NamedTuple):
    """Shares of 1. ``exact`` is the share of true clusters found exactly right."""

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3: float
    exact: float


def quality(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Quality:
    """How well the found clusters fit the true ones; both name the cluster of each record, in the same order."""
    mine, theirs = Counter(found), Counter(truth)
    both = Counter(zip(found, truth, strict=True))
    together = _pairs(both)
    precision = together / (_pairs(mine) or 1) if _pairs(mine) else 1.0
    recall = together / (_pairs(theirs) or 1) if _pairs(theirs) else 1.0
    total = len(truth)
    b3_precision = sum(count * count / mine[pair[0]] for pair, count in both.items()) / total
    b3_recall = sum(count * count / theirs[pair[1]] for pair, count in both.items()) / total
    right = sum(1 for (one, other), count in both.items() if count == mine[one] == theirs[other])
    return Quality(
        precision, recall, _mean(precision, recall), b3_precision, b3_recall, _mean(b3_precision, b3_recall),
        right / len(theirs),
    )  # fmt: skip


def _pairs(counts: Counter[object] | Counter[tuple[Hashable, Hashable]] | Counter[Hashable]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def _mean(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
