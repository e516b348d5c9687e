"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.hubspot.connector import STREAMS, VENDOR, HubSpotConfig
from connectors.hubspot.mapping import TARGETS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in HubSpotConfig.model_fields.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `(\d+)` \|", PAGE, re.M))
    numbers = {
        name: field.default for name, field in HubSpotConfig.model_fields.items() if isinstance(field.default, int)
    }
    assert shown == {name: str(default) for name, default in numbers.items()}


def test_the_page_lists_every_stream_with_its_rule_and_every_target() -> None:
    for name, rules, _, _ in STREAMS:
        assert f"| `{name}` | `{rules.name}` |" in PAGE
    written = PAGE.split("## What is written")[1]
    for target in TARGETS:
        assert f"`{target.object}`" in written
        assert all(f"`{name}`" in written for name in (target.external_id, *target.match_on))


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "hubspot"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(\w+\.py)`", readme):
        assert (folder / name).is_file() or (Path(__file__).parent / name).is_file(), name
