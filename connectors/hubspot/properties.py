"""HubSpot's properties: as a schema, and how a value has to be written so that each type takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mapping.contract import Schema, SchemaField

LONGEST_VALUE = 65_536
"""Characters of one value (properties and activity guides, read 2026-11-23)."""
TYPES = {
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "enum",
    "number": "number",
    "phone_number": "phone",
}


@dataclass(frozen=True, slots=True)
class Property:
    """A field of the schema, and by which texts each of its options may be meant."""

    field: SchemaField
    options: Mapping[str, str]

    def written(self, value: Any) -> str:
        """The text that HubSpot takes for a value; '' for None. Raises ValueError with a reason that quotes nothing."""
        if not self.field.writable:
            raise ValueError("it cannot be written")
        if value is None:
            return ""
        if self.field.type == "enum":
            some = value if isinstance(value, list | tuple) else [value]
            return ";".join(filter(None, (self._option(_text(each)) for each in some)))
        text = _plain(self.field.type, value)
        if len(text) > LONGEST_VALUE:
            raise ValueError(f"it has {len(text)} characters, HubSpot takes {LONGEST_VALUE}")
        return text

    def _option(self, text: str) -> str:
        if not text or not self.options:
            return text
        found = self.options.get(text) or self.options.get(text.casefold())
        if found is None:
            raise ValueError("it is none of the options")
        return found


def properties(kind: str, listed: Sequence[Mapping[str, Any]]) -> dict[str, Property]:
    """An object's properties by name, from the answer of the properties API."""
    return {
        str(each["name"]): _property(kind, each) for each in listed if each.get("name") and not each.get("archived")
    }


def schema(known: Mapping[str, Property]) -> Schema:
    """The fields alone."""
    return Schema({name: each.field for name, each in known.items()})


def _property(kind: str, listed: Mapping[str, Any]) -> Property:
    name, options = str(listed["name"]), [each for each in listed.get("options") or () if each.get("value") is not None]
    limits = listed.get("modificationMetadata") or {}
    emails = listed.get("textDisplayHint") == "email" or (kind == "contacts" and name == "email")
    type_ = "email" if emails else TYPES.get(str(listed.get("type")), "string")
    if name in ("phone", "mobilephone"):
        type_ = "phone"
    found = SchemaField(
        name=name,
        type=type_,
        label=str(listed.get("label") or ""),
        options=tuple(f"{each['value']}={each.get('label') or each['value']}" for each in options),
        unique=bool(listed.get("hasUniqueValue")) or (kind == "contacts" and name == "email"),
        writable=not limits.get("readOnlyValue") and not listed.get("calculated"),
        computed=bool(listed.get("calculated")),
        comparator="multi" if listed.get("fieldType") == "checkbox" else "",
        length=LONGEST_VALUE if type_ in ("string", "email", "phone") else None,
    )
    # The API takes an option's value only; people and rules also know it by its label, in any case.
    meant = {str(each.get("label") or "").casefold(): str(each["value"]) for each in options}
    meant |= {str(each["value"]).casefold(): str(each["value"]) for each in options}
    return Property(found, meant | {str(each["value"]): str(each["value"]) for each in options})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ";".join(_text(each) for each in value)
    return str(value)


def _plain(type_: str, value: Any) -> str:
    if value == "":
        return ""
    try:
        if type_ == "number":
            return format(Decimal(_text(value)), "f")
        if type_ in ("date", "datetime"):
            return _moment(type_, value)
    except (InvalidOperation, ValueError):
        raise ValueError(f"it is no {type_}") from None
    text = _text(value)
    if type_ == "boolean" and text.lower() not in ("true", "false"):
        raise ValueError("it is neither true nor false")
    return text.lower() if type_ == "boolean" else text


def _moment(type_: str, value: Any) -> str:
    """ISO 8601: a day as it is, an instant in UTC with milliseconds (the vendor also takes epoch milliseconds)."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if type_ == "date":
            return instant.date().isoformat()
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat() if type_ == "date" else f"{value.isoformat()}T00:00:00.000Z"
    raise ValueError
