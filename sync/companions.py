"""Companions: who waits, too, and is alike to those of a batch, so that it is decided with them.

Whoever is resolved brings along everybody whom links and scores join to it. Where a first load or a rebuild lets
everybody wait, each group of records would be gathered and decided once for every batch that one of them falls into.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mapping.clustering import Rules
from state import identities, matching
from state.database import Connection
from state.identities import Queued

MOST = 2
"""A batch grows to about so many times itself."""


@dataclass(frozen=True, slots=True)
class Companions:
    """The queue by entity, as it was when it was read: 16 bytes a row."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    seqs: array[int] = field(default_factory=lambda: array("q"))

    @classmethod
    def read(cls, c: Connection) -> Companions:
        """Whoever waits now."""
        found = cls()
        for entity_id, seq in identities.queue_by_entity(c):
            found.ids.append(entity_id)
            found.seqs.append(seq)
        return found

    def of(self, c: Connection, batch: Sequence[Queued], rules: Rules) -> list[Queued]:
        """The rows of the queue that are not of the batch, though of its entities or of those that scores join to
        them."""
        taken = {one.entity_id for one in batch}
        frontier = set(taken)
        most = MOST * len(taken)
        while frontier and len(taken) < most:
            scores = matching.pairs(c, frontier)
            met = {end for pair, value in scores.items() if rules.reaches(value) for end in pair}
            frontier = {i for i in met - taken if self._waits(i)}
            taken |= frontier
        known = {one.seq for one in batch}
        return identities.queued(c, sorted(seq for i in taken for seq in self._rows(i) if seq not in known))

    def _waits(self, entity: int) -> bool:
        place = bisect_left(self.ids, entity)
        return place < len(self.ids) and self.ids[place] == entity

    def _rows(self, entity: int) -> Iterable[int]:
        place = bisect_left(self.ids, entity)
        while place < len(self.ids) and self.ids[place] == entity:
            yield self.seqs[place]
            place += 1
