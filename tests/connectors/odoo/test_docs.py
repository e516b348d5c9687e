"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.odoo.connector import VENDOR, OdooConfig
from connectors.odoo.refusals import BY_NAME, MODEL_UNKNOWN
from connectors.odoo.sources import sources
from mapping.errors import ContractError

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
README = (ROOT / "connectors" / "odoo" / "README.md").read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_meaning_and_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M)
    fields = OdooConfig.model_fields
    assert {name: meaning for name, _, meaning in rows} == {name: each.description for name, each in fields.items()}
    numbers = {name: default.strip("`") for name, default, _ in rows if default.startswith("`")}
    assert numbers == {name: str(each.default) for name, each in fields.items() if type(each.default) in (int, float)}


def test_the_page_lists_every_stream_with_its_rules() -> None:
    held = [(source.stream, rule.name) for source in sources(supplier_bills=False) for rule in source.rules]
    assert re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE.split("## What is read")[1], re.M) == held


def test_every_file_the_readme_speaks_of_is_there() -> None:
    for name in re.findall(r"`(\w+\.py)`", README):
        assert any((folder / name).is_file() for folder in (ROOT / "connectors/odoo", Path(__file__).parent)), name


def test_the_readme_tells_how_exceptions_are_taken() -> None:
    table = README.split("## What a refusal means")[1].split("##")[0]
    for names, error in re.findall(r"^\| ([^|]+) \| `(\w+)` \|$", table, re.M):
        for name in re.findall(r"`(\w+)`", names):
            assert BY_NAME.get(name, ContractError).__name__ == error or name in MODEL_UNKNOWN, name
