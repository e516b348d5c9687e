"""Every way a command can end has its exit code and one clear sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mapping.errors import (
    AuthError,
    ConfigError,
    DatabaseVersionError,
    GoneError,
    Problem,
    RateLimitedError,
    StalePlanError,
    TransientError,
)
from sync.reports import ApplyReport
from tests.admin.conftest import Concord
from tests.admin.fake_hub import APPLY, CHECK, PLAN, STATUS, STREAM, SWEEP, SWEPT, SYNC, FakeHub


def test_a_failed_stream_fails_the_command(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = replace(SYNC, streams=(replace(STREAM, status="failed", message="scope missing"),))
    result = concord("sync")
    assert result.exit_code == 1
    assert "scope missing" in result.stdout


def test_a_paused_connection_fails_the_command(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = replace(SYNC, streams=(replace(STREAM, status="paused"),))
    assert concord("sync").exit_code == 1


def test_one_dead_record_fails_the_command_even_where_the_stream_went_on(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = replace(SYNC, streams=(replace(STREAM, dead=1),))
    assert concord("sync").exit_code == 1


@pytest.mark.parametrize(("status", "dead"), [("failed", 0), ("paused", 0), ("partial", 1), ("ok", 1)])
def test_a_sweep_that_did_not_all_go_well_fails_the_command(
    concord: Concord, hub: FakeHub, status: str, dead: int
) -> None:
    swept = replace(SWEPT, status=status, dead=dead, message="4 of 5 known records")
    hub.answers |= {"sweep": replace(SWEEP, streams=(swept,)), "sync": replace(SYNC, sweeps=(swept,))}
    for command in ("sweep", "sync"):
        result = concord(command)
        assert result.exit_code == 1
        assert "4 of 5" in result.stdout


@pytest.mark.parametrize("status", ["partial", "failed", "paused"])
def test_a_push_that_did_not_all_go_well_fails_the_command(concord: Concord, hub: FakeHub, status: str) -> None:
    hub.answers["apply"] = ApplyReport(PLAN.hash, status, failed=1, message="one of them")
    result = concord("apply", "3f9a")
    assert result.exit_code == 1
    assert "one of them" in result.stdout


def test_a_connection_that_refuses_us_fails_the_check(concord: Concord, hub: FakeHub) -> None:
    hub.answers["check"] = [CHECK, replace(CHECK, connection="crm", ok=False, message="401")]
    assert concord("check").exit_code == 1


def test_a_status_with_advice_is_not_all_right(concord: Concord, hub: FakeHub) -> None:
    hub.answers["status"] = replace(STATUS, advice=("run: concord check",))
    result = concord("status")
    assert result.exit_code == 1
    assert "run: concord check" in result.stdout


def test_configuration_errors_are_listed_one_a_line_without_a_traceback(concord: Concord, hub: FakeHub) -> None:
    problems = (
        Problem("concord.yaml", 7, "connections.shop.connector", "no such connector", nearest="shopify"),
        Problem("concord.yaml", 9, "hub.name", "missing"),
    )
    hub.answers["sync"] = ConfigError(problems=problems)
    result = concord("sync")
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines() == [str(problem) for problem in problems]
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TransientError("the shop did not answer"), "the shop did not answer"),
        (AuthError("the shop refused our login"), "concord secrets set"),
        (StalePlanError("the rules changed"), "concord plan"),
        (RateLimitedError("the shop asks for patience", retry_after=90), "again in 90 seconds"),
        (DatabaseVersionError("a newer Concord wrote it"), "a newer Concord wrote it"),
        (GoneError("there is no customer x"), "there is no customer x"),
    ],
)
def test_named_errors_are_one_sentence_and_what_to_do(
    concord: Concord, hub: FakeHub, error: Exception, said: str
) -> None:
    hub.answers["sync"] = error
    result = concord("sync")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_ctrl_c_says_that_nothing_is_lost(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = KeyboardInterrupt()
    result = concord("sync")
    assert result.exit_code == 130
    assert "Nothing is lost" in result.stderr
    assert "same command goes on" in result.stderr
    assert hub.closed


def test_an_unforeseen_error_is_kept_in_a_file_without_secrets_or_people(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "shpat-very-secret")
    said = "bad: shpat-very-secret, ada@post.example, +31 6 12345678, Bearer abcdef123456, postgresql://u:pw@db/x"
    hub.answers["sync"] = ZeroDivisionError(said)
    result = concord("sync")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.output
    kept = list((tmp_path / ".concord").glob("error-*.log"))
    assert len(kept) == 1
    assert str(kept[0]) in result.stderr.replace("\n", "")
    assert kept[0].stat().st_mode & 0o777 == 0o600
    text = kept[0].read_text()
    assert "Traceback" in text
    assert not [each for each in ("very-secret", "ada@", "12345678", "abcdef", "u:pw") if each in text + result.output]


def test_what_the_engine_met_and_went_on_after_is_kept_too(concord: Concord, hub: FakeHub, tmp_path: Path) -> None:
    hub.crashes.append("KeyError\n  pull.py:12 in read")
    result = concord("sync")
    assert "Something unexpected happened on the way" in result.stderr
    kept = list((tmp_path / ".concord").glob("error-*.log"))
    assert [file.read_text() for file in kept] == hub.crashes


def test_verbose_shows_the_traceback(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = ZeroDivisionError("x")
    assert "Traceback" in concord("sync", "--verbose").stderr


def test_a_refusal_of_the_system_names_the_file(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sync"] = PermissionError(13, "Permission denied", "/state/concord.db")
    result = concord("sync")
    assert result.exit_code == 1
    assert "/state/concord.db" in result.stderr
    assert "Permission denied" in result.stderr


def test_errors_answer_in_json_too(concord: Concord, hub: FakeHub) -> None:
    problem = Problem("concord.yaml", 7, "hub.name", "missing")
    hub.answers["sync"] = ConfigError(problems=(problem,))
    result = concord("sync", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 2
    assert answer["error"]["type"] == "ConfigError"
    assert answer["error"]["problems"][0]["line"] == 7
    hub.answers["sync"] = AuthError("no")
    assert json.loads(concord("sync", "--json").stdout)["error"] == {
        "type": "AuthError",
        "message": "no",
        "problems": [],
    }


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("sync", "--nonsense"),
        ("apply",),
        ("runs", "show", "zero"),
        ("runs", "show", "0"),
        ("customers", "show"),
        ("runs", "list", "--limit", "0"),
        ("sandbox", "hubspot", "--port", "70000"),
    ],
)
def test_bad_usage_is_two_and_reaches_no_hub(concord: Concord, hub: FakeHub, words: tuple[str, ...]) -> None:
    result = concord(*words)
    assert result.exit_code == 2
    assert hub.asked == []


@pytest.mark.parametrize(
    "line",
    ["sync shp", "check shp", "plan shp", "rebind shp", "rename shp store", "dead-letters list --connection shp"],
)
def test_an_unknown_connection_is_told_with_the_nearest_right_name(concord: Concord, tmp_path: Path, line: str) -> None:
    (tmp_path / "concord.yaml").write_text(
        "hub: {name: Acme}\nconnections: {shop: {connector: files, config: {path: exports}}}\n"
    )
    result = concord(*line.split())
    assert result.exit_code == 2
    assert "did you mean 'shop'?" in result.stderr


def test_an_unknown_sandbox_lists_those_there_are(concord: Concord) -> None:
    result = concord("sandbox", "hubspt")
    assert result.exit_code == 2
    assert "did you mean 'hubspot'?" in result.stderr


def test_show_goes_with_nothing_else(concord: Concord, hub: FakeHub) -> None:
    result = concord("plan", "--show", "3f9a", "--live")
    assert result.exit_code == 2
    assert "--live" in result.stderr


def test_what_goes_well_is_zero(concord: Concord, hub: FakeHub) -> None:
    words = ["check", "sync", "plan", "status", "runs", "runs list", "runs show 4", "apply 3f9a", "customers find ada"]
    words += ["customers show cus_1", "customers timeline cus_1", "dead-letters", "dead-letters list"]
    words += ["dead-letters show 3", "dead-letters replay 3", "rebind shop"]
    assert {line: concord(*line.split()).exit_code for line in words} == dict.fromkeys(words, 0)
    assert APPLY.ok
