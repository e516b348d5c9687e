"""The tables of docs/configuration.md, made from the models, so that the page says what the code does."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.retention import StreamRetention
from config.settings import (
    AlertSettings,
    BudgetSettings,
    ConnectionSettings,
    FieldPush,
    HubSettings,
    IdentitySettings,
    PrivacySettings,
    RetentionSettings,
    Settings,
    StreamSettings,
    Survivorship,
    TargetSettings,
)

BEGIN = "<!-- reference: begin -->"
END = "<!-- reference: end -->"

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", Settings),
    ("hub", HubSettings),
    ("connections.<name>", ConnectionSettings),
    ("connections.<name>.budget", BudgetSettings),
    ("connections.<name>.streams.<stream>", StreamSettings),
    ("connections.<name>.streams.<stream>.retention", StreamRetention),
    ("connections.<name>.push.<target>", TargetSettings),
    ("connections.<name>.push.<target>.fields.<property>", FieldPush),
    ("identity", IdentitySettings),
    ("golden.<field>", Survivorship),
    ("privacy", PrivacySettings),
    ("alerts", AlertSettings),
    ("retention", RetentionSettings),
)
"""Where each model stands in the file, in the order of the page."""


def tables() -> str:
    """One Markdown table for each part of the file: key, default, meaning."""
    return "\n\n".join(_section(place, model) for place, model in SECTIONS)


def rewrite(page: str) -> str:
    """The page with the tables between its two marks made anew. Raises ValueError when the marks are missing."""
    start, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{start}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _section(place: str, model: type[BaseModel]) -> str:
    rows = "\n".join(
        f"| `{info.alias or name}` | {_default(info)} | {info.description} |"
        for name, info in model.model_fields.items()
    )
    doc = (model.__doc__ or "").strip().replace("``", "`")
    title = f"### `{place}`" if place else "### The whole file"
    return f"{title}\n\n{doc}\n\n| key | default | meaning |\n|---|---|---|\n{rows}"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value: Any = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if value in ("", (), {}):
        return "empty"
    if value is None:
        return "unset"
    if isinstance(value, tuple):
        return ", ".join(f"`{one.value if isinstance(one, Enum) else one}`" for one in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"
