"""What people said of who is who, and how records fall into customers where they did.

A judgement is a partition of some records: those of one group share a customer, those of different groups never do. Of
two judgements that name the same pair the newer one (the greater number) stands. "Different" stands above what follows
from several "same" together: a "same" that would bring two records together that were told apart is left undone, the
newest is done first.

Where nobody told two records of a component apart, the component is a customer, as it is without any judgement.
Where somebody did, it is taken apart by average linkage (mapping/clustering.py) on what its records share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from mapping.clustering import Edge, Rules, clusters
from mapping.comparison import Comparison
from mapping.identity import Link, agree, components

SAME = "judged_same"
"""The rule of a link that a person made; its evidence is the number of the judgement."""
OURS = "written_by_us"
POINTS = {"same_id": 4, "same_email": 3, "same_phone_and_name": 2}
"""What one shared value counts between two records where a component has to be taken apart."""
AGREEING = 1
"""What agreeing names count besides."""
RULES = Rules(cut=0.0, absent=0.0, bound=1e12, largest=2**62)
"""Whatever is connected stays together unless somebody told it apart: nothing counts against a merge, and the densest
come first. What is not shared counts 0, so that many pairs can be told as one edge with their sum."""
ANYBODY = Comparison()

Key = tuple[str, ...]


class Pair(NamedTuple):
    """Two entities, and the number of the judgement that stands on them."""

    a: int
    b: int
    judgement: int


@dataclass(slots=True)
class Judged:
    """The judgements in force on some entities: entity to the judgements that name it, each with its group."""

    groups: dict[int, dict[int, int]] = field(default_factory=dict)

    def add(self, judgement: int, group: int, entity: int) -> None:
        """One entity that a judgement names."""
        self.groups.setdefault(entity, {})[judgement] = group

    def verdict(self, a: int, b: int) -> int:
        """The number of the judgement that stands on two entities: above 0 where they are the same, below 0 where they
        are different, 0 where nobody said."""
        one, other = self.groups.get(a), self.groups.get(b)
        if not one or not other:
            return 0
        newest = max(one.keys() & other.keys(), default=0)
        return newest if newest and one[newest] == other[newest] else -newest

    def apart(self, nodes: Iterable[int]) -> list[Pair]:
        """The pairs among these entities that are different."""
        return [
            Pair(a, b, number)
            for number, groups in self._by_judgement(nodes)
            for one, other in combinations(groups, 2)
            for a in one
            for b in other
            if self.verdict(a, b) == -number
        ]

    def same(self, nodes: Iterable[int], keys: Mapping[int, Key]) -> list[Pair]:
        """Pairs that bring together what is the same among these entities, the newest judgement first.

        None of them, nor all of them, brings two together that are different.
        """
        among = set(nodes)
        enemies: dict[int, set[int]] = {}
        for a, b, _ in self.apart(among):
            enemies.setdefault(a, set()).add(b)
            enemies.setdefault(b, set()).add(a)
        together = _Together(enemies)
        return [pair for pair in self._wishes(among, keys) if together.join(pair.a, pair.b)]

    def _wishes(self, nodes: Iterable[int], keys: Mapping[int, Key]) -> Iterator[Pair]:
        """For each entity the first of its group before it with which it is the same by that very judgement."""
        for number, groups in self._by_judgement(nodes):
            ordered = sorted(sorted(group, key=lambda i: keys[i]) for group in groups)
            for group in sorted(ordered, key=lambda group: keys[group[0]]):
                for place, b in enumerate(group):
                    a = next((one for one in group[:place] if self.verdict(one, b) == number), None)
                    if a is not None:
                        yield Pair(a, b, number)

    def _by_judgement(self, nodes: Iterable[int]) -> list[tuple[int, list[list[int]]]]:
        found: dict[int, dict[int, list[int]]] = {}
        for node in sorted(nodes):
            for number, group in self.groups.get(node, {}).items():
                found.setdefault(number, {}).setdefault(group, []).append(node)
        return [(number, list(found[number].values())) for number in sorted(found, reverse=True)]


class _Together:
    """Entities brought together one pair at a time, unless any of theirs are enemies."""

    def __init__(self, enemies: Mapping[int, set[int]]) -> None:
        self._enemies = enemies
        self._group: dict[int, set[int]] = {}

    def join(self, a: int, b: int) -> bool:
        """Whether the two are together now."""
        one, other = self._group.setdefault(a, {a}), self._group.setdefault(b, {b})
        if one is other:
            return True
        if any(not self._enemies.get(member, _NOBODY).isdisjoint(other) for member in one):
            return False
        one |= other
        self._group.update(dict.fromkeys(other, one))
        return True


_NOBODY: frozenset[int] = frozenset()


def partition(
    nodes: Iterable[int], links: Sequence[Link], judged: Judged, keys: Mapping[int, Key], names: Mapping[int, str]
) -> tuple[list[list[int]], list[Link]]:
    """The entities in their customers, and the links that hold, those that people made among them.

    ``keys`` are natural keys, which break every tie; ``names`` are folded. What was said stands above what is shared.
    """
    present = set(nodes)
    said = judged.same(present, keys)
    found = [link for link in links if link.a in present and link.b in present]
    found += [Link(a, b, SAME, str(number)) for a, b, number in said]
    enemies = judged.apart(present)
    groups: list[list[int]] = []
    for group in components(present, found):
        inside = set(group)
        told = [pair for pair in enemies if pair.a in inside and pair.b in inside]
        if not told:
            groups.append(group)
            continue
        mine = [link for link in found if link.a in inside]
        groups += _taken_apart(group, mine, told, judged, keys, names)
    home = {member: number for number, group in enumerate(groups) for member in group}
    return groups, [link for link in found if home[link.a] == home[link.b]]


def _taken_apart(
    group: Sequence[int],
    links: Sequence[Link],
    told: Sequence[Pair],
    judged: Judged,
    keys: Mapping[int, Key],
    names: Mapping[int, str],
) -> list[list[int]]:
    by_key = {keys[member]: member for member in group}
    alike = _alike(group, links, judged, keys, names)
    said = [(link.a, link.b) for link in links if link.rule == SAME]
    said += [(one.members[0], other) for one in alike if one.shares for other in one.members[1:]]
    found = clusters(
        dict.fromkeys(by_key, ANYBODY),
        [Edge(keys[a], keys[b], float(points)) for (a, b), points in strengths(alike).items()],
        RULES,
        same=[(keys[a], keys[b]) for a, b in said],
        trusted=[(keys[link.a], keys[link.b]) for link in links if link.rule == OURS],
        different=[(keys[pair.a], keys[pair.b]) for pair in told],
    )
    return [[by_key[key] for key in cluster.members] for cluster in found]


Shared = tuple[int, str, str]
"""A value that links records: its first holder, the rule, the value."""


class Alike(NamedTuple):
    """Records that say the same of all that could link them, by one name, and of whom the same was said: they share
    more with one another than with anybody else, so they come together first."""

    members: Sequence[int]
    shares: frozenset[Shared]
    name: str


def _alike(
    group: Sequence[int], links: Iterable[Link], judged: Judged, keys: Mapping[int, Key], names: Mapping[int, str]
) -> list[Alike]:
    """The records in groups of those that are alike, each in the order of their keys."""
    shares: dict[int, set[Shared]] = {member: set() for member in group}
    for link in links:
        if link.rule in POINTS:
            one = (link.a, link.rule, link.value)
            shares[link.a].add(one)
            shares[link.b].add(one)
    found: dict[Hashable, Alike] = {}
    for member in sorted(group, key=lambda i: keys[i]):
        mine, name = frozenset(shares[member]), names.get(member, "")
        said = frozenset(judged.groups.get(member, {}).items())
        like = (mine, name, said, "" if mine else member)
        found[like] = Alike([*found[like].members, member] if like in found else [member], mine, name)
    return list(found.values())


def strengths(alike: Sequence[Alike]) -> dict[tuple[int, int], int]:
    """How strongly each two groups hang together by what their records share, between the first records of each: the
    sum over all pairs of records. A value links all who hold it to its first holder; here every two of them count."""
    holders: dict[Shared, list[Alike]] = {}
    for one in alike:
        for shared in one.shares:
            holders.setdefault(shared, []).append(one)
    found = Counter[tuple[int, int]]()
    ends: dict[tuple[int, int], tuple[Alike, Alike]] = {}
    for (_, rule, _), many in holders.items():
        for one, other in combinations(many, 2):
            pair = (one.members[0], other.members[0])
            ends[pair] = one, other
            found[pair] += POINTS[rule]
    for pair, (one, other) in ends.items():
        agreeing = bool(one.name and other.name and agree(one.name, other.name))
        found[pair] = (found[pair] + AGREEING * agreeing) * len(one.members) * len(other.members)
    return dict(found)
