"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.tryton.connector import VENDOR, TrytonConfig
from connectors.tryton.models import MODELS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in TrytonConfig.model_fields.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `(\d+)` \|", PAGE, re.M))
    numbers = {name: field.default for name, field in TrytonConfig.model_fields.items() if type(field.default) is int}
    assert shown == {name: str(default) for name, default in numbers.items()}


def test_the_page_lists_every_stream_with_its_rules() -> None:
    for model in MODELS:
        for rules in model.rules:
            assert f"| `{model.stream}` | `{rules.name}` |" in PAGE


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "tryton"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(\w+\.py)`", readme):
        assert (folder / name).is_file() or (Path(__file__).parent / name).is_file(), name
