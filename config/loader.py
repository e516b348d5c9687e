"""Reads ``concord.yaml``: every mistake at once, each with its line; references resolved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from config import document as documents
from config.checks import MASK, nearest
from config.connection import NoConfig
from config.document import Document
from config.keys import KeyPath, show
from config.masking import literal_secrets, shown, texts
from config.mistakes import Found, translate
from config.offers import Offers, mistakes
from config.references import Origin, Reference, SecretLookup
from config.settings import HubSettings, Settings, Source
from mapping.errors import ConfigError, Problem

Catalogue = Mapping[str, type[BaseModel]]
"""A connector's name to the model of its ``config``, which refuses unknown keys."""

PLACEHOLDER = "placeholder"

_DATABASE: KeyPath = ("hub", "database")
_ALERTS: KeyPath = ("alerts", "to")


def untold(connector: str) -> None:
    """What a connector offers, where nobody knows."""


def load(
    path: Path,
    catalogue: Catalogue,
    secrets: SecretLookup | None = None,
    *,
    offers: Offers = untold,
    environ: Mapping[str, str] | None = None,
    placeholders: bool = False,
) -> Settings:
    """The settings in the file. Raises one ConfigError that holds every problem found.

    ``secrets`` answers ``!secret name`` with the value or None, ``environ`` (by default the process's own) answers
    ``!env NAME``. With ``placeholders`` a reference without a value is no problem: the file can be checked where
    its secrets are not, and the settings are fit for looking at, not for connecting. ``offers`` tells which streams
    and targets each connector has.
    """
    return loads(
        documents.read(path), path, catalogue, secrets, offers=offers, environ=environ, placeholders=placeholders
    )


def loads(
    text: str,
    path: Path,
    catalogue: Catalogue,
    secrets: SecretLookup | None = None,
    *,
    offers: Offers = untold,
    environ: Mapping[str, str] | None = None,
    placeholders: bool = False,
) -> Settings:
    """The same for a text that stands, or shall stand, in the file at ``path``."""
    document = documents.parse(text, str(path))
    values = _Values(secrets, os.environ if environ is None else environ, placeholders)
    return _Loading(document, path.absolute().parent, catalogue, values, offers).settings()


def read(path: Path) -> str:
    """The text of a configuration, for ``loads``. Raises ConfigError when there is none."""
    return documents.read(path)


def load_hub(path: Path, *, text: str | None = None, environ: Mapping[str, str] | None = None) -> HubSettings:
    """The ``hub`` part alone, so that the database (and the vault in it) opens before the rest can be resolved.

    With ``text`` that is what stands, or shall stand, in the file. Raises ConfigError for problems of that part only.
    """
    document = documents.parse(documents.read(path) if text is None else text, str(path))
    hub = Document(
        document.file,
        {"hub": document.data.get("hub")},
        document.lines,
        tuple(problem for problem in document.problems if problem.key.split(".")[0] in ("", "hub")),
        document.broken,
    )
    values = _Values(None, os.environ if environ is None else environ, False)
    return _Loading(hub, path.absolute().parent, {}, values).settings().hub


@dataclass(frozen=True, slots=True)
class _Values:
    """Where references find their values."""

    secrets: SecretLookup | None
    environ: Mapping[str, str]
    placeholders: bool

    def find(self, reference: Reference) -> str | None:
        if reference.origin is Origin.ENV:
            return self.environ.get(reference.name) or None
        return (self.secrets(reference.name) if self.secrets else None) or None


@dataclass(slots=True)
class _Loading:
    """One reading of a document; problems gather in ``found``."""

    document: Document
    folder: Path
    catalogue: Catalogue
    values: _Values
    offers: Offers = untold
    found: list[Found] = field(default_factory=list)
    unknown: set[KeyPath] = field(default_factory=set)
    references: list[Reference] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    configs: dict[str, Any] = field(default_factory=dict)

    def settings(self) -> Settings:
        self.unknown.update(self.document.broken)
        data = self.resolved(self.document.data, ())
        connections = data.get("connections")
        if isinstance(connections, dict):
            data = {**data, "connections": {name: self.connection(name, entry) for name, entry in connections.items()}}
        settings = None
        try:
            settings = Settings.model_validate(data, context={"folder": self.folder})
        except ValidationError as error:
            self.keep(translate(error, Settings, self.document))
        self.preferred(data)
        problems = (*self.document.problems, *(one.problem for one in self.found))
        if problems or settings is None:
            raise ConfigError(problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))
        self.warn_of_password(settings.hub.database)
        alerts = self.written_alerts()
        settings._source = Source(
            self.document.file, self.document.lines, tuple(self.references), tuple(self.warnings), self.configs, alerts
        )
        return settings

    def resolved(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.resolved(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item, (*path, index)) for index, item in enumerate(value)]
        return self.reference(value, path) if isinstance(value, Reference) else value

    def reference(self, reference: Reference, path: KeyPath) -> str | None:
        in_config = path[0] == "connections" and len(path) > 3 and path[2] == "config"
        if not in_config and path != _DATABASE and path[:2] != _ALERTS:
            self.refuse(path, "no reference may stand here", "one only under config:, in alerts.to and hub.database")
            return None
        if path == _DATABASE and reference.origin is Origin.VAULT:
            self.refuse(path, "the vault lies in the database, so it cannot say where that is", "!env NAME")
            return None
        self.references.append(reference)
        value = self.values.find(reference)
        if value is not None:
            return value
        if self.values.placeholders:
            self.unknown.add(path)
        else:
            self.refuse(path, reference.missing())
        return "sqlite://" if path == _DATABASE else f"{PLACEHOLDER}://-" if path[:2] == _ALERTS else PLACEHOLDER

    def connection(self, name: str, entry: Any) -> Any:
        """The entry with its ``config`` validated by the connector's own model."""
        if not isinstance(entry, dict):
            return entry
        at: KeyPath = ("connections", name)
        self.contradicted(entry, at)
        model = self.model(entry, (*at, "connector"))
        config = {} if entry.get("config") is None else entry["config"]
        return {**entry, "config": self.config(model, config, (*at, "config")) if model else NoConfig()}

    def model(self, entry: Mapping[str, Any], at: KeyPath) -> type[BaseModel] | None:
        name = entry.get("connector")
        if not isinstance(name, str) or name in self.catalogue:
            return self.catalogue.get(name) if isinstance(name, str) else None
        known = ", ".join(self.catalogue) or "none, for no connector is installed"
        self.refuse(at, "no such connector", f"one of {known}", nearest(name, self.catalogue))
        return None

    def contradicted(self, entry: Mapping[str, Any], at: KeyPath) -> None:
        """Tells what the connector does not offer, whatever else is wrong with the entry."""
        connector = entry.get("connector")
        offer = self.offers(connector) if isinstance(connector, str) else None
        for path, message, expected, near in mistakes(str(connector), entry, offer) if offer else ():
            self.found.append(Found((*at, *path), self.problem((*at, *path), message, expected, near)))

    def config(self, model: type[BaseModel], values: Any, at: KeyPath) -> BaseModel:
        written = _at(self.document.data, at) or {}
        try:
            config = model.model_validate(values, context={"folder": self.folder})
        except ValidationError as error:
            found = translate(error, model, self.document, at, hidden=texts(values))
            self.keep(found)
            # Only placeholders were refused: the values are fit for looking at.
            known = values if isinstance(values, dict) else {}
            config = model.model_construct(**known) if not self.concerns(found) else NoConfig()
        literal = frozenset(literal_secrets(model, written))
        for place in sorted(literal, key=str):
            name = f"{at[1]}_{place[-1]}"
            advice = f"!secret {name}, its value kept by: concord secrets set {name}"
            self.warnings.append(self.problem((*at, *place), "a secret is written into the file", advice))
        self.configs[str(at[1])] = shown(written, literal)
        return config

    def preferred(self, data: Mapping[str, Any]) -> None:
        connections = data.get("connections")
        names = list(connections) if isinstance(connections, dict) else []
        golden = data.get("golden")
        for name, rule in golden.items() if isinstance(golden, dict) else ():
            prefer = rule.get("prefer") if isinstance(rule, dict) else None
            for index, wanted in enumerate(prefer if isinstance(prefer, list) else ()):
                if isinstance(wanted, str) and wanted not in names:
                    expected = f"one of {', '.join(names)}" if names else "a name under connections"
                    self.refuse(
                        ("golden", name, "prefer", index), "no such connection", expected, nearest(wanted, names)
                    )

    def warn_of_password(self, url: str) -> None:
        written = _at(self.document.data, _DATABASE)
        if isinstance(written, str) and urlsplit(url).password:
            self.warnings.append(self.problem(_DATABASE, "a password is written into the file", "!env NAME"))

    def written_alerts(self) -> tuple[str, ...]:
        """What stands under ``alerts.to``, literal addresses masked, and warned of: most hold a password or token."""
        shown = []
        for number, one in enumerate(_at(self.document.data, _ALERTS) or ()):
            if not isinstance(one, Reference):
                advice = "!secret NAME, its value kept by: concord secrets set NAME"
                self.warnings.append(self.problem((*_ALERTS, number), "a secret is written into the file", advice))
            shown.append(str(one) if isinstance(one, Reference) else MASK)
        return tuple(shown)

    def refuse(self, path: KeyPath, message: str, expected: str = "", near: str = "") -> None:
        self.found.append(Found(path, self.problem(path, message, expected, near)))
        self.unknown.add(path)

    def problem(self, path: KeyPath, message: str, expected: str = "", near: str = "") -> Problem:
        line = Source(lines=self.document.lines).line(path)
        return Problem(self.document.file, line, show(path), message, expected, near)

    def keep(self, found: list[Found]) -> None:
        told = {one.path for one in self.found}
        self.found += [one for one in self.concerns(found) if one.path not in told or one.of_key]

    def concerns(self, found: list[Found]) -> list[Found]:
        """Those problems that are not only the echo of a value that is unknown, or already told to be wrong."""
        return [one for one in found if one.of_key or not any(_related(one.path, other) for other in self.unknown)]


def _related(one: KeyPath, other: KeyPath) -> bool:
    """Whether one place is, holds, or lies in the other."""
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
