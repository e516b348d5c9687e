"""What pairs are scored by: a model, and how common the values of a snapshot are, looked up as pairs ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mapping.comparison import Comparison
from mapping.features import Features, compare
from mapping.identity import Identifier
from mapping.scoring import Model, cautious
from mapping.statistics import ONCE, Count, Snapshot, counted
from state import statistics
from state.database import Connection
from state.matching import Pair

SCORES, COUNTS = 200_000, 200_000
"""Rows of features whose score is remembered, and values whose count is, within one run."""


class _Known(dict[Identifier, Count]):
    """How common the values are that were looked up; those that were asked for and were not are ``missed``."""

    def __init__(self) -> None:
        super().__init__()
        self.missed: set[Identifier] = set()

    def get(self, value: Identifier, default: Any = None) -> Any:
        """The count of the value; without it the default."""
        if value in self:
            return self[value]
        self.missed.add(value)
        return default


class Yardstick:
    """Scores the pairs of one kind of profile by a model and a snapshot, which counted so many ``records``. ``label``
    names both."""

    def __init__(self, kind: str, model: Model, label: str, records: int) -> None:
        self.kind, self.model, self.label, self.records = kind, model, label, records
        self._known = _Known()
        self._snapshot = Snapshot(self._known, records)
        self._scores: dict[Features, float] = {}

    def log_odds(
        self, c: Connection, pairs: Collection[Pair], records: Mapping[int, Comparison], often: Iterable[int]
    ) -> dict[Pair, float]:
        """How likely the two of each pair are one. ``often``: records that are in many of the pairs."""
        if len(self._known) > COUNTS:
            self._known.clear()
        self._learn(c, {value for i in often for value in counted(records[i])})
        found: dict[Pair, float] = {}
        missed = self._known.missed
        while pairs:
            asked: set[Identifier] = set()
            again: list[Pair] = []
            for pair in pairs:
                features = compare(records[pair[0]], records[pair[1]], self._snapshot)
                if missed:
                    asked |= missed
                    missed.clear()
                    again.append(pair)
                    continue
                value = self._scores.get(features)
                if value is None:
                    if len(self._scores) > SCORES:
                        self._scores.clear()
                    value = self._scores[features] = cautious(self.model, features, self.records)
                found[pair] = value
            self._learn(c, asked)
            pairs = again
        return found

    def _learn(self, c: Connection, values: set[Identifier]) -> None:
        """Looks up how common these values are."""
        fresh = values - self._known.keys()
        if fresh:
            self._known.update(dict.fromkeys(fresh, ONCE) | statistics.counts(c, self.kind, fresh))
