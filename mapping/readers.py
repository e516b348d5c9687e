"""Which rules read which of a vendor's fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from mapping.drift import ANY, is_field, kept_name
from mapping.expressions import Path, paths
from mapping.rules import EntityRules


def readers(
    rules: Sequence[EntityRules], overrides: Mapping[str, Mapping[str, str]], at: str
) -> dict[str, tuple[str, ...]]:
    """Vendor field to the rules that read it: ``person.job_title``, or ``meeting.attendee`` for a participant; under
    ``ANY`` those that read whatever there is."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for rule in rules:
        for target, text, inside in _expressions(rule, overrides.get(rule.name, {})):
            for path in _of_record(text, inside) if text else ():
                if at and path[:1] == (at,):
                    path = path[1:] or (ANY,)
                elif at:
                    continue
                found[kept_name(path[0])].setdefault(f"{rule.name}.{target}")
    return {name: tuple(targets) for name, targets in found.items()}


def overriding(
    rules: Sequence[EntityRules], overrides: Mapping[str, Mapping[str, str]], at: str
) -> dict[Path, tuple[str, ...]]:
    """Place in a record (``email``, or ``properties.email``) to the canonical fields for which the admin's own rules
    read it. What a connector computes is left out, and so is what lies in the items of a record."""
    found: dict[Path, dict[str, None]] = defaultdict(dict)
    for rule in rules:
        for target, text in overrides.get(rule.name, {}).items():
            for path in _of_record(text, bool(rule.each)) if text else ():
                place = path[: 2 if path[0] == at else 1]
                if place != (at,) and is_field(place[-1]):
                    found[place].setdefault(target)
    return {place: tuple(targets) for place, targets in found.items()}


def _of_record(text: str, inside: bool) -> Iterator[Path]:
    """The paths of the record that an expression reads; inside an item ``_record`` leads back to it."""
    for path in paths(text):
        here = path if not inside else path[1:] if path[0] == "_record" else ()
        if here:
            yield here


def _expressions(rule: EntityRules, override: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    inside = bool(rule.each)
    yield "each", rule.each, False
    yield "part", rule.part, inside
    yield "when", rule.when, inside
    fields = {target: text for target, text in {**rule.fields, **override}.items() if text}
    for target, text in (*fields.items(), *rule.defaults.items()):
        yield target, text, inside
    for one in rule.participants:
        item = inside or bool(one.each)
        yield one.role, one.each, inside
        for text in (one.name, one.email, one.phone, one.answer, one.own, *one.ids):
            yield one.role, text, item
