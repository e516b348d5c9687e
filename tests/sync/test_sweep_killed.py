"""A sweep that is killed at any of its commits deletes nothing that is there, and the next one finds what is gone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.memory.sandbox import World, forget_world, open_world
from state import sweeps
from state.database import Connection, Database
from state.tables import connection
from sync.hub import Hub
from tests.sync.stage import ROOT
from tests.sync.sweep_process import STEP

MEETINGS = 3 * STEP
GONE = {"2", "3", "9"}
BATCHES = (MEETINGS - len(GONE)) // STEP


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Iterator[Path]:
    """A shop with meetings in a file, all of them read; then some of them vanish."""
    settings = {
        "hub": {"name": "Acme", "database": database_url},
        "connections": {
            "shop": {
                "connector": "memory",
                "config": {"world": "swept", "path": str(tmp_path / "world.json")},
                "streams": {"meetings": {}},
            }
        },
    }
    path = tmp_path / "concord.yaml"
    path.write_text(json.dumps(settings))
    world = open_world("swept", tmp_path / "world.json")
    fill(world)
    with Hub.open(path) as hub:
        assert hub.sync().ok
    for id_ in GONE:
        world.delete("meetings", id_)
    yield path
    forget_world("swept")


def fill(world: World) -> None:
    """Puts the meetings, by the ids from 1 on."""
    for number in range(MEETINGS):
        at = f"2026-05-{number + 1:02}T10:00:00Z"
        world.put("meetings", {"uid": f"u{number}", "title": "Talk", "starts_at": at, "attendees": []})


def live(db: Database) -> int:
    """How many meetings the hub holds."""
    with db.read() as c:
        return sum(each.live for each in sweeps.known_slices(c, only_connection(c), "meetings"))


def only_connection(c: Connection) -> str:
    """The id of the only connection."""
    return str(c.execute(select(connection.c.id)).scalar_one())


@contextmanager
def sweeping(config: Path) -> Iterator[Callable[[int], tuple[int, int]]]:
    """Sweeps that are killed after so many commits: the exit code, and how many batches of ids were met."""
    command = [sys.executable, "-m", "tests.sync.sweep_process", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def sweep(commits: int) -> tuple[int, int]:
            told.write(f"{commits}\n")
            told.flush()
            code, met = heard.readline().split()
            return int(code), int(met)

        yield sweep
        told.close()


@pytest.mark.fault("killed process", "A sweep that is killed deletes nothing that is there.")
def test_killed_at_any_commit_it_deletes_nothing_that_is_there(config: Path, database_url: str) -> None:
    db = Database(database_url)
    left, kills, code = MEETINGS, 0, -signal.SIGKILL
    with sweeping(config) as sweep:
        while code == -signal.SIGKILL:
            before = left
            kills += 1
            code, met = sweep(kills)
            left = live(db)
            assert left >= MEETINGS - len(GONE)
            assert left == before or met == BATCHES, "a listing that was cut off deletes nothing"
    db.close()
    assert (code, left) == (0, MEETINGS - len(GONE))
    assert kills > BATCHES + len(GONE)
    with Hub.open(config) as hub:
        (report,) = hub.sweep(["shop"]).streams
        assert (report.status, report.known, report.met, report.gone) == ("ok", left, left, 0)
        assert hub.status().ok
