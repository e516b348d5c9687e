"""The log of a job's process: JSON lines that tell which run, connection, stream and job they are of, and no answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from state.schedules import JobKind
from sync.job import TASK, Task
from tests.checkout import ROOT

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ana Pine\r\nEMAIL:ana@pine.example\r\nEND:VCARD\r\n"


def job(folder: Path, *options: str) -> tuple[dict[str, Any], list[str]]:
    """Runs a job that reads a folder of exports; its answer and the lines of its log."""
    (folder / "exports").mkdir()
    (folder / "exports" / "ana.vcf").write_text(CARD)
    place = folder / "concord.yaml"
    hub = {"name": "Acme", "database": f"sqlite:///{folder}/concord.db"}
    exports = {"connector": "files", "config": {"path": "exports"}}
    task = Task(place, json.dumps({"hub": hub, "connections": {"exports": exports}}), JobKind.READ, "exports")
    command = [sys.executable, "-P", "-m", "admin.job", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdin.write(TASK.dump_json(task) + b"\n")
        child.stdin.flush()
        answer, said = child.stdout.read(), child.stderr.read()
        child.stdin.close()
    return json.loads(answer), said.decode().splitlines()


def test_every_line_of_a_job_says_where_it_belongs(tmp_path: Path) -> None:
    answer, said = job(tmp_path, "--json-logs")
    assert answer["status"] == "ok"
    lines = [json.loads(line) for line in said]
    pulls = [line for line in lines if line.get("kind") == "pull"]
    assert {line["event"] for line in pulls} >= {"begun", "ended as ok"}
    for line in pulls:
        assert line["job"] == "read:exports"
        assert line["connection"] == "exports"
        assert line["stream"]
        assert isinstance(line["run"], int)
    assert {line["job"] for line in lines} == {"read:exports"}
    assert "ana" not in "\n".join(said)


def test_a_job_that_went_well_says_nothing_unless_asked(tmp_path: Path) -> None:
    answer, said = job(tmp_path)
    assert (answer["status"], said) == ("ok", [])
