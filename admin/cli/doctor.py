"""What can be wrong with a machine or an installation, and the remedy for each."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from admin.cli import doors
from admin.cli.redaction import redacted
from mapping.counts import many
from mapping.errors import ConcordError, ConfigError, DatabaseVersionError

if TYPE_CHECKING:
    from config.settings import HubSettings

OURS = ("mapping", "connectors", "state", "config", "sync", "admin")
DISTRIBUTION = "concord-hub"
NEEDED = (
    "alembic",
    "apscheduler",
    "charset_normalizer",
    "cryptography",
    "email_validator",
    "httpx",
    "icalendar",
    "jmespath",
    "orjson",
    "phonenumbers",
    "prometheus_client",
    "psycopg",
    "pydantic",
    "rich",
    "ruamel.yaml",
    "sqlalchemy",
    "structlog",
    "tenacity",
    "typer",
)
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)  # RETURNING, by which ids are handed out: https://sqlite.org/lang_returning.html (2026-11-23)
ROOM_BYTES = 1_000_000_000
SKEW_SECONDS = 5.0
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
REINSTALL = "install Concord in an environment of its own, with uv tool install or pipx install"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` says what to do where it is not ``ok``."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def examine(config: Path) -> list[Finding]:
    """Every finding, in the order in which they should be mended."""
    findings = [python(), sqlite(), dependencies(), *names(), clock()]
    hub, finding = configuration(config)
    findings.append(finding)
    if hub is not None:
        found, current = database(hub.database)
        findings += [vault_key(hub.state_dir), found]
        if current:
            findings += [secrets(config), rates(hub.database)]
    findings.append(disk(config.absolute().parent))
    return findings


def python() -> Finding:
    """Whether this Python is new enough."""
    version = sys.version_info[:3]
    wanted = ".".join(map(str, OLDEST_PYTHON))
    found = ".".join(map(str, version))
    return _settled("Python", version >= OLDEST_PYTHON, found, f"install Python {wanted} or newer; {REINSTALL}")


def sqlite() -> Finding:
    """Whether the SQLite within Python is new enough."""
    wanted = ".".join(map(str, OLDEST_SQLITE))
    return _settled(
        "SQLite",
        sqlite3.sqlite_version_info >= OLDEST_SQLITE,
        sqlite3.sqlite_version,
        f"use a Python that carries SQLite {wanted} or newer",
    )


def dependencies(needed: Sequence[str] = NEEDED) -> Finding:
    """Whether every library is there."""
    missing = [name for name in needed if not _importable(name)]
    found = f"missing: {', '.join(missing)}" if missing else f"all {len(needed)} are there"
    return _settled("libraries", not missing, found, REINSTALL)


def _importable(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def names(
    owners: Callable[[], Mapping[str, Sequence[str]]] = packages_distributions, root: Path | None = None
) -> Iterator[Finding]:
    """Whether our package names are ours alone, in what is installed and in what Python would import."""
    root = root or Path(__file__).resolve().parents[2]
    owned = owners()
    foreign = {name: sorted(set(owned.get(name, ())) - {DISTRIBUTION}) for name in OURS}
    taken = [f"{name} (by {', '.join(who)})" for name, who in foreign.items() if who]
    yield _settled("package names", not taken, f"also owned: {'; '.join(taken)}" if taken else "ours alone", REINSTALL)
    strangers = [f"{name} from {place}" for name in OURS if (place := _folder(name)) != root / name]
    yield _settled(
        "imported from",
        not strangers,
        "; ".join(strangers) or str(root),
        f"leave the folder, or unset the PYTHONPATH, that hides ours; else {REINSTALL}",
    )


def _folder(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def clock(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Finding:
    """Whether the clock is plausible and agrees with that of the disk: leases and cursors hang on it."""
    present = now()
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
        file.flush()
        skew = os.stat(file.name).st_mtime - datetime.now(UTC).timestamp()
    remedy = "set the clock, and keep it right with NTP"
    if present < BUILT:
        return Finding("clock", False, f"it says {present:%Y-%m-%d}, before this program was made", remedy)
    return _settled("clock", abs(skew) < SKEW_SECONDS, f"{present:%Y-%m-%d %H:%M:%S} UTC", remedy)


def configuration(path: Path) -> tuple[HubSettings | None, Finding]:
    """The hub's own settings where the whole file is right, and the finding. Secrets are not looked at."""
    try:
        hub = doors.hub_settings(path)
        settings = doors.check_config(path, with_secrets=False)
    except ConfigError as error:
        remedy = "mend what is named" if path.exists() else "write one with: concord init"
        return None, Finding("configuration", False, _listed(error), remedy)
    except ImportError as error:
        return None, Finding("configuration", False, f"cannot be read without {error.name}", REINSTALL)
    return hub, Finding("configuration", True, f"{path}: {many(len(settings.connections), 'connection')}")


def secrets(path: Path) -> Finding:
    """Whether every secret that the configuration refers to is there. The database must be of this version."""
    try:
        doors.check_config(path, with_secrets=True)
    except ConfigError as error:
        return Finding("secrets", False, _listed(error), "keep them with: concord secrets set NAME")
    return Finding("secrets", True, "all are there")


def _listed(error: ConfigError) -> str:
    return "\n".join(str(problem) for problem in error.problems) or str(error)


def vault_key(folder: Path) -> Finding:
    """Whether the key of the vault is readable by its owner alone."""
    if os.environ.get("CONCORD_KEY"):
        return Finding("vault key", True, "from the environment variable CONCORD_KEY")
    place = folder / "vault.key"
    if not place.exists():
        return Finding("vault key", True, "none yet; it is made with the first secret")
    mode = stat.S_IMODE(place.stat().st_mode)
    return _settled("vault key", not mode & 0o077, f"{place} has mode {mode:04o}", f"run: chmod 600 {place}")


def database(url: str) -> tuple[Finding, bool]:
    """Whether the database answers, and whether it is of this program's version; it is looked at, never changed."""
    from state.database import Database
    from state.versions import is_current

    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    if file is not None and not file.exists():
        writable = os.access(file.parent, os.W_OK)
        found = "none yet; the first command makes it" if writable else f"{file.parent} cannot be written"
        remedy = "let this user write there, or name another place in hub.database"
        return _settled("database", writable, found, remedy), False
    try:
        with closing(Database(url, patience=SKEW_SECONDS)) as opened, opened.read() as connection:
            current = is_current(connection, opened.place)
            place = opened.place
    except ConcordError as error:
        newer = isinstance(error, DatabaseVersionError)
        remedy = "install the newer Concord" if newer else "see that it runs and that hub.database is right"
        return Finding("database", False, redacted(str(error)), remedy), False
    found = place if current else f"{place}: older; the next command brings it up to date"
    return Finding("database", True, found), current


def rates(url: str) -> Finding:
    """Whether every amount counts in its customer's traits. The database must be of this version."""
    from state import traits
    from state.database import Database

    try:
        with closing(Database(url, patience=SKEW_SECONDS)) as opened, opened.read() as connection:
            missing = traits.missing(connection)
    except ConcordError as error:
        return Finding("rates", False, redacted(str(error)), "see that the database runs")
    told = "; ".join(f"{what} ({many(count, 'customer')})" for what, count in sorted(missing.items()))
    remedy = "give each currency a rate under rates: for the days of its amounts, and set hub.currency"
    return _settled("rates", not missing, f"left out of traits: {told}" if missing else "no amount is left out", remedy)


def disk(folder: Path) -> Finding:
    """Whether there is room left."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    return _settled("disk", free >= ROOM_BYTES, f"{free / 1e9:,.1f} GB free", "make room: a hub wants 1 GB")


def _settled(what: str, ok: bool, found: str, remedy: str) -> Finding:
    return Finding(what, ok, found, "" if ok else remedy)
