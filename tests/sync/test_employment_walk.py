"""Any walk through new employers, merges, hands at work over there and bad weather ends with the right associations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from connectors.memory.api import Api
from connectors.memory.faults import Fault
from mapping.errors import TransientError
from mapping.model import Kind
from sync.reports import CustomerView
from tests.sync.hubs import Stage, person

FIRMS, PEOPLE, STEPS = 3, 5, 10
STREAMS = ("people", "companies")


@dataclass
class Walk:
    """One walk. ``by_hand``: pairs of a person and a company that people over there have associated."""

    stage: Stage
    dice: Random
    by_hand: set[tuple[str, str]] = field(default_factory=set)
    merged: list[int] = field(default_factory=list)

    def found(self) -> None:
        """Firms with people of theirs, in both worlds."""
        for number in range(FIRMS):
            host = f"firm{number}.example"
            self.stage.shop.put("companies", {"name": f"Firm{number} Ltd", "domain": host, "email": f"hi@{host}"})
        for number in range(PEOPLE):
            name, host = f"Ann{number} Lee", f"firm{number % FIRMS}.example"
            self.stage.shop.put("people", person(name, email=f"ann{number}@{host}"), id=f"p{number}")
        self.stage.settle()

    def step(self) -> None:
        """Something happens, and the hub does its work, as far as it gets."""
        self.dice.choice([self.move, self.move, self.work_by_hand, self.judge, self.delete, self.storm, self.storm])()
        with suppress(KeyboardInterrupt):
            self.stage.sync()
            self.stage.push(skip_moved=True)
        self.stage.clock.sleep(3600)

    def move(self) -> None:
        """Somebody has another employer, or none."""
        number, hosts = self.dice.randrange(PEOPLE), [f"firm{n}.example" for n in range(FIRMS)]
        self.stage.shop.change("people", f"p{number}", {"email": f"ann{number}@{self.dice.choice([*hosts, 'me.com'])}"})

    def work_by_hand(self) -> None:
        """A person over there associates two records that are not associated yet."""
        people, firms = (self.stage.crm.records(name) for name in STREAMS)
        who, end = self.dice.choice(sorted(people)), f"companies:{self.dice.choice(sorted(firms))}"
        if Api(self.stage.crm).link("people", who, {"company": [end]}, add=True):
            self.by_hand.add((who, end))

    def judge(self) -> None:
        """Two organizations are said to be one, or no longer."""
        if self.merged:
            self.stage.hub.take_back(self.merged.pop())
            return
        ids = [one.id for one in self.stage.customers() if one.kind == Kind.ORGANIZATION]
        report = self.stage.hub.merge(self.dice.sample(ids, 2))
        assert report.judgement
        self.merged.append(report.judgement)

    def delete(self) -> None:
        """A company is deleted over there."""
        gone = self.dice.choice(sorted(self.stage.crm.records("companies")))
        self.stage.crm.delete("companies", gone)
        self.by_hand = {(who, end) for who, end in self.by_hand if end != f"companies:{gone}"}

    def storm(self) -> None:
        """A write is refused, its answer is lost, the hub dies over it, or a look fails."""
        after, died = self.dice.randrange(3), self.dice.choice([None, KeyboardInterrupt()])
        doors = [Fault("write", refuse_every=1, after=after), Fault("associated", TransientError("the line is dead"))]
        doors += [Fault("write", died, lost=True, committed=done, after=after) for done in (True, False)]
        self.stage.crm.faults.add(self.dice.choice(doors))

    def calm(self) -> None:
        """The weather is good until nothing is left to do, and everything is as it should be."""
        self.stage.crm.faults.queue.clear()
        for _ in range(4):
            self.stage.sync()
            self.stage.push(skip_moved=True)
        self.stage.sync()
        assert self.stage.hub.plan().empty
        live = {f"companies:{i}" for i in self.stage.crm.records("companies")}
        people = {str(i): {*row.refs.get("company", ())} & live for i, row in self.stage.crm.records("people").items()}
        customers = {one.id: one for one in self.stage.customers()}
        for one in customers.values():
            for who in _primaries(one, "people"):
                ours = {f"companies:{i}" for work in one.belongs for i in _primaries(customers[work.id], "companies")}
                assert people[who] == ours | {end for whose, end in self.by_hand if whose == who}


def _primaries(one: CustomerView, object_: str) -> list[str]:
    return [r.remote_id for r in one.remotes if (r.object, r.role, r.state) == (object_, "primary", "live")]


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """A shop and a CRM, both with people and companies."""
    push = {"people": {"match_on": "email"}, "companies": {}}
    made = Stage(tmp_path, database_url, push=push, shop=STREAMS, crm=STREAMS)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(3))
def test_any_walk_ends_with_everybody_at_their_employer_and_nobody_elses_association_touched(
    stage: Stage, seed: int
) -> None:
    walk = Walk(stage, Random(seed))
    walk.found()
    for number in range(STEPS):
        walk.step()
        if number % 3 == 2:
            walk.calm()
    walk.calm()
