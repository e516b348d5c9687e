"""The difference between what a destination should hold and what it holds, as far as is known.

What is known of a property: the newer of what the destination acknowledged to us (shadow) and what was last pulled from
it. A property is left alone where the two agree, or where the destination shows just what it made of our last value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.settings import FieldMode
from mapping.compare import same
from mapping.contract import Schema, SchemaField
from state.shadows import Shadow
from sync.desired import Desired, TargetRules


@dataclass(frozen=True, slots=True)
class Held:
    """What one remote record is known to hold. ``shadow`` is None where we never wrote it."""

    remote_id: str
    fields: Mapping[str, Any]
    shadow: Shadow | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What must be set and cleared, with the old values. Empty when nothing must."""

    set: Mapping[str, Any] = field(default_factory=dict)
    clear: tuple[str, ...] = ()
    old: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.set or self.clear)


def held_fields(shadow: Shadow, pulled: Mapping[str, Any], *, pulled_since: bool) -> dict[str, Any]:
    """The properties as last known: what was pulled and what was acknowledged, the later of the two on top."""
    acknowledged = {**shadow.sent, **shadow.observed}
    return {**acknowledged, **pulled} if pulled_since else {**pulled, **acknowledged}


def demanded(rules: TargetRules, schema: Schema) -> set[str]:
    """The properties that every record must have over there."""
    return {*rules.target.demands, *(name for name, one in schema.fields.items() if one.required and one.writable)}


def difference(rules: TargetRules, schema: Schema, desired: Desired, held: Held) -> Difference:
    """What must change over there for the record to be as desired."""
    to_set: dict[str, Any] = {}
    old: dict[str, Any] = {}
    sent = held.shadow.sent if held.shadow else {}
    observed = held.shadow.observed if held.shadow else {}
    for name, value in desired.fields.items():
        about = schema.fields.get(name) or SchemaField(name)
        known = held.fields.get(name)
        if name in held.fields and same(about, value, known):
            continue
        if name in sent and same(about, value, sent[name]) and same(about, observed.get(name, sent[name]), known):
            continue
        if rules.modes.get(name) is FieldMode.FILL_ONLY and not _empty(known):
            continue
        to_set[name] = value
        old[name] = known
    clear = []
    for name in () if desired.partial else sent:
        if name in desired.fields or name == rules.target.external_id or _empty(held.fields.get(name)):
            continue
        always = rules.modes.get(name, FieldMode.ALWAYS) is FieldMode.ALWAYS
        if name in rules.expressions and always and name not in demanded(rules, schema):
            clear.append(name)
            old[name] = held.fields.get(name)
    return Difference(to_set, tuple(sorted(clear)), old)


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})
