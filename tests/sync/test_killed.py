"""Exactly-once effect: a hub that is killed, interrupted or doubled ends where one that was left alone ends.

The hub is a real process; the CRM outlives it. It is killed with SIGKILL at chosen moments (a request that never
arrived, one that was carried out but never answered, a commit seen from outside) and at random ones.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.core.exchange import Request
from state.database import Database
from tests.sync.end_state import State
from tests.sync.patience import asleep, wait
from tests.sync.stage import ROOT, Actor, Stage
from tests.sync.theatre import Theatre, plots

KILLS = 20
SOON = 30
"""Seconds that a hub may take to end when a person stops it."""


@contextmanager
def theatre(folder: Path, url: str) -> Iterator[Theatre]:
    """A fresh stage in a folder of its own, over an empty database."""
    folder.mkdir()
    with ExitStack() as stack:
        db = Database(url)
        stack.callback(db.close)
        stage = stack.enter_context(Stage(folder, url))
        actor = Actor(stage.config)
        stack.callback(actor.close)
        yield Theatre(stage, actor, db)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> State:
    """Where a hub gets to that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    copy = folder / "concord.db"
    copy.write_bytes(sqlite_template.read_bytes())
    with theatre(folder / "stage", f"sqlite:///{copy}") as calm:
        calm.finish()
        assert max(calm.repeated) == 0
        return calm.end.all()


@pytest.fixture
def disturbed(tmp_path: Path, database_url: str) -> Iterator[Theatre]:
    """The same on each of the databases, for hubs that are about to be disturbed."""
    with theatre(tmp_path / "disturbed", database_url) as busy:
        yield busy


@contextmanager
def concord(stage: Stage, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command itself, as a person would start it; killed if it is still there after the block."""
    command = [sys.executable, "-c", "from admin.cli.main import main; main()", "--config", str(stage.config), *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


class Gate:
    """Holds up whoever asks first for a page of contacts, until it is opened."""

    def __init__(self, theatre: Theatre) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        theatre.stage.crm.before = self._before

    def _before(self, request: Request) -> bool:
        if request.method == "GET" and request.path.endswith("/objects/contacts") and not self.reached.is_set():
            self.reached.set()
            self._open.wait(SOON)
        return False

    def open(self) -> None:
        """Lets it pass."""
        self._open.set()


def compare(found: State, expected: State, *, leave_out: str = "") -> None:
    """Section by section, so that a difference is told where it is."""
    for section, there in expected.items():
        assert section == leave_out or found[section] == there, section


@pytest.mark.fault(
    "killed process",
    "Killed at random and at chosen requests, it ends where an undisturbed one ends; at most one page is read again.",
)
def test_a_hub_killed_at_any_point_ends_where_an_undisturbed_one_ends(undisturbed: State, disturbed: Theatre) -> None:
    for plot in plots(Random(20261123)):
        disturbed.act(plot)
    disturbed.finish()
    assert disturbed.kills >= KILLS
    assert disturbed.end.strays() == []
    compare(disturbed.end.all(), undisturbed)
    # One stream is read at a time: no hub asked again for more than the one page that its predecessor had not stored.
    assert max(disturbed.repeated) <= 1


@pytest.mark.fault("stopped by Ctrl-C", "It ends at its last page, and the next run goes on from there.")
def test_a_sync_that_a_person_stops_ends_at_once_and_the_next_goes_on(undisturbed: State, disturbed: Theatre) -> None:
    gate = Gate(disturbed)
    with concord(disturbed.stage, "sync") as process:
        assert gate.reached.wait(SOON)
        wait(lambda: asleep(process.pid))
        os.kill(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=SOON)
    gate.open()
    assert process.returncode == 130
    assert "Nothing is lost" in told
    stored = disturbed.rows("raw")
    assert stored > 0
    disturbed.finish()
    assert disturbed.rows("raw") > stored
    compare(disturbed.end.all(), undisturbed, leave_out="pages")  # the command's own pages are of another size


def test_of_two_hubs_at_once_each_thing_is_done_by_one(undisturbed: State, disturbed: Theatre) -> None:
    gate = Gate(disturbed)
    disturbed.actor.start()
    assert gate.reached.wait(SOON)
    with concord(disturbed.stage, "sync", "--json") as second:
        answered, _ = second.communicate(timeout=3 * SOON)
    report: dict[str, Any] = json.loads(answered)
    streams = {(one["connection"], one["stream"]): one for one in report["streams"]}
    assert streams["crm", "contacts"]["status"] == "skipped"
    assert streams["crm", "contacts"]["message"] == "another process is reading it"
    assert streams["exports", "shopify_customers"]["new"] == 0
    # What the first has not read to its end is not written by the second, which could not know what is there already.
    assert report["pushes"] == []
    gate.open()
    disturbed.actor.wait()
    disturbed.finish()
    assert max(disturbed.stage.crm.listed.values()) == 1
    compare(disturbed.end.all(), undisturbed)
