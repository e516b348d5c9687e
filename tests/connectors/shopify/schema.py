"""Shopify's published schema, cut down to the types that are used here: the whole takes long to build.

A type that is used is kept as it is published. Of the others, which its fields lead to, only the names are.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from connectors.shopify.sandbox_types import TYPES, UNIONS

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
SPECS = SHARED / "specs" / "shopify"
SDL = SPECS / "admin_2026-10.graphql"
_NOISE = re.compile(r'"""[\s\S]*?"""|(@deprecated)(?:\(reason: "(?:[^"\\]|\\.)*"\))?|^directive[^\n]*', re.M)
_DEFINITION = re.compile(
    r"^(type|interface|union|enum|input|scalar) (\w+)[^\n{=]*(\{[\s\S]*?\n\}|=[^\n]*(?:\n  \|[^\n]*)*)?", re.M
)
_STUBS = {"type": "{ stub: Int }", "interface": "{ stub: Int }", "input": "{ stub: Int }", "scalar": ""}
BUILT_IN = frozenset({"Int", "Float", "String", "Boolean", "ID"})


@cache
def definitions() -> dict[str, tuple[str, str]]:
    """Kind and body of every definition by its name, without descriptions and reasons."""
    text = _NOISE.sub(lambda found: found[1] or "", SDL.read_text(encoding="utf-8"))
    return {found[2]: (found[1], found[3] or "") for found in _DEFINITION.finditer(text)}


@cache
def schema() -> GraphQLSchema:
    """The types that the stand-in knows, their connections, and the names of the rest."""
    known = definitions()
    kept = {*TYPES, *UNIONS}
    kept |= {f"{name}{end}" for name in TYPES for end in ("Connection", "Edge") if f"{name}{end}" in known}
    mentioned = {name for one in kept for name in re.findall(r"\w+", known[one][1])} & known.keys()
    parts = [_kept(name) for name in kept] + [_stub(name) for name in mentioned - kept - BUILT_IN]
    return build_schema("schema { query: QueryRoot mutation: Mutation }\n" + "\n".join(parts))


def _kept(name: str) -> str:
    kind, body = definitions()[name]
    node = " implements Node" if kind == "type" and re.search(r"^  id: ID!", body, re.M) else ""
    return f"{kind} {name}{node} {body}"


def _stub(name: str) -> str:
    kind, body = definitions()[name]
    if kind == "enum":
        return f"enum {name} {body}"
    return f"{'scalar' if kind == 'union' else kind} {name} {_STUBS.get(kind, '')}"
