"""Train: the model by which records are scored learns from what people said, and is put in force where it got better.

1. Every judgement in force gives pairs of records with a verdict (mapping/answers.py), of which those that the model in
   force finds most alike are taken: a few a judgement, so that two large customers do not outvote everybody.
2. The model is trained on parts of the answers and tested on the rest, which tells whether they teach anything.
3. Every profile waits to be scored again, and then the model is put in force: a process that is killed in between has
   changed nothing, and one that is killed later leaves what waits to whoever resolves next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mapping.answers import Answer, Lesson, Said, lacking, lesson, pairs, together
from mapping.counts import many
from mapping.errors import ConfigError
from mapping.features import FEATURES
from mapping.judgements import Judged
from mapping.model import PROFILES, Kind
from mapping.scoring import Model, dump, shipped
from state import identities, judgements, matching, models
from state.database import Connection, Database
from state.judgements import Named
from state.leases import Lease
from state.matching import SCORE
from state.models import ModelRow
from sync.likeness import Likeness
from sync.resolve import Resolver
from sync.reviewed import Answers, ModelView, TrainReport

OF_ONE = 5
"""How many pairs of one judgement are learned from."""
NO_BETTER = "answers that were held out are decided no better by it"
MANY = 1_000_000
MOVED = 8
"""How many of the levels that moved most are told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A pair of entities, whether they are one, and what it is about."""

    a: int
    b: int
    same: bool
    about: object


@dataclass(frozen=True, slots=True)
class Training:
    """Trains under the lease of the ``resolver``; ``resolve`` resolves and scores what waits."""

    resolver: Resolver
    resolve: Callable[[], object]
    names: Mapping[str, str]

    @property
    def db(self) -> Database:
        """The database of the resolver."""
        return self.resolver.db

    def train(self, kind: Kind = Kind.PERSON, *, dry_run: bool = False) -> TrainReport:
        """Learns from all judgements in force. Raises ConfigError where there are too few."""
        with self.db.read() as c:
            scoring = Likeness(c, self.resolver.criteria, self.names)
            count, verdicts = judged(c, scoring, str(kind))
            base = scoring.model(str(kind))
            answers = answered(scoring, verdicts)
            version = next_version(models.listed(c), kind)
        told = Answers(count, sum(one.same for one in answers), sum(not one.same for one in answers))
        if missing := lacking(told.same, told.different):
            raise ConfigError(f"{missing}. They come from concord review, merge and unmerge.")
        taught = lesson(answers, base, version)
        why_not = ""
        if taught.after >= taught.before:
            why_not = NO_BETTER
        elif dry_run:
            why_not = "it was only tried"
        if not why_not:
            self.put(
                kind, taught.model, f"{many(len(answers), 'pair')} of {many(count, 'judgement')}, on {base.version}"
            )
        return report_of(kind, base, told, taught, "" if why_not else version, why_not)

    def put(self, kind: Kind, model: Model, trained_on: str) -> None:
        """Keeps a model, puts it in force, and scores everybody by it."""
        put_in_force(self.db, self.resolver.lease, str(kind), model, trained_on)
        self.resolve()

    def use(self, version: str) -> ModelView:
        """Puts a model in force again, also the one that ships. Raises ConfigError for one that is not there."""
        with self.db.read() as c:
            known = listed(c)
        found = [one for one in known if one.version == version]
        if not found:
            raise ConfigError(f"There is no model {version!r}; known are {', '.join(one.version for one in known)}.")
        (view,) = found
        if view.used:
            return view
        kind = Kind(view.kind)
        if not view.at:
            self.put(kind, shipped(kind), view.trained_on)
        else:
            matching.enqueue_all(self.db, self.resolver.lease, SCORE)
            with self.db.write(self.resolver.lease) as c:
                models.use(c, version, self.db.stamp())
            self.resolve()
        with self.db.read() as c:
            return next(one for one in listed(c) if one.version == version)


def put_in_force(db: Database, lease: Lease, kind: str, model: Model, trained_on: str) -> None:
    """Keeps a model; everybody of the kind waits to be scored by it. The lease is that of resolving."""
    matching.enqueue_all(db, lease, SCORE)
    with db.write(lease) as c:
        models.put(c, ModelRow(model.version, kind, trained_on, db.stamp()), dump(model))


def listed(c: Connection) -> list[ModelView]:
    """Every model that can be used, those that ship too, the one in force first."""
    found: list[ModelView] = []
    rows = models.listed(c)
    for kind in sorted(PROFILES, reverse=True):
        mine = [row for row in rows if row.kind == str(kind)]
        first = shipped(kind)
        for row in mine:
            taught_by = first.trained_on if row.version == first.version else row.trained_on
            found.append(ModelView(row.kind, row.version, taught_by, row.at, row is mine[0]))
        if first.version not in [row.version for row in mine]:
            found.append(ModelView(str(kind), first.version, first.trained_on, "", not mine))
    return found


def judged(c: Connection, scoring: Likeness, kind: str) -> tuple[int, list[Verdict]]:
    """How many judgements in force say something of pairs, and those of the pairs to learn from."""
    members: dict[int, list[Named]] = {}
    holding = [row.id for row in judgements.listed(c, MANY) if not row.taken_back_at]
    for one in judgements.named(c, holding):
        members.setdefault(one.judgement, []).append(one)
    live = {
        i
        for i, one in identities.profiles(c, {one.entity_id for named in members.values() for one in named}).items()
        if one.live and one.kind == kind and not one.alias
    }
    about = together(
        (("judgement", number), ("entity", one.entity_id)) for number, named in members.items() for one in named
    )
    standing = Judged()
    for number, named in members.items():
        for one in named:
            standing.add(number, one.group, one.entity_id)
    found: list[Verdict] = []
    count = 0
    for number in sorted(members):
        said = [Said(one.entity_id, one.group, one.customer_id) for one in members[number] if one.entity_id in live]
        same, named_pairs = pairs(said)
        newest = [pair for pair in named_pairs if abs(standing.verdict(*pair)) == number]
        chosen = _alike(scoring, newest)
        count += bool(chosen)
        found += [Verdict(a, b, same, about["judgement", number]) for a, b in chosen]
    return count, found


def _alike(scoring: Likeness, found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the pairs that are most alike by the model in force."""
    features = scoring.features(found)
    worth = {pair: scoring.model(scoring.compared[pair[0]].kind).log_odds(levels) for pair, levels in features.items()}
    return sorted(worth, key=lambda pair: (-worth[pair], pair))[:OF_ONE]


def answered(scoring: Likeness, verdicts: Iterable[Verdict]) -> list[Answer]:
    """The verdicts with what their records have in common."""
    wanted = list(verdicts)
    features = scoring.features((one.a, one.b) for one in wanted)
    return [Answer(features[one.a, one.b], one.same, one.about) for one in wanted if (one.a, one.b) in features]


def next_version(rows: Sequence[ModelRow], kind: Kind) -> str:
    """The name of the next model of a kind: ``person-2``."""
    ends = [row.version.rpartition("-")[2] for row in rows if row.kind == str(kind)]
    numbers = [int(end) for end in ends if end.isdecimal()]
    return f"{kind}-{max(numbers, default=0) + 1}"


def report_of(kind: Kind, base: Model, told: Answers, taught: Lesson, kept: str, why_not: str) -> TrainReport:
    """What answers taught, and what became of it."""
    return TrainReport(
        str(kind), base.version, told, taught.before, taught.after, taught.wrong_before, taught.wrong_after, kept,
        why_not, moved(base, taught.model),
    )  # fmt: skip


def moved(base: Model, model: Model) -> list[dict[str, object]]:
    """The levels whose weights moved most, in words."""
    changes = [
        {"feature": feature.name, "says": feature.levels[level], "before": old, "after": new}
        for feature, before, after in zip(FEATURES, base.alone, model.alone, strict=True)
        for level, (old, new) in enumerate(zip(before, after, strict=True))
        if abs(new - old) >= 0.05
    ]
    changes.sort(key=lambda one: -abs(float(str(one["after"])) - float(str(one["before"]))))
    return changes[:MOVED]
