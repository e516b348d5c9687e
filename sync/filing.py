"""Filing: under which keys records can be found by others that may be the same, and which keys turn oversized by it.

What is oversized, and so who is compared with whom, is decided by all the records under a key and not by their order:
the moment that one too many shares it, everybody under it is filed under narrower keys, of a coarse one under none. A
key stays oversized when records leave it, until the next rebuild. Narrowing only ever takes candidates away, so nobody
has to be scored anew: it is enough to drop the scores of those who are no longer found under any key of each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from mapping import blocking
from mapping.comparison import Comparison, dump, load
from mapping.criteria import Criteria
from mapping.model import PROFILES
from state import identities, matching, statistics
from state.database import Connection, Database
from state.judgements import queue_again
from state.leases import Lease
from state.matching import FILE, SCORE, Filed, Pair
from sync.compared import made_of, version_of
from sync.stirred import joined, stirred


@dataclass(slots=True)
class Drawer:
    """What one batch changes. ``keys`` are of the records of the batch and of those whose keys turned oversized."""

    made: dict[int, tuple[str, Comparison]] = field(default_factory=dict)  # (version, comparison) of what changed
    stored: dict[int, Filed] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    keys: dict[int, set[int]] = field(default_factory=dict)
    plain: dict[int, frozenset[int]] = field(default_factory=dict)
    compared: dict[int, Comparison] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    wide: set[int] = field(default_factory=set)  # newly oversized
    emptied: set[int] = field(default_factory=set)  # those of them that are coarse: nobody is filed under them any more

    def narrower(self, i: int, wide: set[int]) -> frozenset[int]:
        """What the record is filed under in place of these keys. Where there are none it is not even looked at."""
        if not wide:
            return frozenset()
        if i not in self.compared:
            self.compared[i] = load(orjson.loads(self.stored[i].body))
            self.plain[i] = blocking.plain(self.compared[i])
        return blocking.narrower(self.compared[i], wide & self.plain[i])

    def moved(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The rows (key, entity) that come, and those that go."""
        more: list[tuple[int, int]] = []
        fewer: list[tuple[int, int]] = []
        for i in self.keys.keys() | self.gone:
            now = self.keys.get(i, set())
            if i not in self.stored:
                more += [(key, i) for key in now]
                continue
            before = set(self.stored[i].keys)
            more += [(key, i) for key in now - before]
            fewer += [(key, i) for key in before - now]
        return more, fewer


def file_batch(db: Database, lease: Lease, criteria: Criteria) -> int:
    """Files those who wait the longest; returns how many there were, 0 when nobody waits."""
    with db.read() as c:
        seqs, ids = matching.waiting(c, FILE)
        if not seqs:
            return 0
        drawer = _drawn(c, ids, criteria)
        _narrow(c, drawer)
        more, fewer = drawer.moved()
        others = {i: keys for i, keys in drawer.keys.items() if i not in drawer.made}
        under = {i for ids in matching.holders(c, drawer.emptied).values() for i in ids}
        old = (under - drawer.made.keys() - drawer.gone) | others.keys()
        scores = matching.pairs(c, old | drawer.gone)
        strangers = _strangers(c, drawer, [pair for pair in scores if old.issuperset(pair)])
        parted = stirred(c, criteria.rules, old, scores, {}, strangers)
    left = joined(criteria.rules, {pair: scores[pair] for pair in scores if not drawer.gone.isdisjoint(pair)})
    rows = [
        (i, version, one.kind, orjson.dumps(dump(one)).decode(), matching.pack(sorted(drawer.keys[i])))
        for i, (version, one) in sorted(drawer.made.items())
    ]
    grown = Counter(one.kind for i, (_, one) in drawer.made.items() if i not in drawer.stored)
    grown.subtract(drawer.stored[i].kind for i in drawer.gone)
    with db.write(lease) as c:
        matching.write_comparisons(c, rows, set(drawer.stored))
        matching.empty(c, drawer.emptied)
        matching.write_keys(c, more, fewer, others, drawer.wide)
        matching.drop_pairs(c, strangers)
        matching.forget(c, sorted(drawer.gone))
        statistics.grow(c, grown.items())
        matching.enqueue(c, SCORE, sorted(drawer.made))
        matching.dequeue(c, seqs)
        queue_again(c, (parted | left) - drawer.gone)
    return len(ids)


def _drawn(c: Connection, ids: Iterable[int], criteria: Criteria) -> Drawer:
    """The records that changed since they were filed, with the keys that they would have, and those that are gone."""
    profiles = identities.profiles(c, ids)
    live = {i: one for i, one in profiles.items() if one.live and one.kind in PROFILES}
    natural = identities.keys(c, live)
    drawer = Drawer(stored=matching.filed(c, ids))
    drawer.gone = drawer.stored.keys() - live.keys()
    for i, one in live.items():
        version = version_of(one, natural[i], criteria)
        if i in drawer.stored and drawer.stored[i].version == version:
            continue
        made = made_of(one, natural[i], criteria)
        drawer.made[i] = version, made
        drawer.compared[i] = made
        drawer.plain[i] = blocking.plain(made)
    known = matching.oversized(c, {key for keys in drawer.plain.values() for key in keys})
    narrow: dict[int, frozenset[int]] = {}
    for i, keys in drawer.plain.items():
        drawer.keys[i] = set(keys - known)
        if taken := keys & known:
            narrow[i] = blocking.narrower(drawer.compared[i], taken)
    if narrow:
        known = matching.oversized(c, {key for keys in narrow.values() for key in keys})
        for i, keys in narrow.items():
            drawer.keys[i] |= keys - known
    return drawer


def _narrow(c: Connection, drawer: Drawer) -> None:
    """Finds the keys that turn oversized by this batch, and files everybody under them anew, until there are none."""
    more, fewer = drawer.moved()
    drawer.counts.update(key for key, _ in more)
    drawer.counts.update(matching.key_counts(c, list(drawer.counts)))
    drawer.counts.subtract(key for key, _ in fewer if key in drawer.counts)
    touched: set[int] = set(drawer.counts)
    while wide := {key for key in touched if drawer.counts[key] > blocking.most(key)}:
        drawer.wide |= wide
        coarse = {key for key in wide if blocking.coarse(key)}
        drawer.emptied |= coarse
        _fetch(c, drawer, wide - coarse)
        touched = set()
        for i, keys in drawer.keys.items():
            taken = keys & wide
            if not taken:
                continue
            narrow = drawer.narrower(i, taken - coarse) - drawer.wide - keys
            drawer.keys[i] = (keys - taken) | narrow
            drawer.counts.update(narrow)
            touched |= narrow


def _fetch(c: Connection, drawer: Drawer, wide: set[int]) -> None:
    """Takes along the records that were filed under these keys before."""
    found = {i for ids in matching.holders(c, wide).values() for i in ids}
    absent = found - drawer.keys.keys() - drawer.gone
    for i, one in matching.filed(c, absent).items():
        drawer.stored[i] = one
        drawer.keys[i] = set(one.keys)


def _strangers(c: Connection, drawer: Drawer, pairs: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs, of records that did not change, who no longer find each other.

    Whoever was filed under a coarse key that turned oversized still has it among the keys that are kept with the
    comparison, from now or from before: to forget it there, a row would be written for every record under it.
    """
    keys = {i: drawer.keys[i] for pair in pairs for i in pair if i in drawer.keys}
    rest = {i for pair in pairs for i in pair} - keys.keys()
    keys |= {i: set(one.keys) for i, one in matching.filed(c, rest).items()}
    shared = {pair: keys[pair[0]] & blocking.sought(keys[pair[1]]) for pair in pairs}
    over = drawer.emptied | matching.oversized(c, {key for found in shared.values() for key in found})
    return [pair for pair, found in shared.items() if found <= over]
