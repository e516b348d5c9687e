"""The admin's page and the README say what the code does."""

from __future__ import annotations

import re

from connectors.woocommerce.connector import VENDOR
from tests.checkout import ROOT

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
SETTINGS = PAGE.split("## Settings")[1].split("\n## ")[0]
FIELDS = VENDOR.config.model_fields


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", SETTINGS, re.M))
    assert rows == {name: field.description for name, field in FIELDS.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = {
        name: re.findall(r"`([^`]+)`", cell) for name, cell in re.findall(r"^\| `(\w+)` \| (`.+?) \|", SETTINGS, re.M)
    }
    defaults = {name: FIELDS[name].default for name in shown}
    assert shown == {name: [str(one) for one in (d if isinstance(d, tuple) else (d,))] for name, d in defaults.items()}


def test_every_file_the_readme_speaks_of_is_there_and_none_is_left_out() -> None:
    folder = ROOT / "connectors" / "woocommerce"
    spoken_of = set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")))
    places = [folder, folder.parent / "core", ROOT / "tests" / "connectors" / "woocommerce"]
    assert {name for name in spoken_of if not any((place / name).is_file() for place in places)} == set()
    assert {path.name for path in folder.glob("*.py")} - {"__init__.py"} <= spoken_of
