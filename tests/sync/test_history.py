"""What was run: a line a command, and every run of it by its number."""

from __future__ import annotations

import pytest

from mapping.errors import ForbiddenError, GoneError, TransientError
from tests.sync.hubs import Stage, person


def test_a_run_that_never_was_is_told(stage: Stage) -> None:
    with pytest.raises(GoneError, match="There is no run 7"):
        stage.hub.run(7)


def test_the_line_of_a_sync_is_as_bad_as_its_worst_run_and_says_where(stage: Stage) -> None:
    stage.shop.fail(ForbiddenError("the scope is missing"), on="read")
    stage.crm.fail(TransientError("the line is dead"), on="read")
    stage.sync()
    (line,) = stage.hub.runs()
    assert line.status == "failed"
    assert line.error.startswith("crm/people: the line is dead")
    assert line.error.endswith("(and 1 more)")


def test_a_sync_that_was_stopped_is_no_good_line(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.crm.fail(KeyboardInterrupt(), on="read")
    with pytest.raises(KeyboardInterrupt):
        stage.sync()
    (line,) = stage.hub.runs()
    assert (line.status, [part.status for part in stage.hub.run(line.id).parts]) == (
        "interrupted",
        ["ok", "interrupted"],
    )


def test_a_sync_is_one_line_with_its_runs_behind_it(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.shop.put("people", person("Bob Ray", email="bob@home.example"))
    for _ in range(2):
        stage.sync()
    again, first = stage.hub.runs()
    assert (again.kind, again.connection, again.stream, again.parts) == ("sync", "shop, crm", "2 streams", ())
    assert {name: count for name, count in first.counts.items() if count} == {"read": 2, "new": 2, "customers": 2}
    whole = stage.hub.run(first.id)
    assert [(part.kind, part.connection) for part in whole.parts] == [
        ("pull", "shop"),
        ("pull", "crm"),
        ("resolve", ""),
    ]
    assert stage.hub.run(whole.parts[1].id).parts == (), "a run in the middle is shown by itself"
    assert first.started_at <= whole.parts[0].started_at <= first.ended_at


def test_pushes_of_one_apply_are_one_line_too(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("companies", {"name": "Firm", "domain": "firm.example"})
    timeline.sync()
    timeline.push()
    line = timeline.hub.runs()[0]
    assert (line.kind, line.connection, line.stream, line.counts["created"]) == ("push", "crm", "2 streams", 2)


def test_every_single_run_is_there_for_who_asks(stage: Stage) -> None:
    stage.sync()
    stage.sync()
    assert [run.kind for run in stage.hub.runs(each=True)] == ["pull"] * 4
    assert [run.kind for run in stage.hub.runs(1, each=True)] == ["pull"]
    assert len(stage.hub.runs(1)) == 1
