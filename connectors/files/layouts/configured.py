"""Layouts that the admin describes in the connection's configuration."""

from __future__ import annotations

from typing import Any

from connectors.files.config import LayoutConfig
from connectors.files.layouts.cards import CARDS
from connectors.files.layouts.layout import FileFacts, Layout, Shaped, identity_of, instant
from connectors.files.layouts.mail import MAIL
from connectors.files.layouts.meetings import EVENTS
from mapping.errors import RecordError

_BUILT_IN = {"vcard": CARDS, "ics": EVENTS, "mbox": MAIL}


def configured(name: str, config: LayoutConfig) -> Layout:
    """The layout under ``name``. Cards, calendars and mailboxes keep their own rules unless entities are given."""
    stream = config.stream or name
    rules = tuple(entity.rules() for entity in config.entities)
    base = _BUILT_IN.get(config.format)
    if base is not None:
        return Layout(stream, name, rules or base.rules, base.shape, base.format, version=base.version)

    def shape(value: dict[str, Any], facts: FileFacts) -> Shaped:
        parts = [_at(value, column) for column in config.id_columns]
        if config.id_columns and not any(parts):
            raise RecordError(f"the id column(s) {', '.join(config.id_columns)} are empty")
        changed = instant(_at(value, config.changed_at)) if config.changed_at else None
        return Shaped("/".join(parts) if parts else identity_of(value), value, changed)

    return Layout(stream, name, rules, shape, config.format)


def _at(value: dict[str, Any], path: str) -> str:
    """The text at a column, or at a dotted path into a JSON record; empty where there is none."""
    found: Any = value
    for key in (path,) if path in value else path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return "" if found is None or isinstance(found, dict | list) else str(found).strip()
