"""Opening: from a configuration to its database, its vault and its settings, each as soon as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from config import loader
from config.settings import HubSettings, Settings
from connectors.core.protocols import Vendor
from connectors.core.registry import catalogue
from mapping.errors import ConfigError
from state.database import Database
from state.vault import Vault
from sync.offered import offered


@dataclass(frozen=True, slots=True)
class _Models(Mapping[str, type[BaseModel]]):
    """The model of each vendor's ``config``; no vendor is loaded before its model is asked for."""

    vendors: Mapping[str, Vendor]

    def __getitem__(self, name: str) -> type[BaseModel]:
        return self.vendors[name].config

    def __contains__(self, name: object) -> bool:
        return name in self.vendors

    def __iter__(self) -> Iterator[str]:
        return iter(self.vendors)

    def __len__(self) -> int:
        return len(self.vendors)


def models(vendors: Mapping[str, Vendor]) -> loader.Catalogue:
    """What the loader checks each connection's ``config`` with."""
    return _Models(vendors)


def open_database(hub: HubSettings) -> Database:
    """The hub's database, brought to this version. Raises DatabaseVersionError for a newer one."""
    db = Database(hub.database)
    db.migrate()
    return db


def open_vault(path: Path) -> Vault:
    """The vault of a configuration whose connections need not be right yet."""
    hub = loader.load_hub(path)
    hub.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Vault(open_database(hub), hub.state_dir)


def check_config(path: Path, *, with_secrets: bool = True) -> Settings:
    """The settings, if they are right. Raises ConfigError with every problem.

    Without ``with_secrets`` references need no values. The database is opened only where a secret is looked for.
    """
    configs = models(catalogue())
    if not with_secrets:
        return loader.load(path, configs, offers=offered(catalogue()), placeholders=True)
    opened: list[Vault] = []

    def secret(name: str) -> str | None:
        if not opened:
            opened.append(open_vault(path))
        return opened[0].get(name)

    hub_of(path, configs)
    try:
        return loader.load(path, configs, secret, offers=offered(catalogue()))
    finally:
        for vault in opened:
            vault.db.close()


def hub_of(path: Path, configs: loader.Catalogue, text: str | None = None) -> HubSettings:
    """The ``hub`` part. Where it is wrong, the ConfigError holds the problems of the rest as well.

    With ``text`` that is the configuration, whatever stands in the file.
    """
    text = loader.read(path) if text is None else text
    try:
        return loader.load_hub(path, text=text)
    except ConfigError:
        loader.loads(text, path, configs, offers=offered(catalogue()), placeholders=True)
        raise
