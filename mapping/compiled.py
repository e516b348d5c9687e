"""One entity rule, compiled: from a raw record to the entities that this rule sees in it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from mapping.assembly import finish_fact, finish_organization, finish_person
from mapping.coercion import ADDRESS, COERCERS, ShapeError, custom, key, required
from mapping.errors import ConfigError, RecordError
from mapping.expressions import Getter, compile_expression, is_false, paths
from mapping.filling import Filling, Step
from mapping.model import MODELS, PROFILES, Kind
from mapping.participants import ParticipantReader
from mapping.rules import EntityRules


class Entity(NamedTuple):
    """One thing that a raw record says.

    ``values`` is JSON in canonical form, only fields that have a value: instants ``2026-05-01T08:00:00Z``, dates
    ISO, decimals as plain text, ``address`` and ``custom`` nested, ``participants`` a list of objects.
    """

    part: str
    kind: Kind
    values: dict[str, Any]
    founding: bool


class CompiledRule:
    """One rule, compiled. ``paths`` are the paths of the record that it reads."""

    def __init__(
        self, rule: EntityRules, override: Mapping[str, str], country: str, founding: bool, mistakes: list[str]
    ) -> None:
        self.name, self.kind, self.founding, self.country = rule.name, rule.kind, founding, country
        self.paths: set[tuple[str, ...]] = set()
        self._mistakes = mistakes
        self._item = False
        self._each = self._optional("each", rule.each)
        self._item = bool(rule.each)
        self._when = self._optional("when", rule.when)
        self._part = self._optional("part", rule.part)
        if rule.each and not rule.part:
            mistakes.append(f"rule '{rule.name}': each needs a part, which tells its entities apart")
        fields = {target: text for target, text in {**rule.fields, **override}.items() if text}
        self._fields = Filling(rule.name, self._steps(fields))
        defaults = self._steps({t: x for t, x in rule.defaults.items() if x})
        self._defaults = Filling(rule.name, defaults, only_missing=True) if defaults else None
        if rule.participants and rule.kind in PROFILES:
            mistakes.append(f"rule '{rule.name}': a {rule.kind} has no participants, only facts have")
        self._participants = [ParticipantReader(each, self._expression) for each in rule.participants]
        self._finish = _FINISHERS.get(rule.kind, finish_fact)
        self._required = required(MODELS[rule.kind])
        for name in self._required:
            if name not in fields and name not in rule.defaults:
                mistakes.append(f"rule '{rule.name}': a {rule.kind} needs the field {name}")

    def _optional(self, target: str, text: str) -> Getter | None:
        return self._expression(target, text) if text else None

    def _expression(self, target: str, text: str, inside: bool = False) -> Getter:
        """The getter; a mistake is noted and everything is read on, so that all are told at once."""
        try:
            getter = compile_expression(text)
            self._note(text, inside or self._item)
        except ConfigError as error:
            self._mistakes.append(f"rule '{self.name}', {target}: {text!r} {error}")
            return _nothing
        return getter

    def _note(self, text: str, inside: bool) -> None:
        """Inside ``each`` the item's own keys are no properties of the record; ``_record`` leads back to it."""
        for path in paths(text):
            if not inside:
                self.paths.add(path)
            elif path[0] == "_record" and len(path) > 1:
                self.paths.add(path[1:])

    def _steps(self, fields: Mapping[str, str]) -> list[Step]:
        coercers = COERCERS[self.kind]
        steps: list[Step] = []
        for target, text in fields.items():
            root, _, leaf = target.partition(".")
            if leaf and root in ("address", "custom") and root in coercers and (root == "custom" or leaf in ADDRESS):
                coerce = custom if root == "custom" else ADDRESS[leaf]
                steps.append(Step(root, leaf, text, self._expression(target, text), coerce))
            elif not leaf and root in coercers:
                steps.append(Step("", root, text, self._expression(target, text), coercers[root]))
            else:
                self._mistakes.append(f"rule '{self.name}': {_no_target(self.kind, target)} (expression {text!r})")
        return steps

    @property
    def sees_one(self) -> bool:
        """Whether every record is one entity of this rule, which ``only`` gives."""
        return self._each is None and self._when is None

    def only(self, body: Mapping[str, Any]) -> Entity:
        """The one entity that the rule sees in the record. Raises RecordError as ``entities``."""
        return self._entity(body, self.name)

    def entities(self, body: Mapping[str, Any]) -> Iterator[Entity]:
        """What this rule sees in the record. Raises RecordError where a part is missing or a value cannot be taken."""
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
        self._fields.fill(scope, values, odd, self.country)
        if self._defaults is not None:
            self._defaults.fill(scope, values, odd, self.country)
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

    def _eval(self, what: str, get: Getter, scope: Mapping[str, Any]) -> Any:
        try:
            return get(scope)
        except RecordError as error:
            raise RecordError(f"rule '{self.name}', {what}: {error}") from None


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
