"""A real Tryton: an ERP with a company, a chart of accounts and a product, for the demo and the tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from admin.demo.servers.environment import LOCKS, alone, cache, environment
from admin.demo.servers.process import Process, free_port
from mapping.errors import ConcordError

USER, PASSWORD = "admin", "admin-pw-31415"
CLERK, CLERK_PASSWORD = "clerk", "clerk-pw-27182"
"""A user without groups, who may read parties and nothing of sales and accounts."""
DATABASE = "concord"
EVERYTHING = ("party", "party_relationship", "sale", "account_invoice", "account_payment")
COMPANY = Path(__file__).with_name("tryton_company.py")
PATIENCE = 300.0

CONFIGURATION = """\
[web]
listen = 127.0.0.1:{port}
[database]
uri = sqlite://
path = {folder}
"""


@dataclass(frozen=True, slots=True)
class Release:
    """A release by the name of its environment and the lock that pins it, and the modules that are activated."""

    name: str
    lock: Path
    modules: tuple[str, ...] = EVERYTHING


SEVEN = Release("trytond-7.0", LOCKS / "trytond-7.0.lock")


class Tryton:
    """One server with one database, which lies in ``folder`` and outlives it.

    Use it with ``with``, or call ``start`` and ``stop``; ``url`` is there once it has started. The database is copied
    from a template that is made once a year and release, in half a minute.
    """

    user, password = USER, PASSWORD
    clerk, clerk_password = CLERK, CLERK_PASSWORD
    database = DATABASE

    def __init__(
        self, folder: Path, *, release: Release = SEVEN, port: int = 0, say: Callable[[str], None] = print
    ) -> None:
        self.folder = folder
        self.release = release
        self.port = port
        self._say = say
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the server, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def file(self) -> Path:
        """The database, in SQLite."""
        return self.folder / f"{DATABASE}.sqlite"

    @property
    def python(self) -> Path:
        """The Python of the server's environment, which has the official client library ``proteus``."""
        return environment(self.release.name, self.release.lock, self._say) / "python"

    def start(self) -> None:
        """Installs the server and makes the database where that was never done, and starts it. Raises ConcordError when
        one of them fails."""
        programs = self.python.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            shutil.copyfile(template(self.release, self._say), self.file)
        self.port = self.port or free_port()
        settings = self.folder / "trytond.conf"
        settings.write_text(CONFIGURATION.format(port=self.port, folder=self.folder), encoding="utf-8")
        command = [str(programs / "trytond"), "-c", str(settings), "-d", DATABASE]
        self._process = Process("Tryton", command, self.port, self.folder / "trytond.log")

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None


def template(release: Release, say: Callable[[str], None] = print) -> Path:
    """The database that is copied for each server, made once; safe against two processes that make it at once."""
    programs = environment(release.name, release.lock, say)
    made_of = release.lock.read_bytes() + COMPANY.read_bytes() + " ".join(release.modules).encode()
    # The books are opened for the years around this one.
    name = f"{release.name}-{hashlib.sha256(made_of).hexdigest()[:12]}-{datetime.now(UTC).year}"
    place = cache() / f"{name}.sqlite"
    with alone(place):
        if not place.exists():
            say(f"Making a company in {release.name} (once)")
            workshop = cache() / f"{name}.making"
            shutil.rmtree(workshop, ignore_errors=True)
            workshop.mkdir(parents=True)
            _make(programs, release.modules, workshop, place)
            shutil.rmtree(workshop)
    return place


def _make(programs: Path, modules: Sequence[str], workshop: Path, place: Path) -> None:
    settings, password = workshop / "trytond.conf", workshop / "password"
    settings.write_text(CONFIGURATION.format(port=0, folder=workshop), encoding="utf-8")
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    (workshop / f"{DATABASE}.sqlite").touch()
    admin = [str(programs / "trytond-admin"), "-c", str(settings), "-d", DATABASE]
    _run([*admin, "--email", "admin@example.com", "-u", *modules, "--activate-dependencies"], password)
    finished = workshop / "finished"
    _run([str(programs / "python"), str(COMPANY), str(settings), DATABASE, CLERK_PASSWORD, str(finished)], password)
    finished.replace(place)


def _run(command: Sequence[str], password: Path) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    surroundings = {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TRYTONPASSFILE": str(password)}
    try:
        done = subprocess.run(  # noqa: S603 - our own words and paths, no shell
            list(command),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
            env=surroundings,
        )
    except subprocess.TimeoutExpired as error:
        raise ConcordError(f"Tryton's database was not made within {PATIENCE:.0f} seconds") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
        raise ConcordError(f"Tryton's database could not be made: {said}")
