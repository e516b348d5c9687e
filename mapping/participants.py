"""Who a fact names, read out of a raw record by the rules of one role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mapping import normalize
from mapping.coercion import ShapeError, sort_of, text
from mapping.expressions import Getter, is_false
from mapping.rules import ParticipantRules

Compile = Callable[[str, str, bool], Getter]
"""(what the expression is for, the expression, whether it reads an item of ``each``) to its getter."""


class ParticipantReader:
    """The participants of one role: JSON objects with role, name, email, phone, ids, answer and own as far as known."""

    def __init__(self, rules: ParticipantRules, compile_: Compile) -> None:
        self.role = rules.role

        def getter(part: str, expression: str) -> Getter | None:
            inside = bool(rules.each) and part != "each"
            return compile_(f"participant {rules.role} {part}", expression, inside) if expression else None

        self._each = getter("each", rules.each)
        self._name = getter("name", rules.name)
        self._email = getter("email", rules.email)
        self._phone = getter("phone", rules.phone)
        self._answer = getter("answer", rules.answer)
        self._own = getter("own", rules.own)
        self._ids = [get for get in (getter("ids", expression) for expression in rules.ids) if get]

    def read(self, scope: Mapping[str, Any], country: str) -> list[dict[str, Any]]:
        """Everybody who is named in some way, each once, what several mentions say taken together.

        An email or phone that cannot be read is left out, and stands as the name when there is no other. Raises
        ShapeError for a list or object where a text is meant.
        """
        found: dict[tuple[str, Any], dict[str, Any]] = {}
        for item in self._items(scope):
            one = self._one(item, country)
            if one is not None:
                by = next(field for field in ("email", "phone", "ids", "name") if field in one)
                mark = (by, str(one[by]))
                found[mark] = {**one, **found[mark]} if mark in found else one
        return list(found.values())

    def _items(self, scope: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if self._each is None:
            yield scope
            return
        items = self._each(scope)
        record = scope.get("_record", scope)
        for item in items if isinstance(items, list | tuple) else () if items is None else (items,):
            yield {**item, "_record": record} if isinstance(item, Mapping) else {"value": item, "_record": record}

    def _one(self, item: Mapping[str, Any], country: str) -> dict[str, Any] | None:
        name = text(self._name(item)) if self._name else None
        address = text(self._email(item)) if self._email else None
        number = text(self._phone(item)) if self._phone else None
        email = normalize.email(address) if address else None
        phone = normalize.phone(number, country) if number else None
        if address and not name and address.endswith(">"):
            name = address.rpartition("<")[0].strip(" \"'") or None
        if name and email and normalize.email(name):
            name = None  # mail programs repeat the address as the display name
        ids = list(dict.fromkeys(known for get in self._ids for known in _texts(get(item))))
        name = name or (None if email or phone or ids else address or number)
        if not (name or email or phone or ids):
            return None
        answer = text(self._answer(item)) if self._answer else None
        own = self._own is not None and not is_false(self._own(item))
        one = {
            "role": self.role,
            "name": name,
            "email": email,
            "phone": phone,
            "ids": ids,
            "answer": answer,
            "own": own,
        }
        return {field: value for field, value in one.items() if value}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        raise ShapeError(f"{sort_of(value)} where a text was expected")
    for each in value if isinstance(value, list | tuple) else (value,):
        found = text(each)
        # "system:" with nothing behind it comes of a join over a missing id and would equal every other such one.
        if found and not found.endswith(":"):
            yield found
