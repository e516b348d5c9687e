"""Review: the pairs of customers that may be one, those first whose answer is worth the most, and the answers.

An answer is a judgement (sync/judge.py), so it stands above every score, outlives every rebuild, and can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from itertools import product

from mapping.criteria import Criteria
from mapping.errors import ConfigError, GoneError
from mapping.review import Weight, rank
from mapping.scoring import log_odds, probability
from state import customers, identities, judgements, reviewing
from state.database import Connection, Database, stamp
from state.reviewing import Best, Pair
from sync.judge import Judge
from sync.judged import JudgementReport
from sync.likeness import Likeness
from sync.picture import label_of, name_of_customer
from sync.reviewed import Beside, LaterReport, ReviewItem, ReviewReport, ReviewSide, ReviewView
from sync.views import NO_CUSTOMER

Judging = Callable[[str, str], AbstractContextManager[Judge]]
"""Who judges: (actor, note)."""

GONE = (
    "There is no open pair {code!r}: it was answered, or its records have changed. concord review lists those that are"
    " open."
)
AVERAGE = "others of their records speak against it"
DAYS = 30
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Review:
    """The review of one hub. ``least`` and ``sure`` are the probabilities from which on a pair is shown, and from
    which on it is linked by machine; ``names``: connection id to its name."""

    db: Database
    criteria: Criteria
    names: Mapping[str, str]
    judging: Judging
    least: float
    sure: float

    def listed(self, limit: int) -> ReviewReport:
        """The items that are worth the most."""
        with self.db.read() as c:
            found = self._open(c)
            off = reviewing.off(c, self.db.stamp()) & found.keys()
            ranked = self._ranked(c, {pair: best for pair, best in found.items() if pair not in off})
            items = self._items(c, ranked[:limit])
        return ReviewReport(len(ranked), len(off), items)

    def show(self, which: Sequence[str]) -> ReviewView:
        """Two customers side by side, named by their code or by both ids. Raises GoneError where they are not two that
        may be one."""
        with self.db.read() as c:
            pair = self._pair(c, which)
            if pair[0] == pair[1]:
                raise GoneError(f"{which[0]} and {which[-1]} are one customer: {pair[0]}.")
            best = reviewing.between(c, *pair)
            if best is None:
                raise GoneError(
                    f"No record of {pair[0]} was ever found alike to one of {pair[1]}; concord customers why-not says "
                    "what keeps them apart."
                )
            weights = reviewing.weights(c, pair)
            (item,) = self._items(c, [(self._worth(pair, best, weights), pair, best, weights)])
            profiles = identities.profiles(c, [best.one, best.other])
            score = Likeness(c, self.criteria, self.names).view(best.one, best.other)
        one, other = (profiles[i].values for i in (best.one, best.other))
        return ReviewView(item, list(_beside(one, other)), score and replace(score, against=item.against))

    def accept(self, which: Sequence[str], *, note: str, actor: str, dry_run: bool) -> JudgementReport:
        """The two are one; nothing happens where they are already."""
        with self.judging(actor, note) as judge:
            with self.db.read() as c:
                pair = self._pair(c, which)
            if pair[0] == pair[1]:
                return JudgementReport(0, "merge", dry_run)
            return judge.merge(pair, dry_run=dry_run)

    def reject(self, which: Sequence[str], *, note: str, actor: str, dry_run: bool) -> JudgementReport:
        """The two are not one; nothing happens where that was said before. Raises ConfigError where they are one
        customer: splitting it says more than this could."""
        with self.judging(actor, note) as judge:
            with self.db.read() as c:
                pair = self._pair(c, which)
                told = pair in _told_apart(c)
            if pair[0] == pair[1]:
                raise ConfigError(
                    f"They are one customer, {pair[0]}; say which of its records are another with concord unmerge."
                )
            if told:
                return JudgementReport(0, "part", dry_run)
            return judge.part(pair, dry_run=dry_run)

    def later(self, which: Sequence[str], *, days: int, actor: str) -> LaterReport:
        """Shows the two no more for so many days."""
        until = stamp(self.db.now() + timedelta(days=days))
        with self.db.read() as c:
            pair = self._pair(c, which)
        if pair[0] == pair[1]:
            raise GoneError(f"{which[0]} and {which[-1]} are one customer: {pair[0]}.")
        with self.db.write() as c:
            reviewing.put_off(c, pair, until, self.db.stamp(), actor)
        return LaterReport(code_of(pair), *pair, until)

    def _open(self, c: Connection) -> dict[Pair, Best]:
        """Every two customers that may be one and of whom nobody said that they are not."""
        found = reviewing.apart(c, log_odds(min(max(self.least, _FLOOR), 1 - _FLOOR)))
        for pair in _told_apart(c):
            found.pop(pair, None)
        return found

    def _ranked(self, c: Connection, found: Mapping[Pair, Best]) -> list[Ranked]:
        weights = reviewing.weights(c, {one for pair in found for one in pair})
        ranked: list[Ranked] = [(self._worth(pair, best, weights), pair, best, weights) for pair, best in found.items()]
        ranked.sort(key=lambda one: (-one[0], -one[2].log_odds, one[1]))
        return ranked

    def _worth(self, pair: Pair, best: Best, weights: Mapping[str, Weight]) -> float:
        one, other = (weights.get(customer, Weight(1)) for customer in pair)
        return rank(one, other, best.log_odds, self.sure)

    def _items(self, c: Connection, ranked: Sequence[Ranked]) -> list[ReviewItem]:
        ids = {one for _, pair, _, _ in ranked for one in pair}
        golden = customers.load(c, ids)
        keys = identities.keys(c, {end for _, _, best, _ in ranked for end in best[1:]})
        members: dict[str, list[int]] = {}
        for i, owner in identities.members(c, ids).items():
            members.setdefault(owner, []).append(i)
        scoring = Likeness(c, self.criteria, self.names)
        items = []
        for worth, pair, best, weights in ranked:
            sides = []
            for customer, entity in zip(pair, best[1:], strict=True):
                weight = weights.get(customer, Weight(1))
                values = golden[customer].values if customer in golden else {}
                sides.append(
                    ReviewSide(
                        customer, name_of_customer(values), weight.records, weight.orders,
                        f"{weight.value:.2f}" if weight.value else "", label_of(keys[entity], self.names),
                    )
                )  # fmt: skip
            share = probability(best.log_odds)
            against = scoring.against(*(members.get(customer, ()) for customer in pair))
            against = against or (AVERAGE if share >= self.sure else "")
            items.append(ReviewItem(code_of(pair), share, worth, sides[0], sides[1], against))
        return items

    def _pair(self, c: Connection, which: Sequence[str]) -> Pair:
        """The two customers behind a code, or behind two ids; twice the same where they are one by now."""
        if len(which) == 2:
            found = identities.survivors(c, which)
            for asked in which:
                if asked not in found:
                    raise GoneError(NO_CUSTOMER.format(asked=asked))
            return _ordered(found[which[0]], found[which[1]])
        code = which[0].casefold()
        matching = [pair for pair in self._open(c) if code_of(pair).startswith(code)] if len(code) >= 4 else []
        if len(matching) > 1:
            raise ConfigError(f"{which[0]!r} is the beginning of {len(matching)} codes; write more of it.")
        if not matching:
            raise GoneError(GONE.format(code=which[0]))
        return matching[0]


Ranked = tuple[float, Pair, Best, Mapping[str, Weight]]
"""(worth, customers, their best pair of records, what customers bring)."""


def code_of(pair: Pair) -> str:
    """A short name for two customers, the same however often the list is made."""
    return blake2b(" ".join(pair).encode(), digest_size=4).hexdigest()


def _ordered(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _told_apart(c: Connection) -> set[Pair]:
    """Customers of whom somebody said that some records of the one are not some of the other."""
    found: set[Pair] = set()
    if not judgements.exist(c):
        return found
    groups: dict[int, dict[int, set[int]]] = {}
    for one in judgements.named(c, reviewing.in_force(c)):
        groups.setdefault(one.judgement, {}).setdefault(one.group, set()).add(one.entity_id)
    home = identities.memberships(c, {i for of in groups.values() for group in of.values() for i in group})
    for of in groups.values():
        sides = [{home[i] for i in group if i in home} for _, group in sorted(of.items())]
        for number, side in enumerate(sides):
            for other in sides[number + 1 :]:
                found.update(_ordered(a, b) for a, b in product(side, other) if a != b)
    return found


def _beside(one: Mapping[str, object], other: Mapping[str, object]) -> Sequence[Beside]:
    """The fields of two records, those that both have first."""
    fields = sorted(one.keys() | other.keys(), key=lambda name: (not (name in one and name in other), name))
    return [
        Beside(name, one.get(name), other.get(name), one.get(name) == other.get(name))
        for name in fields
        if name != "custom"
    ]
