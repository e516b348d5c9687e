"""How well one partition fits another: pairwise and B-cubed precision, recall and F1, and where it goes wrong.

B-cubed is averaged over records (A. Bagga and B. Baldwin, "Entity-based cross-document coreferencing using the vector
space model", COLING-ACL 1998): how much of a record's found cluster is truly its own, and how much of its true cluster
was found with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares of 1, then counts. ``exact`` is the share of true clusters found exactly right.

    ``pairs`` are pairs of records: found, true, and both. A share of nothing is 1: who merged nobody, merged nobody
    wrongly.
    """

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3: float
    exact: float
    clusters_found: int
    clusters_true: int
    clusters_exact: int
    pairs_found: int
    pairs_true: int
    pairs_right: int


def quality(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Quality:
    """How well the found clusters fit the true ones; both name the cluster of each record, in the same order.

    Time and memory are linear in the records.
    """
    mine, theirs = Counter(found), Counter(truth)
    both = Counter(zip(found, truth, strict=True))
    pairs_found, pairs_true, right = _pairs(mine.values()), _pairs(theirs.values()), _pairs(both.values())
    precision, recall = share(right, pairs_found), share(right, pairs_true)
    b3_precision = share(sum(count * count / mine[pair[0]] for pair, count in both.items()), len(truth))
    b3_recall = share(sum(count * count / theirs[pair[1]] for pair, count in both.items()), len(truth))
    exact = sum(1 for (one, other), count in both.items() if count == mine[one] == theirs[other])
    return Quality(
        precision, recall, mean(precision, recall), b3_precision, b3_recall, mean(b3_precision, b3_recall),
        share(exact, len(theirs)), len(mine), len(theirs), exact, pairs_found, pairs_true, right,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How pairs that somebody judged were decided. ``missed`` are one and were not joined, ``wrong`` are joined and are
    two."""

    precision: float
    recall: float
    f1: float
    right: int
    missed: int
    wrong: int
    apart: int


def verdicts(pairs: Iterable[tuple[bool, bool]]) -> Verdicts:
    """The figures of judged pairs, each as (joined, truly one)."""
    counts = Counter(pairs)
    right, missed, wrong = counts[True, True], counts[False, True], counts[True, False]
    precision, recall = share(right, right + wrong), share(right, right + missed)
    return Verdicts(precision, recall, mean(precision, recall), right, missed, wrong, counts[False, False])


class Fault(NamedTuple):
    """A cluster of one side that is several of the other. ``pairs``: how many pairs of records are wrong in it.

    ``parts``: cluster of the other side to its records here (places in the order that was given), the largest first.
    """

    cluster: int
    pairs: int
    parts: Sequence[tuple[int, Sequence[int]]]


def faults(clusters: Sequence[int], others: Sequence[int], limit: int) -> list[Fault]:
    """The clusters with the most wrong pairs, those first; of equals the one with the first record.

    With the found clusters first these are false merges, with the true ones first they are misses.
    """
    sizes = Counter(zip(clusters, others, strict=True))
    squares: dict[int, list[int]] = {}
    for (one, _), count in sizes.items():
        sums = squares.setdefault(one, [0, 0])
        sums[0] += count
        sums[1] += count * count
    wrong = {one: (total * total - square) // 2 for one, (total, square) in squares.items() if square < total * total}
    first: dict[int, int] = {}
    for place, one in enumerate(clusters):
        if one in wrong:
            first.setdefault(one, place)
    worst = sorted(wrong, key=lambda one: (-wrong[one], first[one]))[:limit]
    parts: dict[int, dict[int, list[int]]] = {one: {} for one in worst}
    for place, one in enumerate(clusters):
        if one in parts:
            parts[one].setdefault(others[place], []).append(place)
    return [
        Fault(one, wrong[one], sorted(parts[one].items(), key=lambda part: (-len(part[1]), part[1][0])))
        for one in worst
    ]


@dataclass(frozen=True, slots=True)
class Drift:
    """What is different between two partitions of records.

    ``merged``: clusters of before that came together, by the cluster that they came to. ``split``: clusters
    of before that came apart, with those that they came to. ``moved``: records that are not with the largest part of
    their former cluster, or whose cluster came to a larger one.
    """

    before: int
    after: int
    merged: Mapping[str, Sequence[str]]
    split: Mapping[str, Sequence[str]]
    moved: int


def drift(before: Mapping[int, str], after: Mapping[int, str]) -> Drift:
    """What became of the clusters that records belonged to; a record that one side lacks belongs to nobody there."""
    sizes = Counter((before[record], after[record]) for record in before.keys() & after.keys())
    into: dict[str, list[str]] = {}
    out_of: dict[str, list[str]] = {}
    for old, new in sorted(sizes):
        into.setdefault(new, []).append(old)
        out_of.setdefault(old, []).append(new)
    kept: dict[str, str] = {}
    taken: set[str] = set()
    for (old, new), _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if old not in kept and new not in taken:
            kept[old] = new
            taken.add(new)
    return Drift(
        len(set(before.values())),
        len(set(after.values())),
        {new: olds for new, olds in into.items() if len(olds) > 1},
        {old: news for old, news in out_of.items() if len(news) > 1},
        sum(count for (old, new), count in sizes.items() if kept.get(old) != new),
    )


def share(part: float, whole: int) -> float:
    """The part of the whole; 1 of nothing."""
    return part / whole if whole else 1.0


def mean(one: float, other: float) -> float:
    """The harmonic mean; 0 where both are."""
    return 2 * one * other / (one + other) if one + other else 0.0


def _pairs(counts: Iterable[int]) -> int:
    return sum(count * (count - 1) // 2 for count in counts)
