"""Clusters that do not run away: average linkage inside the components that edges make, under hard rules.

1. Records that a person called the same come together, then those under one trusted id; but for a person's word that
   they differ, which stands above everything.
2. Clusters merge in the order of the average log-odds between their records, as long as it lies above the cut. A pair
   without an edge counts as ``Rules.absent``. Between two clusters with names only records with names count, so that a
   nameless record never bridges two named clusters. A ``mute`` record has no vote: it would count against every merge.
3. Two clusters never merge by machine where hard evidence conflicts between any of their records (``vetoes``), nor
   where the merged one would hold more emails, phones or ids of one system than ``Rules`` allow.
4. A component of more than ``Rules.largest`` records, those that the first step brought together counted as one, is not
   clustered but put aside for a person.

Deterministic: within a step ties are broken on the records' keys, sums are of whole numbers, and the order of the input
decides nothing.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from mapping.comparison import Comparison
from mapping.scoring import MERGE_ABOVE, log_odds
from mapping.vetoes import Evidence


class Sortable(Hashable, Protocol):
    """A value with an order."""

    def __lt__(self, other: Any, /) -> bool: ...


Key = TypeVar("Key", bound=Sortable)
"""What names a record and orders records among one another: its natural key, or any value that sorts alike."""

_UNIT = 1_000_000
"""Log-odds are summed as whole millionths, so that the order of addition decides nothing."""


class Edge(NamedTuple, Generic[Key]):
    """Two records that were compared, and their log-odds."""

    a: Key
    b: Key
    log_odds: float


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the machine stops. ``cut`` and the bounds are natural log-odds; limits are values a customer may hold.

    A single score counts as at most ``bound`` and at least ``absent``, so that one pair does not outvote many, and that
    it makes no difference whether a hopeless pair was compared or never met. Measured on FEBRL 3, fake_1000 and
    pseudopeople with 300 answers: counting such scores in full cost up to .001 of F1, ``absent`` at -1 instead of -2
    brought fake_1000 .010 and cost pseudopeople .002.
    """

    cut: float = log_odds(MERGE_ABOVE)
    absent: float = -2.0
    bound: float = 8.0
    ids_per_system: int = 1
    emails: int = 5
    phones: int = 5
    largest: int = 500

    def reaches(self, log_odds: float) -> bool:
        """Whether a single score may bring two clusters together at all: only such scores make components."""
        return log_odds > self.cut


class Cluster(NamedTuple, Generic[Key]):
    """The records of one subject, sorted. ``quarantined``: they belong to a component too large to be decided."""

    members: tuple[Key, ...]
    quarantined: bool = False


def clusters(
    records: Mapping[Key, Comparison],
    edges: Iterable[Edge[Key]],
    rules: Rules = Rules(),
    *,
    same: Iterable[tuple[Key, Key]] = (),
    trusted: Iterable[tuple[Key, Key]] = (),
    different: Iterable[tuple[Key, Key]] = (),
    mute: AbstractSet[Key] = frozenset(),
) -> list[Cluster[Key]]:
    """Every record in exactly one cluster; clusters in the order of their first records.

    ``same`` and ``different`` are pairs that a person judged, ``trusted`` pairs under one trusted id. ``mute`` records
    say nothing that others could be like: they go with those they are told to be the same as. Edges that name a
    record not in ``records`` are left out. Edges down to ``Rules.absent`` count, since averages are made of them too.
    """
    kept = [edge for edge in edges if edge.a in records and edge.b in records and edge.a != edge.b]
    ties = [*sorted(_known(same, records)), *sorted(_known(trusted, records))]
    apart: dict[Key, set[Key]] = {}
    for a, b in different:
        apart.setdefault(a, set()).add(b)
        apart.setdefault(b, set()).add(a)
    groups = components(records, [(edge.a, edge.b) for edge in kept if rules.reaches(edge.log_odds)] + ties)
    home = {member: group[0] for group in groups for member in group}
    edges_of: dict[Key, list[Edge[Key]]] = {}
    ties_of: dict[Key, list[tuple[Key, Key]]] = {}
    for edge in kept:
        if home[edge.a] == home[edge.b]:
            edges_of.setdefault(home[edge.a], []).append(edge)
    for tie in ties:
        ties_of.setdefault(home[tie[0]], []).append(tie)
    found: list[Cluster[Key]] = []
    for group in groups:
        if len(group) == 1:
            found.append(Cluster((group[0],)))
            continue
        work = _Component(group, records, rules, apart, mute)
        for a, b in ties_of.get(group[0], ()):
            work.join(a, b)
        if len(work.groups) <= rules.largest:
            work.agglomerate(edges_of.get(group[0], ()))
            found.extend(Cluster(members) for members in work.partition())
        else:
            found.extend(Cluster(members, quarantined=True) for members in work.partition())
    found.sort()
    return found


def _known(pairs: Iterable[tuple[Key, Key]], records: Mapping[Key, Comparison]) -> list[tuple[Key, Key]]:
    return [pair for pair in pairs if pair[0] in records and pair[1] in records]


def components(keys: Iterable[Key], pairs: Iterable[tuple[Key, Key]]) -> list[list[Key]]:
    """The keys in connected groups, each sorted, in the order of their first keys."""
    parent = {key: key for key in keys}

    def top(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for a, b in pairs:
        parent[top(a)] = top(b)
    groups: dict[Key, list[Key]] = {}
    for key in parent:
        groups.setdefault(top(key), []).append(key)
    return sorted(sorted(group) for group in groups.values())


@dataclass(slots=True)
class _Group(Generic[Key]):
    """A cluster in the making."""

    members: list[Key]
    evidence: Evidence
    votes: int
    sums: dict[int, _Sum] = field(default_factory=dict)

    @property
    def named(self) -> int:
        return self.evidence.named


@dataclass(slots=True)
class _Sum:
    """The log-odds between two groups: of all pairs, and of those in which both have a name."""

    total: int = 0
    pairs: int = 0
    named_total: int = 0
    named_pairs: int = 0

    def add(self, other: _Sum) -> None:
        self.total += other.total
        self.pairs += other.pairs
        self.named_total += other.named_total
        self.named_pairs += other.named_pairs


class _Component(Generic[Key]):
    """One component while it is clustered. Groups are numbered; a merged group keeps the smaller number."""

    def __init__(
        self,
        keys: Sequence[Key],
        records: Mapping[Key, Comparison],
        rules: Rules,
        apart: Mapping[Key, set[Key]],
        mute: AbstractSet[Key],
    ) -> None:
        self.rules, self.apart, self.records, self.mute = rules, apart, records, mute
        # The mute come last: where two merges are equally likely, they must not decide which is first.
        ordered = sorted(keys, key=mute.__contains__) if mute else keys
        self.number = {key: number for number, key in enumerate(ordered)}
        self.groups: dict[int, _Group[Key]] = {
            number: _Group([key], Evidence.of(records[key]), int(key not in mute)) for number, key in enumerate(ordered)
        }

    def partition(self) -> list[tuple[Key, ...]]:
        """The groups as they are now."""
        return [tuple(sorted(group.members)) for group in self.groups.values()]

    def join(self, a: Key, b: Key) -> None:
        """Brings two records together whatever machine evidence says, unless a person told some of theirs apart."""
        one, other = sorted((self.number[a], self.number[b]))
        if one != other and not self._told_apart(self.groups[one], self.groups[other]):
            self._merge(one, other)

    def agglomerate(self, edges: Iterable[Edge[Key]]) -> None:
        """Merges the groups by average linkage."""
        self._sum_up(edges)
        heap: list[tuple[float, int, int]] = []
        for one, group in self.groups.items():
            for other in group.sums:
                if one < other:
                    self._offer(heap, one, other)
        heapq.heapify(heap)
        while heap:
            linkage, one, other = heapq.heappop(heap)
            if one not in self.groups or other not in self.groups or self._linkage(one, other) != -linkage:
                continue
            first, second = self.groups[one], self.groups[other]
            if self._told_apart(first, second) or first.evidence.conflict(second.evidence, self.rules):
                continue
            self._merge(one, other)
            for third in first.sums:
                self._offer(heap, *sorted((one, third)), push=True)

    def _sum_up(self, edges: Iterable[Edge[Key]]) -> None:
        absent, bound = self.rules.absent, self.rules.bound
        best: dict[tuple[Key, Key], float] = {}
        for a, b, value in edges:
            pair = (a, b) if a < b else (b, a)
            best[pair] = max(value, best.get(pair, absent))
        for (a, b), value in best.items():
            one, other = self.number[a], self.number[b]
            if one != other and a not in self.mute and b not in self.mute:
                whole = round(max(absent, min(bound, value)) * _UNIT)
                named = self.records[a].named and self.records[b].named
                self._between(one, other).add(_Sum(whole, 1, whole if named else 0, int(named)))

    def _between(self, one: int, other: int) -> _Sum:
        first, second = self.groups[one].sums, self.groups[other].sums
        found = first.get(other)
        if found is None:
            found = first[other] = second[one] = _Sum()
        return found

    def _linkage(self, one: int, other: int) -> float:
        """The average log-odds between two groups, in millionths."""
        first, second = self.groups[one], self.groups[other]
        found = first.sums.get(other)
        if found is None:
            return -math.inf
        absent = round(self.rules.absent * _UNIT)
        if first.named and second.named:
            pairs = first.named * second.named
            return (found.named_total + (pairs - found.named_pairs) * absent) / pairs
        pairs = first.votes * second.votes
        return (found.total + (pairs - found.pairs) * absent) / pairs

    def _offer(self, heap: list[tuple[float, int, int]], one: int, other: int, *, push: bool = False) -> None:
        linkage = self._linkage(one, other)
        if linkage <= self.rules.cut * _UNIT:
            return
        if push:
            heapq.heappush(heap, (-linkage, one, other))
        else:
            heap.append((-linkage, one, other))

    def _told_apart(self, first: _Group[Key], second: _Group[Key]) -> bool:
        if not self.apart:
            return False
        others = set(second.members)
        return any(not self.apart.get(member, _NOBODY).isdisjoint(others) for member in first.members)

    def _merge(self, one: int, other: int) -> None:
        first, second = self.groups[one], self.groups.pop(other)
        first.members.extend(second.members)
        first.evidence = first.evidence.with_(second.evidence)
        first.votes += second.votes
        for member in second.members:
            self.number[member] = one
        for third, found in second.sums.items():
            if third != one:
                between = self._between(one, third)
                between.add(found)
                del self.groups[third].sums[other]
        first.sums.pop(other, None)


_NOBODY: frozenset[Hashable] = frozenset()
