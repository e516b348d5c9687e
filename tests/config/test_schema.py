"""The JSON Schema says the same as the loader, as far as a schema can."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from config import starter
from config.document import parse
from config.references import Reference
from config.schema import json_schema
from tests.config.vendors import CATALOGUE, EXAMPLE, problems, settings, shop

SCHEMA = json_schema(CATALOGUE)
GOOD = "{shop: a.example, access_token: !secret shop_token}"


def mistakes(text: str) -> list[str]:
    """What a validator finds; references are bare names to it, as they are to an editor."""
    found = Draft202012Validator(SCHEMA).iter_errors(_untagged(parse(text, "").data))
    return [".".join(str(step) for step in error.absolute_path) for error in found]


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    return value.name if isinstance(value, Reference) else value


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("merge_above", "merge_abov"),
        EXAMPLE.replace("connector: shopify", "connector: shopyfy"),
        EXAMPLE.replace("approve: true", "approve: maybe"),
        EXAMPLE.replace("mode: upsert", "mode: upsrt"),
        EXAMPLE.replace("kinds: [email", "kinds: [emial"),
        EXAMPLE.replace("golden: {phone", "golden: {fone"),
        EXAMPLE.replace("shop: acme.myshopify.com, ", ""),
        EXAMPLE.replace("{access_token: !env", "{shop: a.example, access_token: !env"),
        shop("{shop: a.example, access_token: x, page_size: 0}"),
        shop("{shop: a.example, access_token: x, retry: {atempts: 1}}"),
        "hub: {name: Acme}\nconnections: {crm: {connector: hubspot}}\n",
        "connections: {}\n",
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(text: str) -> None:
    assert problems(text)
    assert mistakes(text)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        starter.text(),
        shop(GOOD, "    streams:\n      orders:\n    push:\nidentity:\n"),
        shop(GOOD, "    push: {contacts: {fields: {a: email, c: , d: {from: phone, mode: fill_only}}}}\n"),
    ],
)
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    assert not problems(text)
    assert not mistakes(text)


def test_a_reference_may_stand_for_any_single_value_of_a_connector() -> None:
    assert not mistakes(shop("{shop: !env SHOP, access_token: !secret t, page_size: !env SIZE, region: !env REGION}"))


def test_the_schema_is_one_and_describes_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    models = {name: found for name, found in SCHEMA["$defs"].items() if not name.startswith("connector.")}
    models[""] = SCHEMA
    for name, model in models.items():
        if name != "GoldenSettings":
            for key, inner in model.get("properties", {}).items():
                described = models.get(inner.get("$ref", "").removeprefix("#/$defs/"), inner)
                assert inner.get("description") or described.get("description"), f"{name}.{key}"


def test_the_connector_chooses_the_settings() -> None:
    choices = SCHEMA["$defs"]["ConnectionSettings"]["allOf"]
    assert [choice["if"]["properties"]["connector"]["const"] for choice in choices] == list(CATALOGUE)
    assert SCHEMA["$defs"]["connector.shopify"]["properties"]["shop"]["description"] == "The shop's host name."


def test_nothing_of_a_file_is_in_the_schema() -> None:
    settings()
    assert json_schema(CATALOGUE) == SCHEMA
