"""Progress never mixes with answers, and is lines where nobody looks on."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from rich.console import Console

from admin.cli.progress import LINE_EVERY_SECONDS, Lines, observing
from admin.cli.redaction import configure_logging
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub


def test_off_a_terminal_progress_is_a_line_at_the_end_and_now_and_then() -> None:
    written, time = io.StringIO(), [0.0]
    lines = Lines(Console(file=written), clock=lambda: time[0])
    lines.started("pull shop/customers", 3_000)
    lines.advanced("pull shop/customers", 500)
    assert written.getvalue() == ""
    time[0] = LINE_EVERY_SECONDS
    lines.advanced("pull shop/customers", 1_000)
    lines.advanced("pull shop/customers", 1_500)
    lines.finished("pull shop/customers", "3,000 read")
    assert written.getvalue().splitlines() == ["pull shop/customers: 1,000 of 3,000", "pull shop/customers: 3,000 read"]


def test_on_a_terminal_bars_come_and_go() -> None:
    written = io.StringIO()
    with observing(Console(file=written, force_terminal=True, width=100)) as observer:
        observer.started("resolve", None)
        observer.advanced("resolve", 10)
        observer.started("resolve", 20)
        observer.finished("resolve", "20 looked at")
        observer.advanced("never begun", 1)
    assert "resolve: 20 looked at" in written.getvalue()


def test_log_lines_go_to_stderr_without_secrets_or_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "k-123456789")
    configure_logging(verbose=True, as_json=True)
    structlog.get_logger("concord").info(
        "asked", access_token="abc123", whom="ada@post.example", nested={"password": "p"}
    )
    logging.getLogger("library").warning("with %s and https://x.example/a?token=abc", "k-123456789")
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = (json.loads(line) for line in captured.err.splitlines())
    assert first["event"] == "asked"
    assert first["level"] == "info"
    for hidden in ("abc123", "ada@post", "k-123456789", "token=abc", '"p"'):
        assert hidden not in captured.err
    assert "library" in second["logger"]


def test_without_verbose_only_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(verbose=False, as_json=False)
    structlog.get_logger("concord").info("quiet")
    structlog.get_logger("concord").warning("loud")
    captured = capsys.readouterr().err
    assert "loud" in captured
    assert "quiet" not in captured


def test_json_logs_may_be_asked_for_by_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_JSON_LOGS", "1")
    configure_logging(verbose=False, as_json=False)
    structlog.get_logger("concord").warning("loud")
    assert json.loads(capsys.readouterr().err)["event"] == "loud"


def test_an_answer_in_json_is_alone_on_stdout(concord: Concord, hub: FakeHub) -> None:
    result = concord("sync", "--json", "--verbose", "--json-logs")
    json.loads(result.stdout)
