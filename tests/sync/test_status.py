"""What the status says of connections that could not be read, and what a check of the configuration touches."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping.errors import AuthError, ConfigError, TransientError
from sync.hub import Hub
from sync.opening import check_config
from tests.sync.hubs import Stage, person


def test_a_connection_that_cannot_be_reached_is_not_well_until_it_is_read_again(stage: Stage) -> None:
    assert stage.sync().ok
    stage.shop.fail(TransientError("the line is dead"), on="check")
    report = stage.sync()
    assert [(one.connection, one.status) for one in report.streams] == [("shop", "failed"), ("crm", "ok")]
    status = stage.hub.status()
    assert {one.name: one.state for one in status.connections} == {"shop": "failed", "crm": "ok"}
    assert status.advice == [
        "shop: the line is dead. Nothing is lost: the next run goes on from here. Then run concord sync shop"
    ]
    assert stage.sync().ok
    assert stage.hub.status().ok


def test_a_connection_that_was_checked_but_never_read_is_told(stage: Stage) -> None:
    stage.hub.check()
    assert stage.hub.status().advice == [
        "shop was never read: run concord sync",
        "crm was never read: run concord sync",
    ]


def test_a_connection_that_is_not_to_be_read_asks_for_nothing(stage: Stage) -> None:
    stage.configure("crm", streams={"people": {"enabled": False}})
    stage.sync()
    assert stage.hub.status().ok


def test_a_push_that_was_stopped_is_told_until_the_next_one(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.crm.lose_answer(committed=True, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage.push()
    assert any("ended as interrupted" in line for line in stage.hub.status().advice)


def test_a_refused_login_is_told_with_what_to_do(stage: Stage) -> None:
    stage.shop.fail(AuthError("the key was withdrawn"), on="check")
    (report,) = stage.hub.check(["shop"])
    assert report.message.startswith("the key was withdrawn. The connection rests")
    assert "concord secrets set" in report.message


def test_a_plan_without_changes_announces_no_preparations(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.sync()
    plan = timeline.hub.plan()
    assert {line.partition(":")[0] for line in plan.warnings} == {"crm/people"}


@pytest.mark.parametrize("query", ["07700 900123", "+44 7700 900123", "émile", "ÉMILE", "zola"])
def test_a_customer_is_found_as_people_write_names_and_numbers(stage: Stage, query: str) -> None:
    stage.shop.put("people", person("Émile Zola", phone="+447700900123"))
    stage.sync()
    assert [one.name for one in stage.hub.find_customers(query)] == ["Émile Zola"]


def test_a_mistake_of_the_hub_hides_none_of_the_connections(tmp_path: Path) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text("hub: {nam: Acme}\nconnections:\n  shop: {connector: flies}\nprivcy: {}\n")
    with pytest.raises(ConfigError) as told:
        check_config(path)
    assert [problem.key for problem in told.value.problems] == [
        "hub.name",
        "hub.nam",
        "connections.shop.connector",
        "privcy",
    ]


def test_a_check_without_secrets_to_look_for_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text("hub: {name: Acme}\nconnections: {exports: {connector: files, config: {path: exports}}}\n")
    check_config(path)
    assert [each.name for each in tmp_path.iterdir()] == ["concord.yaml"]


def test_a_relative_folder_of_exports_starts_at_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hub" / "exports").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "hub" / "concord.yaml"
    path.write_text("hub: {name: Acme}\nconnections: {exports: {connector: files, config: {path: exports}}}\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with Hub.open(path) as hub:
        assert hub.check()[0].ok


def test_what_is_skipped_is_told_with_the_reason(stage: Stage) -> None:
    stage.configure("crm", push={"people": {"match_on": "email", "mode": "update_only"}})
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    assert plan.targets[0].skipped == 1
    assert plan.warnings == ["crm/people: 1 skipped: it is not over there, and mode update_only creates nothing"]


def test_a_source_says_into_what_it_was_written(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    why = {one.connection: one.why for one in stage.customer("").members}
    assert why["crm"].startswith("written by us for shop/people")
    assert why["shop"].startswith("written by us into crm/people")
