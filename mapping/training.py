"""Learning from review answers: a model near the one at hand under which they are most likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mapping.features import Features
from mapping.features.levels import SIZES
from mapping.scoring import Model, Together, probability

ALONE, TOGETHER, CONSTANT = 2.0, 0.7, 3.0
"""How far, as a standard deviation in log-odds, answers may move a weight; unless very many say so."""

ENOUGH = 200
"""Answers from which on a model knows families and namesakes by itself, and needs no caution (``scoring.cautious``)."""

_SWEEPS = 30
_STEP = 2.0


@dataclass(slots=True)
class _Weight:
    """One weight while it is learned: where it began, how freely it moves, which answers it takes part in."""

    value: float
    start: float
    stiffness: float
    rows: list[int] = field(default_factory=list)


def train(answers: Sequence[tuple[Features, bool]], base: Model, version: str) -> Model:
    """The model with the greatest posterior probability, where ``base`` is the mean of a normal prior of each weight.

    So a few answers move little, and what no answer speaks of stays as it was. Which pairs were shown may depend on
    their score, since that is a function of the features. The order of the answers does not matter: they are sorted.
    By coordinate descent with Newton steps; a second for a thousand answers.
    """
    if not answers:
        return Model(version, base.constant, base.alone, base.together, base.trained_on, base.learned)
    ordered = sorted(answers)
    weights: dict[int, _Weight] = {}
    for row, (features, _) in enumerate(ordered):
        for place, start, spread in _active(features, base):
            known = weights.get(place)
            if known is None:
                known = weights[place] = _Weight(start, start, 1 / spread**2)
            known.rows.append(row)
    margins = [base.log_odds(features) for features, _ in ordered]
    _descend(list(weights.values()), margins, [same for _, same in ordered])
    moved = _moved(base, {place: weight.value for place, weight in weights.items()}, version)
    return replace(moved, learned=base.learned or len(answers) >= ENOUGH)


def _descend(weights: Sequence[_Weight], margins: list[float], same: Sequence[bool]) -> None:
    chances = [probability(margin) for margin in margins]
    for _ in range(_SWEEPS):
        largest = 0.0
        for weight in weights:
            slope = (weight.value - weight.start) * weight.stiffness
            bend = weight.stiffness
            for row in weight.rows:
                chance = chances[row]
                slope += chance - same[row]
                bend += chance * (1 - chance)
            step = max(-_STEP, min(_STEP, -slope / bend))
            if abs(step) < 1e-3:
                continue
            largest = max(largest, abs(step))
            weight.value += step
            for row in weight.rows:
                margins[row] += step
                chances[row] = probability(margins[row])
        if largest < 0.01:
            return


def _active(features: Features, model: Model) -> Iterable[tuple[int, float, float]]:
    """The weights that a pair uses: place, value and spread. The constant is place -1."""
    yield -1, model.constant, CONSTANT
    place = 0
    for size, level, weights in zip(SIZES, features, model.alone, strict=True):
        yield place + level, weights[level], ALONE
        place += size
    for first, second, weights in model.together:
        at = features[first] * SIZES[second] + features[second]
        yield place + at, weights[at], TOGETHER
        place += len(weights)


def _moved(base: Model, values: dict[int, float], version: str) -> Model:
    place = 0
    alone = []
    for weights in base.alone:
        alone.append(tuple(values.get(place + at, weight) for at, weight in enumerate(weights)))
        place += len(weights)
    together = []
    for first, second, weights in base.together:
        together.append(
            Together(first, second, tuple(values.get(place + at, weight) for at, weight in enumerate(weights)))
        )
        place += len(weights)
    return Model(version, values.get(-1, base.constant), tuple(alone), tuple(together), base.trained_on)
