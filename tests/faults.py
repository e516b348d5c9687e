"""What the hub does on bad days, as docs/faults.md shows it: read from the marks of the tests that prove it.

    @pytest.mark.fault("truncated JSON", "The stream stops with an error, and keeps its place.")

``make faults`` writes the page. It is read from the source, without running anything, so that every run can hold the
page to the marks; what a mark says is true while its test passes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.checkout import ROOT

PAGE = ROOT / "docs" / "faults.md"
Test = TypeVar("Test", bound=Callable[..., Any])

FAULTS = {
    "On the line": (
        "connect timeout", "read timeout", "connection refused", "DNS failure", "reset mid-body", "lost answer",
        "slow drip",
    ),
    "What the vendor answers": (
        "429 with Retry-After", "429 without Retry-After", "500", "503", "401", "403", "truncated JSON",
        "wrong content type", "invalid UTF-8", "redirect to a login page", "login page", "huge answer",
    ),
    "What the vendor lists": (
        "empty page", "empty source", "duplicate page", "looping cursor", "expired cursor", "reordered pages",
        "clock skew", "late record", "unreadable record", "cut-off listing",
    ),
    "On our side": (
        "killed process", "lost lease", "stopped by SIGTERM", "stopped by Ctrl-C", "dead server", "missed schedule",
        "busy database", "database gone", "disk full", "alert not delivered",
    ),
}  # fmt: skip
"""Every fault that must have a test, in the order of the page."""

HEAD = """\
# Bad days

What can go wrong between Concord and a vendor, or on the machine it runs on; what Concord does then; and the test that
shows it. `make faults` writes this page from the marks of the tests, and `make check` fails where the two differ.

Three things hold for all of it. A page of records and the place to go on from are stored in one step, so nothing is
torn: the next run goes on from the last page that was stored. Nothing is taken for deleted because it could not be
read. And what did not go well is shown by `concord status`, kept in `concord runs`, and [told](alerts.md).
"""


def fault(name: str, does: str) -> Callable[[Test], Test]:
    """The mark for the kits, which also run where pytest knows no mark of ours. It is only read from the source."""
    return lambda test: test


@dataclass(frozen=True, slots=True)
class Proof:
    """One mark: the fault, what the hub does, and the test, as pytest names it without parameters."""

    fault: str
    does: str
    test: str


def proofs() -> list[Proof]:
    """Every mark of every test, by file and line."""
    found: list[Proof] = []
    for file in sorted((ROOT / "tests").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        words = dict(_constants(tree))
        for path, node in _tests(tree):
            test = f"{file.relative_to(ROOT).as_posix()}::{path}"
            found += [Proof(fault, does, test) for fault, does in _marks(node, words)]
    return found


def _tests(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}::{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef))
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The texts that a module gives a name."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((one.id, node.value.value) for one in node.targets if isinstance(one, ast.Name))


def _marks(test: ast.FunctionDef, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The marks of a test, those of its single parameters too; ``words`` are what names in them stand for."""
    calls = (node for one in test.decorator_list for node in ast.walk(one) if isinstance(node, ast.Call))
    for call in calls:
        if ast.unparse(call.func) in ("pytest.mark.fault", "fault"):
            fault, does = (words[one.id] if isinstance(one, ast.Name) else ast.literal_eval(one) for one in call.args)
            yield fault, does


def page(found: list[Proof]) -> str:
    """The page, a table a part. Raises ValueError for a mark of no known fault, and for a fault without a mark."""
    known = [fault for faults in FAULTS.values() for fault in faults]
    if unknown := {one.fault for one in found} - set(known):
        raise ValueError(f"tests/faults.py knows no fault {sorted(unknown)}")
    if missing := [fault for fault in known if fault not in {one.fault for one in found}]:
        raise ValueError(f"no test is marked with the fault {missing}")
    parts = [HEAD]
    for part, faults in FAULTS.items():
        rows = "".join(_row(fault, found) for fault in faults)
        parts.append(f"\n## {part}\n\n| fault | what Concord does | shown by |\n|---|---|---|\n{rows}")
    return "".join(parts)


def _row(fault: str, found: list[Proof]) -> str:
    """A line for each thing that the hub does, with every test that shows it."""
    does: dict[str, list[str]] = {}
    for one in found:
        if one.fault == fault:
            does.setdefault(one.does, []).append(one.test)
    lines = []
    for number, (what, tests) in enumerate(does.items()):
        shown = ", ".join(_link(test) for test in dict.fromkeys(tests))
        lines.append(f"| {fault if number == 0 else ''} | {what} | {shown} |\n")
    return "".join(lines)


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.rpartition('::')[2].removeprefix('test_').replace('_', ' ')}](../{file})"


def main() -> None:
    """Writes the page."""
    Path(PAGE).write_text(page(proofs()), encoding="utf-8")


if __name__ == "__main__":
    main()
