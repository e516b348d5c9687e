"""What the scripted hub answers about identity as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mapping.quality import Quality, Verdicts
from sync.figures import EvaluationReport, FaultView, LabelsReport, MergeView, Part, Side, SplitView, WhatIfReport
from sync.judged import CustomerChange, JudgementReport
from sync.reviewed import (
    Answers,
    Beside,
    LaterReport,
    ModelView,
    PartView,
    ReviewItem,
    ReviewReport,
    ReviewSide,
    ReviewView,
    ScoreView,
    TrainReport,
)

QUALITY = Quality(0.75, 0.6, 0.6667, 0.9, 0.8, 0.8471, 0.5, 5, 4, 2, 4, 5, 3)
FALSE_MERGE = FaultView(
    "cus_1",
    1,
    (Part("Cy", 1, ("shop/people/5",), ("Cy Orr",)), Part("Di", 7, ("shop/people/6",))),
    ("shop/people/5 and shop/people/6: same email",),
)
MISS = FaultView("Bob", 2, (Part("cus_2", 1, ("shop/people/3",)), Part("cus_3", 1, ("shop/people/4",))), ("why-not",))
TRAINED = TrainReport(
    "person",
    "default-1",
    Answers(30, 18, 17),
    0.41,
    0.22,
    6,
    2,
    "person-1",
    "",
    ({"feature": "email", "says": "differs", "before": -0.5, "after": -1.25},),
)
LABELS = LabelsReport("labels.csv", Verdicts(1.0, 0.5, 0.6667, 1, 1, 0, 2), 3, TRAINED)
EVALUATION = EvaluationReport(
    "truth.csv", 10, 4, QUALITY, 1, ("shop/people/99 (line 8)",), 2, ("shop/people/8 (line 3)",), 5, 1,
    (FALSE_MERGE,), (MISS,), 3,
)  # fmt: skip
WHAT_IF = WhatIfReport(
    "new.yaml", ("identity.merge_above",), ("golden.phone",), 100, 60, 58, 4, 1, 5,
    (MergeView((Side("cus_1", "Ada Example", 3, ("shop/people/1",)), Side("cus_2", "", 1, ())), 2, ("same email",)),),
    (SplitView("cus_3", "Bo Poe", 2, (("shop/people/7",), ("shop/people/8",)), ()),), 1, 2.5,
)  # fmt: skip
ONE = ReviewSide("cus_1", "Ada Example", 3, 2, "19.95", "shop/people/1")
OTHER = ReviewSide("cus_2", "A. Example", 1, 0, "", "crm/contacts/501")
ITEM = ReviewItem("7f0934f9", 0.743, 1.2, ONE, OTHER, "Junior and Senior")
REVIEW = ReviewReport(12, 2, (ITEM,))
SCORE = ScoreView(
    "shop/people/1",
    "crm/contacts/501",
    0.743,
    1.06,
    "default-1",
    (
        PartView("email", "same, held under 2 names", 1.24),
        PartView("given name", "differs", -0.4),
        PartView("birth date", "not known in both", 0.22, False),
    ),
    "Junior and Senior",
)
SHOWN = ReviewView(ITEM, (Beside("email", "ada@post.example", "ada@post.example", True),), SCORE)
JUDGED = JudgementReport(
    5, "merge", False, (CustomerChange("cus_2", "A. Example", "cus_1", ("crm/contacts/501",), ()),)
)
LATER = LaterReport("7f0934f9", "cus_1", "cus_2", "2026-12-23T12:00:00.000000Z")
MODELS = (
    ModelView("person", "person-1", "35 pairs of 30 judgements", "2026-11-23T12:00:00.000000Z", True),
    ModelView("person", "person-shipped", "invented worlds", "", False),
)


class FakeIdentity:
    """Answers by ``answer`` under the name ``identity.METHOD``."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer

    def evaluate(self, truth: Path, labels: Path | None = None, **options: Any) -> Any:
        return self._answer("identity.evaluate", EVALUATION, truth, labels, **options)

    def labelled(self, labels: Path, **options: Any) -> Any:
        return self._answer("identity.labelled", LABELS, labels, **options)

    def what_if(self, config: Path, **options: Any) -> Any:
        return self._answer("identity.what_if", WHAT_IF, config, **options)

    def train(self, kind: str = "person", **options: Any) -> Any:
        return self._answer("identity.train", TRAINED, kind, **options)

    def models(self) -> Any:
        return self._answer("identity.models", MODELS)

    def use(self, version: str) -> Any:
        return self._answer("identity.use", MODELS[1], version)

    def review(self, limit: int = 20) -> Any:
        return self._answer("identity.review", REVIEW, limit)

    def show(self, which: Sequence[str]) -> Any:
        return self._answer("identity.show", SHOWN, tuple(which))

    def accept(self, which: Sequence[str], **options: Any) -> Any:
        return self._answer("identity.accept", JUDGED, tuple(which), **options)

    def reject(self, which: Sequence[str], **options: Any) -> Any:
        return self._answer("identity.reject", JUDGED, tuple(which), **options)

    def later(self, which: Sequence[str], **options: Any) -> Any:
        return self._answer("identity.later", LATER, tuple(which), **options)
