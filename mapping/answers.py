"""Answers: what people said of pairs of records, as something to learn from and to be measured by."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple

from mapping.counts import many
from mapping.features import Features
from mapping.scoring import Model
from mapping.training import train

FOLDS = 5
"""In how many parts answers are held out in turn."""
ENOUGH, ENOUGH_OF_EACH = 20, 5
"""How many answers it takes to learn, and how many of them must say one, and not one."""
MOST = 400
"""How many pairs of one judgement are looked at: two customers of twenty records each have so many."""
_SURE = 1e-6


class Said(NamedTuple):
    """A record in a judgement: whose it was when that was made, and in which of its groups it stands."""

    record: int
    group: int
    former: str


def pairs(members: Sequence[Said]) -> tuple[bool, list[tuple[int, int]]]:
    """Whether a judgement says "one", and of which pairs of records it says so, or says the contrary.

    A judgement of several groups says that records of different groups differ; what is in one group was one before. A
    judgement of one group says that those are one which belonged to several customers before.
    """
    groups: dict[int, list[Said]] = {}
    for one in sorted(members):
        groups.setdefault(one.group, []).append(one)
    if len(groups) > 1:
        crossing = (pair for one, other in combinations(groups.values(), 2) for pair in product(one, other))
        return False, _some(crossing)
    (group,) = groups.values() or ([],)
    return True, _some((a, b) for a, b in combinations(group, 2) if a.former != b.former)


def _some(found: Iterable[tuple[Said, Said]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for a, b in found:
        if len(kept) == MOST:
            break
        kept.append((min(a.record, b.record), max(a.record, b.record)))
    return kept


class Answer(NamedTuple):
    """A pair with its verdict. ``about`` names what it is about: answers that share it teach one another."""

    features: Features
    same: bool
    about: Hashable


@dataclass(frozen=True, slots=True)
class Lesson:
    """What answers teach. ``before`` and ``after`` are the mean log loss of answers, in nats, under the model of before
    and under models that were trained on the others; ``wrong`` how many each decided wrongly at even odds."""

    model: Model
    before: float
    after: float
    wrong_before: int
    wrong_after: int


def lesson(answers: Sequence[Answer], base: Model, version: str) -> Lesson:
    """The model that all answers make of ``base``, judged by what each part of them makes of the rest.

    Answers that are about the same stay in one part, since one of them would give the other away.
    """
    before: list[float] = []
    after: list[float] = []
    held: list[bool] = []
    for fold in _folds(answers):
        tested = [answers[place] for place in fold]
        inside = set(fold)
        rest = [(one.features, one.same) for place, one in enumerate(answers) if place not in inside]
        learned = train(rest, base, version)
        before += [base.log_odds(one.features) for one in tested]
        after += [learned.log_odds(one.features) for one in tested]
        held += [one.same for one in tested]
    model = train([(one.features, one.same) for one in answers], base, version)
    return Lesson(model, log_loss(before, held), log_loss(after, held), wrong(before, held), wrong(after, held))


def log_loss(log_odds: Sequence[float], same: Sequence[bool]) -> float:
    """The mean log loss in nats of log-odds that two records are one; 0 for none."""
    if not log_odds:
        return 0.0
    total = 0.0
    for value, one in zip(log_odds, same, strict=True):
        margin = value if one else -value
        # log(1 + e^-x) without overflow, and never less than what rounding would make of a sure one.
        total += max(_SURE, math.log1p(math.exp(-abs(margin))) + max(0.0, -margin))
    return total / len(log_odds)


def wrong(log_odds: Sequence[float], same: Sequence[bool]) -> int:
    """How many are on the wrong side of even odds."""
    return sum((value > 0) != one for value, one in zip(log_odds, same, strict=True))


def _folds(answers: Sequence[Answer]) -> list[list[int]]:
    """The places of the answers in parts of about one size."""
    groups: dict[Hashable, list[int]] = {}
    for place, one in enumerate(answers):
        groups.setdefault(one.about, []).append(place)
    folds: list[list[int]] = [[] for _ in range(FOLDS)]
    for group in sorted(groups.values(), key=lambda group: (-len(group), group)):
        min(folds, key=len).extend(group)
    return [sorted(fold) for fold in folds if fold]


def together(ties: Iterable[tuple[Hashable, Hashable]]) -> Mapping[Hashable, int]:
    """Each thing that is tied to others with the number of its group: what hangs together is about the same."""
    groups: dict[Hashable, set[Hashable]] = {}
    for a, b in ties:
        one, other = groups.setdefault(a, {a}), groups.setdefault(b, {b})
        if one is not other:
            small, large = sorted((one, other), key=len)
            large |= small
            groups.update(dict.fromkeys(small, large))
    numbers: dict[int, int] = {}
    return {thing: numbers.setdefault(id(group), len(numbers)) for thing, group in groups.items()}


def lacking(same: int, different: int) -> str:
    """What answers are still missing to learn from, in words; "" where there are enough."""
    if same + different < ENOUGH:
        return f"{many(same + different, 'answer is', 'answers are')} too few to learn from; {ENOUGH} are needed"
    for count, what in ((same, "one customer"), (different, "two")):
        if count < ENOUGH_OF_EACH:
            said = many(count, "answer says", "answers say")
            return f"only {said} that two records are {what}; {ENOUGH_OF_EACH} of each kind are needed"
    return ""
