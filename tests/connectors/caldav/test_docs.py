"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.caldav.connector import VENDOR, CalDavConfig
from connectors.caldav.mapping import EVENTS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert rows == {name: field.description for name, field in CalDavConfig.model_fields.items()}


def test_the_page_gives_the_defaults_of_the_code() -> None:
    assert f"| `page_size` | `{CalDavConfig.model_fields['page_size'].default}` |" in PAGE


def test_the_page_lists_the_stream_with_its_rule() -> None:
    assert f"| `events` | `{EVENTS.name}` |" in PAGE


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "caldav"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(\w+\.py)`", readme):
        places = (folder, Path(__file__).parent, ROOT / "connectors" / "core", ROOT / "tests" / "connectors" / "core")
        assert any((place / name).is_file() for place in places), name
