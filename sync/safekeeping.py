"""Safekeeping: backups of the hub's database, putting one back, and bringing an old database up to date.

None of these opens the hub: a configuration whose connections are wrong, or a database of an older version, keeps
nobody from saving what is there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.settings import HubSettings
from connectors.core.registry import catalogue
from mapping.errors import ConcordError, ConfigError, TransientError
from state import backups, transfer, versions
from state.audit import write_audit
from state.backups import IN_USE
from state.database import Database
from state.keys import Keys
from state.leases import Leases
from state.transfer import Heard
from state.vault import Vault
from state.versions import HEAD, Standing
from sync.opening import hub_of, models
from sync.reports import Observer, Silent

BACKED_UP = "database backed up"
"""The action under which the audit knows of a backup."""
SECRETS = "It holds secrets, which only the vault's key opens: keep {key} too, apart from it."
WITH_KEY = "Whoever has the backup and its key has every token: keep them apart."
NO_KEY = "The vault's key is no file here: keep CONCORD_KEY too, or the secrets in the backup cannot be read."


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was written. ``key`` is the file that the vault's key was copied to, if any."""

    path: str
    bytes: int
    version: str
    seconds: float
    key: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A backup that was put back. ``version`` is the one it had, ``kept`` where the database of before is."""

    path: str
    database: str
    version: str
    kept: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MigrateReport:
    """A database brought up to date. ``before`` is empty where there was none, ``backup`` where none was made."""

    database: str
    before: str
    after: str
    backup: str = ""


def backup(config: Path, path: Path, *, with_key: bool = False, observer: Observer | None = None) -> BackupReport:
    """Writes a backup to a new file, or to one named by the time in a folder. Syncs that are at work go on.

    Raises ConfigError where there is nothing to back up or the file cannot be made, TransientError where the disk is
    full; then there is no file.
    """
    hub = _hub(config)
    began = time.monotonic()
    with closing(_existing(hub)) as db:
        place = path / f"concord-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db" if path.is_dir() else path
        keys = Keys(hub.state_dir, os.environ)
        _write(db, place, observer or Silent())
        copied = ""
        if with_key:
            copied = str(_key_of(place)) if keys.copy(_key_of(place)) else ""
        with db.read() as c:
            version = versions.found_version(c) or ""
        size = place.stat().st_size
        if version == HEAD:
            with db.write() as c:
                write_audit(c, db, "admin", BACKED_UP, {"bytes": size})
        note = _key_note(hub, keys, copied, with_key=with_key)
    return BackupReport(str(place), size, version, time.monotonic() - began, copied, note)


def restore(config: Path, path: Path, *, force: bool = False, observer: Observer | None = None) -> RestoreReport:
    """Puts a backup in the place of the database, all of it or nothing; what was there before is kept aside.

    Raises ConfigError for a file that is no backup, and over a database that holds anything unless ``force``;
    TransientError while anybody is at work on the database; DatabaseVersionError for a backup of a newer program. Then
    nothing was touched.
    """
    hub = _hub(config)
    if not path.is_file():
        raise ConfigError(f"There is no file {path}.")
    db = Database(hub.database)
    with closing(db):
        if db.file is not None and db.file.exists() and path.samefile(db.file):
            raise ConfigError(f"{path} is the database itself, and no backup of it.")
        version = backups.check(path)
        _nobody_works(db)
        if not force and backups.holds_anything(db):
            raise ConfigError(
                f"The database {db.place} is not empty. Look at it with concord db stats, and give --force to put the"
                " backup in its place; what it holds now is kept aside."
            )
        kept = _put(hub, db, path, observer or Silent())
    note = _put_key_back(hub, path)
    return RestoreReport(str(path), db.place, version, kept, note)


def migrate(config: Path, *, with_backup: bool = True, observer: Observer | None = None) -> MigrateReport:
    """Brings the database to this program's version, after a backup of it. Nothing where it is up to date."""
    hub = _hub(config)
    with closing(Database(hub.database)) as db:
        if db.file is not None and not db.file.exists():
            db.migrate()
            return MigrateReport(db.place, "", HEAD)
        with db.read() as c:
            standing = versions.standing(c, db.place)
            before = versions.found_version(c) or ""
        saved = ""
        if standing is Standing.OLD and with_backup:
            folder = hub.state_dir / "backups"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = folder / f"before-{HEAD}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
            _write(db, place, observer or Silent())
            saved = str(place)
        db.migrate()
        return MigrateReport(db.place, before, HEAD, saved)


def _hub(config: Path) -> HubSettings:
    return hub_of(config, models(catalogue()))


def _existing(hub: HubSettings) -> Database:
    db = Database(hub.database)
    if db.file is not None and not db.file.exists():
        raise ConfigError(f"There is no database {db.place} yet.")
    with db.read() as c:
        if versions.standing(c, db.place) is Standing.EMPTY:
            raise ConfigError(f"The database {db.place} holds nothing yet.")
    return db


def _write(db: Database, path: Path, observer: Observer) -> None:
    with _told(observer, "back up") as heard:
        backups.write(db, path, heard)


@contextmanager
def _told(observer: Observer, what: str) -> Iterator[Heard]:
    last = 0

    def heard(done: int, of: int | None) -> None:
        nonlocal last
        if last == 0:
            observer.started(what, of)
        last = done
        observer.advanced(what, done)

    yield heard
    observer.finished(what, f"{last:,} pages or rows")


def _nobody_works(db: Database) -> None:
    """Raises TransientError while a lease is held, or another program of ours is connected to a server's database."""
    if db.file is not None and not db.file.exists():
        return
    held: dict[str, str] = {}
    with suppress(ConfigError):  # no database of ours, or a damaged one: nobody can be at work on it
        held = Leases(db).every_held()
    if held or (db.file is None and transfer.in_use(db)):
        raise TransientError(IN_USE.format(place=db.place))


def _put(hub: HubSettings, db: Database, path: Path, observer: Observer) -> str:
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder = db.file.parent if db.file is not None else hub.state_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with backups.partial_in(folder) as prepared:
        backups.prepare(path, prepared)
        if db.file is not None:
            aside = db.file.with_name(f"{db.file.name}.before-restore-{moment}")
            there = db.file.exists()
            db.close()
            backups.put_file(prepared, db.file, aside)
            return str(aside) if there else ""
        kept = ""
        with db.read() as c:
            standing = versions.standing(c, db.place)
        if standing is not Standing.EMPTY and backups.holds_anything(db):
            kept = str(folder / f"before-restore-{moment}.db")
            _write(db, Path(kept), observer)
        with _told(observer, "restore") as heard:
            transfer.put_rows(prepared, db, heard)
        return kept


def _key_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.key")


def _key_note(hub: HubSettings, keys: Keys, copied: str, *, with_key: bool) -> str:
    if copied:
        return WITH_KEY
    if not keys.in_file:
        return NO_KEY if with_key else SECRETS.format(key="CONCORD_KEY")
    place = hub.state_dir / "vault.key"
    return SECRETS.format(key=place) if place.exists() else ""  # no key, no secret


def _put_key_back(hub: HubSettings, path: Path) -> str:
    """Takes the key beside the backup where the hub has none; returns what a person should know of the secrets."""
    key = _key_of(path)
    keys = Keys(hub.state_dir, os.environ)
    if key.exists():
        hub.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not keys.put_back(key):
            return f"This hub has another key than {key}; put that one in the place of its own to read the secrets."
    return _opens(hub)


def _opens(hub: HubSettings) -> str:
    with closing(Database(hub.database)) as db:
        vault = Vault(db, hub.state_dir)
        for name in vault.names()[:1]:
            try:
                vault.get(name)
            except ConcordError as error:
                return str(error)
    return ""
