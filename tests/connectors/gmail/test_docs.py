"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.gmail.connector import VENDOR
from tests.checkout import ROOT

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
FIELDS = VENDOR.config.model_fields


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in FIELDS.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE, re.M))
    known = {name: field.default for name, field in FIELDS.items() if isinstance(field.default, int)}
    assert shown == {name: str(default).lower() for name, default in known.items()} | {
        name: rule for name, rule in shown.items() if name in ("messages", "events")
    }


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "gmail"
    places = (folder, folder.parent / "core", Path(__file__).parent)
    for name in re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")):
        assert any((place / name).is_file() for place in places), name
