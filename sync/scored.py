"""What scores say of two records, in words, by the model and the snapshot of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mapping.comparison import Comparison
from mapping.criteria import Criteria
from mapping.features import Features, compare
from mapping.scoring import Model, Part, cautious, probability
from mapping.statistics import counted
from mapping.vetoes import veto
from state import matching, statistics
from state.database import Connection

WEIGHTIEST = 4
"""How many parts of a score a sentence names."""


class Scores:
    """The scores of pairs of records of one kind."""

    def __init__(self, c: Connection, kind: str, compared: Mapping[int, Comparison]) -> None:
        self._model: Model = statistics.model(c, kind)
        values = {value for one in compared.values() if one.kind == kind for value in counted(one)}
        self._snapshot = statistics.snapshot(c, kind, values)
        self._compared = compared

    def probability(self, a: int, b: int) -> float:
        """How likely the two are one."""
        return probability(cautious(self._model, self._features(a, b), self._snapshot.records))

    def parts(self, a: int, b: int) -> tuple[Part, ...]:
        """What adds up to the score, the weightiest first."""
        return self._model.explain(self._features(a, b))

    def words(self, a: int, b: int) -> str:
        """The score of the two and its weightiest parts: ``96 % alike (email: same; birth date: same)``."""
        said = [f"{part.feature}: {part.says}" for part in self.parts(a, b)[1:] if not _nothing(part)]
        return f"{percent(self.probability(a, b))} alike ({'; '.join(said[:WEIGHTIEST])})"

    def _features(self, a: int, b: int) -> Features:
        first, second = sorted((a, b))
        return compare(self._compared[first], self._compared[second], self._snapshot)


def percent(share: float) -> str:
    """A probability for people; never rounded to certainty."""
    return f"{min(max(round(share * 100), 1), 99)} %"


def _nothing(part: Part) -> bool:
    """Whether the part says only that there was nothing to compare."""
    return part.says.startswith(("not known", "none", "no email", "not compared", "missing"))


def unlike(
    c: Connection,
    compared: Mapping[int, Comparison],
    labels: Mapping[int, str],
    ours: Sequence[int],
    theirs: Sequence[int],
    criteria: Criteria,
) -> Iterator[str]:
    """What evidence and scores say against two customers being one; nothing where they are of two kinds."""
    ours, theirs = ([i for i in some if i in compared] for some in (ours, theirs))
    if not ours or not theirs or compared[ours[0]].kind != compared[theirs[0]].kind:
        return
    against = sorted({why for a in ours for b in theirs if (why := veto(compared[a], compared[b], criteria.rules))})
    for why in against:
        yield f"hard evidence stands against it, so that only a person can merge them: {why}"
    if not criteria.compare:
        return
    scored = matching.pairs(c, ours)
    met = [(value, a, b) for (a, b), value in scored.items() if {a, b} & {*ours} and {a, b} & {*theirs}]
    if not met:
        yield "no two of their records are alike enough to be worth a person's look"
        return
    best, a, b = max(met)
    said = Scores(c, compared[a].kind, compared).words(a, b)
    place = f"{labels[a]} and {labels[b]} are {said}"
    least = percent(probability(criteria.rules.cut))
    if best <= criteria.rules.cut:
        yield f"{place}, no more than the {least} of identity.merge_above"
    elif not against:
        yield f"{place}, but on the whole their records are not alike enough"
