"""From a vendor's raw record to canonical entities, and from a golden record or fact to a vendor's properties."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mapping import normalize
from mapping.assembly import finish_fact, finish_organization, finish_person
from mapping.coercion import ADDRESS, COERCERS, Coercer, ShapeError, UnreadableError, custom, key, required
from mapping.errors import ConfigError, RecordError
from mapping.expressions import Getter, compile_expression, is_false, paths
from mapping.model import MODELS, PROFILES, Kind
from mapping.participants import ParticipantReader
from mapping.rules import EntityRules

__all__ = ["Entity", "Mapper", "Projection", "compile_expression"]

NO_OVERRIDES: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing that a raw record says.

    ``values`` is JSON in canonical form, only fields that have a value: instants ``2026-05-01T08:00:00Z``, dates
    ISO, decimals as plain text, ``address`` and ``custom`` nested, ``participants`` a list of objects.
    """

    part: str
    kind: Kind
    values: dict[str, Any]
    founding: bool


class Mapper:
    """The rules of one stream, compiled.

    ``overrides`` (rule name to target to expression) lie over the defaults field by field; an empty expression takes a
    default away. ``creates_customers`` replaces every rule's ``founding``. Raises ConfigError naming rule, target and
    expression, all mistakes at once.
    """

    def __init__(
        self,
        rules: Sequence[EntityRules],
        *,
        default_country: str = "",
        overrides: Mapping[str, Mapping[str, str]] = NO_OVERRIDES,
        creates_customers: bool | None = None,
    ) -> None:
        mistakes = list(_strangers(rules, overrides))
        self._rules: list[_Rule] = []
        for rule in rules:
            founding = rule.founding if creates_customers is None else creates_customers
            compiled = _Rule(rule, overrides.get(rule.name, {}), default_country.upper(), founding, mistakes)
            self._rules.append(compiled)
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        told = [asdict(rule) for rule in rules], overrides, default_country, creates_customers, normalize.VERSION
        dump = json.dumps(told, sort_keys=True, default=dict)
        self.version = hashlib.blake2b(dump.encode(), digest_size=8).hexdigest()

    def map(self, body: Mapping[str, Any]) -> tuple[Entity, ...]:
        """The entities that the record says, each with a part of its own.

        Raises RecordError with rule, field and reason, never with a value.
        """
        found: list[Entity] = []
        for rule in self._rules:
            found.extend(rule.entities(body))
        if len(found) > 1:
            parts = {entity.part for entity in found}
            if len(parts) < len(found):
                name = next(e.part for i, e in enumerate(found) if e.part in {other.part for other in found[:i]})
                raise RecordError(f"rule '{name.partition(':')[0]}': two entities of the record have the same part")
        return tuple(found)

    def reads(self, at: str = "") -> frozenset[str]:
        """The root properties of the record that the rules read; with ``at`` those under that key of the body."""
        found = {path for rule in self._rules for path in rule.paths}
        if at:
            return frozenset(path[1] for path in found if len(path) > 1 and path[0] == at)
        return frozenset(path[0] for path in found)


def _strangers(rules: Sequence[EntityRules], overrides: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"rule '{name}': the name is used twice"
    for name in overrides:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"
            yield f"there is no rule '{name}'; {hint}"


class _Rule:
    """One rule, compiled. ``paths`` are the paths of the record that it reads."""

    def __init__(
        self, rule: EntityRules, override: Mapping[str, str], country: str, founding: bool, mistakes: list[str]
    ) -> None:
        self.name, self.kind, self.founding, self.country = rule.name, rule.kind, founding, country
        self.paths: set[tuple[str, ...]] = set()
        self._mistakes = mistakes
        self._item: tuple[str, ...] | None = None
        self._each = self._optional("each", rule.each)
        self._item = self._path_of(rule.each)
        self._when = self._optional("when", rule.when)
        self._part = self._optional("part", rule.part)
        if rule.each and not rule.part:
            mistakes.append(f"rule '{rule.name}': each needs a part, which tells its entities apart")
        fields = {target: text for target, text in {**rule.fields, **override}.items() if text}
        self._nested, self._flat = self._steps(fields)
        self._default_nested, self._default_flat = self._steps({t: x for t, x in rule.defaults.items() if x})
        if rule.participants and rule.kind in PROFILES:
            mistakes.append(f"rule '{rule.name}': a {rule.kind} has no participants, only facts have")
        self._participants = [ParticipantReader(each, self._required_expression) for each in rule.participants]
        self._finish = _FINISHERS.get(rule.kind, finish_fact)
        self._required = required(MODELS[rule.kind])
        for name in self._required:
            if name not in fields and name not in rule.defaults:
                mistakes.append(f"rule '{rule.name}': a {rule.kind} needs the field {name}")

    def _optional(self, target: str, text: str) -> Getter | None:
        return self._required_expression(target, text) if text else None

    def _required_expression(self, target: str, text: str) -> Getter:
        """The getter; a mistake is noted and everything is read on, so that all are told at once."""
        try:
            getter = compile_expression(text)
            self._note(text)
        except ConfigError as error:
            self._mistakes.append(f"rule '{self.name}', {target}: {text!r} {error}")
            return _nothing
        return getter

    def _path_of(self, each: str) -> tuple[str, ...] | None:
        return next(iter(sorted(self.paths)), ()) if each else None

    def _note(self, text: str) -> None:
        """Inside ``each`` the item's own keys are no properties of the record; ``_record`` leads back to it."""
        for path in paths(text):
            if self._item is None:
                self.paths.add(path)
            elif path[0] == "_record" and len(path) > 1:
                self.paths.add(path[1:])

    def _steps(self, fields: Mapping[str, str]) -> tuple[list[_Nested], list[_Flat]]:
        """Fields with a dotted target, and the others; the address first, since phones depend on its country."""
        coercers = COERCERS[self.kind]
        nested: list[_Nested] = []
        flat: list[_Flat] = []
        for target, text in fields.items():
            root, _, leaf = target.partition(".")
            if leaf and root in ("address", "custom") and root in coercers and (root == "custom" or leaf in ADDRESS):
                coerce = custom if root == "custom" else ADDRESS[leaf]
                nested.append((root, leaf, self._required_expression(target, text), coerce))
            elif not leaf and root in coercers:
                flat.append((root, self._required_expression(target, text), coercers[root]))
            else:
                self._mistakes.append(f"rule '{self.name}': {_no_target(self.kind, target)} (expression {text!r})")
        flat.sort(key=lambda step: step[0] != "address")
        return nested, flat

    def entities(self, body: Mapping[str, Any]) -> Iterator[Entity]:
        if self._each is None:
            if self._when is None or not is_false(self._eval("when", self._when, body)):
                yield self._entity(body, self.name)
            return
        items = self._eval("each", self._each, body)
        for item in items if isinstance(items, list | tuple) else () if items is None else (items,):
            scope = {**item, "_record": body} if isinstance(item, Mapping) else {"value": item, "_record": body}
            if self._when is None or not is_false(self._eval("when", self._when, scope)):
                yield self._entity(scope, self.name)

    def _entity(self, scope: Mapping[str, Any], name: str) -> Entity:
        if self._part is not None:
            try:
                part = key(self._eval("part", self._part, scope))
            except ShapeError as error:
                raise RecordError(f"rule '{self.name}', part: {error}") from None
            if part is None:
                raise RecordError(f"rule '{self.name}': the part has no value")
            name = f"{self.name}:{part}"
        values: dict[str, Any] = {}
        odd: dict[str, Any] = {}
        self._fill(scope, values, odd, self._nested, self._flat, False)
        if self._default_flat or self._default_nested:
            self._fill(scope, values, odd, self._default_nested, self._default_flat, True)
        for reader in self._participants:
            try:
                values.setdefault("participants", []).extend(reader.read(scope, self.country))
            except (RecordError, ShapeError) as error:
                raise RecordError(f"rule '{self.name}', participant {reader.role}: {error}") from None
        self._finish(values, odd)
        for field in self._required:
            if field not in values:
                raise RecordError(f"rule '{self.name}', field '{field}': {_missing(field, odd)}")
        if odd:
            kept = values.setdefault("custom", {})
            for field, given in odd.items():
                kept.setdefault(f"{field}_as_given", given)
        return Entity(name, self.kind, values, self.founding)

    def _fill(
        self,
        scope: Mapping[str, Any],
        values: dict[str, Any],
        odd: dict[str, Any],
        nested: list[_Nested],
        flat: list[_Flat],
        only_missing: bool,
    ) -> None:
        target = ""
        country = self.country
        if nested:
            self._fill_nested(scope, values, odd, nested, only_missing)
            country = values.get("address", _EMPTY).get("country", country)
        try:
            for target, get, coerce in flat:
                raw = get(scope)
                if raw is None or raw == "" or (only_missing and target in values):
                    continue
                try:
                    value = coerce(raw, country)
                except UnreadableError as error:
                    odd.setdefault(target, error.given)
                    value = error.kept
                if value is not None:
                    if target in _OBJECTS and target in values:
                        value = {**value, **values[target]}
                    values[target] = value
                    if target == "address":
                        country = value.get("country", country)
        except (RecordError, ShapeError) as error:
            raise RecordError(f"rule '{self.name}', field '{target}': {error}") from None

    def _fill_nested(
        self,
        scope: Mapping[str, Any],
        values: dict[str, Any],
        odd: dict[str, Any],
        nested: list[_Nested],
        only_missing: bool,
    ) -> None:
        root = leaf = ""
        try:
            for root, leaf, get, coerce in nested:
                raw = get(scope)
                inner = values.get(root, _EMPTY)
                if raw is None or raw == "" or (only_missing and leaf in inner):
                    continue
                try:
                    value = coerce(raw, self.country)
                except UnreadableError as error:
                    odd.setdefault(leaf, error.given)
                    continue
                if value is not None:
                    values.setdefault(root, {})[leaf] = value
        except (RecordError, ShapeError) as error:
            raise RecordError(f"rule '{self.name}', field '{root}.{leaf}': {error}") from None

    def _eval(self, what: str, get: Getter, scope: Mapping[str, Any]) -> Any:
        try:
            return get(scope)
        except RecordError as error:
            raise RecordError(f"rule '{self.name}', {what}: {error}") from None


_EMPTY: Mapping[str, Any] = {}
_OBJECTS = frozenset({"address", "custom"})
_Nested = tuple[str, str, Getter, Coercer]
_Flat = tuple[str, Getter, Coercer]
_FINISHERS: Mapping[Kind, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    Kind.PERSON: finish_person,
    Kind.ORGANIZATION: finish_organization,
}


def _nothing(document: Any) -> None:
    """Stands for an expression that could not be compiled until all mistakes are told."""


def _missing(field: str, odd: Mapping[str, Any]) -> str:
    return "a value that cannot be read, and the field is required" if field in odd else "required, but has no value"


def _no_target(kind: Kind, target: str) -> str:
    known = [*COERCERS[kind], *(f"address.{leaf}" for leaf in ADDRESS if "address" in COERCERS[kind]), "custom.x"]
    near = difflib.get_close_matches(target, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else "what has no field of its own goes to custom.x"
    return f"a {kind} has no field '{target}'; {hint}"


class Projection:
    """A target's rules compiled: vendor property to an expression over a golden record or fact.

    Raises ConfigError naming property and expression, all mistakes at once.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        mistakes = []
        self._getters: dict[str, Getter] = {}
        for name, expression in fields.items():
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
