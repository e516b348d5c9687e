"""The whole of ``concord.yaml`` as one value.

The descriptions of the fields, here and in the models this is made of, are the source of the JSON Schema and of the
tables in docs/configuration.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, field_validator

from config import checks
from config.block import Block, folder
from config.connection import (
    TIMELINE,
    BudgetSettings,
    ConnectionSettings,
    FieldMode,
    FieldPush,
    PushMode,
    StreamSettings,
    TargetSettings,
    Use,
)
from config.keys import KeyPath, show
from config.policy import AlertSettings, GoldenSettings, IdentitySettings, PrivacySettings, Survivorship
from config.references import Reference
from config.retention import RetentionSettings
from mapping.errors import Problem

__all__ = [
    "TIMELINE",
    "AlertSettings",
    "BudgetSettings",
    "ConnectionSettings",
    "FieldMode",
    "FieldPush",
    "GoldenSettings",
    "HubSettings",
    "IdentitySettings",
    "PrivacySettings",
    "PushMode",
    "RetentionSettings",
    "Settings",
    "Source",
    "StreamSettings",
    "Survivorship",
    "TargetSettings",
    "Use",
]


Currency = Annotated[str, Field(min_length=1), AfterValidator(checks.currency)]
Rate = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=15), BeforeValidator(checks.exact)]


class HubSettings(Block):
    """The hub itself."""

    name: str = Field(min_length=1, description="The company's name, as people see it on pages and in reports.")
    default_country: Annotated[str, AfterValidator(checks.country)] = Field(
        "", description="Country of phone numbers and addresses that name none, as ISO 3166-1 alpha-2 (`GB`)."
    )
    currency: Annotated[str, AfterValidator(checks.currency)] = Field(
        "",
        description="Currency of amounts that name none, and of customers' traits that are amounts, as ISO 4217 "
        "(`EUR`). Unset: there are no such traits.",
    )
    timezone: Annotated[str, AfterValidator(checks.timezone)] = Field(
        "UTC",
        description="IANA time zone (`Europe/London`) of cron lines, of meetings that name none, and of whole days "
        "where a destination knows only times.",
    )
    meetings_ahead: int = Field(
        90, ge=0, le=1000, description="Days ahead that meetings which repeat are looked at, and at most a week more."
    )
    database: str = Field(
        "sqlite:///concord.db",
        repr=False,
        description="Where the hub keeps its data: `sqlite:///file`, relative to this file's folder, or "
        "`postgresql://…`. May be an `!env` reference.",
    )
    state_dir: Path = Field(
        Path(".concord"), description="Folder of plans and other working files, relative to this file's folder."
    )

    @field_validator("database")
    @classmethod
    def _database(cls, value: str, info: ValidationInfo) -> str:
        return checks.database(value, folder(info))

    @field_validator("state_dir")
    @classmethod
    def _state_dir(cls, value: Path, info: ValidationInfo) -> Path:
        base = folder(info)
        return base / value.expanduser() if base else value


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings were read from: the file, the line of every key, the references, the warnings.

    ``configs`` holds each connection's ``config`` as written, references as text and literal secrets masked, and
    ``alerts`` what stands under ``alerts.to``, the same way.
    """

    file: str = ""
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    warnings: tuple[Problem, ...] = ()
    configs: Mapping[str, Any] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()

    def line(self, path: KeyPath) -> int | None:
        """The line of the key, or of the nearest key around it."""
        return next((self.lines[path[:size]] for size in range(len(path), -1, -1) if path[:size] in self.lines), None)


class Settings(Block):
    """The whole file."""

    hub: HubSettings = Field(description="The hub itself.")
    connections: dict[Annotated[str, AfterValidator(checks.connection_name)], ConnectionSettings] = Field(
        {}, description="The accounts the hub reads and writes, by name."
    )
    identity: IdentitySettings = Field(IdentitySettings(), description="Who is who.")
    golden: GoldenSettings = Field(
        GoldenSettings(), description="Which of several values survives, by canonical field."
    )
    privacy: PrivacySettings = Field(PrivacySettings(), description="What is never stored.")
    alerts: AlertSettings = Field(AlertSettings(), description="Who is told when something goes wrong.")
    retention: RetentionSettings = Field(RetentionSettings(), description="How long things are kept.")
    rates: dict[Currency, dict[date, Rate]] = Field(
        {},
        description="What one unit of a currency is worth in `hub.currency`, from a day on: "
        "`{USD: {2024-01-01: 0.92}}`. Traits that are amounts take the rate of each amount's day.",
    )

    _source: Source = PrivateAttr(default_factory=Source)

    @field_validator("rates")
    @classmethod
    def _rates(cls, value: dict[str, dict[date, Decimal]], info: ValidationInfo) -> dict[str, dict[date, Decimal]]:
        hub = info.data.get("hub")
        if value and hub is not None:
            checks.rates(value, hub.currency)
        return value

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed but unwise, such as a secret written into the file."""
        return self._source.warnings

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference in the file, in its order."""
        return self._source.references

    def destinations(self) -> dict[str, str]:
        """Where alerts go: the name of each destination, which may be shown, and its address, which may not.

        The name is the reference that it is written as, or its place in the file.
        """
        written = {one.path: str(one) for one in self._source.references}
        places: list[KeyPath] = [("alerts", "to", number) for number in range(len(self.alerts.to))]
        addresses = (one.get_secret_value() for one in self.alerts.to)
        return {written.get(place) or show(place): address for place, address in zip(places, addresses, strict=True)}

    def problem(self, path: KeyPath, message: str, *, expected: str = "", nearest: str = "") -> Problem:
        """A problem that is found later than at loading, with the place in the file it belongs to."""
        return Problem(self._source.file, self._source.line(path), show(path), message, expected, nearest)

    def public(self) -> dict[str, Any]:
        """Everything that may be shown, stored or hashed, as JSON with sorted keys: no secret is part of it."""
        written = {name: {"config"} for name in self.connections if name in self._source.configs}
        dump = self.model_dump(mode="json", by_alias=True, exclude={"connections": written})
        dump["hub"]["database"] = checks.without_password(dump["hub"]["database"])
        dump["alerts"]["to"] = list(self._source.alerts)
        for name in written:
            dump["connections"][name]["config"] = self._source.configs[name]
        shown: dict[str, Any] = json.loads(json.dumps(dump, sort_keys=True))
        return shown
