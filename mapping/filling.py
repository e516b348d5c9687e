"""The fields of a rule, filled from a record one by one, with what most records are at the price of few calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mapping.coercion import QUICK, SHORT, Coercer, ShapeError, UnreadableError
from mapping.errors import RecordError
from mapping.expressions import Getter, dotted

_EMPTY: Mapping[str, Any] = {}
_OBJECTS = frozenset({"address", "custom"})


class Step(NamedTuple):
    """One field: ``root`` is empty for a plain target, else ``address`` or ``custom``."""

    root: str
    target: str
    expression: str
    get: Getter
    coerce: Coercer


class _Quick(NamedTuple):
    """A step as it is taken. ``get`` is None where the value lies under ``key`` of the object that most steps read;
    ``quick`` is what most texts need instead of ``coerce``, if there is such a thing."""

    root: str
    target: str
    key: str
    get: Getter | None
    coerce: Coercer
    quick: Callable[[str], Any] | None


def _quick(step: Step) -> _Quick:
    return _Quick(step.root, step.target, "", step.get, step.coerce, QUICK.get(step.coerce))


class Filling:
    """Fills values from a record by these steps, the nested ones first, since phones depend on the address's country.

    Most rules read most of their fields out of one object (``properties.email``): it is looked up once.
    """

    def __init__(self, rule: str, steps: Sequence[Step], *, only_missing: bool = False) -> None:
        self._rule, self._only_missing = rule, only_missing
        near = Counter(path[:-1] for step in steps if 0 < len(path := dotted(step.expression) or ()) < 3)
        self._near = near.most_common(1)[0][0] if near else ()
        nested = [step for step in steps if step.root]
        flat = sorted((step for step in steps if not step.root), key=lambda step: step.target != "address")
        self._by_keys = [self._nearby(step) for step in nested], [self._nearby(step) for step in flat]
        self._by_getters = [_quick(step) for step in nested], [_quick(step) for step in flat]

    def _nearby(self, step: Step) -> _Quick:
        path, found = dotted(step.expression) or (), _quick(step)
        return found._replace(key=path[-1], get=None) if path and path[:-1] == self._near else found

    def fill(self, scope: Mapping[str, Any], values: dict[str, Any], odd: dict[str, Any], country: str) -> None:
        """Adds to ``values`` what the record says, and to ``odd`` what it says that cannot be read.

        Raises RecordError naming rule and field where a value is of a kind that the field cannot take.
        """
        only_missing = self._only_missing
        near = scope.get(self._near[0]) if self._near and type(scope) is dict else scope
        (nested, flat), look = (self._by_keys, near.get) if type(near) is dict else (self._by_getters, _EMPTY.get)
        if nested:
            self._fill_nested(nested, look, scope, values, odd, country)
            country = values.get("address", _EMPTY).get("country", country)
        target = ""
        raw: Any
        value: Any
        try:
            for _, target, key, get, coerce, quick in flat:
                raw = look(key) if get is None else get(scope)
                if quick and type(raw) is str and len(raw) < SHORT and raw.isascii() and raw.isprintable():
                    value = quick(raw)
                    if value and not (only_missing and target in values):
                        values[target] = value
                        continue
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
            raise RecordError(f"rule '{self._rule}', field '{target}': {error}") from None

    def _fill_nested(
        self,
        steps: Sequence[_Quick],
        look: Callable[[str], Any],
        scope: Mapping[str, Any],
        values: dict[str, Any],
        odd: dict[str, Any],
        country: str,
    ) -> None:
        root = leaf = ""
        try:
            for root, leaf, key, get, coerce, quick in steps:
                raw = look(key) if get is None else get(scope)
                if raw is None or raw == "" or (self._only_missing and leaf in values.get(root, _EMPTY)):
                    continue
                if quick and type(raw) is str and len(raw) < SHORT and raw.isascii() and raw.isprintable():
                    value = quick(raw)
                    if value:
                        values.setdefault(root, {})[leaf] = value
                        continue
                try:
                    value = coerce(raw, country)
                except UnreadableError as error:
                    odd.setdefault(leaf, error.given)
                    continue
                if value is not None:
                    values.setdefault(root, {})[leaf] = value
        except (RecordError, ShapeError) as error:
            raise RecordError(f"rule '{self._rule}', field '{root}.{leaf}': {error}") from None
