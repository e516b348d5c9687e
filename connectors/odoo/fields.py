"""Which of a model's fields are read, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mapping.contract import Schema, SchemaField

ATTRIBUTES = ("type", "string", "relation", "selection", "required", "readonly", "store", "size")
TYPES = {
    "char": "string",
    "text": "string",
    "html": "string",
    "reference": "string",
    "integer": "integer",
    "many2one_reference": "integer",
    "float": "number",
    "monetary": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "selection": "enum",
    "many2one": "reference",
    "many2many": "reference",
}
"""Odoo's types in ours. Missing are those that are not read: files (``binary``), lists of lines (``one2many``) and
``properties``, ``json`` and ``serialized``, whose form is each database's own."""
HOUSEKEEPING = ("message_", "activity_", "website_message_")
EMAILS = frozenset({"email", "email_normalized", "email_from", "email_cc"})
PHONES = frozenset({"phone", "mobile", "phone_sanitized"})
ALWAYS = ("id", "write_date")

Definitions = Mapping[str, Mapping[str, Any]]


def chosen(definitions: Definitions, computed: Sequence[str], lines: Sequence[str]) -> Definitions:
    """The fields to ask for: all that are stored and of a type that is read, and ``computed`` ones besides.

    A field that is computed at each read may cost the server a query a record. Tokens open a document to whoever knows
    them (portal.mixin, ``access_token``), so none is read, whatever the rules say. ``lines`` are read by themselves.
    """
    return {
        name: said
        for name, said in definitions.items()
        if name not in lines
        and not name.endswith("_token")
        and (name in computed or (said.get("store") and not name.startswith(HOUSEKEEPING)))
        and said.get("type") in TYPES
    }


def schema(definitions: Definitions) -> Schema:
    """The fields as a schema, by name."""
    return Schema({name: _field(name, said) for name, said in definitions.items()})


def _field(name: str, said: Mapping[str, Any]) -> SchemaField:
    type_ = TYPES[str(said["type"])]
    if name in EMAILS or name in PHONES:
        type_ = "email" if name in EMAILS else "phone"
    options = said.get("selection") if type_ == "enum" else None
    return SchemaField(
        name=name,
        type=type_,
        label=str(said.get("string") or ""),
        options=tuple(f"{value}={label}" for value, label in options or () if isinstance(value, str)),
        required=bool(said.get("required")),
        writable=not said.get("readonly"),
        computed=not said.get("store"),
        length=int(said["size"]) if said.get("size") else None,
    )
