"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.meta_lead_ads.connector import VENDOR
from tests.checkout import ROOT
from tests.connectors.meta_lead_ads.desk import Desk

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
FIELDS = VENDOR.config.model_fields


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in FIELDS.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE.split("## Settings")[1].split("##")[0], re.M))
    known = {name: field.default for name, field in FIELDS.items() if isinstance(field.default, int)}
    assert shown == {name: str(default) for name, default in known.items()} | {
        "api_version": FIELDS["api_version"].default
    }


def test_the_page_lists_every_rule(desk: Desk) -> None:
    streams = desk.connector(ad_accounts=["1"]).streams()
    shown = re.findall(r"^\| `(\w+)` \| `(\w+)` \| ", PAGE.split("## What is read")[1], re.M)
    assert shown == [(stream.name, rules.name) for stream in streams for rules in stream.rules]


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "meta_lead_ads"
    places = (folder, folder.parent / "core", Path(__file__).parent)
    for name in re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8")):
        assert any((place / name).is_file() for place in places) or name == "api.py", name
