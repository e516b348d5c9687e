"""A backfill that is killed, at its commits and at random moments, ends where an undisturbed one ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from connectors.memory.sandbox import forget_world, open_world
from state.database import Database
from state.tables import entity, membership, partition, raw_record, slice_
from sync.hub import Hub
from tests.sync.backfill_process import BEGINNING, WORKERS, begin
from tests.sync.hubs import person
from tests.sync.stage import ROOT

PEOPLE, SIZE, RECORDS_A_DAY = 60, 3, 1
COMMITS = (1, 3, 6, 10, 15)
MOMENTS = 4


def configured(folder: Path, database: str) -> Path:
    """A shop with people in a file, spread over two months, and a backfill of them in the ledger."""
    settings = {
        "hub": {"name": "Acme", "database": database},
        "connections": {
            "shop": {
                "connector": "memory",
                "config": {"world": "past", "path": str(folder / "world.json"), "page_size": SIZE},
                "streams": {"people": {}},
            }
        },
    }
    place = folder / "concord.yaml"
    place.write_text(json.dumps(settings))
    world = open_world("past", folder / "world.json")
    with world.holdings():
        for number in range(PEOPLE):
            twin = number - 7 if number % 10 == 9 else number
            values = person(f"Pat{twin} Poe", email=f"p{twin}@x.example")
            at = BEGINNING + timedelta(days=number * RECORDS_A_DAY, hours=1)
            world.put("people", values, team=("sales", "support")[number % 2], at=at)
    with Hub.open(place) as hub:
        begin(hub)
    forget_world("past")
    return place


@contextmanager
def worked(config: Path) -> Iterator[Worker]:
    """Somebody who works the backfill off, process after process."""
    command = [sys.executable, "-m", "tests.sync.backfill_process", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:
        yield Worker(config, process)
        assert process.stdin is not None
        process.stdin.close()


class Worker:
    """One process after another, each a life of its own."""

    def __init__(self, config: Path, process: subprocess.Popen[str]) -> None:
        self.config, self.process = config, process
        self.asked: list[int] = []

    def live(self, *, commits: int = 0, seconds: float | None = None) -> int:
        """One life, killed after so many commits or seconds; its exit code. Notes how many pages it asked for."""
        before = self._pages()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{commits}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        watch = None
        if seconds is not None:
            watch = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
            watch.start()
        code = int(self.process.stdout.readline())
        if watch is not None:
            watch.cancel()
        self.asked.append(self._pages() - before)
        return code

    def said(self) -> str:
        """What the lives that failed have left."""
        return "\n".join(place.read_text() for place in self.config.parent.glob("*.said"))

    def _pages(self) -> int:
        place = self.config.parent / "pages"
        return len(place.read_text().splitlines()) if place.exists() else 0


def end(database: str) -> dict[str, Any]:
    """Records, what they say and who is who, in words that do not depend on the way that led there."""
    db = Database(database)
    try:
        with db.read() as c:
            slices = {row.id: row.key for row in c.execute(select(slice_))}
            raws = {row.id: row for row in c.execute(select(raw_record))}
            names = {number: f"{slices[row.slice_id]}/{row.remote_id}" for number, row in raws.items()}
            entities = list(c.execute(select(entity)))
            of = {row.id: names[row.raw_id] for row in entities}
            together: dict[str, set[str]] = {}
            for row in c.execute(select(membership)):
                together.setdefault(row.customer_id, set()).add(of[row.entity_id])
            parts = [(row.state, row.counts) for row in c.execute(select(partition))]
    finally:
        db.close()
    return {
        "records": sorted((names[number], row.state, row.hash, row.changed_at) for number, row in raws.items()),
        "entities": sorted((of[row.id], row.part, row.live, row.since, orjson.dumps(row.values)) for row in entities),
        "customers": sorted(sorted(one) for one in together.values()),
        "left": [state for state, _ in parts if state != "done"],
        "pages stored": sum(counts.get("pages", 0) for _, counts in parts),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[dict[str, Any], int]:
    """Where a backfill ends that nobody disturbs, and how many pages it asks for."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copyfile(sqlite_template, folder / "concord.db")
    database = f"sqlite:///{folder / 'concord.db'}"
    with worked(configured(folder, database)) as worker:
        assert worker.live() == 0, worker.said()
    found = end(database)
    assert len(found["records"]) == PEOPLE
    assert found["left"] == []
    return found, worker.asked[0]


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Path:
    """The same on each of the databases, about to be disturbed."""
    return configured(tmp_path, database_url)


def test_killed_at_its_commits_it_ends_where_an_undisturbed_one_ends(
    undisturbed: tuple[dict[str, Any], int], config: Path, database_url: str
) -> None:
    expected, pages = undisturbed
    with worked(config) as worker:
        kills = [worker.live(commits=number) for number in COMMITS]
        assert kills.count(-signal.SIGKILL) == len(COMMITS)
        with Hub.open(config) as hub:
            (shown,) = hub.backfills.ledger.recent()
            assert shown.state == "interrupted"
            assert any(f"concord backfills resume {shown.id}" in line for line in hub.status().advice)
        assert worker.live() == 0, worker.said()
    check(end(database_url), expected)
    # What a life had asked for and not stored is asked for again by the next: one page a worker.
    assert sum(worker.asked) - pages <= WORKERS * len(COMMITS)


def test_killed_at_random_moments_it_ends_where_an_undisturbed_one_ends(
    undisturbed: tuple[dict[str, Any], int], config: Path, database_url: str
) -> None:
    expected, pages = undisturbed
    dice = Random(20261129)
    kills = 0
    with worked(config) as worker:
        code = None
        while code != 0:
            code = worker.live(seconds=dice.uniform(0.02, 0.15)) if kills < MOMENTS else worker.live()
            assert code in (0, -signal.SIGKILL), worker.said()
            kills += code == -signal.SIGKILL
    check(end(database_url), expected)
    assert sum(worker.asked) - pages <= WORKERS * kills


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Section by section, so that a difference is told where it is."""
    for section in ("records", "entities", "customers", "left"):
        assert found[section] == expected[section], section
