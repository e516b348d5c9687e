"""Serve: every job when it is due, nothing twice, and nothing lost over a failure, an edit, a death or a stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from mapping.errors import ConcordError, ConfigError
from state import schedules
from state.connections import Connections, Pause
from state.database import stamp
from state.leases import Leases
from state.schedules import JobKind, Wanted
from sync.job import Result, Task, run
from sync.reports import JobView
from sync.schedule import DAILY, DATABASE, WHEN_NEWS
from sync.serve import LONGEST_WAIT, Server
from tests.sync.hubs import Stage, person
from tests.sync.patience import wait
from tests.sync.served import Served


@pytest.fixture
def served(stage: Stage) -> Iterator[Served]:
    made = Served(stage)
    yield made
    made.close()


def test_every_job_runs_at_first_and_then_when_it_is_due(served: Served) -> None:
    server = served.server()
    served.settle()
    assert sorted(served.ran()) == ["push-crm", "read-shop"], "the CRM has no schedule, so it is read when asked only"
    server.tick()
    assert len(served.ran()) == 2
    served.stage.clock.sleep(12 * 60)
    served.settle()
    assert served.ran()[2:] == ["read-shop"]


@pytest.mark.fault("missed schedule", "What was missed while nobody served is made up for once.")
def test_what_was_missed_is_made_up_for_once(served: Served) -> None:
    served.server()
    served.settle()
    served.stage.clock.sleep(86_400)
    served.settle()
    assert served.ran()[2:] == ["read-shop"]


def test_two_servers_run_each_job_once(served: Served) -> None:
    one, other = served.server(), served.server()
    for _ in range(3):
        served.settle(one, other)
        served.stage.clock.sleep(12 * 60)
    assert sorted(served.ran()) == ["push-crm", "read-shop", "read-shop", "read-shop"]


def test_a_job_that_fails_is_tried_again_soon_and_says_why(served: Served) -> None:
    served.order("read-shop", "failed")
    server = served.server()
    wait(lambda: served._quiet(server))
    assert (served.job("read:shop").status, served.job("read:shop").message) == ("failed", "it went wrong")
    served.stage.clock.sleep(61)
    served.settle()
    assert served.ran().count("read-shop") == 2
    served.order("read-shop", "ok")
    served.stage.clock.sleep(121)
    served.settle()
    assert (served.job("read:shop").status, served.job("read:shop").tries) == ("ok", 0)


def test_a_job_that_dies_is_tried_again(served: Served) -> None:
    served.order("read-shop", "die")
    server = served.server()
    served.settle()
    assert "signal 9" in served.job("read:shop").message
    served.order("read-shop", "ok")
    served.stage.clock.sleep(61)
    served.settle()
    assert served.job("read:shop").status == "ok"
    server.tick()


def test_records_that_failed_do_not_hurry_a_job(served: Served) -> None:
    served.order("read-shop", "partial")
    served.server()
    served.settle()
    served.stage.clock.sleep(8 * 60)
    served.settle()
    assert served.ran().count("read-shop") == 1


@pytest.mark.fault(
    "dead server", "Another server takes its jobs over, and what the dead one would still write is fenced off."
)
def test_a_server_that_died_over_a_job_is_made_up_for_and_no_sooner_than_its_lease_allows(served: Served) -> None:
    server = served.server()
    served.settle()
    served.stage.clock.sleep(12 * 60)
    db = server.db
    theirs = Leases(db).acquire("job:read:shop", "another-machine", 30)
    assert theirs is not None
    with db.write(theirs) as c:
        schedules.begin(c, "read:shop", db.stamp(), stamp(db.now() + timedelta(minutes=1)))
    server.tick()
    assert served.ran().count("read-shop") == 1, "another server is at it"
    served.stage.clock.sleep(61)
    served.settle()
    assert served.ran().count("read-shop") == 2
    with pytest.raises(ConcordError), db.write(theirs) as c:
        schedules.end(c, "read:shop", db.stamp(), "ok", "", well=True, since="", due_at=None)


def test_news_make_a_push_due_also_news_that_come_while_it_runs(served: Served) -> None:
    server = served.server()
    served.settle()
    served.order("push-crm", "linger")
    with server.db.write() as c:
        schedules.wake(c, server.db.stamp())
    server.tick()
    wait(lambda: served.ran().count("push-crm") == 2)
    with server.db.write() as c:
        schedules.wake(c, server.db.stamp())
    served.order("push-crm", "ok")
    server.working["push:crm"].child.stdin.close()  # type: ignore[union-attr]
    served.settle()
    assert served.ran().count("push-crm") == 3


def test_resolving_something_new_wakes_the_pushes(served: Served) -> None:
    server = served.server()
    served.settle()
    assert served.job("push:crm").due_at is None
    served.stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    served.stage.sync("shop")
    assert server.jobs()[0].job == "push:crm"
    served.settle()
    assert served.ran().count("push-crm") == 2
    served.stage.sync("shop")
    assert served.job("push:crm").due_at is None, "nothing new, nothing to push"


def test_a_push_waits_for_what_is_being_read_but_not_for_ever(served: Served) -> None:
    served.order("read-shop", "linger")
    server = served.server()
    with server.db.write() as c:  # the read job first: both are due at the beginning
        schedules.follow(c, [one for one in wanted(server) if one.connection == "shop"])
    server.tick()
    wait(lambda: served.ran() == ["read-shop"])
    with server.db.write() as c:
        schedules.follow(c, wanted(server))
    server.tick()
    assert served.ran() == ["read-shop"]
    served.stage.clock.sleep(LONGEST_WAIT.total_seconds() + 1)
    server.working["read:shop"].lease.renew()
    server.tick()
    wait(lambda: served.ran() == ["read-shop", "push-crm"])


def wanted(server: Server) -> list[Wanted]:
    now = server.db.stamp()
    return [
        Wanted(JobKind.READ, "shop", "every 10 minutes", now),
        Wanted(JobKind.PUSH, "crm", WHEN_NEWS, now),
    ]


def test_no_more_jobs_run_at_once_than_allowed(served: Served) -> None:
    served.write(crm={"schedule": "every 10 minutes"})
    for name in ("read-shop", "read-crm"):
        served.order(name, "linger")
    server = served.server(most=1)
    for _ in range(3):
        server.tick()
    assert len(server.working) == 1


def test_an_edit_is_taken_over_without_a_restart_and_wakes_the_pushes(served: Served) -> None:
    server = served.server()
    served.settle()
    served.write(shop={"schedule": "every 2 days"}, crm={"schedule": "every 3 days"})
    served.settle()
    assert sorted(served.ran()[2:]) == ["push-crm", "read-crm", "read-shop"]
    assert {one.spec for one in server.jobs()} == {"every 2 days", "every 3 days", WHEN_NEWS, DAILY}


def test_an_edit_that_is_wrong_changes_nothing_and_is_told_once(served: Served) -> None:
    server = served.server()
    served.settle()
    good = served.path.read_text()
    served.path.write_text(good.replace('"every 10 minutes"', '"every tuesday"'))
    told = record(server)
    server.tick()
    server.tick()
    assert len(told) == 1
    assert "every tuesday" in told[0] or "schedule" in told[0]
    served.stage.clock.sleep(12 * 60)
    served.settle()
    assert served.ran()[2:] == ["read-shop"], "the last good one stays in force"


def test_a_wrong_edit_that_is_undone_is_told_to_be_right_again(served: Served) -> None:
    server = served.server()
    good = served.path.read_text()
    served.path.write_text(good.replace('"every 10 minutes"', '"every tuesday"'))
    server.tick()
    served.path.write_text(good)
    with capture_logs() as told:
        server.tick()
        server.tick()
    assert [one["event"] for one in told].count("the edited configuration is in force") == 1


def record(server: Server) -> list[str]:
    """What the server says of its configuration from now on."""
    told: list[str] = []
    before = server.complain

    def complain(problem: str) -> None:
        told.append(problem)
        before(problem)

    server.complain = complain  # type: ignore[method-assign]
    return told


def test_another_database_is_not_taken_over(served: Served) -> None:
    server = served.server()
    told = record(server)
    served.path.write_text(served.path.read_text().replace(served.stage.url, "sqlite:///other.db"))
    server.tick()
    assert "stop serving" in told[0]


def test_a_paused_connection_rests_and_goes_on(served: Served) -> None:
    served.stage.sync()
    served.stage.hub.pause("shop")
    server = served.server()
    served_quietly(served, server)
    assert "read-shop" not in served.ran()
    assert {one.state for one in views(served) if one.connection == "shop"} == {"paused"}
    assert [one.next for one in views(served) if one.connection == "shop"] == [""]
    assert served.stage.sync("shop").streams[0].message.startswith("The connection 'shop' is paused.")
    with pytest.raises(ConfigError, match="concord resume shop"):
        served.stage.hub.ask("shop")
    served.stage.hub.resume("shop")
    served.settle()
    assert "read-shop" in served.ran()


def served_quietly(served: Served, server: Server) -> None:
    """Ticks until nothing runs."""
    server.tick()
    while server.working:
        time.sleep(0.005)
        server.tick()


def views(served: Served) -> list[JobView]:
    return list(served.stage.hub.jobs())


def test_a_connection_whose_login_is_wrong_is_tried_only_when_a_person_asks(served: Served) -> None:
    served.stage.sync()
    connections = Connections(served.stage.hub.db)
    connections.pause(connections.ensure("shop", "memory").id, Pause.AUTH, "the token was refused")
    server = served.server()
    served_quietly(served, server)
    assert "read-shop" not in served.ran()
    assert served.stage.hub.ask("shop") == ["read:shop"]
    served_quietly(served, server)
    assert "read-shop" in served.ran()


def test_asking_runs_a_job_now_also_one_without_a_schedule(served: Served) -> None:
    served.server()
    served.settle()
    assert sorted(served.stage.hub.ask("crm")) == ["push:crm", "read:crm"]
    served.settle()
    assert sorted(served.ran()[2:]) == ["push-crm", "read-crm"]


def test_asking_where_nobody_ever_served_says_so(stage: Stage) -> None:
    with pytest.raises(ConcordError, match="concord serve"):
        stage.hub.ask("shop")


def test_status_tells_what_is_overdue(served: Served) -> None:
    served.server()
    served.settle()
    assert not [line for line in served.stage.hub.status().advice if "overdue" in line]
    served.stage.clock.sleep(3600)
    assert "overdue: shop; start concord serve, or see its log for what holds it up" in served.stage.hub.status().advice


@pytest.mark.fault(
    "stopped by SIGTERM", "A server ends its jobs at their last page; they are due at once at its next start."
)
def test_stopping_ends_the_jobs_at_work_and_they_are_due_at_once(served: Served) -> None:
    served.order("read-shop", "linger")
    server = served.server()
    server.tick()
    wait(lambda: "read-shop" in served.ran())
    server.close()
    served.servers.remove(server)
    after = served.server()
    assert served.job("read:shop").status == "interrupted"
    assert served.job("read:shop").is_due(after.db.stamp())


def test_a_job_that_is_stopped_with_its_server_is_no_error(served: Served) -> None:
    served.order("read-shop", "linger")
    server = served.server()
    server.tick()
    assert [(one.state, one.next) for one in views(served) if one.connection == "shop"] == [("running", "")]
    with capture_logs() as told:
        server.close()
    served.servers.remove(server)
    (ended,) = [one for one in told if one.get("job") == "read:shop"]
    assert (ended["log_level"], ended["status"]) == ("info", "interrupted")
    assert ended["message"] == "it was stopped; the next run goes on from there"


def test_a_tick_that_takes_long_is_not_told_every_second(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    server = served.server()
    server.tick = lambda: time.sleep(0.2)  # type: ignore[method-assign]
    end = time.monotonic() + 0.5
    with caplog.at_level(logging.INFO, "apscheduler"):
        server.run(every=0.02, until=lambda: time.monotonic() > end)
    served.servers.remove(server)
    assert [one.message for one in caplog.records if "skipped" in one.message] == []


def test_a_removed_connection_has_no_job_any_more(served: Served) -> None:
    server = served.server()
    served.settle()
    del served.stage.settings["connections"]["shop"]
    served.write()
    server.tick()
    assert {one.connection for one in server.jobs()} == {"crm", DATABASE}


def test_the_database_is_looked_after_once_a_day(served: Served) -> None:
    served.server()
    served.settle()
    for _ in range(2):
        served.stage.clock.sleep(86_400 + 120)
        served.settle()
    assert served.ran().count(f"care-{DATABASE}") == 2


def test_looking_after_the_database_is_a_job_like_any_other(stage: Stage) -> None:
    stage.another().close()
    path = stage.folder / "concord.yaml"
    assert run(Task(path, path.read_text(), JobKind.CARE, DATABASE)) == Result("ok", crashes=[])
    (kept,) = stage.hub.runs()
    assert (kept.kind, kept.job) == ("care", f"care:{DATABASE}")
