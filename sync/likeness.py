"""Scores in words: how likely two records are one, part by part, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce

from mapping.comparison import Comparison
from mapping.criteria import Criteria
from mapping.features import FEATURES, Features, compare
from mapping.scoring import Model, probability
from mapping.statistics import counted
from mapping.vetoes import Evidence
from state import identities, matching, statistics
from state.database import Connection
from sync.compared import comparisons
from sync.picture import label_of
from sync.reviewed import PartView, ScoreView

NOTHING = {feature.name: feature.levels[0] for feature in FEATURES}
"""What each feature says where there is nothing to compare."""
LARGE = "they hang together with too many others to be decided by machine"


@dataclass(slots=True)
class Likeness:
    """Scores pairs as the engine does, by what is stored now. ``names``: connection id to its name."""

    c: Connection
    criteria: Criteria
    names: Mapping[str, str]
    compared: dict[int, Comparison] = field(default_factory=dict)
    keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    def learn(self, entities: Iterable[int]) -> None:
        """Looks up what these entities are compared by; those that are no live profiles have nothing."""
        fresh = set(entities) - self.keys.keys()
        if not fresh:
            return
        keys = identities.keys(self.c, fresh)
        self.compared |= comparisons(self.c, fresh, identities.profiles(self.c, fresh), keys, self.criteria)
        self.keys |= keys

    def is_of(self, entity: int, kind: str) -> bool:
        """Whether the entity is a live profile of this kind."""
        self.learn([entity])
        return entity in self.compared and self.compared[entity].kind == kind

    def model(self, kind: str) -> Model:
        """The model in force."""
        if kind not in self.models:
            self.models[kind] = statistics.model(self.c, kind)
        return self.models[kind]

    def features(self, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Features]:
        """What each two entities have in common; pairs that cannot be compared are left out."""
        wanted = list(pairs)
        self.learn(end for pair in wanted for end in pair)
        comparable = [
            (a, b)
            for a, b in wanted
            if a in self.compared and b in self.compared and self.compared[a].kind == self.compared[b].kind
        ]
        found: dict[tuple[int, int], Features] = {}
        for kind in sorted({self.compared[a].kind for a, _ in comparable}):
            mine = [pair for pair in comparable if self.compared[pair[0]].kind == kind]
            values = {value for pair in mine for end in pair for value in counted(self.compared[end])}
            snapshot = statistics.snapshot(self.c, kind, values)
            found |= {(a, b): compare(self.compared[a], self.compared[b], snapshot) for a, b in mine}
        return found

    def view(self, a: int, b: int) -> ScoreView | None:
        """The score of two entities, part by part; None where they cannot be compared."""
        features = self.features([(a, b)]).get((a, b))
        if features is None:
            return None
        model = self.model(self.compared[a].kind)
        log_odds = model.log_odds(features)
        parts = [PartView(*part, part.says != NOTHING.get(part.feature)) for part in model.explain(features)]
        return ScoreView(
            label_of(self.keys[a], self.names), label_of(self.keys[b], self.names), probability(log_odds), log_odds,
            model.version, parts,
        )  # fmt: skip

    def against(self, ones: Iterable[int], others: Iterable[int]) -> str:
        """What forbids a machine to join two customers whatever they score, in words; "" where nothing does."""
        sides = [list(ones), list(others)]
        self.learn(i for side in sides for i in side)
        evidence = [[Evidence.of(self.compared[i]) for i in side if i in self.compared] for side in sides]
        if not all(evidence):
            return ""
        one, other = (reduce(Evidence.with_, side) for side in evidence)
        found = one.conflict(other, self.criteria.rules)
        return found or (LARGE if matching.quarantined(self.c, [i for side in sides for i in side]) else "")
