"""The docs say what the code does: links, commands, options, variables, connectors, decisions, examples."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt
from markdown_it.token import Token

from admin.cli.main import app
from config.loader import loads
from config.starter import text as starter
from connectors.core.registry import BUILT_IN, catalogue
from tests import faults
from tests.checkout import ROOT, shipped

FOLDERS = ("docs/**/*.md", "connectors/*/README.md")
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *(page for where in FOLDERS for page in sorted(ROOT.glob(where))))
VARIABLE = re.compile(r"\bCONCORD_[A-Z_]*[A-Z]\b")
PLACE = re.compile(r"(?:mapping|connectors|state|config|sync|admin|tests|docs|bench|tools)/(?:[\w./-]*\w\.\w+|[\w/]+/)")
SHELL = frozenset({"console", "bash", "sh", "shell"})


@dataclass(frozen=True)
class Page:
    """One page of the docs, parsed."""

    path: Path

    @property
    def name(self) -> str:
        """Relative to the root, for people."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        """As it is written."""
        return self.path.read_text(encoding="utf-8")

    def tokens(self) -> Iterator[Token]:
        """Every block and every piece inside one."""
        for token in MarkdownIt("commonmark").enable("table").parse(self.text):
            yield token
            yield from token.children or ()

    def blocks(self, *languages: str) -> Iterator[str]:
        """The code blocks in one of these languages."""
        for token in self.tokens():
            if token.type == "fence" and token.info.strip().lower() in languages:
                yield token.content

    def code(self) -> Iterator[str]:
        """The pieces of code within sentences."""
        for token in self.tokens():
            if token.type == "code_inline":
                yield " ".join(token.content.split())

    def anchors(self) -> set[str]:
        """What ``#…`` may point at: headings, lower case, words joined by hyphens."""
        heads = [text.content for mark, text in pairwise(self.tokens()) if mark.type == "heading_open"]
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


pages = pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=lambda page: page.name)


@pages
def test_every_link_within_the_docs_leads_somewhere(page: Page) -> None:
    broken = []
    for token in page.tokens():
        target = str(token.attrGet("href") or token.attrGet("src") or "")
        if not target or re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.path.parent / place) if place else page.path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in Page(file).anchors()):
            broken.append(target)
    assert broken == []


@pages
def test_every_file_that_the_docs_name_is_there(page: Page) -> None:
    assert [name for name in page.code() if PLACE.fullmatch(name) and not (ROOT / name).exists()] == []


@cache
def command() -> Any:
    """The command ``concord`` as the library beneath typer knows it."""
    return typer.main.get_command(app)


def lines(page: Page) -> Iterator[str]:
    """Every line of the page that calls Concord, without prompt and comment."""
    for piece in page.code():
        if piece.startswith("concord "):
            yield piece
    for block in page.blocks(*SHELL):
        for line in block.replace("\\\n", " ").splitlines():
            yield from (part.strip() for part in re.split(r"\||&&", line.removeprefix("$ ")) if "concord " in part)


def mistakes(line: str) -> list[str]:
    """What of a command line the program does not know: commands and options; values are not looked at."""
    words = shlex.split(line.replace("…", "..."), comments=True)
    if not words or words[0] != "concord":
        return []
    at, wrong = command(), []
    known = {option for parameter in at.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    for word in words[1:]:
        if word.startswith("-") and word != "-":
            mine = {option for parameter in at.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word.split("=")[0] not in known | mine:
                wrong.append(f"{line}: no option {word}")
        elif hasattr(at, "commands") and re.fullmatch(r"[a-z][a-z-]*", word):
            if word not in at.commands:
                return [*wrong, f"{line}: no command {word}"]
            at = at.commands[word]
    return wrong


@pages
def test_every_command_of_the_docs_is_one_of_the_program(page: Page) -> None:
    assert [wrong for line in lines(page) for wrong in mistakes(line)] == []


def test_every_command_that_the_starter_file_names_is_one_of_the_program() -> None:
    named = re.findall(r"\bconcord [a-z][a-z-]*(?: [a-z][a-z-]*)?", starter())
    assert named
    assert [wrong for line in named for wrong in mistakes(line)] == []


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert mistakes("concord conjure") == ["concord conjure: no command conjure"]
    assert mistakes("concord plan --twice") == ["concord plan --twice: no option --twice"]
    assert mistakes("concord -c x/concord.yaml customers find hendriks --json") == []


def test_every_variable_of_the_docs_is_read_by_the_code_and_every_one_of_the_code_is_told() -> None:
    told = {name for path in PAGES for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    read = {name for file in shipped() for name in VARIABLE.findall(file.read_text(encoding="utf-8"))}
    assert told == read


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_connector_has_a_page_and_a_readme(name: str) -> None:
    page = ROOT / "docs" / "connectors" / f"{name}.md"
    folder = ROOT.joinpath(*BUILT_IN[name].split(":")[0].split(".")[:-1])
    assert page.is_file(), f"docs/connectors/{name}.md is missing"
    assert (folder / "README.md").is_file(), f"{folder.name} has no README.md"
    assert catalogue()[name].docs == page.relative_to(ROOT).as_posix()
    assert f"(connectors/{name}.md)" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in names if f"({name})" not in index} == set()


def test_every_decision_is_listed_in_order_and_has_its_three_parts() -> None:
    folder = ROOT / "docs" / "adr"
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in files]
    for number, path in enumerate(files, 1):
        heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert path.name.startswith(f"{number:04}-")
        assert heads[0].startswith(f"{number}. ")
        assert heads[1:] == ["Context", "Decision", "Consequence"]


@pages
def test_every_piece_of_python_compiles(page: Page) -> None:
    for block in page.blocks("python", "py"):
        ast.parse(block)


@pages
def test_every_whole_configuration_is_valid(page: Page) -> None:
    for block in page.blocks("yaml"):
        connectors = set(re.findall(r"connector: (\w+)", block))
        if block.startswith("hub:") and connectors <= BUILT_IN.keys():
            models = {name: vendor.config for name, vendor in catalogue().items()}
            loads(block, Path("concord.yaml"), models, environ={}, placeholders=True)


def test_the_page_of_faults_says_what_the_tests_prove() -> None:
    assert faults.PAGE.read_text(encoding="utf-8") == faults.page(faults.proofs()), "run make faults"


def test_a_fault_without_a_test_and_a_test_of_no_known_fault_are_noticed() -> None:
    found = faults.proofs()
    with pytest.raises(ValueError, match="no test is marked with the fault"):
        faults.page([one for one in found if one.fault != "slow drip"])
    with pytest.raises(ValueError, match="knows no fault"):
        faults.page([*found, faults.Proof("locusts", "It prays.", "tests/test_docs.py::test_nothing")])
