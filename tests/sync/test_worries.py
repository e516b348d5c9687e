"""What the status says of jobs that fail, of a disk that fills up, and of backups."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from admin.cli.output import console_for
from admin.cli.standing import status as drawn
from mapping.errors import TransientError
from state import schedules
from state.database import stamp
from state.schedules import JobKind, Wanted
from sync.safekeeping import backup
from sync.schedule import DATABASE
from tests.sync.hubs import Stage, person

Usage = namedtuple("Usage", "total used free")


def fail(stage: Stage, kind: JobKind, connection: str, times: int, message: str) -> None:
    """A job that failed so often."""
    db = stage.hub.db
    job = f"{kind}:{connection}"
    with db.write() as c:
        schedules.follow(c, [Wanted(kind, connection, "every 1 days", stamp(db.now()))])
        for _ in range(times):
            schedules.begin(c, job, db.stamp(), "2099")
        schedules.end(c, job, db.stamp(), "failed", message, well=False, since="2099", due_at="2099")


@pytest.mark.parametrize("times", [1, 2])
def test_a_job_that_fails_again_and_again_is_told(stage: Stage, times: int) -> None:
    stage.sync()
    fail(stage, JobKind.CARE, DATABASE, times, "The disk is full")
    told = "the care of the database failed 2 times in a row: The disk is full. See concord schedules"
    assert stage.hub.status().advice == ([told] if times > 1 else [])


def test_of_a_connection_that_is_told_already_the_job_is_not_told_too(stage: Stage) -> None:
    stage.sync()
    stage.shop.fail(TransientError("the line is dead"), on="read", times=9)
    stage.hub.sync(["shop"])
    fail(stage, JobKind.READ, "shop", 3, "the line is dead")
    assert len(stage.hub.status().advice) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("free", "told"), [(0.05, True), (0.5, False), (0.000001, True)])
def test_a_disk_that_fills_up_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch, free: float, told: bool) -> None:
    stage.sync()
    usage = Usage(10**12, 0, int(free * 10**12))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    assert any("make room" in line for line in stage.hub.status().advice) is told


def test_a_backup_that_grows_old_is_told_and_none_is_not(stage: Stage, tmp_path: Path) -> None:
    stage.sync()
    assert stage.hub.status().ok
    backup(stage.folder / "concord.yaml", tmp_path / "saved.db")
    with stage.hub.db.write() as c:
        c.exec_driver_sql(f"UPDATE audit SET at = '{stage.hub.db.stamp()}'")  # the stage has a time of its own
    assert stage.hub.status().ok
    stage.clock.sleep(31 * 86_400)
    assert "the last backup is 31 days old: concord db backup FOLDER" in stage.hub.status().advice


def screen(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    console = console_for(stderr=False)
    for each in drawn(stage.hub.status(), stage.clock()):
        console.print(each)
    return capsys.readouterr().out.splitlines()


def test_a_hub_that_is_well_says_so_in_its_first_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync()
    lines = screen(stage, monkeypatch, capsys)
    assert lines[0] == "Acme: all is well."
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 80


def test_what_asks_for_a_person_stands_first_and_the_worst_before_all(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.sync()
    stage.shop.fail(TransientError("the line is dead"), on="read", times=9)
    stage.hub.sync(["shop"])
    fail(stage, JobKind.CARE, DATABASE, 4, "The disk is full")
    lines = screen(stage, monkeypatch, capsys)
    assert lines[0] == "Acme: 2 things ask for a person."
    assert lines[1].startswith("1. shop/people: the line is dead.")
    assert "concord sync shop" in " ".join(lines[1:3])
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
