"""The admin's page says what the code does."""

from __future__ import annotations

import re

from connectors.microsoft365.connector import VENDOR, Microsoft365Config
from tests.checkout import ROOT
from tests.connectors.microsoft365.company import RULES

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
SETTINGS = PAGE.split("## Settings")[1].split("##")[0]


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", SETTINGS, re.M))
    assert rows == {name: field.description for name, field in Microsoft365Config.model_fields.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", SETTINGS, re.M))
    defaults = {name: Microsoft365Config.model_fields[name].default for name in shown}
    plain = {name: value[0] if isinstance(value, tuple) else value for name, value in defaults.items()}
    assert shown == {name: str(value).lower() for name, value in plain.items()}


def test_the_page_lists_every_stream_with_its_rule() -> None:
    for name, rules in RULES.items():
        assert f"| `{name}` | `{rules.name}` |" in PAGE


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "microsoft365"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    places = [folder, ROOT / "tests" / "connectors" / "microsoft365", ROOT / "connectors" / "core"]
    for name in re.findall(r"`(\w+\.py)`", readme):
        assert any((place / name).is_file() for place in places), name
    spoken_of = set(re.findall(r"`(\w+\.py)`", readme))
    assert {path.name for path in folder.glob("*.py")} - {"__init__.py"} <= spoken_of
