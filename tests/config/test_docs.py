"""docs/configuration.md and the starter file say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from config import starter
from config.block import Block
from config.loader import loads
from config.policy import IdentitySettings
from config.reference import SECTIONS, rewrite
from tests.config.vendors import CATALOGUE, ENVIRON, FILE, VAULT, settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


class FilesConfig(BaseModel):
    """What the starter file shows of the files connector."""

    model_config = ConfigDict(extra="forbid")

    path: str


class HubspotConfig(BaseModel):
    """What the starter file shows of the HubSpot connector."""

    model_config = ConfigDict(extra="forbid")

    access_token: SecretStr


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    assert rewrite(PAGE) == PAGE, "make the tables anew with config.reference.rewrite"


def test_every_part_of_the_file_has_a_table() -> None:
    assert set(Block.__subclasses__()) <= {model for _, model in SECTIONS}


def test_the_example_of_the_page_is_valid() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    assert loads(example, FILE, CATALOGUE, VAULT.get, environ=ENVIRON).warnings == ()


def test_the_field_rules_of_the_page_are_valid() -> None:
    rules = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    inner = "".join(f"    {line}\n" for line in rules.splitlines())
    start = "hub: {name: Acme}\nconnections:\n  crm:\n    connector: hubspot\n"
    start += "    config: {access_token: !env HUBSPOT_TOKEN}\n"
    assert settings(start + inner).connections["crm"].push["contacts"].fields["fax"] is None


def test_the_starter_file_is_valid_as_it_stands() -> None:
    found = loads(starter.text(), FILE, CATALOGUE, environ={})
    assert found.connections == {}
    assert found.warnings == ()


def test_the_starter_file_decides_nothing_otherwise_than_the_defaults() -> None:
    """Who begins with it shall have the identity that the documentation and the demo tell of."""
    found, usual = loads(starter.text(), FILE, CATALOGUE, environ={}), loads("hub: {name: My company}", FILE, CATALOGUE)
    for part in ("identity", "privacy", "alerts", "retention", "rates"):
        assert getattr(found, part) == getattr(usual, part)
    assert found.golden.rule("phone") == usual.golden.rule("phone")


def test_the_starter_files_examples_of_limits_are_the_defaults() -> None:
    usual = IdentitySettings()
    shown = dict(re.findall(r"# (merge_above|review_above): ([\d.]+)", starter.text()))
    assert shown == {"merge_above": str(usual.merge_above), "review_above": str(usual.review_above)}


def test_the_starter_file_is_valid_with_its_examples_too() -> None:
    text = re.sub(r"^( *)# (?=( *)[a-z_]+:( |$))", r"\1", starter.text(), flags=re.MULTILINE)
    found = loads(text, FILE, {"files": FilesConfig, "hubspot": HubspotConfig}, environ={}, placeholders=True)
    assert list(found.connections) == ["exports", "crm"]
    assert found.golden.rule("phone").prefer == ("crm", "exports")
    assert found.warnings == ()
