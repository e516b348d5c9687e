"""The JSON Schema of ``concord.yaml``: editors complete from it, and the web form is drawn from it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from config.checks import GOLDEN_FIELDS, TIMELINE_KINDS
from config.loader import Catalogue
from config.references import NAME
from config.settings import Settings

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {
    "type": "string",
    "pattern": f"^{NAME.pattern}$",
    "description": "A reference: !secret name or !env NAME.",
}
_MAPS = ("properties", "$defs", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES = ("items", "additionalProperties")
_CONSTRAINTS = frozenset({"enum", "const", "pattern", "format", "minLength", "maxLength"})
_NOT_A_CONSTRAINT = "password"


def json_schema(catalogue: Catalogue) -> Schema:
    """The schema, draft 2020-12, with each connector's ``config`` chosen by ``connector``.

    A reference reaches a schema as its bare name, since tags are no part of JSON: every single value under ``config``
    may therefore be such a name. The loader is stricter, for it sees the tag.
    """
    schema = Settings.model_json_schema()
    definitions = schema["$defs"]
    connection = definitions["ConnectionSettings"]
    connection["properties"]["connector"]["enum"] = list(catalogue)
    connection["properties"]["config"] = {
        "type": ["object", "null"],
        "description": connection["properties"]["config"].get("description", ""),
    }
    connection["allOf"] = [_choice(name, model) for name, model in catalogue.items()]
    for name, model in catalogue.items():
        definitions.update(_config(name, model))
    definitions.pop("BaseModel", None)  # the common ancestor of all the connectors' models says nothing
    golden = definitions["GoldenSettings"]
    golden["properties"] = {name: {"$ref": "#/$defs/Survivorship"} for name in ("default", *GOLDEN_FIELDS)}
    golden["patternProperties"] = {r"^custom\.": {"$ref": "#/$defs/Survivorship"}}
    golden["additionalProperties"] = False
    golden["type"] = ["object", "null"]
    definitions["TargetSettings"]["properties"]["kinds"]["items"]["enum"] = list(TIMELINE_KINDS)
    return {"$schema": _DIALECT, **schema, "title": "concord.yaml", "type": "object"}


def _choice(name: str, model: type[BaseModel]) -> Schema:
    needed = any(info.is_required() for info in model.model_fields.values())
    return {
        "if": {"properties": {"connector": {"const": name}}, "required": ["connector"]},
        "then": {
            "properties": {"config": {"$ref": f"#/$defs/connector.{name}"}},
            **({"required": ["config"]} if needed else {}),
        },
    }


def _config(name: str, model: type[BaseModel]) -> dict[str, Schema]:
    """The definitions of one connector's model, under names of its own."""
    schema = model.model_json_schema(ref_template=f"#/$defs/connector.{name}.{{model}}")
    inner = schema.pop("$defs", {})
    whole = f"connector.{name}"
    found = {whole: schema, **{f"{whole}.{key}": value for key, value in inner.items()}}
    return {key: _with_references(value) for key, value in found.items()}


def _with_references(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    changed = dict(schema)
    for key in _MAPS:
        if key in schema:
            changed[key] = {name: _with_references(inner) for name, inner in schema[key].items()}
    for key in _LISTS:
        if key in schema:
            changed[key] = [_with_references(inner) for inner in schema[key]]
    for key in _SINGLES:
        if key in schema:
            changed[key] = _with_references(schema[key])
    return _or_reference(changed) if _refuses_a_name(schema) else changed


def _refuses_a_name(schema: Schema) -> bool:
    if schema.get("type") in ("integer", "number", "boolean"):
        return True
    constraints = _CONSTRAINTS & schema.keys()
    return bool(constraints - ({"format"} if schema.get("format") == _NOT_A_CONSTRAINT else set()))


def _or_reference(schema: Schema) -> Schema:
    told: Schema = {key: schema[key] for key in ("title", "description", "default") if key in schema}
    return {**told, "anyOf": [{key: value for key, value in schema.items() if key not in told}, _REFERENCE]}
