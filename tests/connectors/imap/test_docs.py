"""The admin's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.core import mail
from connectors.imap.connector import VENDOR
from connectors.imap.login import ImapConfig
from connectors.imap.session import BY_CODE

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
README = (ROOT / "connectors" / "imap" / "README.md").read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_meaning_and_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.split("## Settings")[1].split("##")[0], re.M)
    fields = ImapConfig.model_fields
    assert {name: meaning for name, _, meaning in rows} == {name: each.description for name, each in fields.items()}
    told = {name: default.strip("`") for name, default, _ in rows if default.startswith("`")}
    assert told == {name: str(each.default) for name, each in fields.items() if type(each.default) in (int, bool)}


def test_the_page_lists_the_stream_with_its_rule() -> None:
    assert f"| `messages` | `{mail.EMAIL.name}` |" in PAGE


def test_the_readme_tells_what_each_code_means() -> None:
    table = README.split("## What a refusal means")[1].split("##")[0]
    told = {
        code: error
        for codes, error in re.findall(r"^\| ([^|]+) \| `(\w+)` \|$", table, re.M)
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert told == {code: error.__name__ for code, error in BY_CODE.items()}


def test_every_file_the_readme_speaks_of_is_there() -> None:
    folder = ROOT / "connectors" / "imap"
    for name in re.findall(r"`(\w+\.py)`", README):
        places = (folder, Path(__file__).parent, ROOT / "connectors" / "core")
        assert any((place / name).is_file() for place in places), name
