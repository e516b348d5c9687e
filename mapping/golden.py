"""Survivorship: which values of a customer's records make up the golden record, and why.

A pure function of the records: neither their order nor their row ids decide anything, only what they say, since when,
and as a last resort their natural keys. The rules, field by field:

- A field's candidates are the records that have a value of their own for it (an echo of our own words is none). They
  are narrowed by the policy's criteria in the order prefer, most_frequent, most_complete, longest, newest, natural key.
- Without a policy the newest value survives. For a personal name a complete one (given and family) comes before newer
  ones, for an address one with a street.
- A phone number that was typed only to get past a form (000-0000) survives only where there is no other.
- The parts of a personal name survive together, from one record; so does an address. ``custom`` survives key by key.
- Lists (emails, phones, ids, tags) are the union of all, newest first; the primary email and phone stand apart from
  them, and a primary that did not survive joins the others.
- ``stage`` is the furthest along, ``created_at`` the earliest, ``updated_at`` the latest. A consent is always the
  newest word, and of two at one instant the refusal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from mapping.model import Kind, Stage
from mapping.normalize import placeholder_phone
from mapping.policy import Criteria, Policy

Provenance = tuple[int, str, str]
"""(entity id, rule, since)."""

NAME_FIELDS = ("name", "given_name", "additional_name", "family_name", "honorific_prefix", "honorific_suffix")
"""What survives together from one record of a person."""

_NAMING = ("name", "given_name", "family_name")
_LISTS = {"emails": "email", "phones": "phone", "ids": "", "tags": ""}
_CONSENTS = frozenset({"email_consent", "sms_consent"})
_STAGES = {stage.value: rank for rank, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a customer. ``key`` is its natural key (connection, stream, slice, remote id, part).

    ``since`` maps a field to the instant of its value, ``*`` stands for the fields not named; an instant that ends in
    ``~`` is when the value arrived, not when it was made. ``echo`` are the fields that only repeat our own words.
    """

    entity_id: int
    key: tuple[str, ...]
    connection: str
    kind: Kind
    values: Mapping[str, Any]
    since: Mapping[str, str] = field(default_factory=dict)
    echo: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden record.

    ``provenance`` maps a field (``custom.x`` for a key of custom) to who won it, by what rule, since when. A list
    names the record with the newest part of it.
    """

    values: dict[str, Any]
    provenance: dict[str, Provenance]
    kind: Kind


DEFAULT = Policy()


def survive(members: Sequence[Member], policy: Policy = DEFAULT) -> Golden:
    """The golden record of the members; at least one is needed (ValueError otherwise)."""
    if len(members) == 1:
        return _alone(members[0])
    if not members:
        raise ValueError("a customer has at least one record")
    ordered = sorted(members, key=lambda member: member.key)
    kind = Kind.PERSON if any(member.kind == Kind.PERSON for member in ordered) else ordered[0].kind
    holders: dict[str, list[Member]] = {}
    for member in ordered:
        for name in member.values:
            if name not in member.echo:
                holders.setdefault(name, []).append(member)
    golden = Golden({}, {}, kind)
    if kind == Kind.PERSON:
        _survive_name(ordered, policy, golden)
    for name in sorted(holders):
        if name in _LISTS or name == "custom" or (kind == Kind.PERSON and name in NAME_FIELDS):
            continue
        chosen, rule = _survivor(name, holders[name], policy)
        golden.values[name] = chosen.values[name]
        golden.provenance[name] = (chosen.entity_id, rule, _since(chosen, name))
    for name, primary in _LISTS.items():
        if name in holders or primary in holders:
            _unite(ordered, name, primary, golden)
    if "custom" in holders:
        _survive_custom(holders["custom"], policy, golden)
    return golden


def _alone(member: Member) -> Golden:
    values = dict(member.values)
    for name in member.echo:
        values.pop(name, None)
    default, entity_id = member.since.get("*", ""), member.entity_id
    if len(member.since) == 1 and default and "custom" not in values:
        return Golden(values, dict.fromkeys(values, (entity_id, "only", default)), member.kind)
    provenance = {name: (entity_id, "only", _since(member, name)) for name in values if name != "custom"}
    mark = (entity_id, "only", _since(member, "custom"))
    provenance.update({f"custom.{key}": mark for key in values.get("custom", ())})
    return Golden(values, provenance, member.kind)


def _since(member: Member, name: str) -> str:
    found = member.since.get(name)
    return member.since.get("*", "") if found is None else found


def _moment(member: Member, name: str) -> str:
    """Comparable text of an instant: without its ending, since ``…00Z`` would sort after ``…00.5Z``."""
    return _since(member, name).rstrip("~Z")


def _survivor(name: str, holders: list[Member], policy: Policy) -> tuple[Member, str]:
    """The record whose value survives, and the criterion that decided. ``holders`` are in the order of their keys."""
    if len(holders) == 1:
        return holders[0], "only"

    def value(member: Member) -> Any:
        return member.values[name]

    measures: Sequence[Measure]
    if name in _CONSENTS:
        measures = [("newest", lambda m: _moment(m, name)), ("refusal", lambda m: not m.values[name])]
    elif policy.named(name):
        measures = _measures(policy.criteria(name), name, value, holders)
    elif name == "stage":
        measures = [("furthest", lambda m: _STAGES.get(m.values[name], -1))]
    elif name in ("created_at", "updated_at"):
        pick, rule = (min, "earliest") if name == "created_at" else (max, "latest")
        wanted = pick(m.values[name].rstrip("Z") for m in holders)
        measures = [(rule, lambda m: m.values[name].rstrip("Z") == wanted)]
    else:
        measures = _measures(policy.criteria(name), name, value, holders)
        if name == "address":
            _after_prefer(measures, ("complete", lambda m: "street" in m.values[name]))
    return _narrow(holders, measures, value)


Value = Callable[[Member], Any]
Measure = tuple[str, Callable[[Member], Any]]


def _measures(criteria: Criteria, name: str, value: Value, holders: Sequence[Member]) -> list[Measure]:
    """The criteria in their order; of each the greatest measure survives. ``name`` dates the value."""
    measures: list[Measure] = []
    if name == "phone":
        measures.append(("real", lambda m: not placeholder_phone(value(m))))
    if criteria.prefer:
        ranks, last = criteria.prefer, max(criteria.prefer.values()) + 1
        measures.append(("prefer", lambda m: -ranks.get(m.connection, last)))
    if criteria.most_frequent:
        counts = Counter(_fingerprint(value(member)) for member in holders)
        measures.append(("most_frequent", lambda m: counts[_fingerprint(value(m))]))
    if criteria.most_complete:
        measures.append(("most_complete", lambda m: _filled(value(m))))
    if criteria.longest:
        measures.append(("longest", lambda m: len(_fingerprint(value(m)))))
    if criteria.newest:
        measures.append(("newest", lambda m: _moment(m, name)))
    return measures


def _after_prefer(measures: list[Measure], measure: Measure) -> None:
    measures.insert(1 if measures and measures[0][0] == "prefer" else 0, measure)


def _narrow(holders: list[Member], measures: Sequence[Measure], value: Value) -> tuple[Member, str]:
    """The first record of those that the measures leave, and the measure after which their values agreed.

    Records that agree from the start count as ``agreed``, those that no measure tells apart are told by ``key``.
    """
    if _agree(holders, value):
        return holders[0], "agreed"
    for rule, measure in measures:
        marks = [measure(member) for member in holders]
        best = max(marks)
        holders = [member for member, mark in zip(holders, marks, strict=True) if mark == best]
        if len(holders) < len(marks) and _agree(holders, value):
            return holders[0], rule
    return holders[0], "key"


def _agree(members: list[Member], value: Value) -> bool:
    first = value(members[0])
    return all(value(member) == first for member in members)


def _fingerprint(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _filled(value: Any) -> int:
    return len(value) if isinstance(value, Mapping | list) else len(str(value or "").split())


def _survive_name(members: list[Member], policy: Policy, golden: Golden) -> None:
    """One record gives all parts of the name, so that no person arises who never was."""
    holders = [m for m in members if any(part in m.values and part not in m.echo for part in _NAMING)]
    if not holders:
        return

    def value(member: Member) -> Any:
        return [None if part in member.echo else member.values.get(part) for part in NAME_FIELDS]

    wished = next((part for part in _NAMING if policy.named(part)), "name")
    measures = _measures(policy.criteria(wished), wished, lambda m: m.values.get(wished), holders)
    _after_prefer(measures, ("complete", _completeness))
    chosen, rule = _narrow(holders, measures, value) if len(holders) > 1 else (holders[0], "only")
    for part in NAME_FIELDS:
        if part in chosen.values and part not in chosen.echo:
            golden.values[part] = chosen.values[part]
            golden.provenance[part] = (chosen.entity_id, rule, _since(chosen, part))


def _completeness(member: Member) -> int:
    """2 for given and family name (initials do not count), 1 for one of them, 0 for a bare name."""
    parts = [member.values.get(part, "") for part in ("given_name", "family_name") if part not in member.echo]
    return sum(len(part.strip(".")) > 1 for part in parts)


def _unite(members: list[Member], name: str, primary: str, golden: Golden) -> None:
    """The union of a list over all records, newest first, with the primaries that did not survive."""
    seen: dict[Any, Member] = {}
    for member in sorted(members, key=lambda m: _moment(m, name), reverse=True):
        if primary in member.values and primary not in member.echo:
            seen.setdefault(member.values[primary], member)
        if name in member.values and name not in member.echo:
            for value in member.values[name]:
                seen.setdefault(value, member)
    seen.pop(golden.values.get(primary), None)
    if seen:
        golden.values[name] = list(seen)
        first = next(iter(seen.values()))
        golden.provenance[name] = (first.entity_id, "union", _since(first, name))


def _survive_custom(holders: list[Member], policy: Policy, golden: Golden) -> None:
    custom: dict[str, Any] = {}
    for key in sorted({key for member in holders for key in member.values["custom"]}):
        having = [member for member in holders if key in member.values["custom"]]
        name = f"custom.{key}"

        def value(member: Member, key: str = key) -> Any:
            return member.values["custom"][key]

        criteria = policy.criteria(name if policy.named(name) else "custom")
        measures = _measures(criteria, "custom", value, having)
        chosen, rule = _narrow(having, measures, value) if len(having) > 1 else (having[0], "only")
        custom[key] = value(chosen)
        golden.provenance[name] = (chosen.entity_id, rule, _since(chosen, "custom"))
    if custom:
        golden.values["custom"] = custom
