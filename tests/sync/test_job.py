"""Jobs: what one does to a destination, from which configuration it works, and a server in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from state import schedules
from state.database import Database
from state.schedules import JobKind
from sync.hub import Hub
from sync.job import Result, Task, run
from tests.sync.hubs import Stage, person
from tests.sync.patience import wait


def test_a_push_writes_what_is_free_and_leaves_one_plan_for_what_must_be_approved(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop", push=False)
    assert list(stage.hub.deliver(["crm"])) == []
    (first,) = plans(stage)
    assert any(f"concord plan --show {first[:12]}" in line for line in stage.hub.status().advice)
    stage.shop.put("people", person("Bo Elm", email="bo@elm.example"))
    stage.sync("shop", push=False)
    stage.hub.deliver(["crm"])
    (second,) = plans(stage)
    assert first != second, "the newer plan takes the place of the older"
    assert len(stage.hub.read_plan(second).changes) == 2
    stage.hub.apply(second)
    stage.hub.deliver(["crm"])
    assert plans(stage) == []
    assert not [line for line in stage.hub.status().advice if "waits for you" in line]


def test_a_push_without_approval_is_carried_out(stage: Stage) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", "approve": False}})
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop", push=False)
    assert not stage.remotes()
    (report,) = stage.hub.deliver(["crm"])
    assert (report.status, report.created) == ("ok", 1)
    assert len(stage.remotes()) == 1
    assert plans(stage) == []


def plans(stage: Stage) -> list[str]:
    """The plans that nobody has applied and whose file is there."""
    left = {row["hash"] for row in stage.rows("plan") if row["state"] == "open"}
    there = {path.stem for path in (stage.folder / "s" / "plans").glob("*.json")}
    return sorted(left & there)


CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ana Pine\r\nEMAIL:ana@pine.example\r\nEND:VCARD\r\n"


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Path:
    """A configuration that reads a folder of exports every hour."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "ana.vcf").write_text(CARD)
    place = tmp_path / "concord.yaml"
    hub = {"name": "Acme", "database": database_url}
    exports = {"connector": "files", "config": {"path": "exports"}, "schedule": "every 1 hours"}
    place.write_text(json.dumps({"hub": hub, "connections": {"exports": exports}}))
    return place


def test_a_job_works_from_the_text_it_is_given_whatever_the_file_says_by_now(config: Path) -> None:
    task = Task(config, config.read_text(), JobKind.READ, "exports")
    config.write_text("no configuration any more: [")
    assert run(task) == Result("ok", crashes=[])
    with Hub.open(config, text=task.text) as hub:
        assert [one.name for one in hub.find_customers("")] == ["Ana Pine"]


def test_a_job_that_cannot_begin_says_why(config: Path) -> None:
    task = Task(config, config.read_text().replace("files", "fails"), JobKind.READ, "exports")
    ended = run(task)
    assert ended.status == "failed"
    assert "no such connector" in ended.message


def test_a_server_in_its_own_process_reads_and_stops_when_it_is_told(config: Path, database_url: str) -> None:
    code = "import sys, pathlib, sync.serve as s; s.Server(pathlib.Path(sys.argv[1])).run(every=0.1)"
    db = Database(database_url)
    with subprocess.Popen([sys.executable, "-P", "-c", code, str(config)]) as server:
        try:
            wait(lambda: status(db, "read:exports") != "", limit=120)
            assert status(db, "read:exports") == "ok"
        finally:
            server.send_signal(signal.SIGTERM)
            db.close()
        assert server.wait(60) == 0


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_server_gives_its_metrics_while_it_serves(config: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from admin.cli.main import main; main()"
    command = [sys.executable, "-P", "-c", code, "--config", str(config), "serve", "--metrics", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            wait(lambda: 'concord_runs_total{connection="exports"' in scraped(port), limit=120)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)
        assert server.returncode == 0


def scraped(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    except httpx.TransportError:
        return ""


def status(db: Database, job: str) -> str:
    with db.read() as c:
        found = schedules.find(c, job)
    return found.status if found else ""
