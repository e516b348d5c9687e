"""Explain: why records are one customer, and why two customers are not one, in words.

Links are worked out anew as resolving does it, since what is stored of them is one reason a pair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mapping.counts import many
from mapping.criteria import Criteria
from mapping.decision import RANK, SCORED
from mapping.errors import GoneError
from mapping.identity import (
    EMAIL,
    ID,
    PHONE,
    Identifier,
    Link,
    Protection,
    Unprotected,
    components,
    families,
    identifiers,
    name_of,
)
from mapping.judgements import OURS, SAME
from mapping.model import PROFILES
from mapping.normalize import domain, names_nobody
from mapping.vetoes import births_differ
from state import customers, identities, judgements, reviewing
from state import identifiers as held_identifiers
from state.database import Connection, Database
from state.identities import Profile
from state.judgements import JudgementRow
from sync.compared import comparisons
from sync.judged import Branch, ExplainView, LinkView, WhyNotView
from sync.likeness import Likeness
from sync.neighbourhood import Neighbourhood, gather
from sync.picture import label_of, name_said, place
from sync.resolve import grouped
from sync.reviewed import ScoreView
from sync.scored import Scores, unlike
from sync.views import NO_CUSTOMER

WORDS = {EMAIL: "email", PHONE: "phone", ID: "id"}
KIND_OF = {"same_id": ID, "same_email": EMAIL, "same_phone_and_name": PHONE}
SCORES = 3
"""How many scores of a customer are added up."""
NAMED = 5
"""How many names a sentence lists."""
OPEN = Unprotected()
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """Some customers with everything around them. ``labels``: entity to its record, as ``shop/people/7``."""

    home: Mapping[int, str]
    near: Neighbourhood
    live: Mapping[int, Profile]
    links: Sequence[Link]
    labels: Mapping[int, str]
    counts: Mapping[Identifier, int]
    said: Mapping[int, JudgementRow]
    alike: Mapping[tuple[int, int], str]

    def name(self, i: int) -> str:
        """The name that a record says, as it is written there."""
        return name_said(self.live[i].values)


@dataclass(frozen=True, slots=True)
class Explaining:
    """Reads, and never writes."""

    db: Database
    criteria: Criteria
    names: Mapping[str, str]

    @property
    def protection(self) -> Protection:
        """Which values identify nobody."""
        return self.criteria.protection

    def explain(self, asked: str) -> ExplainView:
        """Every link of a customer. Raises GoneError when there is none."""
        with self.db.read() as c:
            id_ = self._one(c, asked)
            scene = self._scene(c, [id_])
            golden = customers.load(c, [id_]).get(id_)
            elsewhere = identities.memberships(c, scene.near.profiles)
            scores = self._scores(c, scene)
        mine = [link for link in scene.links if link.a in scene.home and link.b in scene.home]
        shown = sorted({_shown(scene, link) for link in mine}, key=lambda one: (-one.weight, one.a, one.b, one.words))
        labels = sorted({scene.labels[i] for i in scene.home})
        name = str(golden.values.get("name") or "") if golden else ""
        return ExplainView(id_, asked, name, _trees(labels, shown), shown, list(_apart(scene, elsewhere)), scores)

    def why_not(self, first: str, second: str) -> WhyNotView:
        """Why two customers are not one, or that they are. Raises GoneError when there is none."""
        with self.db.read() as c:
            a, b = self._one(c, first), self._one(c, second)
            scene = self._scene(c, [a, b])
            if a == b:
                reasons = [f"{first} and {second} lead to {a}; concord customers explain {a} shows its links"]
                return WhyNotView(first, second, True, reasons)
            reasons = [*_kinds(scene, a, b), *_told_apart(scene, a, b)]
            told = bool(reasons)
            scores = [*self._unlike(c, scene, a, b)]
            waterfall = self._waterfall(c, scene, a, b)
            shared = [
                why
                for one in _shared(scene, a, b)
                for why in self._why_no_link(c, scene, a, b, one, told, apart=bool(scores))
            ]
        reasons += shared or [f"they share no {', no '.join(WORDS.values())}"]
        reasons += scores
        return WhyNotView(first, second, False, [*reasons, *_differences(scene, a, b)], waterfall)

    def _scores(self, c: Connection, scene: Scene) -> list[ScoreView]:
        """The scores that hold the customer together, the highest first."""
        likeness = Likeness(c, self.criteria, self.names)
        pairs = sorted(scene.alike, key=lambda pair: (-scene.near.scores.get(pair, 0.0), pair))[:SCORES]
        return [view for pair in pairs if (view := likeness.view(*pair))]

    def _waterfall(self, c: Connection, scene: Scene, a: str, b: str) -> ScoreView | None:
        """How alike the two customers' most alike records are, and what stands against it."""
        best = reviewing.between(c, a, b) if self.criteria.compare else None
        likeness = Likeness(c, self.criteria, self.names)
        view = likeness.view(best.one, best.other) if best else None
        return view and replace(view, against=likeness.against(_of(scene, a), _of(scene, b)))

    def _unlike(self, c: Connection, scene: Scene, a: str, b: str) -> Iterator[str]:
        ours, theirs = _of(scene, a), _of(scene, b)
        asked = comparisons(c, [*ours, *theirs], scene.live, identities.keys(c, [*ours, *theirs]), self.criteria)
        yield from unlike(c, asked, scene.labels, ours, theirs, self.criteria)

    def _one(self, c: Connection, asked: str) -> str:
        found = identities.survivors(c, [asked]).get(asked)
        if found is None:
            raise GoneError(NO_CUSTOMER.format(asked=asked))
        return found

    def _scene(self, c: Connection, ids: Sequence[str]) -> Scene:
        rows = customers.members(c, ids)
        home = {row.entity_id: row.customer_id for row in rows}
        profiles = identities.profiles(c, home)
        near = gather(c, list(profiles), profiles, held_identifiers.shared(c, profiles), self.criteria)
        live = {i: one for i, one in near.profiles.items() if one.live and one.kind in PROFILES}
        links = grouped(near, live, self.criteria).links
        labels = {i: label_of(key, self.names) for i, key in identities.keys(c, live).items()}
        labels |= {row.entity_id: place(row, self.names) for row in rows}
        values = {(KIND_OF[link.rule], link.value) for link in links if link.rule in KIND_OF}
        alike = {
            (link.a, link.b): Scores(c, live[link.a].kind, near.compared).words(link.a, link.b)
            for link in links
            if link.rule == SCORED and link.a in home and link.b in home
        }
        return Scene(
            {i: one for i, one in home.items() if i in live}, near, live, links, labels,
            held_identifiers.counts(c, values), judgements.load(c, near.said), alike,
        )  # fmt: skip

    def _why_no_link(
        self, c: Connection, scene: Scene, a: str, b: str, one: Identifier, told_apart: bool, *, apart: bool
    ) -> Iterator[str]:
        """Why a value that both customers say does not make them one; ``apart``: something else is told that does."""
        kind, value = one
        both = f"both say the {WORDS[kind]} {value}"
        if self.protection.bars(kind, value):
            yield f"{both}, but it {self._barred(kind, value)}"
            return
        for customer in (a, b):
            if not any(one in _said(scene.live[i], scene.live[i].echo) for i in _of(scene, customer)):
                yield f"{both}, but {customer} has it only because we wrote it there"
                return
        for group in held_identifiers.holders(c, {one}).values():
            ids = {holder.entity_id for holder in group}
            if any(ids.isdisjoint(_of(scene, customer)) for customer in (a, b)):
                continue
            said = sorted({holder.name for holder in group if holder.name})
            most = self.protection.most(kind)
            if len(group) > most:
                yield f"{both}, but {len(group)} records do, more than the {most} that are allowed"
            elif kind != ID and (number := len(families(said))) > self.protection.max_names:
                limit = f"identity.max_shared_names ({self.protection.max_names})"
                yield f"{both}, but it is used under {number} names, more than {limit}: {_listed(said)}"
            elif kind != ID and len(families(_names(scene, a, b, ids))) > 1:
                a_value = "an email" if kind == EMAIL else "a phone"
                yield f"{both}, but {a_value} links only records whose names agree, and these do not: {_listed(said)}"
            elif told_apart:
                yield f"{both}, which would make them one if nobody had said otherwise"
            elif not apart:
                yield f"{both}, and wait to be resolved: run concord sync"

    def _barred(self, kind: str, value: str) -> str:
        if value in self.protection.blocked:
            return "is blocked in the configuration (identity.block)"
        if kind == EMAIL and domain(value) in self.protection.internal:
            return "is of a domain of our own (privacy.internal)"
        if kind == EMAIL and names_nobody(value):
            return "is the mailbox of a role, or of nobody"
        return "is a placeholder"


def _of(scene: Scene, customer: str) -> list[int]:
    return [i for i, one in scene.home.items() if one == customer]


def _shown(scene: Scene, link: Link) -> LinkView:
    a, b = scene.labels[link.a], scene.labels[link.b]
    if link.rule == SAME:
        words = f"{_judged(scene.said[int(link.value)])} that they are one"
    elif link.rule == OURS:
        words = "we wrote it for this customer"
    elif link.rule == SCORED:
        words = scene.alike[link.a, link.b]
    else:
        kind = KIND_OF[link.rule]
        words = f"same {WORDS[kind]} {link.value}"
        if kind == PHONE:
            names = sorted({name for i in (link.a, link.b) if (name := scene.name(i))})
            words += f", and names that agree ({', '.join(names)})" if names else ", and neither has a name"
        holders = scene.counts.get((kind, link.value), 0)
        words += f", which {holders} records have" if holders > 2 else ""
    return LinkView(min(a, b), max(a, b), link.rule, link.value, RANK[link.rule], words)


def _judged(row: JudgementRow) -> str:
    note = f", {row.note!r}" if row.note else ""
    return f"{row.actor} said on {row.at[:10]} (judgement {row.id}{note})"


def _trees(labels: Sequence[str], links: Sequence[LinkView]) -> list[Branch]:
    """A spanning tree of the strongest links for each connected group of records, from its first record on."""
    number = {label: place for place, label in enumerate(labels)}
    hanging: dict[str, list[LinkView]] = {label: [] for label in labels}
    kept: list[Link] = []
    groups = {i: {i} for i in range(len(labels))}
    for link in links:  # the strongest first
        one, other = groups[number[link.a]], groups[number[link.b]]
        if one is not other:
            one |= other
            groups.update(dict.fromkeys(other, one))
            kept.append(Link(number[link.a], number[link.b], link.rule, ""))
            hanging[link.a].append(link)
            hanging[link.b].append(link)

    def grown(label: str, by: LinkView | None) -> Branch:
        onward = [link for link in hanging[label] if link is not by]
        ends = [(link, link.b if link.a == label else link.a) for link in onward]
        return Branch(label, by, [grown(end, link) for link, end in ends])

    roots = sorted(min(group) for group in components(range(len(labels)), kept))
    return [grown(labels[root], None) for root in roots]


def _apart(scene: Scene, elsewhere: Mapping[int, str]) -> Iterator[str]:
    """Whom people said not to be this customer, a sentence for each of the records."""
    told = set()
    for a, b, number in scene.near.judged().apart(scene.live):
        if (a in scene.home) == (b in scene.home):
            continue
        other = b if a in scene.home else a
        told.add((scene.labels[other], elsewhere.get(other, ""), number))
    for label, customer, number in sorted(told):
        owner = f" ({customer})" if customer else ""
        yield f"{_judged(scene.said[number])} that {label}{owner} is not this customer"


def _kinds(scene: Scene, a: str, b: str) -> Iterator[str]:
    kinds = [{scene.live[i].kind for i in _of(scene, one)} for one in (a, b)]
    if kinds[0].isdisjoint(kinds[1]):
        yield f"{a} is a {'/'.join(sorted(kinds[0]))} and {b} a {'/'.join(sorted(kinds[1]))}: these are never one"


def _told_apart(scene: Scene, a: str, b: str) -> Iterator[str]:
    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, other, number in scene.near.judged().apart(scene.home):
        if {scene.home[one], scene.home[other]} == {a, b}:
            pairs.setdefault(number, []).append((one, other))
    for number, found in sorted(pairs.items(), reverse=True):
        labels = sorted({tuple(sorted((scene.labels[one], scene.labels[other]))) for one, other in found})
        more = (
            f", nor {'is' if len(labels) == 2 else 'are'} {many(len(labels) - 1, 'other pair')} of theirs"
            if len(labels) > 1
            else ""
        )
        yield f"{_judged(scene.said[number])} that {labels[0][0]} and {labels[0][1]} are not one{more}"


def _said(profile: Profile, echo: Collection[str]) -> frozenset[Identifier]:
    """What a record says that could identify somebody, whether it may or not."""
    return identifiers(profile.kind, profile.values, frozenset(echo), OPEN)


def _names(scene: Scene, a: str, b: str, among: Collection[int]) -> set[str]:
    """The folded names of those records of two customers that are among these."""
    return {name_of(scene.live[i].values) for one in (a, b) for i in _of(scene, one) if i in among} - {""}


def _shared(scene: Scene, a: str, b: str) -> list[Identifier]:
    """What both customers say that could identify somebody."""
    said = [{one for i in _of(scene, customer) for one in _said(scene.live[i], NOTHING)} for customer in (a, b)]
    return sorted(said[0] & said[1])


def _differences(scene: Scene, a: str, b: str) -> Iterator[str]:
    """What speaks against them being one, though it decides nothing where they share an identifier."""
    for field, words in (("birth_date", "birth dates"), ("tax_id", "tax numbers")):
        ours, theirs = (
            sorted({str(scene.live[i].values[field]) for i in _of(scene, one) if scene.live[i].values.get(field)})
            for one in (a, b)
        )
        differ = (
            all(births_differ(x, y) for x in ours for y in theirs)
            if field == "birth_date"
            else not set(ours) & set(theirs)
        )
        if ours and theirs and differ:
            yield f"they have different {words}: {', '.join(ours)} and {', '.join(theirs)}"
    names = [{name for i in _of(scene, one) if (name := name_of(scene.live[i].values))} for one in (a, b)]
    if names[0] and names[1] and len(families(names[0] | names[1])) > 1:
        yield f"their names do not agree: {_listed(sorted(names[0]))} and {_listed(sorted(names[1]))}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
