"""What people said of who is who, and which of it holds.

A judgement is a partition of some records: those of one group share a customer, those of different groups never do. Of
two judgements that name the same pair the newer one (the greater number) stands. "Different" stands above what follows
from several "same" together: a "same" that would bring two records together that were told apart is left undone, the
newest is done first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

SAME = "judged_same"
"""The rule of a link that a person made; its evidence is the number of the judgement."""
OURS = "written_by_us"
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
