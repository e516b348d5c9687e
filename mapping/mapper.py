"""From a vendor's raw record to canonical entities, and from a golden record or fact to a vendor's properties."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from mapping import normalize
from mapping.compiled import CompiledRule, Entity
from mapping.errors import ConfigError, RecordError
from mapping.expressions import Getter, compile_expression
from mapping.recurrence import HORIZON, Horizon
from mapping.rules import EntityRules

__all__ = ["Entity", "Mapper", "Projection", "compile_expression"]

_NAMING = ("ids", "payments", "bills", "pays", "aliases")
"""Fields that hold ids, or keys of facts."""
NO_OVERRIDES: Mapping[str, Mapping[str, str]] = {}


class Mapper:
    """The rules of one stream, compiled.

    ``overrides`` (rule name to target to expression) lie over the defaults field by field; an empty expression takes a
    default away. ``creates_customers`` replaces every rule's ``founding``. ``horizon`` is how far meetings that repeat
    are looked at, for rules that ask for it as ``_horizon``. ``system`` is how a system's ids begin in the rules and in
    the entities, (``hubspot``, ``hubspot.4f1c``), since two accounts of one vendor count from the same number. Raises
    ConfigError naming rule, target and expression, all mistakes at once.
    """

    def __init__(
        self,
        rules: Sequence[EntityRules],
        *,
        default_country: str = "",
        overrides: Mapping[str, Mapping[str, str]] = NO_OVERRIDES,
        creates_customers: bool | None = None,
        horizon: Horizon | None = None,
        system: tuple[str, str] | None = None,
    ) -> None:
        mistakes = list(_strangers(rules, overrides))
        self._rules: list[CompiledRule] = []
        for rule in rules:
            founding = rule.founding if creates_customers is None else creates_customers
            compiled = CompiledRule(rule, overrides.get(rule.name, {}), default_country.upper(), founding, mistakes)
            self._rules.append(compiled)
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        told = [list(rules), overrides, default_country, creates_customers, normalize.VERSION, *(system or ())]
        self._system = tuple(f"{word}:" for word in system) if system else None
        dump = json.dumps(told, sort_keys=True, default=_told)
        self.version = hashlib.blake2b(dump.encode(), digest_size=8).hexdigest()
        asked = any(path[0] == HORIZON for rule in self._rules for path in rule.paths)
        self._horizon = horizon.told() if horizon and asked else None
        self.until = str(self._horizon["until"])[:8] if self._horizon else ""
        """The day up to which repeating meetings are looked at, ``20270222``; empty where no rule asks."""
        alone = len(self._rules) == 1 and self._rules[0].sees_one and self._horizon is None and self._system is None
        self._only = self._rules[0].only if alone else None

    def map(self, body: Mapping[str, Any]) -> tuple[Entity, ...]:
        """The entities that the record says, each with a part of its own; one that is said twice alike counts once.

        Raises RecordError with rule, field and reason, never with a value; also for two different entities that share
        a part, since either would hide the other.
        """
        if self._only is not None:
            return (self._only(body),)
        found: dict[str, Entity] = {}
        if self._horizon is not None:
            body = {**body, HORIZON: self._horizon}
        for rule in self._rules:
            for plain in rule.entities(body):
                entity = plain if self._system is None else _of_system(plain, *self._system)
                other = found.setdefault(entity.part, entity)
                if other is not entity and other != entity:
                    raise RecordError(f"rule '{rule.name}': two different entities of the record have the same part")
        return tuple(found.values())

    def reads(self, at: str = "") -> frozenset[str]:
        """The root properties of the record that the rules read; with ``at`` those under that key of the body."""
        found = {path for rule in self._rules for path in rule.paths if path[0] != HORIZON}
        if at:
            return frozenset(path[1] for path in found if len(path) > 1 and path[0] == at)
        return frozenset(path[0] for path in found)


def _of_system(entity: Entity, word: str, own: str) -> Entity:
    """The entity with its references to that system as references to one account there."""

    def renamed(text: str) -> str:
        return own + text.removeprefix(word) if text.startswith(word) else text

    values = dict(entity.values)
    if "key" in values:
        values["key"] = renamed(values["key"])
    for name in _NAMING:
        if name in values:
            values[name] = [renamed(each) for each in values[name]]
    if "participants" in values:
        values["participants"] = [
            {**each, "ids": [renamed(one) for one in each["ids"]]} if "ids" in each else each
            for each in values["participants"]
        ]
    return entity._replace(values=values)


def _told(value: Any) -> dict[str, Any]:
    """Rules and the mappings in them as plain objects, so that their version can be computed."""
    return (
        dict(value) if isinstance(value, Mapping) else {part.name: getattr(value, part.name) for part in fields(value)}
    )


def _strangers(rules: Sequence[EntityRules], overrides: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"rule '{name}': the name is used twice"
    for name in overrides:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"
            yield f"there is no rule '{name}'; {hint}"


class Projection:
    """A target's rules compiled: vendor property to an expression over a golden record or fact.

    Raises ConfigError naming property and expression, all mistakes at once.
    """

    def __init__(self, properties: Mapping[str, str]) -> None:
        mistakes = []
        self._getters: dict[str, Getter] = {}
        for name, expression in properties.items():
            if not expression:
                continue
            try:
                self._getters[name] = compile_expression(expression)
            except ConfigError as error:
                mistakes.append(f"property '{name}': {expression!r} {error}")
        if mistakes:
            raise ConfigError("\n".join(mistakes))

    def project(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Property to JSON value; what has no value is absent. Raises RecordError naming the property."""
        found: dict[str, Any] = {}
        for name, get in self._getters.items():
            try:
                value = get(document)
            except RecordError as error:
                raise RecordError(f"property '{name}': {error}") from None
            if value is not None and value != "" and value != [] and value != {}:
                found[name] = value
        return found
