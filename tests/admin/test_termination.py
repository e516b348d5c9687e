"""SIGTERM, as ``docker stop`` and a shutdown send it, ends a command as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.hubspot.sandbox import HubSpotSandbox, serve
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub
from tests.checkout import ROOT

COMMAND = (sys.executable, "-c", "from admin.cli.main import main; main()")
SYSTEM_STOPPED = 143
CONTACTS = (
    "First Name,Last Name,Organization Name,Labels,E-mail 1 - Label,E-mail 1 - Value\nAda,Example,,,,ada@post.example\n"
)
CONFIG = """
hub: {{name: Acme}}
connections:
  exports: {{connector: files, config: {{path: exports}}}}
  crm: {{connector: hubspot, config: {{access_token: {token}, base_url: "{url}"}}}}
"""


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, killed at the end if it is still there."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[HubSpotSandbox]:
    """A CRM that never comes back with its contacts, in a configuration behind a folder with one contact."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "contacts.csv").write_text(CONTACTS)
    with serve() as server:
        (tmp_path / "concord.yaml").write_text(CONFIG.format(token=server.token, url=server.url))
        server.faults.hang(600, path="objects/contacts")
        yield server


@pytest.mark.fault(
    "stopped by SIGTERM",
    "It ends at its last page, with its runs closed and its leases given back; the next run goes on from there.",
)
def test_a_sync_that_the_system_ends_keeps_what_was_read_and_the_next_one_finishes(
    tmp_path: Path, crm: HubSpotSandbox
) -> None:
    with running(tmp_path, "sync") as process:
        assert process.stderr is not None
        assert "pull exports/google_contacts: 1 read" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == SYSTEM_STOPPED
    told = "Stopped. Nothing is lost: every finished page is kept, and the same command goes on from there."
    assert said.splitlines()[-1] == told
    assert "Traceback" not in said
    crm.faults.clear()
    with running(tmp_path, "sync") as process:
        assert "1 customer new" in process.communicate(timeout=30)[0]
    assert process.returncode == 0


LOST = """
import gc, os, signal, sys, time, weakref
from admin.cli.edge import insistent, terminable
terminable()
if "insistent" in sys.argv:
    insistent()
number = getattr(signal, sys.argv[1])

class Thing:
    def __del__(self):
        if sys.argv[2] == "destructor":
            signal.raise_signal(number)

def callback(_):
    if sys.argv[2] == "callback":
        signal.raise_signal(number)

thing = Thing()
kept = weakref.ref(thing, callback)
try:
    del thing
    print("unheard", flush=True)
    for _ in range(200 if "insistent" in sys.argv else 10):
        time.sleep(0.05)
except KeyboardInterrupt as stop:
    print(type(stop).__name__)
else:
    print("never heard")
"""


def stop_in(moment: str, number: str, *words: str) -> list[str]:
    """What a process says that is stopped in a moment in which Python drops whatever is raised."""
    told = subprocess.run(
        [sys.executable, "-c", LOST, number, moment, *words], cwd=ROOT, capture_output=True, text=True
    )
    return told.stdout.splitlines()


def test_python_loses_a_ctrl_c_that_arrives_in_a_destructor() -> None:
    assert stop_in("destructor", "SIGINT") == ["unheard", "never heard"]


@pytest.mark.parametrize("moment", ["destructor", "callback"])
@pytest.mark.parametrize(("number", "stop"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "Termination")])
def test_a_stop_that_python_would_drop_is_heard_all_the_same(moment: str, number: str, stop: str) -> None:
    assert stop_in(moment, number, "insistent") == ["unheard", stop]


def test_a_sandbox_that_the_system_ends_says_so(tmp_path: Path) -> None:
    with running(tmp_path, "sandbox", "hubspot") as process:
        assert process.stdout is not None
        assert "until Ctrl-C" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == SYSTEM_STOPPED
    assert said == "Stopped; what it held is gone.\n"


def test_a_port_that_is_taken_is_named(concord: Concord) -> None:
    with serve() as server:
        result = concord("sandbox", "hubspot", "--port", server.url.rpartition(":")[2])
    assert result.exit_code == 2
    assert "name another" in result.stderr


def test_after_a_stopped_apply_the_way_on_is_a_new_plan(concord: Concord, hub: FakeHub) -> None:
    hub.answers["apply"] = KeyboardInterrupt()
    result = concord("apply", "3f9a")
    assert result.exit_code == 130
    assert "concord plan" in result.stderr
    assert "same command" not in result.stderr
