"""Which fields of a pulled record are our own words come back: decided once, at pull, per field, and then stored.

A property is an echo when the destination shows the value that it acknowledged to us, compared as the vendor compares
(case, phone formats, rounding). A canonical field is an echo when it could not be read without such properties: the
record is mapped a second time without them, and what is missing or different then came from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.core.protocols import Stream
from mapping.compare import same
from mapping.contract import Schema, SchemaField
from mapping.errors import RecordError
from mapping.mapper import Entity, Mapper
from state.shadows import Shadow


def echoed_properties(properties: Mapping[str, Any], held: Shadow, schema: Schema) -> frozenset[str]:
    """The properties that show what we sent, or what the vendor made of it."""
    found = set()
    for name, ours in held.sent.items():
        if name not in properties:
            continue
        field = schema.fields.get(name) or SchemaField(name)
        theirs = properties[name]
        if same(field, ours, theirs) or (name in held.observed and same(field, held.observed[name], theirs)):
            found.add(name)
    return frozenset(found)


def echoed_fields(
    stream: Stream, mapper: Mapper, body: Mapping[str, Any], entities: tuple[Entity, ...], held: Shadow, schema: Schema
) -> dict[str, frozenset[str]]:
    """Part of the record to the canonical fields of it that are echoes."""
    properties = body.get(stream.properties_at, {}) if stream.properties_at else body
    echoes = echoed_properties(properties, held, schema)
    if not echoes:
        return {}
    rest = {name: value for name, value in properties.items() if name not in echoes}
    stripped = {**body, stream.properties_at: rest} if stream.properties_at else rest
    try:
        without = {entity.part: entity.values for entity in mapper.map(stripped)}
    except RecordError:
        without = {}
    return {
        entity.part: frozenset(
            name for name, value in entity.values.items() if _is_echo(name, value, without.get(entity.part, {}))
        )
        for entity in entities
    }


def _is_echo(name: str, value: Any, without: Mapping[str, Any]) -> bool:
    """Whether a field cannot be read without the echoed properties. Without its primary email a record's next one
    becomes the primary: it has moved out of the list then, but is no word of ours."""
    primary = _PRIMARY.get(name)
    if primary is None:
        return bool(without.get(name) != value)
    return not {without.get(primary), *without.get(name, ())}.issuperset(value)


_PRIMARY = {"emails": "email", "phones": "phone"}
