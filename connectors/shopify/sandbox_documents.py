"""GraphQL documents as the stand-in reads them: operations, fields with arguments, fragments on types.

As much of the October 2021 specification as clients of the stand-in use: no directives, no subscriptions, no block
strings. What is not understood is refused, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r'(?:[\s,\ufeff]|\#[^\n]*)*(?:(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
    r"|(?P<name>[_A-Za-z]\w*)|(?P<mark>\.\.\.|[{}()\[\]:!$=]))"
)
_REST = re.compile(r"(?:[\s,\ufeff]|\#[^\n]*)*")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class DocumentError(Exception):
    """A document that cannot be read."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Where a variable's value goes."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field that is asked for; ``key`` is the name that its value has in the answer."""

    name: str
    key: str
    arguments: Mapping[str, Any]
    selection: tuple[Field | Fragment, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """Fields that are asked for where an object is of a type; empty: of any."""

    on: str
    selection: tuple[Field | Fragment, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A query or a mutation, with the defaults of its variables."""

    kind: str
    name: str
    selection: tuple[Field | Fragment, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(64)
def parse(text: str, name: str | None = None) -> Operation:
    """The operation of that name, or the only one. Raises DocumentError."""
    return _Parser(text).document(name)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens, at = list[tuple[str, str]](), 0
        while found := _TOKEN.match(text, at):
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        rest = _REST.match(text, at)
        if rest is None or rest.end() != len(text):
            raise DocumentError(f"syntax error, unexpected {text[at : at + 20].strip()[:1]!r}")
        self._tokens.append(("end", "end of file"))
        self._at = 0
        self._fragments: dict[str, tuple[int, str]] = {}
        self._open: set[str] = set()

    def document(self, name: str | None) -> Operation:
        starts = self._scan()
        operations = []
        for start in starts:
            self._at = start
            operations.append(self._operation())
        chosen = [one for one in operations if not name or one.name == name]
        if len(chosen) != 1:
            raise DocumentError("An operation name is required" if chosen else f"No operation named {name!r}")
        return chosen[0]

    def _scan(self) -> list[int]:
        """Where the operations begin; notes where the named fragments do, which may stand after their use."""
        starts, depth = list[int](), 0
        for at, (_, text) in enumerate(self._tokens):
            if depth == 0 and text == "fragment":
                self._fragments[self._tokens[at + 1][1]] = (at + 4, self._tokens[at + 3][1])
            elif depth == 0 and (text in ("query", "mutation") or (text == "{" and self._opens(at))):
                starts.append(at)
            depth += (text in ("{", "(")) - (text in ("}", ")"))
        if depth:
            raise DocumentError("syntax error, unexpected end of file")
        return starts

    def _opens(self, at: int) -> bool:
        return at == 0 or self._tokens[at - 1][1] == "}"

    def _operation(self) -> Operation:
        kind, name, defaults = "query", "", dict[str, Any]()
        if self._peek() != "{":
            kind = self._next()
            name = self._next() if self._peek() not in ("(", "{") else ""
            if self._skip("("):
                while not self._skip(")"):
                    self._expect("$")
                    variable = self._next()
                    self._expect(":")
                    while self._peek() in ("[", "]", "!") or self._kind() == "name":
                        self._next()
                    defaults |= {variable: self._value()} if self._skip("=") else {}
        return Operation(kind, name, self._selection(), defaults)

    def _selection(self) -> tuple[Field | Fragment, ...]:
        self._expect("{")
        found: list[Field | Fragment] = []
        while not self._skip("}"):
            found.append(self._spread() if self._skip("...") else self._field())
        if not found:
            raise DocumentError("syntax error, unexpected }")
        return tuple(found)

    def _spread(self) -> Fragment:
        if self._peek() == "{":
            return Fragment("", self._selection())
        name = self._next()
        if name == "on":
            return Fragment(self._next(), self._selection())
        if name not in self._fragments or name in self._open:
            raise DocumentError(f"Fragment {name} was used, but not defined")
        back, (self._at, on) = self._at, self._fragments[name]
        self._open.add(name)
        selection = self._selection()
        self._open.remove(name)
        self._at = back
        return Fragment(on, selection)

    def _field(self) -> Field:
        if self._kind() != "name":
            raise DocumentError(f"syntax error, unexpected {self._peek()}")
        key = name = self._next()
        if self._skip(":"):
            name = self._next()
        arguments: dict[str, Any] = {}
        if self._skip("("):
            while not self._skip(")"):
                argument = self._next()
                self._expect(":")
                arguments[argument] = self._value()
        return Field(name, key, arguments, self._selection() if self._peek() == "{" else ())

    def _value(self) -> Any:
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return re.sub(r"\\(u[\da-fA-F]{4}|.)", _unescape, text[1:-1])
        if kind == "number":
            return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
        if kind == "name":
            return {"true": True, "false": False, "null": None}.get(text, text)
        if text == "$":
            return Variable(self._next())
        if text == "[":
            values = []
            while not self._skip("]"):
                values.append(self._value())
            return values
        raise DocumentError(f"syntax error, unexpected {text}")

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        kind, text = self._tokens[self._at]
        if kind == "end":
            raise DocumentError("syntax error, unexpected end of file")
        self._at += 1
        return text

    def _skip(self, text: str) -> bool:
        found = self._kind() == "mark" and self._peek() == text
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise DocumentError(f"syntax error, unexpected {self._peek()}, expecting {text}")


def _unescape(found: re.Match[str]) -> str:
    told = found[1]
    return chr(int(told[1:], 16)) if told[0] == "u" and len(told) == 5 else _ESCAPED.get(told, told)
