"""Sweeps as jobs of their own: when they are due, what they wait for, and that a budget puts off whatever is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from state.database import stamp
from state.leases import Leases, new_owner
from state.schedules import JobKind
from sync.hub import Hub
from sync.job import Task, run
from sync.schedule import DATABASE
from tests.sync.hubs import Stage
from tests.sync.lists import Lists
from tests.sync.served import Served

DAY = 86_400


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    made = Served(stage, sweep="every 2 days")
    yield made
    made.close()


def test_a_connection_is_swept_by_a_job_of_its_own_after_it_was_read(served: Served) -> None:
    served.server(most=8)
    served.settle()
    assert sorted(served.ran()) == ["push-crm", "read-shop", "sweep-shop"]
    assert served.ran().index("read-shop") < served.ran().index("sweep-shop")
    served.stage.clock.sleep(2 * DAY + 3600)
    served.settle()
    assert sorted(served.ran()[3:]) == [f"care-{DATABASE}", "read-shop", "sweep-shop"]


def test_a_sweep_waits_while_its_connection_is_read(served: Served) -> None:
    server = served.server()
    held = Leases(server.db).acquire("job:read:shop", new_owner(), 60)
    assert held is not None
    for _ in range(3):
        server.tick()
    assert "sweep-shop" not in served.ran()
    held.release()
    served.settle()
    assert "sweep-shop" in served.ran()


def test_what_was_asked_for_patience_is_due_when_it_may_go_on_and_not_before(served: Served) -> None:
    again = served.stage.clock.instant + timedelta(hours=7)
    served.order("read-shop", f"paused {stamp(again)}")
    served.server()
    served.settle()
    assert served.job("read:shop").due_at == stamp(again)
    served.order("read-shop", "ok")
    served.stage.clock.sleep(6 * 3600)
    served.settle()
    assert served.ran().count("read-shop") == 1
    served.stage.clock.sleep(3700)
    served.settle()
    assert served.ran().count("read-shop") == 2


def test_a_connection_that_is_never_swept_has_no_such_job(stage: Stage) -> None:
    made = Served(stage)
    assert not [one for one in made.server().jobs() if one.kind is JobKind.SWEEP]
    made.close()


@pytest.fixture
def shop(stage: Stage) -> Lists:
    """Five people in the shop, who were read once."""
    lists = Lists()
    lists.fill(5)
    stage.connectors["shop"] = lists
    stage.configure("shop", sweep="every 2 days")
    assert stage.sync("shop").ok
    return lists


def test_the_job_sweeps_what_is_due_and_tells_when_it_is_next(stage: Stage, shop: Lists) -> None:
    shop.drop("3")
    report, due = stage.hub.sweep_due("shop")
    assert report.streams == []
    assert due is not None
    assert timedelta(days=1, hours=23) < due - stage.clock.instant <= timedelta(days=2)
    stage.clock.sleep(2 * DAY)
    report, due = stage.hub.sweep_due("shop")
    assert [(one.status, one.gone) for one in report.streams] == [("ok", 1)]
    assert due is not None
    assert due - stage.clock.instant > timedelta(days=1)
    assert len(stage.customers()) == 4


def test_a_read_by_the_server_leaves_the_sweep_to_its_job_and_one_by_hand_does_not(stage: Stage, shop: Lists) -> None:
    stage.clock.sleep(3 * DAY)
    shop.drop("3")
    assert stage.sync("shop", sweep=False).sweeps == []
    assert [one.gone for one in stage.sync("shop").sweeps] == [1]


def test_a_stream_that_is_being_read_is_not_swept_and_not_asked_after_at_once(stage: Stage, shop: Lists) -> None:
    stage.clock.sleep(3 * DAY)
    connection = next(row["id"] for row in stage.rows("connection") if row["name"] == "shop")
    held = Leases(stage.hub.db).acquire(f"pull:{connection}:people", new_owner(), 600)
    assert held is not None
    report, due = stage.hub.sweep_due("shop")
    assert [one.status for one in report.streams] == ["skipped"]
    assert due is not None
    assert due - stage.clock.instant >= timedelta(minutes=4)
    held.release()


def test_the_real_job_sweeps(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "ana.vcf").write_text("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ana Pine\r\nEND:VCARD\r\n")
    text = f"hub: {{name: Acme, database: '{database_url}'}}\n"
    text += "connections: {exports: {connector: files, config: {path: exports}, schedule: every 1 hours}}\n"
    (tmp_path / "concord.yaml").write_text(text)
    assert run(Task(tmp_path / "concord.yaml", text, JobKind.READ, "exports")).status == "ok"
    assert run(Task(tmp_path / "concord.yaml", text, JobKind.SWEEP, "exports")).status == "ok"
    with Hub.open(tmp_path / "concord.yaml") as hub:
        assert len(hub.find_customers("")) == 1
