"""docs/getting-started.md can be typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from admin.cli import doors
from admin.cli.main import app
from tests.admin.conftest import Concord

PAGE = Path(__file__).resolve().parents[2] / "docs" / "getting-started.md"
LINES = re.findall(r"^\$ (concord .*?)(?:\s+#.*)?$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("line", LINES)
def test_every_line_to_type_is_a_command_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = get_command(app)
    with command.make_context("concord", words, resilient_parsing=False) as context:
        rest = [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else context.args
    while inner := getattr(command, "commands", {}):
        command = inner[rest.pop(0)]
    command.make_context(words[0], list(rest)).close()


def test_the_configuration_on_the_page_is_valid(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "concord.yaml").write_text(text)
    settings = doors.check_config(tmp_path / "concord.yaml", with_secrets=False)
    assert list(settings.connections) == ["exports", "crm"]


def test_the_starter_passes_its_own_check(concord: Concord) -> None:
    concord("init")
    assert concord("config", "check").exit_code == 0
