"""What a review reports: plain values that a terminal, a page and a test read alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PartView:
    """What one feature, or a constant, adds to a score: its weight in natural log-odds, and its level in words.

    ``known`` is false where there was nothing to compare: that too has a weight.
    """

    feature: str
    says: str
    weight: float
    known: bool = True


@dataclass(frozen=True, slots=True)
class ScoreView:
    """How likely two records are one, and why: ``parts`` add up to ``log_odds``, the weightiest first.

    ``against`` says in words what forbids a machine to join them whatever they score; empty where nothing does.
    """

    a: str
    b: str
    probability: float
    log_odds: float
    model: str
    parts: Sequence[PartView]
    against: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSide:
    """One customer of a review, and what it brings. ``record`` is the one of the pair that scores best."""

    id: str
    name: str
    records: int
    orders: int
    value: str
    record: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Two customers that may be one. ``code`` names the two for as long as they are two. ``rank`` orders items."""

    code: str
    probability: float
    rank: float
    one: ReviewSide
    other: ReviewSide
    against: str = ""


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """The items that are worth the most, of so many ``open`` ones; ``later`` counts those that were put off."""

    open: int
    later: int
    items: Sequence[ReviewItem]


@dataclass(frozen=True, slots=True)
class Beside:
    """One field of two records. ``same`` says whether they agree."""

    field: str
    one: Any
    other: Any
    same: bool


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One item with the two records side by side, and its score part by part."""

    item: ReviewItem
    fields: Sequence[Beside]
    score: ScoreView | None
    reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LaterReport:
    """Two customers that are not shown again before ``until``."""

    code: str
    one: str
    other: str
    until: str


@dataclass(frozen=True, slots=True)
class Answers:
    """How many answers there are to learn from: of people's judgements, pairs of records, by their verdict."""

    judgements: int
    same: int
    different: int


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What answers made of a model. ``before`` and ``after`` are the mean log loss of answers that were held out, in
    nats, ``wrong_before`` and ``wrong_after`` how many of them were decided wrongly at even odds.

    ``kept`` is the version that is in force now; empty where nothing was kept, and ``why_not`` says why.
    """

    kind: str
    base: str
    answers: Answers
    before: float
    after: float
    wrong_before: int
    wrong_after: int
    kept: str
    why_not: str
    moved: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ModelView:
    """One scoring model. ``used`` marks the one in force for its kind."""

    kind: str
    version: str
    trained_on: str
    at: str
    used: bool
