"""The page in the docs says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connectors.files.config import FilesConfig, LayoutConfig
from mapping.model import Kind
from tests.connectors.files.support import Folder

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "connectors" / "files.md").read_text()


def first_column(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_setting_and_every_stream_is_documented(folder: Folder) -> None:
    assert first_column("Settings") == list(FilesConfig.model_fields)
    assert first_column("Your own layouts") == list(LayoutConfig.model_fields)
    assert sorted(first_column("What is recognised")) == sorted(s.name for s in folder.connector().streams())


def test_the_example_of_an_own_layout_works(folder: Folder) -> None:
    example = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "layouts:" in block)
    config: dict[str, Any] = YAML(typ="safe").load(example)["config"]
    folder.config["layouts"] = config["layouts"]
    folder.put(
        "till-1.csv",
        "Shop,No,Name,E-mail address,Amount,Bought on,Changed\nN,1,Kim,kim@plum.example,12.50,24.12.2025,2026-01-01\n",
    )
    person, order = folder.entities("till")
    assert (person.kind, person.values["email"]) == (Kind.PERSON, "kim@plum.example")
    assert (order.values["key"], order.values["total"]) == ("till:1", "12.5")
    assert order.values["at"] == "2025-12-24T00:00:00Z"
    assert order.values["participants"] == [{"role": "buyer", "email": "kim@plum.example"}]
