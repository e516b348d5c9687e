"""Match: compares records that share no exact value, scores them, and tells resolving whose scores changed.

Resolving decides who is who by what is stored; matching stores what it decides by. It goes ahead of resolving, so that
a new record is decided once, with its scores; and after it, for what was resolved without it (beside a pull, or in a
run that was cut off). It has three stages, each of which can stop anywhere and be done again:

1. File: make comparisons of what changed, and note under which keys others find them (sync/filing.py).
2. Count: where there are a quarter more comparisons than when values were last counted, count them anew (a *snapshot*)
   and score everybody again. So a first load is filed whole, counted once and scored once.
3. Score: compare each with whoever shares a key; keep what is not hopeless; queue for resolving whose scores changed in
   a way that can change a decision.

All under the resolve lease, in short transactions, with everything computed before. Nobody else writes what is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import orjson

from mapping import blocking
from mapping.comparison import load
from mapping.criteria import Criteria
from state import identities, matching, statistics
from state.database import Connection, Database
from state.judgements import queue_again
from state.leases import Lease
from state.matching import DECIDE, SCORE, Filed, Pair
from sync.filing import file_batch
from sync.stirred import joined, stirred
from sync.yardstick import Yardstick


class _Done:
    """Entities that were scored in this run, a bit each: whoever comes later need not be compared with them again."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, ids: Iterable[int]) -> None:
        for i in ids:
            if i >> 3 >= len(self._bits):
                self._bits.extend(bytes((i >> 3) + 1024 - len(self._bits)))
            self._bits[i >> 3] |= 1 << (i & 7)

    def __contains__(self, i: int) -> bool:
        return i >> 3 < len(self._bits) and bool(self._bits[i >> 3] >> (i & 7) & 1)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Matches what waits. ``advanced`` hears how many are done."""

    db: Database
    lease: Lease
    criteria: Criteria
    advanced: Callable[[int], None] = lambda done: None

    def waiting(self) -> bool:
        """Whether anything waits, be it that nobody was ever compared, or by another version."""
        if not self.criteria.compare:
            return False
        with self.db.read() as c:
            return matching.anything_waits(c) or (not matching.up_to_date(c) and identities.any_entity(c))

    def ahead(self) -> int:
        """Matches what waits to be resolved, and whatever else waits; returns how many records were filed."""
        matching.begin(self.db, self.lease)
        matching.enqueue_unresolved(self.db, self.lease)
        return self.run() if self.waiting() else 0

    def run(self) -> int:
        """Matches until nothing waits; returns how many records were filed. Whose scores changed waits to be
        resolved."""
        matching.begin(self.db, self.lease)
        filed = done = 0
        while some := file_batch(self.db, self.lease, self.criteria):
            filed += some
            self.advanced(filed)
        self._count()
        yardsticks, scored = self._yardsticks(), _Done()
        while some := self._score(yardsticks, scored):
            done += some
            self.advanced(filed + done)
        self._decide_again()
        return filed

    def _count(self) -> None:
        """Takes the snapshots that are due, and lets everybody be scored by them."""
        with self.db.read() as c:
            due = [one for one in statistics.standing(c).values() if one.due]
        if not due:
            return
        taken = [statistics.take(self.db, self.lease, one.kind) for one in due]
        if [one.version for one in taken] != [one.version for one in due]:
            matching.enqueue_filed(self.db, self.lease)
        with self.db.write(self.lease) as c:
            for one in taken:
                statistics.settle(c, one, self.db.stamp())

    def _yardsticks(self) -> dict[str, Yardstick]:
        with self.db.read() as c:
            found = {}
            for kind, one in statistics.standing(c).items():
                model = statistics.model(c, kind)
                found[kind] = Yardstick(kind, model, f"{one.version}/{model.version}", one.records)
            return found

    def _score(self, yardsticks: Mapping[str, Yardstick], done: _Done) -> int:
        """Scores those who wait the longest; returns how many there were, 0 when nobody waits."""
        rules = self.criteria.rules
        with self.db.read() as c:
            seqs, ids = matching.waiting(c, SCORE)
            if not seqs:
                return 0
            mine = matching.filed(c, ids)
            scores = _compared(c, mine, yardsticks, done)
            stored = matching.pairs(c, mine)
            before = {pair: value for pair, value in stored.items() if not _settled(pair, mine, done)}
            kept = {pair: value for pair, value in scores.items() if value > rules.absent}
            changed = {pair for pair in before.keys() | kept.keys() if before.get(pair) != kept.get(pair)}
            found = joined(rules, stored, kept)
            anew = {i for i, one in mine.items() if one.scored is None and i in found}
            again = anew | stirred(c, rules, mine, stored, kept, changed)
        models = {pair: yardsticks[mine[pair[0] if pair[0] in mine else pair[1]].kind].model.version for pair in kept}
        with self.db.write(self.lease) as c:
            matching.write_scores(
                c, {pair: kept[pair] for pair in changed & kept.keys()}, before, models,
                [*(before.keys() - kept.keys())], {i: yardsticks[one.kind].label for i, one in mine.items()},
            )  # fmt: skip
            queue_again(c, again)
            matching.dequeue(c, seqs)
        done.add(mine)
        return len(ids)

    def _decide_again(self) -> None:
        """Once everything is scored, lets those be resolved whose decisions wait for it."""
        while True:
            with self.db.read() as c:
                seqs, ids = matching.waiting(c, DECIDE)
            if not seqs:
                return
            with self.db.write(self.lease) as c:
                queue_again(c, ids)
                matching.dequeue(c, seqs)


def _settled(pair: Pair, mine: Mapping[int, Filed], done: _Done) -> bool:
    """Whether the pair was compared in this run already, when the other of the two was scored."""
    a, b = pair
    return (a in done and a not in mine) or (b in done and b not in mine)


def _compared(
    c: Connection, mine: Mapping[int, Filed], yardsticks: Mapping[str, Yardstick], done: _Done
) -> dict[Pair, float]:
    """The log-odds of each of these with whoever shares a key, but those that were compared in this run already."""
    sought = {i: blocking.sought(one.keys) for i, one in mine.items()}
    holders = matching.holders(c, {key for keys in sought.values() for key in keys})
    partners: dict[int, set[int]] = {}
    for i, keys in sought.items():
        others = {other for key in keys for other in holders.get(key, ())}
        partners[i] = {other for other in others if other != i and (other in mine or other not in done)}
    strangers = {other for others in partners.values() for other in others} - mine.keys()
    records = {i: load(orjson.loads(one.body)) for i, one in mine.items()}
    records |= {i: load(orjson.loads(body)) for i, body in matching.bodies(c, strangers).items()}
    pairs: dict[str, set[Pair]] = {kind: set() for kind in yardsticks}
    for i, others in partners.items():
        pairs[mine[i].kind].update((i, other) if i < other else (other, i) for other in others)
    found: dict[Pair, float] = {}
    for kind, yardstick in yardsticks.items():
        found |= yardstick.log_odds(c, pairs[kind], records, [i for i, one in mine.items() if one.kind == kind])
    return found
