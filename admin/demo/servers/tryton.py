"""A real Tryton: an ERP with a company, a chart of accounts and a product, for the demo and the tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from admin.demo.servers.environment import LOCKS, alone, cache, environment
from admin.demo.servers.process import WebServer, completed
from mapping.errors import ConcordError

USER, PASSWORD = "admin", "admin-pw-31415"
CLERK, CLERK_PASSWORD = "clerk", "clerk-pw-27182"
"""A user without groups, who may read parties and nothing of sales and accounts."""
DATABASE = "concord"
EVERYTHING = ("party", "party_relationship", "sale", "account_invoice", "account_payment")
COMPANY = Path(__file__).with_name("tryton_company.py")
ENTERING = Path(__file__).with_name("tryton_books.py")
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


class Tryton(WebServer):
    """One server with one database, copied from a template that is made once a year and release, in half a minute."""

    user, password = USER, PASSWORD
    clerk, clerk_password = CLERK, CLERK_PASSWORD
    database = DATABASE

    def __init__(
        self, folder: Path, *, release: Release = SEVEN, port: int = 0, say: Callable[[str], None] = print
    ) -> None:
        super().__init__(folder, port)
        self.release = release
        self._say = say

    @property
    def file(self) -> Path:
        """The database, in SQLite."""
        return self.folder / f"{DATABASE}.sqlite"

    @property
    def python(self) -> Path:
        """The Python of the server's environment, which has the official client library ``proteus``."""
        return environment(self.release.name, self.release.lock, self._say) / "python"

    def start_from(self, database: Path) -> None:
        """Takes a copy of this database for its own, rather than of the usual template."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(database, self.file)

    def command(self) -> Sequence[str]:
        """trytond over the database."""
        programs = self.python.parent
        if not self.file.exists():
            shutil.copyfile(template(self.release, self._say), self.file)
        settings = self.folder / "trytond.conf"
        settings.write_text(CONFIGURATION.format(port=self.port, folder=self.folder), encoding="utf-8")
        return [str(programs / "trytond"), "-c", str(settings), "-d", DATABASE]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose database it is. The books are opened for the years around ``year``, 0 for this one."""

    name: str = "Acme Ltd"
    currency: str = "GBP"
    year: int = 0


ACME = Owner()


def template(release: Release, say: Callable[[str], None] = print, owner: Owner = ACME) -> Path:
    """The database that is copied for each server, made once; safe against two processes that make it at once."""
    programs = environment(release.name, release.lock, say)
    owner = owner if owner.year else replace(owner, year=datetime.now(UTC).year)
    made_of = release.lock.read_bytes() + COMPANY.read_bytes() + f"{release.modules} {owner}".encode()
    name = f"{release.name}-{hashlib.sha256(made_of).hexdigest()[:12]}-{owner.year}"
    place = cache() / f"{name}.sqlite"
    with alone(place):
        if not place.exists():
            say(f"Making the company {owner.name} in {release.name} (once)")
            with _workshop(name) as workshop:
                _make(programs, release.modules, owner, workshop, place)
    return place


def with_books(release: Release, owner: Owner, books: str, say: Callable[[str], None] = print) -> Path:
    """The database of a company with ``books`` in it, in the JSON that ``tryton_books.py`` enters; made once, safe
    against two processes that make it at once. Raises ConcordError."""
    empty = template(release, say, owner)
    made_of = empty.name.encode() + ENTERING.read_bytes() + books.encode()
    name = f"books-{hashlib.sha256(made_of).hexdigest()[:12]}"
    place = cache() / f"{name}.sqlite"
    with alone(place):
        if not place.exists():
            say(f"Entering the books of {owner.name} into {release.name} (once)")
            with _workshop(name) as workshop:
                shutil.copyfile(empty, workshop / f"{DATABASE}.sqlite")
                settings, entries, finished = (workshop / each for each in ("trytond.conf", "books.json", "finished"))
                settings.write_text(CONFIGURATION.format(port=0, folder=workshop), encoding="utf-8")
                entries.write_text(books, encoding="utf-8")
                python = environment(release.name, release.lock, say) / "python"
                _run([str(python), str(ENTERING), str(settings), DATABASE, str(entries), str(finished)])
                finished.replace(place)
    return place


@contextmanager
def _workshop(name: str) -> Iterator[Path]:
    """An empty folder in which something is made, gone after the block."""
    place = cache() / f"{name}.making"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _make(programs: Path, modules: Sequence[str], owner: Owner, workshop: Path, place: Path) -> None:
    settings, password = workshop / "trytond.conf", workshop / "password"
    settings.write_text(CONFIGURATION.format(port=0, folder=workshop), encoding="utf-8")
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    (workshop / f"{DATABASE}.sqlite").touch()
    admin = [str(programs / "trytond-admin"), "-c", str(settings), "-d", DATABASE]
    _run([*admin, "--email", "admin@example.com", "-u", *modules, "--activate-dependencies"], password)
    finished = workshop / "finished"
    words = [str(settings), DATABASE, CLERK_PASSWORD, str(finished), owner.name, owner.currency, str(owner.year)]
    _run([str(programs / "python"), str(COMPANY), *words], password)
    finished.replace(place)


def _run(command: Sequence[str], password: Path | None = None) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    surroundings = {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **({"TRYTONPASSFILE": str(password)} if password else {})}
    try:
        done = completed(command, PATIENCE, surroundings)
    except subprocess.TimeoutExpired as error:
        raise ConcordError(f"Tryton's database was not made within {PATIENCE:.0f} seconds") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
        raise ConcordError(f"Tryton's database could not be made: {said}")
