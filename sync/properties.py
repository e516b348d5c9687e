"""Properties of destinations: what the admin wants written has to be there before anything is planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from config.checks import nearest
from config.settings import Settings
from mapping.contract import Schema
from mapping.errors import ConfigError, Problem
from sync.connect import Connected
from sync.desired import TargetRules

Schemas = Mapping[str, Schema]
"""The fields of each object as its vendor has them now."""


def described(settings: Settings, destinations: Sequence[Connected]) -> Mapping[str, Schemas]:
    """The fields of everything that is to be written, by connection. Raises one ConfigError for all that lack."""
    found: dict[str, dict[str, Schema]] = {}
    problems: list[Problem] = []
    for one in destinations:
        mine = found.setdefault(one.name, {})
        for rules in one.targets() if one.writes is not None else ():
            object_ = rules.target.object
            if one.writes is not None and object_ not in mine:
                mine[object_] = one.writes.describe(object_)
            problems += _lacking(settings, rules, mine[object_])
    if problems:
        raise ConfigError(problems=tuple(dict.fromkeys(problems)))
    return found


def _lacking(settings: Settings, rules: TargetRules, schema: Schema) -> Iterator[Problem]:
    for name, push in rules.settings.fields.items():
        if push is not None and schema.fields and name not in schema.fields and name != rules.target.external_id:
            near = nearest(name, schema.fields)
            message = f"{rules.connection} has no such property" + ("" if near else "; make it there first")
            place = ("connections", rules.connection, "push", rules.target.object, "fields", name)
            yield settings.problem(place, message, nearest=near)
