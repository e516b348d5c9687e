"""Evaluate: how well the customers fit a file that says who is who, and where they do not."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from mapping.errors import ConfigError
from mapping.quality import Fault, faults, quality
from mapping.scoring import probability
from state import belonging, identities, reviewing
from state.database import Connection, Database
from sync.figures import EvaluationReport, FaultView, Part
from sync.links import Crossing
from sync.picture import label_of, name_said
from sync.truth import Mistakes, Truth, read_truth

SHOWN = 5
"""How many records of each part of a fault are named."""
PARTS = 6
"""How many parts of a fault are told."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates one hub. ``names``: connection id to its name."""

    db: Database
    names: Mapping[str, str]

    def evaluate(
        self, path: Path, *, limit: int, show_values: bool, taught: Set[int] = frozenset()
    ) -> EvaluationReport:
        """The figures of a truth file, with ``limit`` examples of each fault; names and values only if wished.

        Entities of the file that have a record among ``taught`` are left out. Raises ConfigError for a file that is no
        truth file, or of which nothing is here.
        """
        truth = read_truth(path, {name: id_ for id_, name in self.names.items()})
        with self.db.read() as c:
            mistakes = Mistakes(path.name)
            truth.wanted.check(belonging.streams(c), mistakes)
            mistakes.stop()
            others = truth.wanted.search(belonging.placed(c))
            return self._measured(c, path.name, truth, others, limit, show_values, taught)

    def _measured(
        self,
        c: Connection,
        file: str,
        truth: Truth,
        others: int,
        limit: int,
        show_values: bool,
        taught: Set[int],
    ) -> EvaluationReport:
        missing, unclear = truth.wanted.missing(), truth.wanted.unclear()
        left_out = truth.entities_of(taught)
        scene = _Scene.of(truth, left_out)
        if not scene.entities:
            raise ConfigError(
                f"{file}: every entity whose records are here has labels; nothing is left to be measured by."
                if left_out
                else f"{file}: none of its {len(truth.entities)} records is here. Is the data read (concord sync), and "
                "are ids written as the hub has them? concord customers show lists a customer's records."
            )
        drawn = _Drawn(c, self.names, scene, show_values)
        false_merges = [drawn.merged(one, truth) for one in faults(scene.found, scene.truth, limit)]
        misses = [drawn.missed(one, truth) for one in faults(scene.truth, scene.found, limit)]
        return EvaluationReport(
            file=file,
            records=len(scene.entities),
            entities=len(set(scene.truth)),
            quality=quality(scene.found, scene.truth),
            missing=len(missing),
            missing_sample=truth.wanted.told(missing),
            unclear=len(unclear),
            unclear_sample=truth.wanted.told(unclear),
            unlisted=others,
            nobodys=sum(1 for one in scene.owners if not one),
            false_merges=false_merges,
            misses=misses,
            waiting=identities.queue_length(c),
            taught=len(left_out),
        )


@dataclass(frozen=True, slots=True)
class _Scene:
    """The records of the file that are here, side by side: entity, customer's number, true entity's number."""

    entities: array[int]
    found: array[int]
    truth: array[int]
    owners: list[str]
    """Customer's number to its id; empty for a record of nobody's, which stands for itself."""

    @classmethod
    def of(cls, truth: Truth, left_out: Set[int]) -> _Scene:
        scene = cls(array("q"), array("q"), array("q"), [])
        numbers: dict[str, int] = {}
        for place, entity in enumerate(truth.entities):
            one = truth.wanted.found(place)
            if one is None or entity in left_out:
                continue
            owner = one.customer_id or ""
            number = numbers.get(owner) if owner else None
            if number is None:
                number = len(scene.owners)
                scene.owners.append(owner)
                if owner:
                    numbers[owner] = number
            scene.entities.append(one.entity_id)
            scene.found.append(number)
            scene.truth.append(entity)
        return scene


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Faults drawn from the database: few, so that each is asked for by itself."""

    c: Connection
    names: Mapping[str, str]
    scene: _Scene
    show_values: bool

    def merged(self, fault: Fault, truth: Truth) -> FaultView:
        """A customer that is several entities of the file."""
        parts = [self._part(truth.names[entity], places) for entity, places in fault.parts[:PARTS]]
        side = {self.scene.entities[place]: entity for entity, places in fault.parts for place in places}
        owner = self.scene.owners[fault.cluster]
        return FaultView(owner, fault.pairs, parts, self._links(owner, side))

    def missed(self, fault: Fault, truth: Truth) -> FaultView:
        """An entity of the file that is several customers."""
        owners = self.scene.owners
        parts = [self._part(owners[number] or "nobody", places) for number, places in fault.parts[:PARTS]]
        several = [owners[number] for number, _ in fault.parts if owners[number]]
        return FaultView(truth.names[fault.cluster], fault.pairs, parts, list(self._nearest(several[:2])))

    def _nearest(self, several: Sequence[str]) -> Iterator[str]:
        """What comes closest to joining two customers."""
        if len(several) < 2:
            return
        best = reviewing.between(self.c, *several)
        if best is not None:
            keys = identities.keys(self.c, best[1:])
            one, other = (label_of(keys[i], self.names) for i in best[1:])
            yield f"most alike are {one} and {other}, at {probability(best.log_odds):.4f}"
        yield f"concord customers why-not {several[0]} {several[1]}"

    def _part(self, of: str, places: Sequence[int]) -> Part:
        ids = [self.scene.entities[place] for place in places[:SHOWN]]
        keys = identities.keys(self.c, ids)
        records = [label_of(keys[i], self.names) for i in ids if i in keys]
        return Part(of, len(places), records, self._said(ids) if self.show_values else ())

    def _said(self, ids: Sequence[int]) -> list[str]:
        profiles = identities.profiles(self.c, ids)
        return list(dict.fromkeys(name for i in ids if i in profiles and (name := name_said(profiles[i].values))))

    def _links(self, owner: str, side: Mapping[int, int]) -> list[str]:
        """The links between records of different entities; where there are none, they hang together by others."""
        told = Crossing(self.c, self.names, self.show_values).told([*identities.members(self.c, [owner])], side)
        return told or [f"no link between them: they hang together by other records of {owner}"]
