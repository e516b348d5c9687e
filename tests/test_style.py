"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from connectors.core.registry import BUILT_IN
from tests.checkout import ROOT, packages, project, shipped

LONGEST_FILE = 500
LONGEST_CONNECTOR, MEDIAN_CONNECTOR = 400, 250
"""Lines of connector.py and mapping.py together: what several vendors share lives in connectors/core/."""
SHOPS = frozenset({"bigcommerce", "magento", "medusa", "shopify", "stripe", "vendure", "woocommerce"})
UNBUDGETED = frozenset({"caldav", "carddav", "files", "hubspot", "memory", "odoo", "tryton"})
"""Connectors from before the budget was set: most of them write too, or read what no vendor defines."""
VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "constants", "base", "manager", "misc"})

# The outermost edges of a run and of the command, where whatever nobody foresaw is recorded. What catches
# BaseException and raises it again only tidies up, and is no edge.
EDGES = frozenset(
    (
        "admin/cli/edge.py",
        "sync/alert.py",
        "sync/backfill.py",
        "sync/beside.py",
        "sync/job.py",
        "sync/intake.py",
        "sync/outgoing.py",
    )
)


def python_files() -> Iterator[Path]:
    """Every Python file of ours."""
    for folder in (*packages(), "tests", "bench"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def place(file: Path, node: ast.AST | None = None) -> str:
    """Where a finding stands."""
    line = f":{getattr(node, 'lineno', '')}" if node else ""
    return f"{file.relative_to(ROOT).as_posix()}{line}"


def test_no_file_outgrows_a_readers_patience() -> None:
    lengths = {place(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_a_connector_is_small_and_most_are_smaller() -> None:
    files = ("connector.py", "mapping.py")
    lengths = {
        name: sum(len((ROOT / "connectors" / name / file).read_text(encoding="utf-8").splitlines()) for file in files)
        for name in BUILT_IN.keys() - UNBUDGETED
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_CONNECTOR} == {}
    assert median(lengths.values()) <= MEDIAN_CONNECTOR, lengths
    shops = {name: lengths[name] for name in sorted(SHOPS)}
    assert median(shops.values()) <= MEDIAN_CONNECTOR, shops


def test_every_file_is_called_by_what_it_holds() -> None:
    parts = [*python_files(), *{file.parent for file in python_files()}]
    assert [place(file) for file in parts if file.stem in VAGUE] == []


def test_every_error_is_caught_by_its_name() -> None:
    found = []
    for file in shipped():
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ExceptHandler) and _catches_all(node) and place(file) not in EDGES:
                found.append(place(file, node))
    assert found == []


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether it swallows what nobody foresaw: it names no error, or the root of all, and does not raise again."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {ast.unparse(one) if one else "BaseException" for one in caught}
    tidies = "Exception" not in names and isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    return bool(names & {"Exception", "BaseException"}) and not tidies


def test_nobody_prints_but_the_terminal() -> None:
    found = [
        place(file, node)
        for file in shipped()
        if not place(file).startswith("admin/")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_everything_public_says_what_it_promises() -> None:
    bare = []
    for file in shipped():
        tree = ast.parse(file.read_bytes())
        if tree.body and not ast.get_docstring(tree):
            bare.append(place(file))
        if "migrations/versions" not in place(file):  # alembic gives upgrade and downgrade their meaning
            bare.extend(f"{place(file, node)} {node.name}" for node in _public(tree) if not ast.get_docstring(node))
    assert bare == []


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if not any(ast.unparse(one).endswith(("overload", ".setter")) for one in node.decorator_list):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_every_vendor_is_held_apart_from_the_others() -> None:
    contracts = project()["tool"]["importlinter"]["contracts"]
    (apart,) = (one for one in contracts if one["type"] == "independence")
    assert set(apart["modules"]) == {f"connectors.{name}" for name in BUILT_IN}
