"""The admins' pages of the connectors and their READMEs say what the code does."""

from __future__ import annotations

import re

import pytest

from connectors.core.registry import BUILT_IN, catalogue
from tests.checkout import ROOT

OWN_FORM = frozenset(
    {"caldav", "carddav", "files", "gmail", "hubspot", "memory", "meta_lead_ads", "microsoft365", "odoo"}
)
"""Connectors whose page or README is of a form of its own, to which tests of their own hold it."""
NAMES = sorted(BUILT_IN.keys() - OWN_FORM)


def settings(name: str) -> str:
    """The part of a connector's page that lists its settings."""
    page = (ROOT / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    return page.split("## Settings")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_every_setting_with_its_meaning(name: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", settings(name), re.M))
    fields = catalogue()[name].config.model_fields
    assert rows == {each: field.description for each, field in fields.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_gives_the_defaults_of_the_code(name: str) -> None:
    cells = re.findall(r"^\| `(\w+)` \| (`.+?) \|", settings(name), re.M)
    fields = catalogue()[name].config.model_fields
    defaults = {each: fields[each].default for each, _ in cells}
    assert {each: re.findall(r"`([^`]+)`", cell) for each, cell in cells} == {
        each: [str(one) for one in (default if isinstance(default, tuple) else (default,))]
        for each, default in defaults.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_file_the_readme_speaks_of_is_there_and_none_is_left_out(name: str) -> None:
    folder = ROOT / "connectors" / name
    spoken_of = set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")))
    places = [folder, folder.parent / "core", ROOT / "tests" / "connectors" / name]
    assert {each for each in spoken_of if not any((place / each).is_file() for place in places)} == set()
    assert {path.name for path in folder.glob("*.py")} - {"__init__.py"} <= spoken_of
