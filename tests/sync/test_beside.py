"""A long pull is resolved by a second process while pages still come; whatever becomes of it, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from state.database import Database
from state.leases import Leases
from state.owners import DEAD_STATES
from sync import beside, resolve
from sync.reports import Silent, SyncReport
from tests.sync.hubs import PresentClock, Stage, person, values
from tests.sync.meanwhile import Meanwhile
from tests.sync.stage import ROOT

PEOPLE = 60
STEP = 5
PATIENCE = 20.0
BLINK = 0.005
NEVER = threading.Event()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def until(reached: Callable[[], object], what: str) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not happen"
        NEVER.wait(BLINK)


@pytest.fixture
def children(alone: tuple[object, ...], monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The second processes that are started from now on, with every number small enough for one to be."""
    started: list[subprocess.Popen[bytes]] = []

    def popen(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    monkeypatch.setattr(beside, "subprocess", Double(popen))
    monkeypatch.setattr(beside, "several_cores", lambda: True)
    monkeypatch.setattr(beside, "ENOUGH", STEP)
    monkeypatch.setattr(resolve, "BATCH", STEP)
    return started


class Double:
    """The module ``subprocess`` with another way to start a process."""

    def __init__(self, popen: Callable[..., subprocess.Popen[bytes]]) -> None:
        self.Popen = popen
        self.PIPE, self.DEVNULL, self.TimeoutExpired = subprocess.PIPE, subprocess.DEVNULL, subprocess.TimeoutExpired


@pytest.fixture
def busy(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """A shop with many people on short pages."""
    made = Stage(tmp_path, database_url, clock=PresentClock(), compare=True)
    populate(made)
    yield made
    made.close()


def populate(stage: Stage) -> None:
    """Every tenth person is there under two names, on two pages."""
    stage.shop.page_size = STEP
    with stage.shop.holdings():
        for number in range(PEOPLE):
            same = number - STEP if number % (2 * STEP) == STEP else number
            told = person(f"Ann{number} Lee", email=f"ann{same}@home.example")
            stage.shop.put("people", told, id=f"p{number:03d}", at=NOON + timedelta(seconds=number))


def resolved(stage: Stage) -> int:
    """How many records have a customer."""
    return len(stage.rows("membership"))


def during(stage: Stage, action: Callable[[], object]) -> SyncReport:
    """Syncs; in the middle of the pull, once the second process has resolved something, does what it is told."""

    def act() -> None:
        until(lambda: resolved(stage) > 0, "a customer while pages come")
        action()

    stage.watch(Meanwhile("pull shop/people", act, nth=PEOPLE // STEP // 2))
    return stage.sync()


def end(child: subprocess.Popen[bytes]) -> None:
    """Kills it, and waits until it is gone."""
    child.kill()
    child.wait()


def outcome(stage: Stage) -> tuple[object, ...]:
    """What people see in the end."""
    known = [(values(one)["name"], values(one)["email"]) for one in stage.customers()]
    return stage.groups(), known, len(stage.rows("dirty_entity"))


@pytest.fixture
def alone(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[object, ...]]:
    """What a hub comes to that resolves by itself."""
    folder = tmp_path / "alone"
    folder.mkdir()
    copy = folder / "concord.db"
    copy.write_bytes(sqlite_template.read_bytes())
    calm = Stage(folder, f"sqlite:///{copy}", clock=PresentClock(), compare=True)
    populate(calm)
    calm.sync()
    yield outcome(calm)
    calm.close()


def test_a_long_pull_is_resolved_while_pages_still_come(
    busy: Stage, children: list[subprocess.Popen[bytes]], alone: tuple[object, ...]
) -> None:
    report = during(busy, lambda: None)
    assert report.ok
    assert report.resolve.entities == PEOPLE
    assert report.resolve.created - report.resolve.merged == len(busy.customers())
    assert [child.returncode for child in children] == [0]
    assert outcome(busy) == alone


def test_it_is_kept_and_told_as_one_run(busy: Stage, children: list[subprocess.Popen[bytes]]) -> None:
    report = during(busy, lambda: None)
    (run,) = [one for one in busy.hub.runs(each=True) if one.kind == "resolve"]
    assert run.status == "ok"
    assert run.counts["entities"] == report.resolve.entities == PEOPLE


def test_a_second_process_that_dies_costs_nothing(
    busy: Stage, children: list[subprocess.Popen[bytes]], alone: tuple[object, ...]
) -> None:
    report = during(busy, lambda: end(children[0]))
    assert report.ok
    assert children[0].returncode == -signal.SIGKILL
    assert outcome(busy) == alone


def test_a_second_process_that_cannot_start_costs_nothing(
    busy: Stage,
    children: list[subprocess.Popen[bytes]],
    alone: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        raise OSError("no process to spare")

    monkeypatch.setattr(beside, "subprocess", Double(refuse))
    assert busy.sync().resolve.entities == PEOPLE
    assert outcome(busy) == alone


def test_a_pull_that_a_person_stops_leaves_no_process_and_no_lease(
    busy: Stage, children: list[subprocess.Popen[bytes]], alone: tuple[object, ...]
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        during(busy, stop)
    assert children[0].returncode == 0
    assert Leases(busy.hub.db).held("resolve") is None
    busy.watch(Silent())
    assert busy.sync().ok
    assert outcome(busy) == alone


def test_neither_a_short_pull_nor_a_single_core_starts_a_second_process(
    busy: Stage, children: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "ENOUGH", PEOPLE + 1)
    assert busy.sync().ok
    monkeypatch.setattr(beside, "ENOUGH", STEP)
    monkeypatch.setattr(beside, "several_cores", lambda: False)
    assert busy.sync(full=True).ok
    assert children == []


def test_no_secret_stands_in_the_arguments_of_the_second_process(
    busy: Stage, children: list[subprocess.Popen[bytes]]
) -> None:
    during(busy, lambda: None)
    assert busy.url not in " ".join(map(str, children[0].args))  # type: ignore[arg-type]  # a list of texts, ours


PARENT = """
import subprocess, sys
from sync import beside, resolve
from tests.sync import test_beside as told
from tests.sync.hubs import PresentClock, Stage
from tests.sync.meanwhile import Meanwhile
from pathlib import Path

beside.ENOUGH = resolve.BATCH = told.STEP
beside.several_cores = lambda: True

def popen(command, **options):
    child = subprocess.Popen(command, **options)
    print(child.pid, flush=True)
    return child

beside.subprocess = told.Double(popen)
stage = Stage(Path(sys.argv[1]), sys.argv[2], clock=PresentClock(), compare=True)
told.populate(stage)
stage.watch(Meanwhile("pull shop/people", sys.stdin.read, nth=told.PEOPLE // told.STEP // 2))
stage.sync()
"""


def test_a_second_process_does_not_outlive_a_killed_parent(
    busy: Stage, tmp_path: Path, database_url: str, alone: tuple[object, ...]
) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    command = [sys.executable, "-c", PARENT, str(folder), database_url]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        db = Database(database_url)
        until(lambda: resolved(busy) > 0, "a customer while pages come")
        parent.kill()
    until(lambda: is_gone(child), "the end of the second process")
    db.close()
    assert busy.sync().ok
    assert outcome(busy) == alone


def is_gone(pid: int) -> bool:
    """Whether nothing runs under this pid any more."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in DEAD_STATES
    except (ProcessLookupError, FileNotFoundError):
        return True
