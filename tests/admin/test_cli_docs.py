"""docs/cli.md says what the program can do: nothing less, nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from admin.cli.main import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*(?![\w-])")
EVERYWHERE = {"--help", "-h"}


def commands(command: Any, path: str = "concord") -> Iterator[tuple[str, Any]]:
    """Every command that does something by itself, by its full name."""
    inner = getattr(command, "commands", {})
    if path != "concord" and (not inner or command.invoke_without_command):
        yield path, command
    for name, each in inner.items():
        yield from commands(each, f"{path} {name}")


def options(command: Any) -> set[str]:
    """The options of a command as typed."""
    found = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {name for name in found if name.startswith("-")} - EVERYWHERE


def sections() -> dict[str, str]:
    """The text under each command's heading."""
    parts = re.split(r"^#{2,3} ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = (part.partition("\n") for part in parts)
    return {title.strip("`"): text for title, _, text in named if title.startswith("`concord")}


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    assert set(sections()) == {path for path, _ in commands(get_command(app))}


def test_every_option_is_explained_and_none_that_does_not_exist() -> None:
    written = sections()
    everywhere = options(get_command(app)) | EVERYWHERE
    for path, command in commands(get_command(app)):
        explained = set(OPTION.findall("\n".join(_options_column(written[path]))))
        assert explained == options(command), path
        assert set(OPTION.findall(written[path])) <= options(command) | everywhere, path


def test_the_global_options_are_explained() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[0]
    assert options(get_command(app)) <= set(OPTION.findall(text))


def test_every_argument_is_in_its_section() -> None:
    written = sections()
    for path, command in commands(get_command(app)):
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                assert parameter.metavar.strip("[]") in written[path], path


def test_every_exit_code_is_explained() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    assert all(f"| {code} |" in table for code in (0, 1, 2, 130))


def test_every_command_explains_itself() -> None:
    assert all(command.help for _, command in commands(get_command(app)))


def _options_column(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield line.split("|")[1]
