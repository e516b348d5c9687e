"""Which records are one customer: what people said, what we wrote, ids, exact values and scores, in that order.

Inside each component that links and scores make:

1. Records that people called the same come together, then what we wrote for a customer, then what has one id in one
   system; but for records that people told apart.
2. Records that share an email or a phone come together (*firm* links), unless hard evidence stands against it
   (mapping/vetoes.py) or their names do not agree.
3. What is left merges by average linkage on the scores (mapping/clustering.py), under the same evidence and limits.

Where people told two records of a component apart, or evidence stands against a firm link, a third record goes to the
side with which it shares more: each shared value counts between every two who hold it, agreeing names besides. So
neither the order of arrival nor that of links decides anything; ties fall to the natural keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

from mapping.clustering import Edge, Rules, clusters
from mapping.comparison import Comparison
from mapping.identity import Link, agree, components
from mapping.judgements import OURS, SAME, Judged, Key, Pair
from mapping.scoring import probability
from mapping.vetoes import Evidence

SCORED = "scored"
"""The rule of a link that a score made; its evidence is the probability."""
POINTS = {"same_id": 4, "same_email": 3, "same_phone_and_name": 2}
"""What one shared value counts between two records where a component has to be taken apart."""
RANK = {SAME: 5, OURS: 4, "same_id": 3, "same_email": 2, "same_phone_and_name": 1, SCORED: 0}
"""Which links stand above which, as people trust them."""
AGREEING = 1
"""What agreeing names count besides."""
TRUSTED = frozenset({"same_id", OURS, SAME})
"""Rules of links that no machine evidence stands against."""
ANYBODY = Comparison()
_SHARING = Rules(cut=0.0, absent=0.0, bound=1e12, largest=2**62)
"""The densest come together first and nothing counts against a merge. What is not shared counts 0, so that many pairs
can be told as one edge with their sum."""

Score = Edge[int]


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of the entities that are decided.

    ``keys`` are natural keys, which break every tie; ``names`` are folded; ``compared`` what stands in the way of
    merges is looked up in. Entities that share nothing with anybody need none of them.
    """

    keys: Mapping[int, Key]
    names: Mapping[int, str]
    compared: Mapping[int, Comparison] = field(default_factory=dict)

    def comparison(self, entity: int) -> Comparison:
        """What the entity is compared by."""
        return self.compared.get(entity, ANYBODY)

    def name(self, entity: int) -> str:
        """The folded name, empty where there is none."""
        return self.names.get(entity, "")


class Decision(NamedTuple):
    """The entities in their customers, the links that hold, those that people and scores made among them, and the
    components that were too large for scores: all entities of each."""

    groups: list[list[int]]
    links: list[Link]
    quarantined: list[list[int]]


def decide(
    nodes: Iterable[int],
    links: Sequence[Link],
    scores: Iterable[Score],
    judged: Judged,
    records: Records,
    rules: Rules,
) -> Decision:
    """The partition of the entities ``nodes``; whatever else links and scores name is left out.

    ``links`` name no entity pair twice by one value; ``scores`` are log-odds, at most one for each two entities.
    """
    present = set(nodes)
    found = [link for link in links if link.a in present and link.b in present]
    found += [Link(a, b, SAME, str(number)) for a, b, number in judged.same(present, records.keys)]
    scored = [one for one in scores if one.a in present and one.b in present]
    groups: list[list[int]] = []
    quarantined: list[list[int]] = []
    for part in _parts(present, found, scored, judged.apart(present), rules):
        if len(part.members) == 1:
            groups.append(part.members)
            continue
        settled, aside = _decided(part, judged, records, rules)
        groups += settled
        quarantined += [part.members] if aside else []
    home = {member: number for number, group in enumerate(groups) for member in group}
    kept = [link for link in found if home[link.a] == home[link.b]]
    for a, b, value in scored:
        if home[a] == home[b] and rules.reaches(value):
            kept.append(Link(a, b, SCORED, f"{probability(value):.4f}"))
    return Decision(groups, kept, quarantined)


@dataclass(slots=True)
class _Part:
    """One component: its entities, what connects them, and who was told apart."""

    members: list[int]
    links: list[Link] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    told: list[Pair] = field(default_factory=list)


def _parts(
    present: set[int], links: Sequence[Link], scores: Sequence[Score], told: Sequence[Pair], rules: Rules
) -> list[_Part]:
    joining = [Link(one.a, one.b, SCORED, "") for one in scores if rules.reaches(one.log_odds)]
    found = [_Part(group) for group in components(present, [*links, *joining])]
    home = {member: part for part in found for member in part.members}
    for link in links:
        home[link.a].links.append(link)
    for score in scores:
        if home[score.a] is home[score.b]:
            home[score.a].scores.append(score)
    for pair in told:
        if home[pair.a] is home[pair.b]:
            home[pair.a].told.append(pair)
    return found


def _decided(part: _Part, judged: Judged, records: Records, rules: Rules) -> tuple[list[list[int]], bool]:
    """One component in its customers, and whether it was too large for scores."""
    trusted = [link for link in part.links if link.rule in TRUSTED]
    if part.told and trusted:
        groups = _densest(part.members, trusted, [], part.told, judged, records, None)
    else:
        groups = components(part.members, trusted)
    if len(groups) > 1 and len(trusted) < len(part.links):
        groups = [
            one
            for piece in _pieces(part.members, part.links, groups)
            for one in _firm(piece, part, judged, records, rules)
        ]
    home = {member: number for number, group in enumerate(groups) for member in group}
    if not any(home[a] != home[b] and rules.reaches(value) for a, b, value in part.scores):
        return groups, False
    return _scored(part, groups, records, rules)


def _pieces(members: Sequence[int], links: Sequence[Link], groups: Sequence[Sequence[int]]) -> list[list[list[int]]]:
    """The groups that links connect, together."""
    connected = components(members, links)
    home = {member: number for number, group in enumerate(connected) for member in group}
    found: list[list[list[int]]] = [[] for _ in connected]
    for group in groups:
        found[home[group[0]]].append(list(group))
    return found


def _firm(groups: list[list[int]], part: _Part, judged: Judged, records: Records, rules: Rules) -> list[list[int]]:
    """Groups that links connect, brought together as far as evidence, names and people allow."""
    if len(groups) == 1:
        return groups
    inside = {member for group in groups for member in group}
    told = [pair for pair in part.told if pair.a in inside and pair.b in inside]
    if not told and _agreeable(groups, records, rules):
        return [sorted(inside)]
    links = [link for link in part.links if link.a in inside]
    return _densest(sorted(inside), links, groups, told, judged, records, rules)


def _agreeable(groups: Iterable[Sequence[int]], records: Records, rules: Rules) -> bool:
    """Whether nothing stands against these groups being one."""
    whole: Evidence | None = None
    names: set[str] = set()
    for group in groups:
        mine = Evidence.of(records.comparison(group[0]))
        for member in group[1:]:
            mine = mine.with_(Evidence.of(records.comparison(member)))
        said = {name for member in group if (name := records.name(member))}
        if whole is None:
            whole, names = mine, said
            continue
        if whole.conflict(mine, rules) or not all(one == other or agree(one, other) for one in names for other in said):
            return False
        whole, names = whole.with_(mine), names | said
    return True


def _densest(
    members: Sequence[int],
    links: Sequence[Link],
    together: Sequence[Sequence[int]],
    told: Sequence[Pair],
    judged: Judged,
    records: Records,
    rules: Rules | None,
) -> list[list[int]]:
    """The records of a component by average linkage on what they share, groups that are ``together`` first, those that
    were ``told`` apart never. With ``rules`` evidence and names forbid merges, too; without, nothing else does."""
    keys = records.keys
    by_key = {keys[member]: member for member in members}
    home = {member: number for number, group in enumerate(together) for member in group if len(group) > 1}
    alike = _alike(members, links, home, judged, records, rules)
    said = [(keys[link.a], keys[link.b]) for link in links if link.rule == SAME]
    like = [(keys[one.members[0]], keys[other]) for one in alike if one.shares for other in one.members[1:]]
    different = [(keys[pair.a], keys[pair.b]) for pair in told]
    compared = dict.fromkeys(by_key, ANYBODY)
    if rules is None:
        same, trusted = said + like, [(keys[link.a], keys[link.b]) for link in links if link.rule == OURS]
    else:
        same, trusted = [(keys[group[0]], keys[other]) for group in together for other in group[1:]], like
        # Names are no votes here: whether they agree is asked of every two of them that are not together already.
        compared = {keys[i]: records.comparison(i)._replace(given="", family="") for i in members}
        for one, other in combinations(alike, 2):
            a, b = one.members[0], other.members[0]
            together_already = a in home and home[a] == home.get(b)
            if one.name and other.name and not together_already and not agree(one.name, other.name):
                different.append((keys[a], keys[b]))
    limits = rules or _SHARING
    found = clusters(
        compared,
        [Edge(keys[a], keys[b], float(points)) for (a, b), points in strengths(alike).items()],
        replace(_SHARING, ids_per_system=limits.ids_per_system, emails=limits.emails, phones=limits.phones),
        same=same,
        trusted=trusted,
        different=different,
    )
    return [[by_key[key] for key in cluster.members] for cluster in found]


def _scored(
    part: _Part, groups: Sequence[Sequence[int]], records: Records, rules: Rules
) -> tuple[list[list[int]], bool]:
    """The groups merged by what their records score, and whether there were too many for that."""
    keys = records.keys
    by_key = {keys[member]: member for member in part.members}
    found = clusters(
        {keys[member]: records.comparison(member) for member in part.members},
        [Edge(keys[a], keys[b], value) for a, b, value in part.scores],
        rules,
        same=[(keys[group[0]], keys[other]) for group in groups for other in group[1:]],
        different=[(keys[pair.a], keys[pair.b]) for pair in part.told],
        mute={keys[member] for member in part.members if not records.comparison(member).speaks},
    )
    return [[by_key[key] for key in one.members] for one in found], any(one.quarantined for one in found)


Shared = tuple[int, str, str]
"""A value that links records: its first holder, the rule, the value."""


class Alike(NamedTuple):
    """Records that say the same of all that could link or part them, by one name, and of whom the same was said: they
    share more with one another than with anybody else, so they come together first."""

    members: Sequence[int]
    shares: frozenset[Shared]
    name: str


def _alike(
    group: Sequence[int],
    links: Iterable[Link],
    home: Mapping[int, int],
    judged: Judged,
    records: Records,
    rules: Rules | None,
) -> list[Alike]:
    """The records in groups of those that are alike, each in the order of their keys. ``home``: who is together."""
    shares: dict[int, set[Shared]] = {member: set() for member in group}
    for link in links:
        if link.rule in POINTS:
            one = (link.a, link.rule, link.value)
            shares[link.a].add(one)
            shares[link.b].add(one)
    found: dict[Hashable, Alike] = {}
    for member in sorted(group, key=lambda i: records.keys[i]):
        mine, name = frozenset(shares[member]), records.name(member)
        said = frozenset(judged.groups.get(member, {}).items())
        like = (mine, name, said, home.get(member), *_parting(member, mine, records, rules))
        found[like] = Alike([*found[like].members, member] if like in found else [member], mine, name)
    return list(found.values())


def _parting(member: int, shares: frozenset[Shared], records: Records, rules: Rules | None) -> Iterator[Hashable]:
    """What else tells the record from others: itself, where it shares nothing or may be with nobody like it."""
    if rules is not None:
        evidence = Evidence.of(records.comparison(member))
        yield evidence
        if evidence.conflict(evidence, rules):
            yield member
    if not shares:
        yield member


def strengths(alike: Sequence[Alike]) -> dict[tuple[int, int], int]:
    """How strongly each two groups hang together by what their records share, between the first records of each: the
    sum over all pairs of records. A value links all who hold it to its first holder; here every two of them count."""
    holders: dict[Shared, list[Alike]] = {}
    for one in alike:
        for shared in one.shares:
            holders.setdefault(shared, []).append(one)
    found = Counter[tuple[int, int]]()
    ends: dict[tuple[int, int], tuple[Alike, Alike]] = {}
    for (_, rule, _), many in holders.items():
        for one, other in combinations(many, 2):
            pair = (one.members[0], other.members[0])
            ends[pair] = one, other
            found[pair] += POINTS[rule]
    for pair, (one, other) in ends.items():
        agreeing = bool(one.name and other.name and agree(one.name, other.name))
        found[pair] = (found[pair] + AGREEING * agreeing) * len(one.members) * len(other.members)
    return dict(found)
