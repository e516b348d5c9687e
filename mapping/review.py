"""In what order pairs are shown to a person: by what an answer would change, and how unsure the machine is."""

from __future__ import annotations

import math
from typing import NamedTuple

from mapping.scoring import probability


class Weight(NamedTuple):
    """What a customer brings: how many records, orders that count, and what they came to."""

    records: int
    orders: int = 0
    value: float = 0.0


def stake(one: Weight, other: Weight) -> float:
    """How much would come together: as many records as would find company, and orders likewise.

    Of two sides that is the harmonic mean: two single records are 1, ten and ten are 10, a hundred and one are 2. It is
    what joining the two adds to B-cubed recall if they are one, counted in records.
    """
    return _company(one.records, other.records) + _company(one.orders, other.orders)


def _company(one: int, other: int) -> float:
    return 2 * one * other / (one + other) if one and other else 0.0


def doubt(log_odds: float, sure: float) -> float:
    """How unsure the machine is, in bits: 1 at even odds, less the surer it is.

    A pair that it would link by its score alone (from the probability ``sure`` on), and did not because something is
    against it, is as unsure as one at that probability.
    """
    return _entropy(min(max(probability(log_odds), 1 - sure), sure))


def _entropy(share: float) -> float:
    if share <= 0 or share >= 1:
        return 0.0
    return -(share * math.log2(share) + (1 - share) * math.log2(1 - share))


def rank(one: Weight, other: Weight, log_odds: float, sure: float) -> float:
    """What an answer is worth: the greater comes first."""
    return stake(one, other) * doubt(log_odds, sure)
