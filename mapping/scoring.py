"""How likely two records are one subject: an additive model over levels, its parts in words.

The log-odds are a constant, a weight for the level of each feature, and a weight for the levels of some pairs of
features together. Every part adds up, so a score is explained exactly (docs/adr/0019-scoring-model.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

from mapping.errors import ConfigError
from mapping.features import FEATURES, Features
from mapping.features.levels import POSITIONS, SIZES
from mapping.model import Kind

VERSION = "5"
"""Raised whenever the same records score otherwise, be it by another shipped model or by another caution."""

FORMAT = "additive-2"
"""Raised whenever the features, their levels or their order change: models of another format are refused."""

MERGE_ABOVE, REVIEW_ABOVE = 0.5, 0.3
"""Probabilities that the average of two groups of records must exceed for a machine to merge them, and from which on a
person is asked of two records."""

DOUBT = 0.5
"""The probability beyond which no score of two goes who may be a family or namesakes (``cautious``)."""

KNOWN = 10_000
"""Records among which names have to be counted until it is known how rare they are: in a small hub every name is."""


class Part(NamedTuple):
    """What one feature, or two together, add to the log-odds; ``says`` is the level in words."""

    feature: str
    says: str
    weight: float


class Together(NamedTuple):
    """The weights of two features together, at ``first level * SIZES[second] + second level``."""

    first: int
    second: int
    weights: tuple[float, ...]


_Sums: TypeAlias = tuple[float, Sequence[Sequence[tuple[float, Sequence[tuple[int, Sequence[float]]]]]]]
"""A constant, and for each level of each feature its weight with rows of weights by the levels of other features."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights in natural log-odds. ``version`` is the caller's name for them; ``trained_on`` says from what.

    ``learned``: whether enough answers of the hub's own people went into it, so that it needs no caution any more.
    """

    version: str
    constant: float
    alone: tuple[tuple[float, ...], ...]
    together: tuple[Together, ...]
    trained_on: str = ""
    learned: bool = False
    _sums: _Sums = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sums", _summed(self))

    def log_odds(self, features: Features) -> float:
        """The natural logarithm of p / (1 - p) that both records are one subject."""
        total, levels = self._sums
        for weights, level in zip(levels, features, strict=True):
            weight, more = weights[level]
            total += weight
            for other, row in more:
                total += row[features[other]]
        return total

    def score(self, features: Features) -> float:
        """The probability that both records are one subject."""
        return probability(self.log_odds(features))

    def explain(self, features: Features) -> tuple[Part, ...]:
        """What adds up to the log-odds, the weightiest first: the constant and each feature.

        What two features add together is shared out: half to each of the two.
        """
        sums = [weights[level] for weights, level in zip(self.alone, features, strict=True)]
        for first, second, weights in self.together:
            half = weights[features[first] * SIZES[second] + features[second]] / 2
            sums[first] += half
            sums[second] += half
        parts = [
            Part(feature.name, feature.levels[level], weight)
            for feature, level, weight in zip(FEATURES, features, sums, strict=True)
            if abs(weight) >= 0.005
        ]
        rest = self.log_odds(features) - sum(part.weight for part in parts)
        parts.sort(key=lambda part: (-abs(part.weight), part.feature))
        return (Part("before anything is known", "two records that share a key", rest), *parts)


def _summed(model: Model) -> _Sums:
    """The weights of a model moved about so that fewer have to be added up, with the same sum for every row of levels.

    What two features weigh together while one of them is at level 0 is told by the other alone, so it moves there. Of
    most pairs of records two thirds of the fields are at 0: nothing to compare.
    """
    constant, alone = model.constant, [list(weights) for weights in model.alone]
    rows: list[list[list[tuple[int, Sequence[float]]]]] = [[[] for _ in weights] for weights in alone]
    for first, second, flat in model.together:
        size = SIZES[second]
        square = [flat[start : start + size] for start in range(0, len(flat), size)]
        corner = square[0][0]
        constant += corner
        for level, weights in enumerate(square):
            alone[first][level] += weights[0] - corner
        for level, weight in enumerate(square[0]):
            alone[second][level] += weight - corner
            row = [weights[level] - weights[0] - weight + corner for weights in square]
            if any(row):
                rows[second][level].append((first, row))
    return constant, [list(zip(*both, strict=True)) for both in zip(alone, rows, strict=True)]


def cautious(model: Model, features: Features, counted: int = 0) -> float:
    """The log-odds by which a machine may act: those of the model, but, until it has ``learned`` what this company's
    people are like, no more than ``DOUBT`` of two who may be

    - a family: their given names differ, and neither a birth date, a tax number nor an id makes them one, since a
      mailbox, a line and a house are shared. Where names are ``counted`` among fewer than ``KNOWN`` records, given
      names that resemble each other are doubted like those that differ;
    - colleagues: they are of one company, where people share a line, a house and now and then a given name, and their
      family names differ outright, or of one of them no more than a given name is known;
    - neighbours: two organizations (or records that name nobody) of other companies, where neither domain, mailbox, tax
      number nor id makes them one, since many firms share a house, or an office's line;
    - namesakes, where names are not ``KNOWN``: nothing but the name speaks for them, and an email, phone, birth date or
      town speaks against it, or of one of them no more than a given name is known.

    Measured on a million invented records: of 87,000 pairs of namesakes above even odds the model says .79 on the
    average and .83 are one, of given names that resemble each other .92 and .92. To doubt them, too, would bring .003
    of precision (.9795) and cost .017 of F1 (.9202).
    """
    found = model.log_odds(features)
    if found <= _DOUBTFUL or model.learned:
        return found
    known = counted >= KNOWN
    doubted = (
        _family(features, known)
        or _colleagues(features)
        or _neighbours(features)
        or (not known and _namesakes(features))
    )
    return _DOUBTFUL if doubted else found


def _family(features: Features, known: bool) -> bool:
    return features[_GIVEN] in (_DIFFERS if known else _DIFFERS_OR_RESEMBLES) and not _any(features, _ONE_PERSONS)


def _colleagues(features: Features) -> bool:
    if not _any(features, _OF_ONE_COMPANY):
        return False
    if features[_FAMILY] in _DIFFERS:
        return not _any(features, _ONE_MAILBOX)
    return _half_named(features) and features[_IN_EMAIL] < _FAMILY_AND_INITIAL


def _neighbours(features: Features) -> bool:
    nobody = not (features[_GIVEN] or features[_FAMILY] or features[_IN_EMAIL])
    return nobody and features[_COMPANY] in _DIFFERS and not _any(features, _ONE_FIRM)


def _namesakes(features: Features) -> bool:
    against = any(features[at] in levels for at, levels in _SPEAKS_AGAINST)
    return _half_named(features) or (features[_FAMILY] > 0 and against and not _any(features, _SPEAKS_FOR))


def _half_named(features: Features) -> bool:
    """Whether no more than a given name is known of one of them, and nothing else speaks for the two."""
    fits = not features[_FAMILY] and features[_GIVEN] > 0
    return fits and features[_IN_EMAIL] < _WHOLE_NAME and not _any(features, _SPEAKS_FOR)


def _any(features: Features, least: Sequence[tuple[int, int]]) -> bool:
    return any(features[at] >= level for at, level in least)


_GIVEN, _FAMILY, _IN_EMAIL = (POSITIONS[name] for name in ("given name", "family name", "name in the other's email"))
_FAMILY_AND_INITIAL, _WHOLE_NAME = 4, 5
_DIFFERS, _DIFFERS_OR_RESEMBLES = (1,), (1, 2)
_ONE_PERSONS = ((POSITIONS["birth date"], 5), (POSITIONS["tax number"], 2), (POSITIONS["id in a system"], 1))
_COMPANY = POSITIONS["company"]
_OF_ONE_COMPANY = ((_COMPANY, 2), (POSITIONS["company's domain"], 2))
_ONE_FIRM = (*_ONE_PERSONS, (POSITIONS["email"], 5), (POSITIONS["company's domain"], 2))
_ONE_MAILBOX = (*_ONE_PERSONS, (POSITIONS["email"], 4), (_IN_EMAIL, _WHOLE_NAME))
_SPEAKS_FOR = (*_ONE_PERSONS, (POSITIONS["email"], 5), (POSITIONS["phone"], 3), (POSITIONS["street"], 4))
_SPEAKS_AGAINST = (
    (POSITIONS["email"], (1, 2, 3, 4)),
    (POSITIONS["phone"], (1, 2)),
    (POSITIONS["birth date"], (1, 2)),
    (POSITIONS["city"], (1,)),
    (POSITIONS["postal code"], (1,)),
)
"""Features with the least level that counts, and with the levels that do."""


def probability(log_odds: float) -> float:
    """The probability of natural log-odds, without overflow."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    small = math.exp(log_odds)
    return small / (1 + small)


def log_odds(share: float) -> float:
    """The natural log-odds of a probability. Raises ValueError unless it lies between 0 and 1."""
    return math.log(share / (1 - share))


_DOUBTFUL = log_odds(DOUBT)


def dump(model: Model) -> dict[str, Any]:
    """The model as plain JSON values; ``load`` gives it back."""
    return {
        "format": FORMAT,
        "version": model.version,
        "trained_on": model.trained_on,
        **({"learned": True} if model.learned else {}),
        "constant": model.constant,
        "alone": {feature.name: list(weights) for feature, weights in zip(FEATURES, model.alone, strict=True)},
        "together": [
            {"features": [FEATURES[pair.first].name, FEATURES[pair.second].name], "weights": _sparse(pair.weights)}
            for pair in model.together
        ],
    }


def load(stored: Mapping[str, Any]) -> Model:
    """What ``dump`` made. Raises ConfigError for another format or weights that do not fit the features."""
    if stored.get("format") != FORMAT:
        raise ConfigError(f"the scoring model has the format {stored.get('format')!r}, this version needs {FORMAT!r}")
    try:
        alone = tuple(_weights(stored["alone"][feature.name], len(feature.levels)) for feature in FEATURES)
        together = []
        for pair in stored["together"]:
            first, second = (POSITIONS[name] for name in pair["features"])
            weights = [0.0] * (SIZES[first] * SIZES[second])
            for place, weight in pair["weights"]:
                weights[place] = float(weight)
            together.append(Together(first, second, tuple(weights)))
        return Model(
            str(stored["version"]), float(stored["constant"]), alone, tuple(together),
            str(stored.get("trained_on", "")), bool(stored.get("learned")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"the scoring model cannot be read: {error!r}") from error


def _weights(stored: Sequence[float], size: int) -> tuple[float, ...]:
    if len(stored) != size:
        raise ValueError(f"{len(stored)} weights for {size} levels")
    return tuple(float(weight) for weight in stored)


def _sparse(weights: Sequence[float]) -> list[list[float]]:
    return [[place, weight] for place, weight in enumerate(weights) if weight]


def shipped(kind: Kind) -> Model:
    """The model that ships, under the name by which a hub that has learned can go back to it."""
    return replace(default(kind), version=f"{kind}-shipped")


@cache
def default(kind: Kind = Kind.PERSON) -> Model:
    """The model that ships for persons or organizations (``mapping/models``, made by ``tools/train_identity.py``)."""
    return load(json.loads(files("mapping").joinpath("models", f"{kind.value}.json").read_bytes()))
