"""The common form of every part of ``concord.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Block(BaseModel):
    """A part of the file: frozen, refuses unknown keys, and takes a key without a value for one left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, data: Any) -> Any:
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        schema["type"] = ["object", "null"]
        for name, inner in schema.get("properties", {}).items():
            if inner.get("type") in ("object", "array") and name not in schema.get("required", ()):
                inner["type"] = [inner["type"], "null"]
        return schema


def folder(info: ValidationInfo) -> Path | None:
    """The folder of the file that is being validated, where it is known."""
    return (info.context or {}).get("folder")
