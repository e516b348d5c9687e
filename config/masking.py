"""What may be shown of a connector's configuration, and what must not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from config.checks import MASK, without_password
from config.keys import KeyPath
from config.references import Reference
from config.shape import is_secret


def literal_secrets(model: type[BaseModel], written: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The places, seen from ``written``, where a secret stands as a literal instead of a reference."""
    if isinstance(written, dict | list):
        for step, item in written.items() if isinstance(written, dict) else enumerate(written):
            yield from literal_secrets(model, item, (*path, step))
    elif written is not None and not isinstance(written, Reference) and is_secret(model, path):
        yield path


def shown(written: Any, secrets: frozenset[KeyPath], path: KeyPath = ()) -> Any:
    """What was written, with references as text, literal secrets masked, and passwords masked in URLs."""
    if isinstance(written, dict):
        return {key: shown(item, secrets, (*path, key)) for key, item in written.items()}
    if isinstance(written, list):
        return [shown(item, secrets, (*path, index)) for index, item in enumerate(written)]
    if path in secrets:
        return MASK
    if isinstance(written, Reference):
        return str(written)
    return without_password(written) if isinstance(written, str) and "://" in written else written


def texts(values: Any) -> set[str]:
    """Every single value as text: what no message may repeat."""
    if isinstance(values, dict | list):
        return {text for item in (values.values() if isinstance(values, dict) else values) for text in texts(item)}
    return set() if values in (None, "") else {str(values)}
