"""Survivorship: which values of a customer's records make up the golden record, and why.

A pure function of the records: neither their order nor their row ids decide anything, only what they say, since when,
and as a last resort their natural keys. The rules, field by field:

- A field's candidates are the records that have a value of their own for it (an echo of our own words is none). They
  are narrowed by the policy's criteria in the order prefer, most_frequent, most_complete, longest, newest, natural key.
- Without a policy the newest value survives. For a personal name a complete one (given and family) comes before newer
  ones, for an address one with a street.
- The parts of a personal name survive together, from one record; so does an address. ``custom`` survives key by key.
- Lists (emails, phones, ids, tags) are the union of all, newest first; the primary email and phone stand apart from
  them, and a primary that did not survive joins the others.
- ``stage`` is the furthest along, ``created_at`` the earliest, ``updated_at`` the latest. A consent is always the
  newest word, and of two at one instant the refusal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from mapping.errors import ConfigError
from mapping.model import Kind, Stage

Provenance = tuple[int, str, str]
"""(entity id, rule, since)."""

NAME_FIELDS = ("name", "given_name", "additional_name", "family_name", "honorific_prefix", "honorific_suffix")
"""What survives together from one record of a person."""

_LISTS = {"emails": "email", "phones": "phone", "ids": "", "tags": ""}
_CONSENTS = frozenset({"email_consent", "sms_consent"})
_STAGES = {stage.value: rank for rank, stage in enumerate(Stage)}
_CRITERIA = ("prefer", "newest", "longest", "most_frequent", "most_complete")


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


@dataclass(frozen=True, slots=True)
class _Criteria:
    prefer: Mapping[str, int] = field(default_factory=dict)
    newest: bool = True
    longest: bool = False
    most_frequent: bool = False
    most_complete: bool = False


class Policy:
    """The admin's wishes, field by field; ``default`` stands for the fields not named.

    Takes ``{field: {"prefer": [connection ids], "newest": bool, "longest": bool, "most_frequent": bool,
    "most_complete": bool}}``. Raises ConfigError for a criterion that does not exist.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._by_field: dict[str, _Criteria] = {}
        for name, wishes in (settings or {}).items():
            unknown = sorted(wish for wish in wishes if wish not in _CRITERIA)
            if unknown:
                raise ConfigError(
                    f"golden.{name}: there is no criterion {unknown[0]!r}; known are {', '.join(_CRITERIA)}"
                )
            prefer = {connection: rank for rank, connection in enumerate(wishes.get("prefer") or ())}
            flags = {wish: bool(wishes[wish]) for wish in wishes if wish != "prefer" and wishes[wish] is not None}
            self._by_field[name] = _Criteria(prefer, **flags)
        self._default = self._by_field.pop("default", _Criteria())

    def named(self, name: str) -> bool:
        """Whether the admin said something of this very field."""
        return name in self._by_field

    def criteria(self, name: str) -> _Criteria:
        """What decides this field."""
        return self._by_field.get(name, self._default)


DEFAULT = Policy()


def survive(members: Sequence[Member], policy: Policy = DEFAULT) -> Golden:
    """The golden record of the members; at least one is needed (ValueError otherwise)."""
    if len(members) == 1:
        return _alone(members[0])
    if not members:
        raise ValueError("a customer has at least one record")
    ordered = sorted(members, key=lambda member: member.key)
    kind = Kind.PERSON if any(member.kind == Kind.PERSON for member in ordered) else ordered[0].kind
    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}
    fields = dict.fromkeys(name for member in ordered for name in member.values if name not in member.echo)
    if kind == Kind.PERSON:
        _survive_name(ordered, policy, values, provenance)
        fields = dict.fromkeys(name for name in fields if name not in NAME_FIELDS)
    for name in sorted(fields):
        if name in _LISTS or name == "custom":
            continue
        chosen, rule = _survivor(name, _holders(ordered, name), policy)
        values[name] = chosen.values[name]
        provenance[name] = (chosen.entity_id, rule, _since(chosen, name))
    for name, primary in _LISTS.items():
        _unite(ordered, name, primary, values, provenance)
    _survive_custom(ordered, policy, values, provenance)
    return Golden(values, provenance, kind)


def _alone(member: Member) -> Golden:
    values = dict(member.values)
    for name in member.echo:
        values.pop(name, None)
    default, entity_id = member.since.get("*", ""), member.entity_id
    if len(member.since) > 1 or "custom" in values:
        provenance = {name: (entity_id, "only", _since(member, name)) for name in values if name != "custom"}
        provenance.update(
            {f"custom.{name}": (entity_id, "only", _since(member, "custom")) for name in values.get("custom", ())}
        )
    else:
        provenance = dict.fromkeys(values, (entity_id, "only", default))
    return Golden(values, provenance, member.kind)


def _since(member: Member, name: str) -> str:
    found = member.since.get(name)
    return member.since.get("*", "") if found is None else found


def _moment(member: Member, name: str) -> str:
    """Comparable text of an instant: without its ending, since ``…00Z`` would sort after ``…00.5Z``."""
    return _since(member, name).rstrip("~Z")


def _holders(members: Iterable[Member], name: str) -> list[Member]:
    return [member for member in members if name in member.values and name not in member.echo]


def _survivor(name: str, holders: list[Member], policy: Policy) -> tuple[Member, str]:
    """The record whose value survives, and the criterion that decided. ``holders`` are in the order of their keys."""
    if len(holders) == 1:
        return holders[0], "only"
    if name in _CONSENTS:
        return _narrow(
            holders, [("newest", lambda m: _moment(m, name)), ("refusal", lambda m: not m.values[name])], name
        )
    if not policy.named(name):
        if name == "stage":
            return _narrow(holders, [("furthest", lambda m: _STAGES.get(m.values[name], -1))], name)
        if name == "created_at":
            latest = max(_plain(member.values[name]) for member in holders)
            earliest = min(_plain(member.values[name]) for member in holders)
            return (
                _narrow(holders, [("earliest", lambda m: _plain(m.values[name]) == earliest)], name)
                if latest
                else (holders[0], "key")
            )
        if name == "updated_at":
            return _narrow(holders, [("latest", lambda m: _plain(m.values[name]))], name)
    return _narrow(holders, _measures(name, name, holders, policy), name)


def _plain(instant: str) -> str:
    return instant.rstrip("Z")


Measure = tuple[str, Callable[[Member], Any]]


def _measures(name: str, compared: str, holders: Sequence[Member], policy: Policy) -> list[Measure]:
    """The criteria in their order; of each the greatest measure survives."""
    criteria = policy.criteria(name)
    measures: list[Measure] = []
    if criteria.prefer:
        ranks, last = criteria.prefer, len(criteria.prefer)
        measures.append(("prefer", lambda m: -ranks.get(m.connection, last)))
    if not policy.named(name) and name == "address":
        measures.append(("complete", lambda m: bool(m.values[compared].get("street"))))
    if criteria.most_frequent:
        counts = Counter(_fingerprint(member.values.get(compared)) for member in holders)
        measures.append(("most_frequent", lambda m: counts[_fingerprint(m.values.get(compared))]))
    if criteria.most_complete:
        measures.append(("most_complete", lambda m: _filled(m.values.get(compared))))
    if criteria.longest:
        measures.append(("longest", lambda m: len(_fingerprint(m.values.get(compared)))))
    if criteria.newest:
        measures.append(("newest", lambda m: _moment(m, compared)))
    return measures


def _narrow(holders: list[Member], measures: Sequence[Measure], compared: str) -> tuple[Member, str]:
    """The first of those that every measure leaves; the rule is the last measure that told different values apart."""
    rule = ""
    for name, measure in measures:
        if len(holders) == 1:
            break
        marks = [measure(member) for member in holders]
        best = max(marks)
        rest = [member for member, mark in zip(holders, marks, strict=True) if mark == best]
        if len(rest) < len(holders) and _distinct(rest, compared) < _distinct(holders, compared):
            rule = name
        holders = rest
    if _distinct(holders, compared) > 1:
        rule = "key"
    return holders[0], rule or "agreed"


def _distinct(members: Iterable[Member], name: str) -> int:
    return len({_fingerprint(member.values.get(name)) for member in members})


def _fingerprint(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _filled(value: Any) -> int:
    return len(value) if isinstance(value, Mapping | list) else len(str(value or "").split())


def _survive_name(
    members: list[Member], policy: Policy, values: dict[str, Any], provenance: dict[str, Provenance]
) -> None:
    """One record gives all parts of the name, so that no person arises who never was."""
    holders = [
        member
        for member in members
        if any(part in member.values and part not in member.echo for part in NAME_FIELDS[:4])
    ]
    if not holders:
        return
    wished = next((part for part in ("name", "given_name", "family_name") if policy.named(part)), "name")
    measures = _measures(wished, "name", holders, policy)
    where = 1 if measures and measures[0][0] == "prefer" else 0
    measures.insert(where, ("complete", _completeness))
    chosen, rule = _narrow(holders, measures, "name") if len(holders) > 1 else (holders[0], "only")
    for part in NAME_FIELDS:
        if part in chosen.values and part not in chosen.echo:
            values[part] = chosen.values[part]
            provenance[part] = (chosen.entity_id, rule, _since(chosen, part))


def _completeness(member: Member) -> int:
    """2 for given and family name (initials do not count), 1 for one of them, 0 for a bare name."""
    return sum(
        len(str(member.values.get(part, "")).strip(".")) > 1 and part not in member.echo
        for part in ("given_name", "family_name")
    )


def _unite(
    members: list[Member], name: str, primary: str, values: dict[str, Any], provenance: dict[str, Provenance]
) -> None:
    """The union of a list over all records, newest first, with the primaries that did not survive."""
    seen: dict[Any, Member] = {}
    for member in sorted(members, key=lambda m: _moment(m, name), reverse=True):
        own: list[Any] = []
        if primary and primary in member.values and primary not in member.echo:
            own.append(member.values[primary])
        if name in member.values and name not in member.echo:
            own.extend(member.values[name])
        for value in own:
            seen.setdefault(value, member)
    seen.pop(values.get(primary), None)
    if seen:
        values[name] = list(seen)
        first = next(iter(seen.values()))
        provenance[name] = (first.entity_id, "union", _since(first, name))


def _survive_custom(
    members: list[Member], policy: Policy, values: dict[str, Any], provenance: dict[str, Provenance]
) -> None:
    holders = _holders(members, "custom")
    custom: dict[str, Any] = {}
    for key in sorted({key for member in holders for key in member.values["custom"]}):
        having = [member for member in holders if key in member.values["custom"]]
        flat = [
            Member(m.entity_id, m.key, m.connection, m.kind, {key: m.values["custom"][key]}, {"*": _since(m, "custom")})
            for m in having
        ]
        name = f"custom.{key}"
        measures = _measures(name if policy.named(name) else "custom", key, flat, policy)
        chosen, rule = _narrow(flat, measures, key) if len(flat) > 1 else (flat[0], "only")
        custom[key] = chosen.values[key]
        provenance[name] = (chosen.entity_id, rule, _since(chosen, key))
    if custom:
        values["custom"] = custom
