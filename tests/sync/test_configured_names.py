"""What only a connector can judge of the configuration: names of streams, targets and properties, and field rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mapping.errors import ConfigError
from state.audit import audits
from sync.hub import Hub
from sync.opening import check_config
from tests.sync.hubs import Stage, person


@pytest.mark.parametrize(
    ("connection", "settings", "line"),
    [
        ("shop", {"streams": {"peopel": {}}}, r"connections\.shop\.streams\.peopel.*did you mean 'people'"),
        ("crm", {"push": {"peple": {}}}, r"connections\.crm\.push\.peple.*did you mean 'people'"),
        (
            "shop",
            {"streams": {"people": {"fields": {"person": {"emial": "email"}}}}},
            r"connections\.shop\.streams\.people\.fields.*emial.*did you mean 'email'",
        ),
    ],
)
def test_a_wrong_name_is_told_with_its_line_before_anything_is_read(
    stage: Stage, connection: str, settings: dict[str, Any], line: str
) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.configure(connection, **settings)
    with pytest.raises(ConfigError, match=line) as told:
        stage.hub.sync()
    assert all(problem.line for problem in told.value.problems)
    assert stage.hub.find_customers("") == []


@pytest.mark.parametrize("with_secrets", [True, False])
def test_a_connector_that_never_writes_is_told_with_its_line_when_the_file_is_read(
    tmp_path: Path, with_secrets: bool
) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text(
        "hub: {name: Acme}\nconnections:\n  exports:\n    connector: files\n    config: {path: x}\n"
        "    push:\n      contacts: {}\n"
    )
    doors: list[Callable[[], object]] = [lambda: check_config(path, with_secrets=with_secrets), lambda: Hub.open(path)]
    for read in doors:
        with pytest.raises(ConfigError) as told:
            read()
        (problem,) = told.value.problems
        assert str(problem).endswith(
            "concord.yaml:6: connections.exports.push: this connection (files) can only be read; expected no push:"
        )


def test_a_property_that_is_not_there_stops_the_plan(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.configure("crm", push={"people": {"match_on": "email", "fields": {"job_titel": "job_title"}}})
    with pytest.raises(ConfigError, match=r"push\.people\.fields\.job_titel.*did you mean 'job_title'"):
        stage.hub.plan()
    stage.configure("crm", push={"people": {"match_on": "email", "fields": {"worth": "traits.order_count"}}})
    with pytest.raises(ConfigError, match=r"fields\.worth: crm has no such property; make it there first"):
        stage.hub.plan()


def test_who_applied_a_plan_is_kept_by_ids(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    stage.hub.apply(plan.hash)
    assert [(line.what, dict(line.ids)) for line in audits(stage.hub.db)] == [("plan applied", {"plan": plan.hash})]
