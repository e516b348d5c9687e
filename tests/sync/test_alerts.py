"""Alerts: what goes wrong is told once, again when it lasts, and once more when it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from mapping.alerts import AlertKind
from mapping.errors import AuthError, ContractError, ForbiddenError, RateLimitedError
from state import schedules
from state.connections import Pause
from state.database import Database, stamp
from state.leases import Leases
from state.schedules import JobKind, Wanted
from sync.incidents import SERVING
from tests.sync.hubs import Stage, person
from tests.sync.inbox import Inbox, inbox
from tests.sync.served import Served
from tests.sync.test_serve import served  # noqa: F401  a fixture

DAY = 86_400.0
BROKEN = {"newsletter": "maybe"}


@pytest.fixture
def post() -> Iterator[Inbox]:
    """Where the stage's alerts arrive."""
    with inbox() as found:
        yield found


@pytest.fixture
def watched(stage: Stage, post: Inbox) -> Stage:
    """A stage whose alerts arrive at the inbox."""
    stage.configure(alerts={"to": [post.address]})
    return stage


def told(stage: Stage, post: Inbox) -> list[str]:
    """What arrives when somebody looks now."""
    stage.hub.alerts.tell()
    return post.take()


def fail(stage: Stage, *names: str) -> None:
    """Lets the next reading of these connections fail."""
    for name in names or ("shop",):
        getattr(stage, name).fail(ContractError("its answer makes no sense"), on="read")
    stage.hub.sync()


def test_nothing_is_told_while_all_is_well(watched: Stage, post: Inbox) -> None:
    watched.shop.put("people", person("Ann Lee", email="ann@x.example"))
    watched.settle()
    assert told(watched, post) == []
    assert watched.rows("alert") == watched.rows("alert_delivery") == []


def test_a_failed_run_is_told_once_again_when_it_lasts_and_when_it_is_over(watched: Stage, post: Inbox) -> None:
    fail(watched)
    (message,) = told(watched, post)
    assert message.splitlines()[0] == "Acme: shop: a run failed"
    assert "pull people: its answer makes no sense." in message
    fail(watched)
    assert told(watched, post) == []
    watched.clock.sleep(DAY)
    (message,) = told(watched, post)
    assert message.startswith("Acme: still: shop: a run failed")
    assert told(watched, post) == []
    watched.sync()
    (message,) = told(watched, post)
    assert message.startswith("Acme: over: shop: a run failed")
    assert "well again since 2026-06-02 12:00 UTC" in message
    assert told(watched, post) == []
    assert watched.rows("alert") == []


def test_what_happens_together_is_one_message(watched: Stage, post: Inbox) -> None:
    watched.shop.put("people", person("Bad Day", **BROKEN))
    fail(watched, "crm")
    (message,) = told(watched, post)
    assert message.startswith("Acme: 2 things need a person\n")
    assert "shop: records could not be taken or sent.\nOne record could not be taken" in message
    assert "crm: a run failed." in message
    watched.sync()
    (message,) = told(watched, post)
    assert message.startswith("Acme: over: crm: a run failed"), "the dead letter is still there, and was told"


def test_dead_letters_are_told_again_when_they_grew_though_not_within_the_hour(watched: Stage, post: Inbox) -> None:
    watched.shop.put("people", person("Bad Day", **BROKEN))
    watched.sync()
    assert len(told(watched, post)) == 1
    for number in range(3):
        watched.shop.put("people", person(f"Bad Day {number}", **BROKEN))
    watched.sync()
    assert told(watched, post) == []
    watched.clock.sleep(3_600)
    (message,) = told(watched, post)
    assert "4 records could not be taken or sent; see concord dead-letters list --connection shop" in message
    watched.configure(
        "shop", streams={"people": {"fields": {"newsletter": {"granted": "properties.newsletter == 'maybe'"}}}}
    )
    watched.hub.replay_dead_letters()
    assert told(watched, post)[0].startswith("Acme: over: shop: records")


def test_a_login_that_is_refused_is_told_with_what_to_do(watched: Stage, post: Inbox) -> None:
    watched.sync()
    watched.shop.fail(AuthError("the key was withdrawn"), on="check")
    watched.hub.sync()
    (message,) = told(watched, post)
    assert message.startswith("Acme: shop: the login is refused")
    assert "the key was withdrawn. It rests until then. Mend it and run: concord check shop" in message
    watched.hub.check()
    assert told(watched, post)[0].startswith("Acme: over: shop: the login is refused")


def test_another_account_is_told_once_though_every_sync_keeps_that_it_was_not_read(watched: Stage, post: Inbox) -> None:
    watched.sync()
    watched.shop.account = "memory-of-somebody-else"
    watched.hub.sync()
    (message,) = told(watched, post)
    assert message.startswith("Acme: shop: the login is refused")
    assert message.count("another account than before") == 1
    watched.hub.sync()
    assert told(watched, post) == []
    assert watched.hub.runs(1)[0].status == "paused"


def test_a_missing_permission_is_told_and_a_vendor_that_asks_for_patience_is_not(watched: Stage, post: Inbox) -> None:
    watched.shop.fail(RateLimitedError("slower, please", retry_after=60), on="read")
    watched.hub.sync()
    assert told(watched, post) == []
    watched.shop.fail(ForbiddenError("the scope people.read is missing"), on="read")
    watched.hub.sync()
    assert "the scope people.read is missing" in told(watched, post)[0]


def test_a_source_that_is_suddenly_empty_is_a_guard_that_refused(watched: Stage, post: Inbox) -> None:
    for number in range(3):
        watched.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@x.example"))
    watched.sync()
    with watched.shop.holdings() as holdings:
        for number in range(3):
            holdings.table("people").remove(str(number + 1))
    watched.hub.sync(full=True)
    (message,) = told(watched, post)
    assert message.startswith("Acme: shop: a guard refused a change")
    assert "3 of 3 known records are no longer there" in message


def test_a_plan_that_is_too_large_is_told_and_is_over_when_nothing_is_left_to_write(
    watched: Stage, post: Inbox
) -> None:
    watched.configure("crm", push={"people": {"match_on": "email", "approve": False, "max_change_share": 0.5}})
    for number in range(4):
        watched.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example", city="Hull"))
    watched.sync()
    watched.sync()
    assert told(watched, post) == []
    for number in range(4):
        watched.shop.change("people", str(number + 1), {"city": "Leeds"})
    (refused,) = watched.hub.sync().pushes
    assert (refused.status, refused.hash[:12]) == ("failed", refused.message.rpartition(" ")[2])
    (message,) = told(watched, post)
    assert message.startswith("Acme: crm: a guard refused a change")
    assert "4 of 4 people" in message
    for number in range(4):
        watched.shop.change("people", str(number + 1), {"city": "Hull"})
    assert watched.sync().ok
    assert told(watched, post)[0].startswith("Acme: over: crm: a guard refused")
    assert watched.hub.status().ok


def test_a_run_that_was_cut_off_is_told_when_nobody_went_on_with_it(watched: Stage, post: Inbox) -> None:
    watched.shop.put("people", person("Ann Lee", email="ann@x.example"))
    watched.sync()
    watched.crm.lose_answer(committed=True, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        watched.push()
    assert told(watched, post) == []
    watched.clock.sleep(1_900)
    assert (
        "push people: It was stopped by a person or the system. Nothing is lost: plan the rest"
        in told(watched, post)[0]
    )


def test_only_the_kinds_that_are_asked_for_are_told(watched: Stage, post: Inbox) -> None:
    watched.configure(alerts={"on": ["expired_login"], "repeat": "never"})
    fail(watched)
    assert told(watched, post) == []


def test_a_connection_that_rests_or_is_gone_is_not_told_of(watched: Stage, post: Inbox) -> None:
    fail(watched)
    assert len(told(watched, post)) == 1
    del watched.settings["connections"]["shop"]
    watched.configure()
    assert told(watched, post) == []
    assert watched.rows("alert") == [], "nor that it is well again, which nobody knows"
    fail(watched, "crm")
    watched.hub.pause("crm")
    assert told(watched, post) == []


def test_many_streams_of_one_connection_are_one_incident_that_names_a_few(timeline: Stage, post: Inbox) -> None:
    timeline.configure(alerts={"to": [post.address]})
    timeline.shop.fail(ContractError("its answer makes no sense"), on="read", times=9)
    timeline.hub.sync()
    (message,) = told(timeline, post)
    assert message.startswith("Acme: shop: a run failed")
    assert message.count("its answer makes no sense.") == 5


def test_two_hubs_that_look_at_once_tell_it_once(watched: Stage, post: Inbox) -> None:
    fail(watched)
    hubs = [watched.another() for _ in range(4)]
    with ThreadPoolExecutor(len(hubs)) as pool:
        list(pool.map(lambda hub: hub.alerts.tell(), hubs))
    for hub in hubs:
        hub.close()
    watched.clock.sleep(120)
    told_now = told(watched, post)
    assert len(told_now) == 1, told_now


def test_where_no_destination_is_configured_the_log_tells_it(stage: Stage) -> None:
    fail(stage)
    with capture_logs() as lines:
        stage.hub.alerts.tell()
        stage.hub.alerts.tell()
    (line,) = lines
    assert (line["event"], line["kind"], line["connection"]) == ("alert", "failed_run", "shop")
    assert line["log_level"] == "error"
    stage.sync()
    with capture_logs() as lines:
        stage.hub.alerts.tell()
    assert [one["event"] for one in lines] == ["alert is over"]
    assert stage.rows("alert_delivery") == []


def test_a_server_gathers_what_begins_within_half_a_minute_and_waits_before_it_says_that_all_is_well(
    watched: Stage, post: Inbox
) -> None:
    def looked(seconds: float) -> list[str]:
        watched.clock.sleep(seconds)
        watched.hub.alerts.look(SERVING)
        watched.hub.alerts.deliver()
        return post.take()

    fail(watched)
    assert looked(0) == []
    fail(watched, "crm", "shop")
    assert looked(10) == []
    assert len(looked(30)) == 1
    watched.sync()
    assert looked(0) == []
    fail(watched, "crm")
    assert looked(300) == [], "it comes and goes: one incident"
    watched.sync()
    assert looked(0) == []
    (message,) = looked(601)
    assert message.startswith("Acme: 2 are over")


def test_what_mends_itself_before_anybody_is_told_is_not_told(watched: Stage, post: Inbox) -> None:
    fail(watched)
    watched.hub.alerts.look(SERVING)
    assert [one.what for one in watched.hub.alerts.open()] == ["a run failed"]
    watched.sync()
    watched.clock.sleep(60)
    watched.hub.alerts.look(SERVING)
    assert watched.hub.alerts.open() == []
    assert told(watched, post) == []


@pytest.mark.fault("missed schedule", "It is told by whoever looks.")
def test_a_schedule_that_nobody_keeps_is_told_by_whoever_looks(served: Served, post: Inbox) -> None:  # noqa: F811
    stage = served.stage
    stage.configure(alerts={"to": [post.address]})
    server = served.server()
    served.settle()
    server.close()
    served.servers.clear()
    assert told(stage, post) == []
    stage.clock.sleep(3_600)
    (message,) = told(stage, post)
    assert message.startswith("Acme: shop: a schedule was missed")
    assert "read: due since 2026-06-01 12:1" in message
    assert "Start concord serve" in message
    server = served.server()
    served.settle()
    server.watch.close(20)  # it looks too, and may be sending this very message
    (message,) = told(stage, post)
    assert message.startswith("Acme: over: shop: a schedule was missed")


def begun(db: Database, at: str) -> None:
    """The job of the shop, at work since then."""
    with db.write() as c:
        schedules.follow(c, [Wanted(JobKind.READ, "shop", "every 10 minutes", at)])
        schedules.begin(c, "read:shop", at, at)


def test_a_job_that_works_for_an_hour_is_no_alert_and_one_that_does_for_half_a_day_is(
    watched: Stage, post: Inbox
) -> None:
    db = watched.hub.db
    begun(db, db.stamp())
    held = Leases(db).acquire("job:read:shop", "another-machine", 2 * DAY)
    assert held is not None
    watched.clock.sleep(3_600)
    assert told(watched, post) == []
    watched.clock.sleep(43_200)
    (message,) = told(watched, post)
    assert "read: at work since 2026-06-01 12:00 UTC" in message


def test_a_job_that_fails_before_there_is_a_run_is_told_and_one_that_dies_thrice_too(
    watched: Stage, post: Inbox
) -> None:
    watched.sync()
    db = watched.hub.db
    for number, (status, arrives) in enumerate((("interrupted", 0), ("interrupted", 0), ("interrupted", 1))):
        begun(db, db.stamp())
        with db.write() as c:
            said = "its process ended by signal 9; the next run goes on from there"
            schedules.end(c, "read:shop", db.stamp(), status, said, well=False, since="", due_at=stamp(db.now()))
        assert len(told(watched, post)) == arrives, number
    begun(db, db.stamp())
    with db.write() as c:
        schedules.end(c, "read:shop", db.stamp(), "ok", "", well=True, since="", due_at=None)
    assert told(watched, post)[0].startswith("Acme: over")
    with db.write() as c:
        schedules.end(
            c, "read:shop", db.stamp(), "failed", "the vault's key is gone", well=False, since="", due_at=None
        )
    assert "read: the vault's key is gone." in told(watched, post)[0]


def test_a_server_tells_what_its_jobs_came_to(served: Served, post: Inbox) -> None:  # noqa: F811
    served.stage.configure(alerts={"to": [post.address]})
    served.write()
    served.order("read-shop", "failed")
    server = served.server()
    served.settle()
    for _ in range(3):  # what is under way, what is new, and what half a minute has gathered
        server.watch.close(20)
        served.stage.clock.sleep(45)
        server.tick()
    server.watch.close(20)
    (message,) = post.take()
    assert "shop: a run failed" in message
    assert "read: it went wrong." in message


def test_no_message_holds_what_a_record_says(watched: Stage, post: Inbox) -> None:
    watched.shop.put("people", person("Secret Person", email="secret.person@x.example", **BROKEN))
    watched.shop.put("people", person("Tom Orr", email="tom@x.example"), broken=True)
    watched.crm.fail(RuntimeError("secret.person@x.example cannot be"), on="read")
    watched.hub.sync()
    (message,) = told(watched, post)
    assert "unexpected RuntimeError" in message
    assert "ecret" not in message
    assert "maybe" not in message
    assert "ecret" not in json.dumps([one.message for one in watched.hub.alerts.open()])


def test_every_kind_has_words_and_none_is_longer_than_its_column() -> None:
    assert all(len(kind) <= 20 for kind in AlertKind)
    assert timedelta(0) < SERVING.gather < SERVING.settle
    assert {one.value for one in Pause} == {"auth", "account", "admin"}, "a new reason to rest: is anybody told of it?"
