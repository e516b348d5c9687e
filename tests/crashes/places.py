"""Where the program writes state, read from its source: each ``with ….write(…)`` on a database has a name.

A name is the module and function, with a number behind where a function writes in several places:
``sync.push.Pusher._send``, ``state.vault.Vault.rotate#2``. So a new place to write has a name as soon as it is written.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.checkout import ROOT

ROOMS = ("state", "sync")
OWNERS = frozenset({"self", "db", "_db", "_database"})
"""What a database is called where it is written to; within its own class it is ``self``."""

UNPLAYED = frozenset({
    # A restore prepares a copy beside the database and renames it at the end: whoever dies before leaves the database
    # as it was. tests/sync/test_backups.py restores on both databases, but kills nobody meanwhile.
    "state.backups.prepare",
    # A restore on PostgreSQL, one transaction that replaces every table; an undisturbed play is one on SQLite, which
    # never comes here. tests/sync/test_backups.py restores so, but kills nobody meanwhile.
    "state.transfer.put_rows",
})  # fmt: skip
"""Places that the play does not come by."""
ONLY_SQLITE = frozenset({"state.compact._words", "state.compact.pack_bodies"})
"""Places where nothing is written on PostgreSQL, which packs large values itself."""


@cache
def write_places() -> dict[tuple[str, int], str]:
    """File (from the root) and line of every place, and its name."""
    found: dict[tuple[str, int], str] = {}
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            module = name.removesuffix(".py").replace("/", ".")
            mine = [(line, f"{module}.{where}") for line, where in _writes(file)]
            several = Counter(where for _, where in mine)
            met: Counter[str] = Counter()
            for line, where in mine:
                met[where] += 1
                found[name, line] = f"{where}#{met[where]}" if several[where] > 1 else where
    return found


def _writes(file: Path) -> Iterator[tuple[int, str]]:
    text = file.read_text(encoding="utf-8")
    if ".write(" in text:  # most write nothing, and to parse them all takes a second
        yield from _inside(ast.parse(text), (), file.name == "database.py")


def _inside(node: ast.AST, path: tuple[str, ...], own: bool) -> Iterator[tuple[int, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.With):
            for item in child.items:
                if _is_write(item.context_expr, own):
                    yield item.context_expr.lineno, ".".join(path)
        name = (child.name,) if isinstance(child, ast.FunctionDef | ast.ClassDef) else ()
        yield from _inside(child, (*path, *name), own)


def _is_write(call: ast.expr, own: bool) -> bool:
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "write"):
        return False
    owner = call.func.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name in OWNERS and (name != "self" or own)
