"""Who is who, first form: exact normalised identifiers, with protection against values that many people share.

A link is a function of the group of records that hold one value, so that neither arrival order nor batching changes the
outcome: an email or phone under more distinct names than allowed is *shared* and links nobody; otherwise it links only
records whose names agree, since families share mailboxes and phones; a nameless record never bridges two names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from mapping.model import PROFILES, Kind
from mapping.normalize import domain, email_key, name_key, names_nobody, placeholder_phone

EMAIL, PHONE, ID = "email", "phone", "id"

Identifier = tuple[str, str]
"""(kind, normalised value)."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps clusters from running away. ``blocked`` values and ``internal`` domains identify nobody.

    ``max_names``: an email or phone under more distinct names links nothing. ``max_group``: an email or phone held by
    more records links nothing at all, and neither does an id of more than ``max_records``: a company may have a record
    for each of its orders, and only a rule that gives everybody one id has more.
    """

    blocked: frozenset[str] = frozenset()
    internal: frozenset[str] = frozenset()
    max_names: int = 2
    max_group: int = 500
    max_records: int = 10_000

    def most(self, kind: str) -> int:
        """How many records a value of this kind may be held by."""
        return self.max_records if kind == ID else self.max_group

    def bars(self, kind: str, value: str) -> bool:
        """Whether the value identifies nobody: a role mailbox, a placeholder, a blocked value, one of our own."""
        if value in self.blocked:
            return True
        if kind == EMAIL:
            return names_nobody(value) or (bool(self.internal) and domain(value) in self.internal)
        return kind == PHONE and placeholder_phone(value)


def identifiers(
    kind: str, values: Mapping[str, Any], echo: AbstractSet[str], protection: Protection
) -> frozenset[Identifier]:
    """What a profile can be recognised by. Facts have none; fields that are our own words come back give none."""
    if kind not in PROFILES:
        return frozenset()
    found: list[Identifier] = []
    bars = protection.bars
    email = values.get("email")
    if email and "email" not in echo:
        found.append((EMAIL, email_key(email)))
    if "emails" in values and "emails" not in echo:
        found.extend((EMAIL, email_key(more)) for more in values["emails"])
    phone = values.get("phone")
    if phone and "phone" not in echo:
        found.append((PHONE, phone))
    if "phones" in values and "phones" not in echo:
        found.extend((PHONE, more) for more in values["phones"])
    if "ids" in values and "ids" not in echo:
        found.extend((ID, known) for known in values["ids"])
    if kind == Kind.ORGANIZATION and "domain" in values and "domain" not in echo:
        found.append((ID, f"domain:{values['domain']}"))
    return frozenset([one for one in found if not bars(*one)])


@dataclass(frozen=True, slots=True)
class Unprotected(Protection):
    """Bars nothing: for those who ask what a record says, whether it may link or not."""

    def bars(self, kind: str, value: str) -> bool:
        """No value."""
        return False


def references(values: Mapping[str, Any]) -> list[tuple[int, str, str, str]]:
    """The participants of a fact as (ordinal, role, kind, normalised value)."""
    found: list[tuple[int, str, str, str]] = []
    for ordinal, participant in enumerate(values.get("participants", ())):
        role = participant["role"]
        found.extend((ordinal, role, ID, known) for known in participant.get("ids", ()))
        if "email" in participant:
            found.append((ordinal, role, EMAIL, email_key(participant["email"])))
        if "phone" in participant:
            found.append((ordinal, role, PHONE, participant["phone"]))
    return found


def name_of(values: Mapping[str, Any]) -> str:
    """The folded name by which records are told apart, empty when there is none."""
    return name_key(values.get("given_name") or "", values.get("family_name") or "", values.get("name") or "")


class Holder(NamedTuple):
    """One record that holds a value: its entity, the natural key that breaks ties, its folded name."""

    entity_id: int
    key: tuple[str, ...]
    name: str


class Link(NamedTuple):
    """Two entities that are one subject, and why."""

    a: int
    b: int
    rule: str
    value: str


@lru_cache(maxsize=65_536)
def agree(one: str, other: str) -> bool:
    """Whether two folded names can be one person: the same words, some of them missing or only initials."""
    first, second = one.split(), other.split()
    if len(first) > len(second):
        first, second = second, first
    left = list(second)
    for word in sorted(first, key=len, reverse=True):
        match = next((w for w in left if w == word), None)
        if match is None:
            match = next((w for w in left if (len(w) == 1 or len(word) == 1) and w[0] == word[0]), None)
        if match is None:
            return False
        left.remove(match)
    return True


def links(kind: str, value: str, holders: Sequence[Holder], protection: Protection) -> list[Link]:
    """How the records that hold one value are linked. Deterministic in the set of holders."""
    if len(holders) < 2 or len(holders) > protection.most(kind):
        return []
    ordered = sorted(holders, key=lambda h: h.key)
    if kind == ID:
        return [Link(ordered[0].entity_id, h.entity_id, "same_id", value) for h in ordered[1:]]
    groups = families({h.name for h in ordered if h.name})
    if len(groups) > protection.max_names:
        return []
    rule = "same_email" if kind == EMAIL else "same_phone_and_name"
    found: list[Link] = []
    for names in groups or [frozenset({""})]:
        alike = [h for h in ordered if h.name in names or (not h.name and len(groups) < 2)]
        found.extend(Link(alike[0].entity_id, h.entity_id, rule, value) for h in alike[1:])
    return found


def families(names: Iterable[str]) -> list[frozenset[str]]:
    """Names in groups that agree, each as sorted first met; two groups that one name joins become one."""
    groups: list[set[str]] = []
    for name in sorted(names):
        near = [group for group in groups if any(agree(name, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append({name}.union(*near))
    return [frozenset(group) for group in groups]


def components(nodes: Iterable[int], found: Iterable[Link]) -> list[list[int]]:
    """The nodes in connected groups."""
    parent = {node: node for node in nodes}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for link in found:
        if link.a in parent and link.b in parent:
            parent[root(link.a)] = root(link.b)
    groups: dict[int, list[int]] = {}
    for node in parent:
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())
