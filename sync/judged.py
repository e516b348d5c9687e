"""What judging and explaining report: plain values that a terminal, a page and a test read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sync.reviewed import ScoreView


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """One customer that a judgement changes. ``became``: stays | new | retired | the id it was merged into.

    ``before`` and ``after`` are its records, as ``shop/people/7``.
    """

    id: str
    name: str
    became: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One golden value that becomes another."""

    customer: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class FactMove:
    """One fact that concerns others than before; ``before`` and ``after`` are customers."""

    key: str
    line: str
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True, slots=True)
class RemoteMove:
    """One record at a destination that belongs to another customer than before, or has another role."""

    connection: str
    object: str
    remote_id: str
    before: str
    after: str
    role: str


@dataclass(frozen=True, slots=True)
class JudgementReport:
    """What a judgement changed, or would change. ``judgement`` is its number, 0 where nothing was kept."""

    judgement: int
    action: str
    dry_run: bool
    customers: Sequence[CustomerChange] = ()
    values: Sequence[ValueChange] = ()
    facts: Sequence[FactMove] = ()
    remotes: Sequence[RemoteMove] = ()


@dataclass(frozen=True, slots=True)
class JudgementView:
    """One judgement as kept. ``groups``: records that are one customer each; those of different groups never are."""

    id: int
    at: str
    actor: str
    note: str
    groups: Sequence[Sequence[str]]
    taken_back_at: str = ""
    taken_back_by: str = ""


@dataclass(frozen=True, slots=True)
class LinkView:
    """One link between two records of a customer. ``words`` say it all; ``weight`` orders links, strongest first."""

    a: str
    b: str
    rule: str
    evidence: str
    weight: int
    words: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One record in the tree of a customer, tied to the one above by ``link``; the first has none."""

    record: str
    link: LinkView | None
    branches: Sequence[Branch]


@dataclass(frozen=True, slots=True)
class ExplainView:
    """Why a customer's records are one. ``trees`` hold its strongest links, ``links`` all of them; ``apart`` says in
    sentences whom people said not to be this customer; ``scores`` add up the scores that hold it together."""

    id: str
    asked: str
    name: str
    trees: Sequence[Branch]
    links: Sequence[LinkView]
    apart: Sequence[str] = ()
    scores: Sequence[ScoreView] = ()


@dataclass(frozen=True, slots=True)
class WhyNotView:
    """Why two customers are not one; ``one`` where they are. Each of ``reasons`` is a sentence. ``score`` adds up how
    alike the two of their records are that are most so; None where none were ever found alike."""

    a: str
    b: str
    one: bool
    reasons: Sequence[str]
    score: ScoreView | None = None
