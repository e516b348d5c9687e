"""Resolve: from entities that changed to customers, golden records and facts.

For each batch of waiting entities, under the one resolve lease of the database:

1. Facts: every fact that a waiting entity speaks of, or spoke of, is made anew out of all its sightings.
2. Profiles: gather the *neighbourhood*: the waiting entities, whoever holds an identifier that they hold or held,
   whoever is linked to those or scored with them, and the fellow members of their customers.
   Records that are new and share nothing (sync/newcomers.py) are customers of their own and skip steps 2 to 4.
3. Link it (mapping/identity.py), add the ties of records that we wrote ourselves, and decide by what people said, by
   links and by scores who is one (mapping/decision.py).
4. Match components to the customers of before: the largest overlap keeps the id, ties go to the oldest; ids that lost
   all members redirect to where most of them went; the rest are new.
5. Write memberships, links, golden records and events, and take the batch out of the queue, in one short transaction.

Everything up to 5 happens outside any transaction. Entities that change meanwhile are in the queue again. Profiles that
were resolved and are not filed as they are wait to be compared with others (sync/match.py), which may queue them here
once more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter

import orjson

from mapping.clustering import Edge
from mapping.criteria import Criteria
from mapping.decision import RANK, SCORED, Decision, Records, decide
from mapping.golden import Golden, Member, Provenance, survive
from mapping.identity import Identifier, Link, name_of
from mapping.identity import identifiers as identifiers_of
from mapping.judgements import OURS
from mapping.model import PROFILES, Kind
from mapping.policy import Policy, concerned
from state import (
    facts,
    identifiers,
    identities,
    judgements,
    matching,
    records,
    schedules,
    shadows,
    survivorship,
    traits,
)
from state.database import Connection, Database
from state.facts import FactRow
from state.identities import Changes, Profile, Queued
from state.leases import Lease
from sync.companions import Companions
from sync.compared import unfiled
from sync.neighbourhood import Neighbourhood, gather
from sync.newcomers import Names, alone, may_be_alone, settle
from sync.reports import ResolveReport
from sync.retell import facts_anew
from sync.traits import affected

BATCH = 4000
PART = 1000
"""Identifiers a transaction, which takes 4 to 5 ms; a pull beside waits less for few of those than for many that would
fit between two of its pages (docs/adr/0020-newcomers-and-gaps.md)."""
KINDS = {str(kind): kind for kind in Kind}
NOTHING: frozenset[Identifier] = frozenset()
NOBODY = Counter[str]()


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves what waits. ``advanced`` hears how many entities are done."""

    db: Database
    lease: Lease
    criteria: Criteria
    policy: Policy
    advanced: Callable[[int], None] = lambda done: None
    batch: int = field(default_factory=lambda: BATCH)

    def waiting(self) -> int:
        """How many entities wait."""
        with self.db.read() as c:
            return identities.queued_entities(c)

    def follow_policy(self) -> int:
        """Lets those wait whose golden records another policy made, as far as this one may make others; how many."""
        told = self.policy.told()
        with self.db.read() as c:
            before = survivorship.policy(c)
        if before == told:
            return 0
        with self.db.write(self.lease) as c:
            return survivorship.follow(c, told, concerned(before, told) if before else None)

    def run(self, *, at_least: int = 1, stop: Callable[[], bool] = lambda: False) -> ResolveReport:
        """Resolves until fewer than ``at_least`` wait, or until it shall ``stop`` after a batch."""
        began = time.monotonic()
        total = Counter[str]()
        self.follow_policy()
        (matching.begin if self.criteria.compare else matching.lapse)(self.db, self.lease)
        companions: Companions | None = None
        while not stop():
            with self.db.read() as c:
                batch = identities.queue(c, self.batch)
                if len(batch) < at_least:
                    break
                if len(batch) == self.batch and self.criteria.compare and matching.in_force(c):
                    companions = companions or Companions.read(c)
                    batch += companions.of(c, batch, self.criteria.rules)
            total.update(self._batch(batch))
            self.advanced(total["entities"])
        return ResolveReport(
            entities=total["entities"],
            facts=total["facts"],
            created=total["created"],
            merged=total["merged"],
            split=total["split"],
            retired=total["retired"],
            changed=total["changed"],
            seconds=time.monotonic() - began,
        )

    def _batch(self, batch: Sequence[Queued]) -> Counter[str]:
        ids = {one.entity_id for one in batch}
        with self.db.read() as c:
            waiting = identities.profiles(c, ids)
            known = identifiers.held(c, [one.id for one in waiting.values() if one.kind in PROFILES])
        shared, fresh, held = self._identify(waiting, known)
        with self.db.read() as c:
            fact_rows = facts_anew(c, batch, waiting)
            newcomers = alone(fresh, shared, _known_already(c, [one.id for one, _ in fresh]))
            settled = {one.id for one in newcomers}
            dirty = [one.id for one in waiting.values() if one.kind in PROFILES and one.id not in settled]
            before = {one for i in dirty for one in known.get(i, ())}
            near = gather(c, dirty, waiting, shared, self.criteria, before) if dirty else Neighbourhood()
            names = Names(self.db.now())
            changes = _decide(c, near, self.policy, names, self.criteria)
            stale = affected(c, fact_rows, held, waiting, near.memberships, changes)
            parts = [*settle(c, newcomers, names)]
            profiles = [one.id for one in waiting.values() if one.kind in PROFILES]
            to_file = unfiled(c, waiting, profiles, self.criteria) if self.criteria.compare else set()
        seqs: dict[int, list[int]] = {}
        for one in batch:
            seqs.setdefault(one.entity_id, []).append(one.seq)
        rest = [i for i in profiles if i in to_file and i not in settled]
        self._write(changes, fact_rows, [seq for i in ids - settled for seq in seqs[i]], stale, rest)
        for part in parts:
            mine = [i for i, _ in part.joined]
            self._write(part, (), [seq for i in mine for seq in seqs[i]], (), [i for i in mine if i in to_file])
        return Counter(
            entities=len(ids), facts=len(fact_rows), created=len(changes.created) + len(newcomers),
            merged=len(changes.merged), split=len(changes.split), retired=len(changes.retired),
            changed=len(changes.golden),
        )  # fmt: skip

    def _write(
        self,
        changes: Changes,
        fact_rows: Sequence[FactRow],
        seqs: Sequence[int],
        stale: Sequence[traits.Waiting] = (),
        profiles: Sequence[int] = (),
    ) -> None:
        """What was decided, in one short transaction that takes those it was decided for out of the queue. ``stale``:
        whose traits may be others now. ``profiles`` have to be compared anew."""
        if not seqs and not fact_rows and not stale:
            return
        now = self.db.stamp()
        with self.db.write(self.lease) as c:
            facts.write(self.db, c, fact_rows)
            put(c, changes, now)
            traits.enqueue(c, stale)
            records.forget_dirty(c, seqs)
            if self.criteria.compare:
                matching.enqueue(c, matching.FILE, profiles)
            schedules.wake(c, now)

    def decide(self, c: Connection, ids: Sequence[int]) -> tuple[Neighbourhood, Changes]:
        """What these entities would become if they waited and nothing else did, and whom that reaches."""
        waiting = identities.profiles(c, ids)
        near = gather(c, list(waiting), waiting, identifiers.shared(c, waiting), self.criteria)
        return near, _decide(c, near, self.policy, Names(self.db.now()), self.criteria)

    def _identify(
        self, waiting: Mapping[int, Profile], known: Mapping[int, Mapping[Identifier, bool]]
    ) -> tuple[dict[Identifier, int], list[tuple[Profile, frozenset[Identifier]]], set[Identifier]]:
        """Keeps the identifiers of the waiting profiles, in a transaction of its own: they can be derived again.

        Returns those that they hold or held and that several may share: to how many (what is given up just now counts);
        the records that hold some or none for the first time and may be alone, each with its identifiers; and all
        identifiers that any of them holds or held.
        """
        fresh: list[tuple[Profile, frozenset[Identifier]]] = []
        touched: set[Identifier] = set()
        added: set[Identifier] = set()
        again = Counter[Identifier]()  # added by more than one of them
        now = self.db.stamp()
        begun: list[identifiers.Row] = []
        resumed: list[identifiers.Row] = []
        ended: list[identifiers.Row] = []
        for one in waiting.values():
            if one.kind not in PROFILES:
                continue
            wanted = identifiers_of(one.kind, one.values, one.echo, self.criteria.protection) if one.live else NOTHING
            before = known.get(one.id)
            changed = max(one.since.values()).rstrip("~")
            touched |= wanted
            if not before:
                if may_be_alone(one):
                    fresh.append((one, wanted))
                begun += [(one.id, kind, value, changed) for kind, value in wanted]
                more: AbstractSet[Identifier] = wanted
            else:
                touched.update(before)
                more = {each for each in wanted if not before.get(each)}
                for kind, value in more:
                    rows = resumed if (kind, value) in before else begun
                    rows.append((one.id, kind, value, changed))
                ended.extend(
                    (one.id, *each, (one.live and changed) or now)
                    for each, on in before.items()
                    if on and each not in wanted
                )
            if not added.isdisjoint(more):
                again.update(added & more)
            added |= more
        # Counted before they are written, when most new ones are not there: that is the cheaper question.
        with self.db.read() as c:
            stored = identifiers.counts(c, touched)
        counts = {one: stored.get(one, 0) + (one in added) + again[one] for one in stored.keys() | again.keys()}
        # In the order of their values, so that each part grows the index in one place.
        begun.sort(key=itemgetter(2))
        for part in records.chunks(begun, PART):
            with self.db.write(self.lease) as c:
                identifiers.write(c, part, (), ())
        if resumed or ended:
            with self.db.write(self.lease) as c:
                identifiers.write(c, (), resumed, ended)
        return {one: count for one, count in counts.items() if count > 1}, fresh, touched


def put(c: Connection, changes: Changes, now: str) -> None:
    """Writes what was decided of customers, and takes what destinations hold of them along."""
    identities.write(c, changes, now, "resolve")
    held = shadows.held_for(c, [old for old, _ in changes.merged]) if changes.merged else set()
    for old, into in changes.merged:
        if old in held:
            shadows.move_subject(c, old, into, now)
    for entity_id, old, new in changes.followed:
        shadows.follow(c, entity_id, old, new, now)
    for old, new, former in changes.given_back:
        shadows.give_back(c, former, old, new, now)
    _quarantine(c, changes)


def _quarantine(c: Connection, changes: Changes) -> None:
    """Notes whose component is too large for scores, and whose no longer is."""
    if not changes.quarantined and not (changes.decided and matching.any_quarantined(c)):
        return
    before = matching.quarantined(c, changes.decided)
    into = {i: of for i, of in changes.quarantined.items() if before.get(i) != of}
    matching.write_quarantine(c, into, sorted(before.keys() - changes.quarantined.keys()))


def _known_already(c: Connection, ids: Sequence[int]) -> Container[int]:
    """Those that belong to a customer, that score with somebody, or that people said something of: they are no
    newcomers."""
    placed = set(identities.memberships(c, ids))
    if matching.in_force(c):
        placed |= matching.paired(c, ids)
    if not judgements.exist(c):
        return placed
    named = judgements.named(c, judgements.naming(c, ids))
    return placed | {one.entity_id for one in named}


def _decide(c: Connection, near: Neighbourhood, policy: Policy, ids: Names, criteria: Criteria) -> Changes:
    changes = Changes.none()
    if not near.profiles:
        return changes
    live = {i: p for i, p in near.profiles.items() if p.live and p.kind in PROFILES}
    decided = grouped(near, live, criteria)
    # In the order of their oldest records, so that of two halves of a customer the older one keeps its id.
    clusters = sorted(sorted(group) for group in decided.groups)
    founded = [group for group in clusters if any(live[i].founding for i in group)]
    placed = _match(c, founded, near, live, changes, ids)
    _links(near, live, decided.links, clusters, changes)
    changes.quarantined = {i: min(group) for group in decided.quarantined for i in group}
    _golden(c, placed, changes, near, policy)
    return changes


def grouped(near: Neighbourhood, live: Mapping[int, Profile], criteria: Criteria) -> Decision:
    """The live profiles in their customers, and the links that make them so."""
    names = {i: "" if "name" in live[i].echo else name_of(live[i].values) for i in near.keys if i in live}
    scores = [Edge(a, b, value) for (a, b), value in near.scores.items()]
    records_ = Records(near.keys, names, near.compared)
    return decide(live, near.links + _ties(live, near), scores, near.judged(), records_, criteria.rules)


def _ties(live: Mapping[int, Profile], near: Neighbourhood) -> list[Link]:
    """A record that we wrote for a customer belongs to that customer, with whatever was changed in it since.

    It is tied to the oldest record that others wrote; only where there is none, to one that we have written into. Of a
    customer that people merged with another, one that was that customer's before is taken, so that taking the merge
    back parts the two: what we wrote for one shall not hold on to the other.
    """
    origins = near.origins()

    def rank(i: int, customer: str) -> tuple[bool, bool, tuple[str, ...]]:
        return origins.get(i, customer) != customer, live[i].alias is not None, near.keys[i]

    ended = [(i, customer) for i, customer in origins.items() if near.aliases.get(customer, customer) != customer]
    anchors: dict[str, int] = {}
    for i, customer in [*near.memberships.items(), *ended]:
        profile = live.get(i)
        if profile and (profile.founding or not profile.alias):
            others = anchors.get(customer, i)
            anchors[customer] = min(i, others, key=lambda one: rank(one, customer))
    ties = []
    for profile in live.values():
        if profile.alias:
            anchor = anchors.get(profile.alias, anchors.get(near.aliases.get(profile.alias, "")))
            if anchor is not None and anchor != profile.id:
                ties.append(Link(profile.id, anchor, OURS, ""))
    return ties


def _match(
    c: Connection,
    clusters: Sequence[Sequence[int]],
    near: Neighbourhood,
    live: Mapping[int, Profile],
    changes: Changes,
    names: Names,
) -> dict[str, Sequence[int]]:
    """Gives each cluster its customer id, and records who joined, moved, left, merged and split."""
    before = near.memberships
    born = identities.birthdays(c, set(before.values()))
    votes = [Counter(before[i] for i in group if i in before) if before else NOBODY for group in clusters]
    offers = sorted(
        ((-count, born.get(old, ""), old, number) for number, vote in enumerate(votes) for old, count in vote.items())
    )
    given: dict[int, str] = {}
    taken: dict[str, int] = {}
    for _, _, old, number in offers:
        if number not in given and old not in taken:
            given[number] = old
            taken[old] = number
    unnamed = [number for number in range(len(clusters)) if number not in given]
    if unnamed:
        for number, name in zip(unnamed, names.more(c, clusters[unnamed[0]][0], len(unnamed)), strict=True):
            given[number] = name
            changes.created.append((name, live[clusters[number][0]].kind))
    for number, group in enumerate(clusters):
        mine = given[number]
        for i in group:
            if i not in before:
                changes.joined.append((i, mine))
            elif before[i] != mine:
                changes.moved.append((i, mine))
                if near.said and live[i].alias:
                    changes.followed.append((i, before[i], mine))
        changes.split.extend((old, mine) for old in votes[number] if old != mine and old in taken)
    if near.said:
        changes.given_back.extend(_given_back(near, {i: given[n] for n, group in enumerate(clusters) for i in group}))
    placed = {i for group in clusters for i in group}
    changes.left.extend(sorted(i for i in before if i not in placed))
    went: dict[str, Counter[str]] = {}
    for number, vote in enumerate(votes):
        for old, count in vote.items():
            went.setdefault(old, Counter())[given[number]] = count
    for old in sorted(set(before.values()) - taken.keys()):
        if heirs := went.get(old):
            most = max(heirs.values())
            changes.merged.append((old, min(heir for heir, count in heirs.items() if count == most)))
        else:
            changes.retired.append(old)
    return {given[number]: group for number, group in enumerate(clusters)}


def _given_back(near: Neighbourhood, home: Mapping[int, str]) -> Iterator[tuple[str, str, str]]:
    """Whose records, all of them, are split off a customer again: (customer, who has them now, who had them once)."""
    once: dict[str, list[int]] = {}
    for i, customer in near.origins().items():
        once.setdefault(customer, []).append(i)
    for former, entities in sorted(once.items()):
        now = {home[i] for i in entities if i in home}
        if len(now) == 1 and former not in home.values():
            (new,) = now
            yield from ((old, new, former) for old in sorted({near.memberships.get(i, new) for i in entities} - {new}))


def _links(
    near: Neighbourhood,
    live: Mapping[int, Profile],
    found: Sequence[Link],
    clusters: Sequence[Sequence[int]],
    changes: Changes,
) -> None:
    """The links of every entity that has some, or may have had some. Of several between two the last one is kept, in
    whatever order they were found: a score, or what is trusted most."""
    together = {i for group in clusters if len(group) > 1 for i in group}
    changes.touched = sorted(together | near.memberships.keys())
    changes.decided = sorted(near.profiles)
    kept = [link for link in found if link.a in live and link.b in live]
    changes.links = sorted(kept, key=lambda link: (link.rule == SCORED, RANK[link.rule], link.value))


def _golden(
    c: Connection, placed: Mapping[str, Sequence[int]], changes: Changes, near: Neighbourhood, policy: Policy
) -> None:
    before = Counter(near.memberships.values())

    def stayed(customer: str, group: Sequence[int]) -> bool:
        return len(group) == before[customer] and all(
            i not in near.dirty and near.memberships.get(i) == customer for i in group
        )

    # Whoever has the records that they had, none of which changed or waits, keeps the golden record that they had.
    anew = {customer: group for customer, group in placed.items() if not stayed(customer, group)}
    fresh = {customer for customer, _ in changes.created}
    stored = identities.golden_hashes(c, anew.keys() - fresh)
    for customer, group in anew.items():
        golden = survive([_member(near, i) for i in group], policy)
        first = near.profiles[group[0]]
        values = first.text if len(group) == 1 and not first.echo else _dump(golden.values)
        provenance = _dump(_whence(golden, first, len(group)))
        digest = blake2b((values + provenance).encode(), digest_size=16).hexdigest()
        row = (customer, digest, values, provenance)
        if customer not in stored:
            changes.new_golden.append(row)
        elif stored[customer] != digest:
            changes.golden.append(row)


def _whence(golden: Golden, first: Profile, size: int) -> Mapping[str, Provenance]:
    """The provenance, said once (under ``*``) where one record gave every value at one time: most customers."""
    if size > 1 or len(first.since) > 1 or not golden.provenance:
        return golden.provenance
    return {"*": next(iter(golden.provenance.values()))}


def _member(near: Neighbourhood, i: int) -> Member:
    one, key = near.profiles[i], near.keys.get(i, ("",))
    return Member(i, key, key[0], KINDS[one.kind], one.values, one.since, one.echo)


def _dump(value: object) -> str:
    return orjson.dumps(value).decode()
