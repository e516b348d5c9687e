"""The doors to the rooms below, imported when they are opened.

Loading the engine takes longer than printing a help page, so nothing of it is loaded before it is needed. Commands ask
for these by module (``doors.open_hub``), which is also where a test puts a hub of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.reports import Observer

if TYPE_CHECKING:
    from config.editor import Editor
    from config.settings import HubSettings, Settings
    from connectors.core.protocols import Vendor
    from connectors.core.sandbox import SandboxServer
    from connectors.core.skeleton import Skeleton
    from state.vault import Vault
    from sync.hub import Hub
    from sync.safekeeping import BackupReport, MigrateReport, RestoreReport


def open_hub(path: Path, observer: Observer) -> Hub:
    """The hub behind a configuration. Raises ConfigError and DatabaseVersionError."""
    from sync.hub import Hub

    return Hub.open(path, observer=observer)


def serve(path: Path, most: int, logs: Sequence[str] = (), metrics: tuple[str, int] | None = None) -> None:
    """Keeps the schedules of a configuration until it is stopped; ``logs`` are the options by which its jobs log,
    ``metrics`` the address and port at which they can be scraped.

    Raises ConfigError and DatabaseVersionError.
    """
    from sync.serve import Server

    # -P: a folder in which somebody happens to work shall not lend its modules to the child.
    server = Server(path, most=most, command=(sys.executable, "-P", "-m", "admin.job", *logs))
    if metrics is None:
        server.run()
        return
    from sync.metrics import exposed

    with closing(server), exposed(server.db, *metrics):
        server.run()


def known_exports() -> Sequence[str]:
    """The export files that are known without configuration, in words: ``google contacts``."""
    from connectors.files.layouts import LAYOUTS

    return [layout.stream.replace("_", " ") for layout in LAYOUTS]


def backup(path: Path, file: Path, *, with_key: bool, observer: Observer) -> BackupReport:
    """Saves the database of a configuration. Raises ConfigError, and TransientError where the disk is full."""
    from sync.safekeeping import backup

    return backup(path, file, with_key=with_key, observer=observer)


def restore(path: Path, file: Path, *, force: bool, observer: Observer) -> RestoreReport:
    """Puts a backup in the place of the database. Raises ConfigError and DatabaseVersionError, having done nothing."""
    from sync.safekeeping import restore

    return restore(path, file, force=force, observer=observer)


def migrate(path: Path, *, with_backup: bool, observer: Observer) -> MigrateReport:
    """Brings the database to this program's version. Raises ConfigError and DatabaseVersionError."""
    from sync.safekeeping import migrate

    return migrate(path, with_backup=with_backup, observer=observer)


def check_config(path: Path, *, with_secrets: bool) -> Settings:
    """The settings, if they are right. Raises ConfigError with every problem."""
    from sync.opening import check_config

    return check_config(path, with_secrets=with_secrets)


def open_vault(path: Path) -> Vault:
    """The vault of a configuration, whose connections need not be right yet; the folder of its key is made."""
    from sync.opening import open_vault

    return open_vault(path)


def hub_settings(path: Path) -> HubSettings:
    """The ``hub`` part of the configuration alone. Raises ConfigError."""
    from config.loader import load_hub

    return load_hub(path)


def edit_config(path: Path) -> Editor:
    """An edit of the configuration that keeps its comments; nothing is written before it is saved."""
    from config.editor import Editor

    return Editor(path, {name: vendor.config for name, vendor in vendors().items()})


def vendors() -> Mapping[str, Vendor]:
    """Every vendor by name."""
    from connectors.core.registry import catalogue

    return catalogue()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``concord.yaml`` with the settings of every vendor."""
    from config.schema import json_schema

    return json_schema({name: vendor.config for name, vendor in vendors().items()})


def starter() -> str:
    """The text of the configuration that ``concord init`` writes."""
    from config.starter import text

    return text()


def skeleton(name: str) -> Skeleton:
    """What a new connector of that name begins with. Raises ConfigError where it is no name for one."""
    from connectors.core.skeleton import skeleton

    return skeleton(name)


def stand_ins() -> Sequence[str]:
    """The vendors whose stand-in can be run."""
    from connectors.core.registry import stand_ins

    return stand_ins()


def stand_in(vendor: str, port: int = 0, **contents: Any) -> AbstractContextManager[SandboxServer]:
    """A vendor's stand-in with these contents, running while the block does. Raises OSError where the port is taken."""
    from connectors.core.registry import stand_in

    return stand_in(vendor, port, **contents)


def put_calendar(url: str, user: str, password: str, path: str, calendar: str) -> None:
    """Puts a calendar on a server, whole: a PUT on the address of a collection makes it, as Radicale's own upload does.

    Raises the errors of a connector.
    """
    from connectors.caldav.connector import CALDAV
    from connectors.core.auth import Basic
    from connectors.core.dav import Dav
    from connectors.core.protocols import Runtime

    Dav(Runtime(), url, CALDAV, Basic(user, password)).put(path, "", calendar)
