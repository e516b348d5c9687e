"""What people ask of who is who as a whole: is it right, what would another rule do, what should I look at, and what
do the answers teach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mapping.answers import Lesson, lacking, lesson
from mapping.counts import many
from mapping.model import Kind
from state import models
from sync.evaluate import Evaluation
from sync.figures import EvaluationReport, LabelsReport, RebuildReport, WhatIfReport
from sync.judged import JudgementReport
from sync.labels import read_labels
from sync.likeness import Likeness
from sync.rebuild import rebuild, rehearse
from sync.rehearsal import rehearsed
from sync.review import DAYS, Judging, Review
from sync.reviewed import Answers, LaterReport, ModelView, ReviewReport, ReviewView, TrainReport
from sync.train import NO_BETTER, Training, answered, listed, next_version, report_of
from sync.turn import Turn
from sync.whatif import WhatIf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.hub import Hub


class Identity:
    """The questions and answers about identity of one hub."""

    def __init__(
        self,
        hub: Hub,
        turn: Turn,
        names: Callable[[], Mapping[str, str]],
        judging: Judging,
    ) -> None:
        self._hub, self._turn, self._names, self._judging = hub, turn, names, judging

    def evaluate(
        self,
        truth: Path,
        labels: Path | None = None,
        *,
        kind: str = Kind.PERSON,
        keep: bool = False,
        limit: int = 10,
        show_values: bool = False,
    ) -> EvaluationReport:
        """How well the customers fit a file that says who is who; with ``labels`` also how well they would if scores
        learned from these pairs, which they do from now on where ``keep`` is wished.

        Raises ConfigError for files that cannot be used.
        """
        evaluation = Evaluation(self._hub.db, self._names())
        if labels is None:
            return evaluation.evaluate(truth, limit=limit, show_values=show_values)
        told, taught, learned = self._labelled(labels, Kind(kind))
        report = evaluation.evaluate(truth, limit=limit, show_values=show_values, taught=taught)
        trained = None
        if learned is not None:
            with rehearsed(self._hub, self._hub.settings, (kind, learned.model)) as trial:
                copy = Evaluation(trial.db, self._names())
                trained = copy.evaluate(truth, limit=0, show_values=False, taught=taught).quality
        return replace(report, labels=self._kept(told, learned, Kind(kind)) if keep else told, trained=trained)

    def labelled(self, labels: Path, *, kind: str = Kind.PERSON, keep: bool = False) -> LabelsReport:
        """How pairs that somebody judged are decided, and what they would teach; scores learn from them from now on
        where ``keep`` is wished. Raises ConfigError for a file that cannot be used."""
        told, _, learned = self._labelled(labels, Kind(kind))
        return self._kept(told, learned, Kind(kind)) if keep else told

    def _labelled(self, path: Path, kind: Kind) -> tuple[LabelsReport, set[int], Lesson | None]:
        """What labels say of the hub, the entities that they name, and what they teach where they are enough."""
        labels = read_labels(path, {name: id_ for id_, name in self._names().items()})
        with self._hub.db.read() as c:
            found = labels.search(c)
            scoring = Likeness(c, self._turn.criteria(), self._names())
            answers = answered(scoring, [one for one in found if scoring.is_of(one.a, kind)])
            base, version = scoring.model(str(kind)), next_version(models.listed(c), kind)
        count = Answers(0, sum(one.same for one in answers), sum(not one.same for one in answers))
        taught = {end for one in found for end in (one.a, one.b)}
        missing = len(labels.same) - len(found)
        why_not = lacking(count.same, count.different)
        learned = None if why_not else lesson(answers, base, version)
        told = report_of(kind, base, count, learned, "", "it was only tried") if learned else None
        return LabelsReport(labels.file, labels.measured(found), missing, told, why_not), taught, learned

    def _kept(self, told: LabelsReport, learned: Lesson | None, kind: Kind) -> LabelsReport:
        """Puts what was learned in force, where it decides answers that were held out better."""
        if learned is None or told.lesson is None:
            return told
        if learned.after >= learned.before:
            return replace(told, lesson=replace(told.lesson, why_not=NO_BETTER))
        with self._training() as training:
            count = told.lesson.answers
            training.put(
                kind, learned.model, f"{many(count.same + count.different, 'labelled pair')}, on {told.lesson.base}"
            )
        return replace(told, lesson=replace(told.lesson, kept=learned.model.version, why_not=""))

    def what_if(self, config: Path, *, limit: int = 5) -> WhatIfReport:
        """What another configuration would change, tried on a copy. Raises ConfigError for one that is not right."""
        return WhatIf(self._hub, self._names()).tried(config, limit=limit)

    def rebuild(self, *, dry_run: bool = False) -> RebuildReport:
        """Compares, scores and decides everything anew; with ``dry_run`` only tells what that would change."""
        if dry_run:
            return rehearse(self._hub.db, self._hub.settings.hub.state_dir, self._turn.criteria(), self._turn.policy)
        return rebuild(self._turn)

    def train(self, kind: str = Kind.PERSON, *, dry_run: bool = False) -> TrainReport:
        """Learns from what people said, and scores by it where it got better. Raises ConfigError where they said too
        little."""
        with self._training() as training:
            return training.train(Kind(kind), dry_run=dry_run)

    def models(self) -> Sequence[ModelView]:
        """The models that can be used."""
        with self._hub.db.read() as c:
            return listed(c)

    def use(self, version: str) -> ModelView:
        """Scores by another model from now on. Raises ConfigError for one that is not there."""
        with self._training() as training:
            return training.use(version)

    def review(self, limit: int = 20) -> ReviewReport:
        """The pairs of customers whose answers are worth the most."""
        return self._review().listed(limit)

    def show(self, which: Sequence[str]) -> ReviewView:
        """Two customers of the review side by side."""
        return self._review().show(which)

    def accept(
        self, which: Sequence[str], *, note: str = "", actor: str = "admin", dry_run: bool = False
    ) -> JudgementReport:
        """Says that two customers of the review are one."""
        return self._review().accept(which, note=note, actor=actor, dry_run=dry_run)

    def reject(
        self, which: Sequence[str], *, note: str = "", actor: str = "admin", dry_run: bool = False
    ) -> JudgementReport:
        """Says that two customers of the review are not one."""
        return self._review().reject(which, note=note, actor=actor, dry_run=dry_run)

    def later(self, which: Sequence[str], *, days: int = DAYS, actor: str = "admin") -> LaterReport:
        """Asks again in so many days."""
        return self._review().later(which, days=days, actor=actor)

    def _review(self) -> Review:
        settings = self._hub.settings.identity
        return Review(
            self._hub.db,
            self._turn.criteria(),
            self._names(),
            self._judging,
            settings.review_above,
            settings.merge_above,
        )

    @contextmanager
    def _training(self) -> Iterator[Training]:
        with self._judging("", "") as judge:
            yield Training(judge.resolver, judge.resolve, judge.names)
