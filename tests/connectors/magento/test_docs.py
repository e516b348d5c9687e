"""The admin's page says what the code does, beyond what tests/connectors/test_pages.py looks at."""

from __future__ import annotations

import re

from connectors.magento.connector import VENDOR
from tests.checkout import ROOT
from tests.connectors.magento.counter import Counter

PAGE = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
FIELDS = VENDOR.config.model_fields


def test_the_page_gives_the_defaults_of_the_code() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE.split("## Settings")[1].split("##")[0], re.M))
    assert shown == {name: str(field.default) for name, field in FIELDS.items() if not field.is_required()}


def test_the_page_lists_every_rule(counter: Counter) -> None:
    streams = counter.connector().streams()
    shown = re.findall(r"^\| `(\w+)` \| `(\w+)` \| ", PAGE.split("## What is read")[1], re.M)
    assert shown == [(stream.name, rules.name) for stream in streams for rules in stream.rules]
