"""What runs keep: calls, bytes, waits, retries, what they said, and which job they belong to."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import httpx
import pytest

from connectors.core.http import Http
from connectors.core.protocols import NoMeter, Runtime
from connectors.core.retry import Retry
from mapping.errors import CursorExpiredError, RateLimitedError, TransientError
from state import runlog
from state.costs import Costs, Purse
from state.database import Database
from state.leases import Leases
from state.runlog import MOST_LINES, lines, note
from state.runs import Runs, RunStatus, together
from sync.meter import CostMeter
from tests.sync.hubs import Stage, person


def test_what_is_sent_received_waited_for_and_sent_again_is_counted() -> None:
    body = httpx.ByteStream(b"[1]")
    answers = [httpx.Response(503), httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, stream=body)]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    purse = Purse()
    runtime = Runtime(meter=CostMeter(purse, NoMeter()), transport=transport, sleep=lambda seconds: None)
    http = Http(runtime, "https://api.example", retry=Retry(attempts=5))
    assert http.json("GET", "/things") == [1]
    costs = purse.take()
    assert (costs.calls, costs.retries, costs.bytes) == (3, 2, len(b"[1]"))
    assert costs.waited >= 7
    assert list(costs.waits) == ["retry"]
    assert purse.take() == Costs()


def test_a_meter_that_refuses_is_heard_and_nothing_is_counted() -> None:
    class Full(NoMeter):
        def request(self, url: str) -> None:
            raise RateLimitedError("the day's cap is reached")

    purse = Purse()
    with pytest.raises(RateLimitedError):
        CostMeter(purse, Full()).request("https://api.example/things")
    assert purse.take() == Costs()


def test_every_run_tells_what_it_cost_and_a_command_what_all_of_it_did(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.shop.fail(RateLimitedError("slow down", retry_after=3), on="read")
    stage.sync()
    pull = next(one for one in stage.hub.runs(each=True) if one.connection == "shop")
    assert pull.calls >= 2
    assert pull.waits == {"the memory world asked for patience": 3}
    whole = stage.hub.run(min(one.id for one in stage.hub.runs(each=True)))
    assert whole.calls == sum(one.calls for one in whole.parts) > pull.calls
    assert whole.waits == pull.waits
    (line,) = stage.hub.runs()
    assert line.calls == whole.calls


def test_a_push_tells_what_it_cost(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync()
    stage.push()
    push = next(one for one in stage.hub.runs(each=True) if one.kind == "push")
    assert push.calls >= 1


def test_a_run_shows_what_it_said_from_its_beginning_to_its_end(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.sync("shop")
    stage.shop.fail(CursorExpiredError("the cursor is too old"), on="read")
    stage.sync("shop")
    number = next(one.id for one in stage.hub.runs(each=True) if one.kind == "pull")
    said = [(line.level, line.event) for line in stage.hub.run(number).log]
    assert said[0] == ("info", "begun")
    assert ("warning", "the vendor forgot our place, so everything is read again") in said
    assert said[-1] == ("info", "ended as ok")
    assert not any("ana" in str(line) for line in stage.hub.run(number).log)


def test_a_run_that_failed_ends_its_log_with_the_reason(stage: Stage) -> None:
    stage.shop.fail(TransientError("the line is dead"), on="read", times=9)
    stage.hub.sync(["shop"])
    number = next(one.id for one in stage.hub.runs(each=True) if one.kind == "pull")
    last = stage.hub.run(number).log[-1]
    assert (last.level, last.event) == ("error", "ended as failed")
    assert "the line is dead" in last.fields["reason"]


def test_a_run_that_says_too_much_is_cut_short_and_says_so(database: Database) -> None:
    held = Leases(database).acquire("a", "me", 60)
    assert held is not None
    run = Runs(database).start("pull", held)
    for number in range(MOST_LINES + 7):
        note("a line", number=number)
    Runs(database).finish(run, RunStatus.OK, {})
    kept = [line for _, line in lines(database, [run])]
    assert len(kept) == MOST_LINES + 1
    assert (kept[-1].event, kept[-1].fields) == ("more was said", {"lines": 9})  # with its beginning and its end


def test_a_run_that_is_killed_keeps_what_was_written_of_its_log(database: Database) -> None:
    held = Leases(database).acquire("a", "me", 60)
    assert held is not None
    run = Runs(database).start("pull", held)
    for number in range(runlog.TOGETHER):
        note("a line", number=number)
    assert len(lines(database, [run])) == runlog.TOGETHER
    runlog.end(run)


def test_what_is_said_outside_a_run_is_kept_nowhere(database: Database) -> None:
    note("nobody listens")
    with database.read() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM run_log").scalar_one() == 0


def test_a_run_that_died_is_ended_by_whoever_follows_it_under_its_lease(stage: Stage) -> None:
    stage.sync("shop")
    db = stage.hub.db
    row = next(one for one in stage.rows("connection") if one["name"] == "shop")
    dead = Leases(db).acquire(f"pull:{row['id']}:people", "elsewhere", 60)
    assert dead is not None
    number = Runs(db).start("pull", dead, row["id"], "people")
    runlog.end(number)
    stage.clock.sleep(61)
    stage.sync("shop")
    found = Runs(db).show(number)
    assert found is not None
    assert found.status is RunStatus.INTERRUPTED
    assert Runs(db).unended() == []


def test_the_runs_of_a_job_tell_which_job_that_was(stage: Stage) -> None:
    with together("read:shop"):
        stage.hub.sync(["shop"])
    stage.hub.sync(["shop"])
    assert Counter(one.job for one in stage.hub.runs(each=True)) == {"read:shop": 1, "": 1}


def test_a_run_lost_to_another_process_keeps_its_log_too(stage: Stage) -> None:
    db = stage.hub.db
    held = Leases(db).acquire("pull:x:people", "me", 1)
    assert held is not None
    run = Runs(db).start("pull", held)
    stage.clock.instant += timedelta(seconds=5)
    assert Leases(db).acquire("pull:x:people", "other", 60) is not None
    Runs(db).finish(run, RunStatus.INTERRUPTED, {}, "the lease has changed hands")
    assert [line.event for _, line in lines(db, [run])] == ["begun", "ended as interrupted"]
