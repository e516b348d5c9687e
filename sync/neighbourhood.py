"""The neighbourhood of what waits: every entity that a batch can reach, and how they are linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mapping.comparison import Comparison
from mapping.criteria import Criteria
from mapping.identity import Identifier, Link, Protection, links
from mapping.judgements import Judged
from state import identifiers, identities, judgements, matching
from state.database import Connection
from state.identities import Profile
from state.judgements import Named
from state.matching import Pair
from sync.compared import comparisons


@dataclass(slots=True)
class Neighbourhood:
    """Every entity that a batch can reach, how they are linked, and where they belong now.

    ``dirty``: those of the batch. ``said``: judgement to what it says of whom, also those that were taken back.
    ``scores``: log-odds of those that were compared. ``compared``: what those are compared by that may be together with
    others.
    """

    dirty: AbstractSet[int] = frozenset()
    profiles: dict[int, Profile] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    memberships: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    said: dict[int, list[Named]] = field(default_factory=dict)
    scores: dict[Pair, float] = field(default_factory=dict)
    compared: dict[int, Comparison] = field(default_factory=dict)

    def judged(self) -> Judged:
        """What was said of the entities here and holds."""
        found = Judged()
        for number, named in self.said.items():
            for one in named:
                if one.holds and one.entity_id in self.profiles:
                    found.add(number, one.group, one.entity_id)
        return found

    def origins(self) -> dict[int, str]:
        """Entities that were ever judged to the customers that they belonged to when that was first done."""
        found: dict[int, str] = {}
        for number in sorted(self.said):
            for one in self.said[number]:
                found.setdefault(one.entity_id, one.customer_id)
        return found


def gather(
    c: Connection,
    dirty: Sequence[int],
    waiting: Mapping[int, Profile],
    shared: Mapping[Identifier, int],
    criteria: Criteria,
    held: AbstractSet[Identifier] | None = None,
) -> Neighbourhood:
    """The neighbourhood of the waiting profiles (``dirty``): whoever holds an identifier that they hold or held
    (``shared``: to how many), whoever is linked to those or scores with them high enough to be joined by it, the fellow
    members of their customers, and whom people said to be the same.

    ``held``: identifiers that any of the waiting held before; of the others only those are looked at whom links tie
    otherwise than before. None: that is not known.
    """
    near = Neighbourhood(frozenset(dirty))
    anything_said = judgements.exist(c)
    met: dict[Identifier, list[Link]] = {}
    frontier = set(near.dirty)
    first = True
    while frontier:
        fresh = {i: waiting[i] for i in frontier if i in waiting}
        fresh |= identities.profiles(c, frontier - fresh.keys())
        near.profiles |= fresh
        near.memberships |= identities.memberships(c, frontier)
        counts = shared if first else identifiers.shared(c, frontier)
        reached = _reach(c, near, counts, met, criteria.protection, len(dirty), near.dirty if first else None, held)
        if criteria.compare:
            reached |= _scored(c, near, frontier, criteria)
        customers = {near.memberships[i] for i in frontier if i in near.memberships}
        asked = {p.alias for p in fresh.values() if p.alias} - near.aliases.keys()
        near.aliases |= identities.survivors(c, asked)
        customers |= {near.aliases[p.alias] for p in fresh.values() if p.alias in near.aliases}
        reached.update(identities.members(c, customers))
        if anything_said:
            reached |= _same(c, near, frontier)
        frontier = reached - near.profiles.keys()
        first = False
    wanted = _compared(near)
    near.keys = {i: key for i, key in near.keys.items() if i in wanted}  # of those who hold a value it is known
    near.keys |= identities.keys(c, wanted - near.keys.keys())
    near.compared = comparisons(c, _joined(near), near.profiles, near.keys, criteria)
    return near


def _joined(near: Neighbourhood) -> set[int]:
    """The entities that may be together with others, and have to be asked what stands against it."""
    sizes = Counter(near.memberships.values())
    return {i for i in near.keys if sizes[near.memberships.get(i, "")] != 1} | _tied(near)


def _tied(near: Neighbourhood) -> set[int]:
    """The entities that links, scores, people or our own writing tie to others."""
    found = {end for link in near.links for end in (link.a, link.b)}
    found |= {end for pair in near.scores for end in pair} & near.profiles.keys()
    found |= {i for i, one in near.profiles.items() if one.alias}
    return found | ({one.entity_id for named in near.said.values() for one in named} & near.profiles.keys())


def _scored(c: Connection, near: Neighbourhood, frontier: set[int], criteria: Criteria) -> set[int]:
    """Who scores with any of these high enough to be joined by it; all their scores are kept."""
    found = matching.pairs(c, frontier)
    near.scores |= found
    return {end for pair, value in found.items() if criteria.rules.reaches(value) for end in pair}


def _same(c: Connection, near: Neighbourhood, frontier: set[int]) -> set[int]:
    """Whom people said to be the same as any of these; what they said is kept with the neighbourhood."""
    numbers = judgements.naming(c, frontier)
    for one in judgements.named(c, numbers - near.said.keys()):
        near.said.setdefault(one.judgement, []).append(one)
    said = [one for number in numbers for one in near.said[number] if one.holds]
    groups = {(one.judgement, one.group) for one in said if one.entity_id in frontier}
    return {one.entity_id for one in said if (one.judgement, one.group) in groups}


def _compared(near: Neighbourhood) -> set[int]:
    """The entities whose natural keys may break a tie: those that are not alone."""
    return _tied(near) | near.memberships.keys()


def _reach(
    c: Connection,
    near: Neighbourhood,
    counts: Mapping[Identifier, int],
    met: dict[Identifier, list[Link]],
    protection: Protection,
    slack: int,
    dirty: AbstractSet[int] | None,
    held: AbstractSet[Identifier] | None,
) -> set[int]:
    """Links the holders of identifiers (with how many hold each) and returns whom that reaches. ``met``: identifiers
    that were asked for before, with their links.

    ``dirty``: the waiting entities, where these identifiers are theirs; what they changed may make or undo links among
    the others. A group that had already outgrown the limit before this batch (by more than ``slack``) is not even read.
    """
    fresh = counts.keys() - met.keys()
    values = {one for one in fresh if counts[one] <= protection.most(one[0]) + slack}
    reached = {end for one in counts.keys() & met.keys() for link in met[one] for end in (link.a, link.b)}
    met.update((one, []) for one in fresh)
    for (_, kind, value), group in identifiers.holders(c, values).items():
        found = links(kind, value, group, protection)
        near.links.extend(found)
        near.keys.update((holder.entity_id, holder.key) for holder in group)
        met[kind, value].extend(found)
        if dirty is None:
            reached.update(end for link in found for end in (link.a, link.b))
        elif held is None or (kind, value) in held:
            reached.update(holder.entity_id for holder in group)
        else:
            others = [holder for holder in group if holder.entity_id not in dirty]
            reached |= tied_otherwise(links(kind, value, others, protection), found)
    return reached


def tied_otherwise(before: Iterable[Link], after: Sequence[Link]) -> set[int]:
    """The ends of links that came or went, and whoever the links of one value tie to them now: those of each family of
    names start at one record."""
    ends = {end for link in set(before).symmetric_difference(after) for end in (link.a, link.b)}
    first = {link.a for link in after if link.a in ends or link.b in ends}
    return ends | {end for link in after if link.a in first for end in (link.a, link.b)}
