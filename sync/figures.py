"""What measuring identity reports: plain values that a terminal, a page and a test read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mapping.quality import Quality, Verdicts
from sync.reviewed import TrainReport


@dataclass(frozen=True, slots=True)
class Part:
    """Some records of a fault: ``of`` is the entity of the file, or the customer, that they belong to.

    ``records`` are some of them, as ``shop/people/7``; ``names`` those that the records say, where asked for.
    """

    of: str
    size: int
    records: Sequence[str]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FaultView:
    """Records that are one customer and should not be, or the other way round. ``of`` is the customer, or the entity of
    the file; ``pairs`` counts the pairs of records that are wrong, ``why`` says what led to it, in sentences."""

    of: str
    pairs: int
    parts: Sequence[Part]
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class LabelsReport:
    """How judged pairs are decided now, and what learning from them does. ``missing``: pairs of the file that are not
    both here. ``lesson`` is empty where there were too few to learn from, and ``why_not`` says so."""

    file: str
    pairs: Verdicts
    missing: int
    lesson: TrainReport | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """How well the customers fit a file that says who is who.

    ``records`` and ``entities`` of the file were found here. ``missing`` counts its records that were not, ``unclear``
    those that could be several here, each with some of them. ``unlisted`` are records here that it does not name,
    ``nobodys`` records that it names and that belong to no customer; each of these stands for itself.

    With labels, ``trained`` are the figures of a hub that scores by a model that learned from them, and ``taught``
    counts the entities that labels speak of: their records are in none of the figures.
    """

    file: str
    records: int
    entities: int
    quality: Quality
    missing: int
    missing_sample: Sequence[str]
    unclear: int
    unclear_sample: Sequence[str]
    unlisted: int
    nobodys: int
    false_merges: Sequence[FaultView]
    misses: Sequence[FaultView]
    waiting: int = 0
    trained: Quality | None = None
    taught: int = 0
    labels: LabelsReport | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One customer of several: its id, name, how many records, and some of them as ``shop/people/7``."""

    id: str
    name: str
    size: int
    records: Sequence[str]


@dataclass(frozen=True, slots=True)
class MergeView:
    """Customers that would be one: how many, the largest of them, and the links that would join them."""

    sides: Sequence[Side]
    customers: int
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class SplitView:
    """A customer that would be several: some records of each part, and the links that would hold no longer."""

    id: str
    name: str
    size: int
    parts: Sequence[Sequence[str]]
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """What another configuration would do to the customers. ``differs`` are the keys about identity by which it differs
    from the one in force, ``ignored`` the other keys, whose effect is not shown.

    ``merged`` counts customers of today that would come together with others, ``split`` those that would come apart,
    ``moved`` the records that would belong to another customer.
    """

    file: str
    differs: Sequence[str]
    ignored: Sequence[str]
    records: int
    before: int
    after: int
    merged: int
    split: int
    moved: int
    merges: Sequence[MergeView]
    splits: Sequence[SplitView]
    waiting: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild changed, or would change: ``customers`` afterwards, ``merged`` and ``split`` ones, and how many
    records ``moved`` to another customer. Of a real one ``moved`` is not counted."""

    dry_run: bool
    customers: int
    merged: int
    split: int
    moved: int = 0
