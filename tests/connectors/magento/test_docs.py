"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.magento.connector import VENDOR
from tests.checkout import ROOT
from tests.connectors.magento.counter import Counter

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
FIELDS = VENDOR.config.model_fields


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in FIELDS.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert shown == {name: str(field.default) for name, field in FIELDS.items() if not field.is_required()}


def test_the_page_lists_every_rule(counter: Counter) -> None:
    streams = counter.connector().streams()
    shown = re.findall(r"^\| `(\w+)` \| `(\w+)` \| ", PAGE.split("## What is read")[1], re.M)
    assert shown == [(stream.name, rules.name) for stream in streams for rules in stream.rules]


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "magento"
    for name in re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")):
        assert any((place / name).is_file() for place in (folder, Path(__file__).parent)), name
