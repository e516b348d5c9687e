"""As much of GraphQL as the stand-in needs: a question taken apart, and what it selects of plain objects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Resolver = Callable[[Mapping[str, Any]], Any]

_TOKEN = re.compile(r'\s*(?:#[^\n]*\s*|,\s*)*(\.\.\.|[{}()\[\]:$!=@]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[_A-Za-z]\w*)')
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class QueryError(Exception):
    """The question cannot be answered; the argument is the message."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field that is selected: what it shall be called, its arguments, and what is selected of it. ``on`` is the
    type for which it is asked, empty for any."""

    name: str
    alias: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fields: Sequence[Wanted] = ()
    on: str = ""


def parse(text: str, variables: Mapping[str, Any]) -> tuple[str, Sequence[Wanted]]:
    """The kind of operation (``query``, ``mutation``) and what is selected. Raises QueryError."""
    return _Reader(text, variables).operation()


def select(found: Any, wanted: Sequence[Wanted]) -> Any:
    """What is wanted of objects. Raises QueryError for a field that they do not have."""
    if isinstance(found, list):
        return [select(each, wanted) for each in found]
    if not isinstance(found, Mapping) or not wanted:
        if isinstance(found, Mapping) or (wanted and found is not None):
            raise QueryError("a selection of subfields is missing, or none can be made")
        return found
    kind = str(found.get("__typename", ""))
    return {
        one.alias: select(_value(found, one, kind), one.fields)
        for one in wanted
        if not one.on or one.on == kind or (one.on == "ErrorResult" and kind.endswith("Error"))
    }


def _value(found: Mapping[str, Any], one: Wanted, kind: str) -> Any:
    if one.name not in found:
        raise QueryError(f'Cannot query field "{one.name}" on type "{kind or "Object"}".')
    value = found[one.name]
    return value(one.arguments) if callable(value) else value


class _Reader:
    """Goes over the tokens of one question."""

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens, self._variables, self._at = list(_split(text)), variables, 0

    def operation(self) -> tuple[str, Sequence[Wanted]]:
        kind = self._next() if self._peek() in ("query", "mutation") else "query"
        while self._peek() != "{":
            if self._peek() == "(":
                self._skip()
            else:
                self._next()
        return kind, self._selection()

    def _selection(self, on: str = "") -> list[Wanted]:
        self._expect("{")
        found: list[Wanted] = []
        while self._peek() != "}":
            if self._peek() == "...":
                self._next()
                self._expect("on")
                found += self._selection(self._next())
            else:
                found.append(self._field(on))
        self._next()
        return found

    def _field(self, on: str) -> Wanted:
        alias = name = self._next()
        if self._peek() == ":":
            self._next()
            name = self._next()
        arguments = self._arguments() if self._peek() == "(" else {}
        return Wanted(name, alias, arguments, self._selection() if self._peek() == "{" else (), on)

    def _arguments(self, opening: str = "(") -> dict[str, Any]:
        self._expect(opening)
        found = {}
        while self._peek() != _CLOSING[opening]:
            name = self._next()
            self._expect(":")
            found[name] = self._literal()
        self._next()
        return found

    def _literal(self) -> Any:
        word = self._peek()
        if word == "{":
            return self._arguments("{")
        self._next()
        if word == "$":
            return self._variables.get(self._next())
        if word == "[":
            found = []
            while self._peek() != "]":
                found.append(self._literal())
            self._next()
            return found
        return json.loads(word) if word[0] in '"-0123456789' or word in ("true", "false", "null") else word

    def _skip(self) -> None:
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)
            if not depth:
                return

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            raise QueryError("Syntax Error: Unexpected <EOF>.")
        return self._tokens[self._at]

    def _next(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise QueryError(f'Syntax Error: Expected "{token}".')


def _split(text: str) -> Iterator[str]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise QueryError("Syntax Error: Unexpected character.")
        yield found[1]
        at = found.end()
