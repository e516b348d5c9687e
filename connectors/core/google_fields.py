"""The parameter ``fields`` of Google's APIs: what a stand-in leaves of an answer ("Working with partial resources")."""

from __future__ import annotations

import re
from typing import Any

Selection = dict[str, "Selection"]

_TOKEN = re.compile(r"[\w*$-]+|[,/()]")


def part(body: Any, wanted: str) -> Any:
    """What of the body is selected; empty objects are left out. Raises ValueError for what is no selection."""
    if "".join(_TOKEN.findall(wanted)) != wanted:
        raise ValueError("invalid field selection")
    return _cut(body, parse(wanted))


def parse(wanted: str) -> Selection:
    """The names that are selected, each with what is selected inside it (nothing: all). Raises ValueError."""
    tokens = _TOKEN.findall(wanted)
    found = _list(tokens)
    if tokens:
        raise ValueError("invalid field selection")
    return found


def _list(tokens: list[str]) -> Selection:
    found: Selection = {}
    while True:
        inner = found
        while True:
            name = tokens.pop(0) if tokens else ""
            if not name or name in ",/()":
                raise ValueError("invalid field selection")
            inner = inner.setdefault(name, {})
            if not tokens or tokens[0] != "/":
                break
            tokens.pop(0)
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            inner |= _list(tokens)
            if not tokens or tokens.pop(0) != ")":
                raise ValueError("invalid field selection")
        if not tokens or tokens[0] != ",":
            return found
        tokens.pop(0)


def _cut(body: Any, wanted: Selection) -> Any:
    if not wanted:
        return body
    if isinstance(body, list):
        return [_cut(each, wanted) for each in body]
    if not isinstance(body, dict):
        return body
    chosen = {name: wanted.get(name, wanted.get("*")) for name in body}
    return {name: _cut(body[name], inner) for name, inner in chosen.items() if inner is not None}
