"""What a sync or a sweep wanted and was refused leaves a run, so that the list of runs tells of it."""

from __future__ import annotations

import pytest

from mapping.errors import AuthError, ConcordError, ForbiddenError, RateLimitedError, TransientError
from tests.sync.hubs import Stage, person


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AuthError("the key was withdrawn"), "paused"),
        (ForbiddenError("the scope is missing"), "paused"),
        (RateLimitedError("slow down", retry_after=600), "paused"),
        (TransientError("the line is dead"), "failed"),
    ],
    ids=repr,
)
def test_a_sync_with_a_connection_that_is_refused_is_not_listed_as_ok(
    stage: Stage, error: ConcordError, status: str
) -> None:
    stage.shop.fail(error, on="check")
    report = stage.hub.sync()
    (listed,) = stage.hub.runs(1)
    assert not report.ok
    assert (listed.kind, listed.connection, listed.status) == ("sync", "shop, crm", status)
    assert listed.error.startswith(f"shop: {error}")
    (refused,) = [one for one in stage.hub.run(listed.id).parts if one.connection == "shop"]
    assert (refused.kind, refused.stream, refused.status) == ("pull", "", status)


def test_every_sync_lists_a_connection_that_rests_once_and_says_why(stage: Stage) -> None:
    stage.sync()
    stage.shop.fail(AuthError("the key was withdrawn"), on="check", times=3)
    for _ in range(3):
        stage.hub.sync()
        (listed,) = stage.hub.runs(1)
        assert (listed.connection, listed.status) == ("shop, crm", "paused")
        assert "the key was withdrawn" in listed.error
    runs = [one for one in stage.hub.runs(50, each=True) if one.connection == "shop"]
    assert [one.status for one in runs] == ["paused", "paused", "paused", "ok"]


def test_a_connection_that_a_person_paused_is_listed_as_paused_with_the_way_on(stage: Stage) -> None:
    stage.sync()
    stage.hub.pause("shop")
    report = stage.hub.sync()
    (listed,) = stage.hub.runs(1)
    assert [(one.connection, one.status) for one in report.streams] == [("shop", "paused"), ("crm", "ok")]
    assert (listed.connection, listed.status) == ("shop, crm", "paused")
    assert "concord resume shop" in listed.error


def test_a_login_that_was_mended_is_no_longer_told_though_its_run_stays(stage: Stage) -> None:
    stage.shop.fail(AuthError("the key was withdrawn"), on="check")
    stage.hub.sync()
    assert stage.hub.status().advice[0].startswith("shop is paused: the key was withdrawn.")
    stage.hub.check()
    assert stage.hub.status().advice == ["shop was never read: run concord sync"]
    assert stage.hub.runs(1)[0].status == "paused"
    assert stage.sync().ok
    assert stage.hub.status().ok


def test_the_worst_of_a_command_is_what_its_line_tells(stage: Stage) -> None:
    stage.shop.fail(AuthError("the key was withdrawn"), on="check")
    stage.crm.fail(TransientError("the line is dead"), on="check")
    stage.hub.sync()
    (listed,) = stage.hub.runs(1)
    assert listed.status == "failed"
    assert listed.error.startswith("crm: the line is dead")
    assert listed.error.endswith("(and 1 more)")


def test_a_sweep_of_a_connection_that_is_refused_is_listed_and_told_until_the_next_one(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.shop.fail(TransientError("the line is dead"), on="check")
    assert not stage.hub.sweep(["shop"], dry_run=True).ok
    assert stage.hub.runs(1)[0].status == "ok", "a dry run leaves none"
    stage.shop.fail(TransientError("the line is dead"), on="check")
    assert not stage.hub.sweep(["shop"]).ok
    (listed,) = stage.hub.runs(1)
    assert (listed.kind, listed.connection, listed.status) == ("sweep", "shop", "failed")
    told = "the last sweep of shop ended as failed: the line is dead. Nothing is lost: the next sweep begins again."
    assert stage.hub.status().advice == [f"{told} Then run concord sweep shop"]
    assert stage.hub.sweep(["shop"]).ok
    assert stage.hub.status().ok


def test_a_push_that_cannot_even_be_planned_is_listed_until_nothing_is_left_to_write(stage: Stage) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", "approve": False}})
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.crm.fail(TransientError("the line is dead"), on="provision")
    assert not stage.hub.sync().ok
    (listed,) = stage.hub.runs(1)
    assert listed.status == "failed"
    assert "crm/people: the line is dead" in listed.error
    assert any(line.startswith("the last push of people ended as failed") for line in stage.hub.status().advice)
    assert stage.sync().ok
    assert stage.hub.status().ok


def test_a_login_that_is_refused_while_a_push_is_planned_lets_the_connection_rest(stage: Stage) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", "approve": False}})
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.crm.fail(AuthError("the key was withdrawn"), on="provision")
    (push,) = stage.hub.sync().pushes
    assert push.status == "paused"
    assert stage.hub.runs(1)[0].status == "paused"
    assert stage.hub.status().advice[0].startswith("crm is paused: the key was withdrawn.")
    assert stage.sync().ok
    assert stage.hub.status().ok
