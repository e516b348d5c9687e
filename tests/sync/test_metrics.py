"""Metrics as Prometheus would scrape them: over HTTP, read by its own parser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mapping.errors import AuthError, ConfigError, TransientError
from state import schedules
from state.database import Database, stamp
from state.leases import Leases
from state.runs import Runs
from state.schedules import JobKind, Wanted
from sync import metrics
from sync.metrics import exposed
from tests.sync.hubs import Stage, person

Found = dict[tuple[str, frozenset[str]], float]


def scrape(port: int) -> Found:
    """Every sample by its name and the values of its labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.values())): one.value for each in families for one in each.samples}


@contextmanager
def scraped(stage: Stage, **options: float) -> Iterator[int]:
    db = Database(stage.url, now=stage.clock, patience=0.2)
    try:
        with exposed(db, "127.0.0.1", 0, **options) as port:
            yield port
    finally:
        db.close()


def value(found: Found, name: str, *labels: str) -> float:
    return found[name, frozenset(labels)]


def test_what_was_read_what_it_cost_and_how_it_ended_is_counted(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.shop.put("people", person("Bo Elm", email="bo@elm.example"))
    stage.sync("shop")
    with scraped(stage) as port:
        first = scrape(port)
        stage.sync("shop")
        stage.clock.sleep(60)
        second = scrape(port)
    assert value(first, "concord_records_total", "pull", "shop", "people", "new") == 2
    assert value(second, "concord_records_total", "pull", "shop", "people", "new") == 2
    assert value(first, "concord_runs_total", "pull", "shop", "people", "ok") == 1
    assert value(second, "concord_runs_total", "pull", "shop", "people", "ok") == 2
    assert value(second, "concord_requests_total", "shop") > value(first, "concord_requests_total", "shop") > 0
    last = "concord_last_success_timestamp_seconds"
    assert value(second, last, "pull", "shop", "people") > value(first, last, "pull", "shop", "people")
    assert value(first, "concord_known", "customers") == 2
    assert sum(size for (name, _), size in first.items() if name == "concord_database_bytes") > 0
    assert any(name.startswith("process_") for name, _ in first)


def test_what_waits_what_is_held_and_what_is_late_is_measured(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop")
    db = stage.hub.db
    held = Leases(db).acquire("pull:shop-1:people", "elsewhere", 60)
    assert held is not None
    row = next(iter(stage.rows("connection")))
    Runs(db).start("pull", held, row["id"], "people")
    gone = Leases(db).acquire("pull:shop-1:orders", "elsewhere", 0.001)
    assert gone is not None
    Runs(db).start("pull", gone, row["id"], "orders")
    with db.write() as c:
        schedules.follow(c, [Wanted(JobKind.READ, "shop", "every 10 minutes", stamp(db.now()))])
    stage.clock.sleep(30)
    with scraped(stage) as port:
        found = scrape(port)
    assert 30 <= value(found, "concord_schedule_overdue_seconds", "read:shop") < 31
    assert value(found, "concord_lease_expires_timestamp_seconds", "pull:shop-1:people") > db.now().timestamp()
    assert ("concord_run_started_timestamp_seconds", frozenset({"pull", "shop", "people"})) in found
    assert value(found, "concord_runs_dead") == 1
    assert value(found, "concord_queue_length", "entities") == 0
    assert value(found, "concord_connection_paused", "shop") == 0


def test_a_failure_a_bad_record_and_a_rest_are_seen(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop")
    stage.shop.fail(AuthError("the key was withdrawn"), on="check")
    stage.hub.sync(["shop"])
    stage.crm.fail(TransientError("the line is dead"), on="read", times=9)
    stage.hub.sync(["crm"])
    with scraped(stage) as port:
        found = scrape(port)
    assert value(found, "concord_connection_paused", "shop") == 1
    assert value(found, "concord_runs_total", "pull", "crm", "people", "failed") == 1


def test_a_database_that_is_away_gives_the_last_values_and_counts_an_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.sync("shop")
    with scraped(stage) as port:
        first = scrape(port)

        def away(db: Database) -> None:
            raise TransientError("the database cannot be reached")

        monkeypatch.setattr(metrics, "measure", away)
        stage.clock.sleep(60)
        second = scrape(port)
    assert value(first, "concord_scrape_errors_total") == 0
    assert value(second, "concord_scrape_errors_total") == 1
    runs = ("concord_runs_total", frozenset({"pull", "shop", "people", "ok"}))
    assert second[runs] == first[runs]
    measured = ("concord_measured_timestamp_seconds", frozenset[str]())
    assert second[measured] == first[measured]


def test_a_database_that_hangs_hangs_no_scrape(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, asked = threading.Event(), []

    def hangs(db: Database) -> None:
        asked.append(1)
        goes_on.wait(60)
        raise TransientError("it took too long")

    monkeypatch.setattr(metrics, "measure", hangs)
    began = time.monotonic()
    with scraped(stage, longest=0.05) as port:
        scrape(port)
        found = scrape(port)
        goes_on.set()
    assert time.monotonic() - began < 30
    assert value(found, "concord_scrape_errors_total") == 2
    assert len(asked) == 1, "one look at a time, however often it is asked for"


def test_a_writer_at_work_keeps_no_scrape_waiting(stage: Stage) -> None:
    stage.sync("shop")
    with scraped(stage) as port, stage.hub.db.write():
        assert value(scrape(port), "concord_scrape_errors_total") == 0


def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path, sqlite_template: Path) -> None:
    db = Database(f"sqlite:///{sqlite_template}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: Address already in use. Give another"):
            exposed(db, "127.0.0.1", port).__enter__()
    with pytest.raises(ConfigError, match=r"cannot be served at nowhere\.example"):
        exposed(db, "nowhere.example", port).__enter__()
    db.close()


def test_totals_outlive_the_runs_they_are_of(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop")
    with stage.hub.db.write() as c:
        c.exec_driver_sql("DELETE FROM run")
    with scraped(stage) as port:
        assert value(scrape(port), "concord_records_total", "pull", "shop", "people", "new") == 1
