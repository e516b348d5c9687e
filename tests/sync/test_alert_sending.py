"""Sending alerts: through the real Apprise, to destinations that answer, do not, or take their time."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from admin.cli.main import app
from mapping.errors import ConfigError, ContractError
from state.leases import Leases
from sync import alert
from tests.sync.hubs import Stage
from tests.sync.inbox import SECRET, Inbox, inbox

LATER = 61.0
"""Seconds until what did not arrive is tried again."""


@pytest.fixture
def boxes() -> Iterator[tuple[Inbox, Inbox]]:
    """Two places for alerts."""
    with ExitStack() as stack:
        yield stack.enter_context(inbox()), stack.enter_context(inbox())


@pytest.fixture
def failing(stage: Stage, boxes: tuple[Inbox, Inbox]) -> Stage:
    """A stage with something to tell to both."""
    stage.configure(alerts={"to": [box.address for box in boxes]})
    stage.shop.fail(ContractError("its answer makes no sense"), on="read")
    stage.hub.sync()
    return stage


def again(stage: Stage, seconds: float = LATER) -> None:
    """Somebody looks, so much later."""
    stage.clock.sleep(seconds)
    stage.hub.alerts.tell()


def test_every_destination_gets_it(failing: Stage, boxes: tuple[Inbox, Inbox]) -> None:
    failing.hub.alerts.tell()
    assert [len(box.take()) for box in boxes] == [1, 1]
    assert failing.rows("alert_delivery") == []


@pytest.mark.fault(
    "alert not delivered", "It is tried again later, other destinations get it once, and the status says so."
)
def test_one_that_answers_with_an_error_is_tried_again_and_the_other_gets_it_once(
    failing: Stage, boxes: tuple[Inbox, Inbox]
) -> None:
    one, _ = boxes
    one.server.faults.fail(500, times=2)
    failing.hub.alerts.tell()
    assert [len(box.take()) for box in boxes] == [0, 1]
    (waiting,) = failing.hub.alerts.undelivered()
    assert (waiting.destination, waiting.messages) == ("alerts.to[0]", 1)
    assert waiting.problem == "it answered with the status 500"
    advice = (
        "an alert has not reached alerts.to[0]: it answered with the status 500; mend it and run concord alerts test"
    )
    assert advice in failing.hub.status().advice
    failing.hub.alerts.tell()
    assert len(one.take()) == 0, "not before its time"
    again(failing)
    again(failing)
    assert len(one.take()) == 0, "the second wait is longer"
    again(failing)
    assert [len(box.take()) for box in boxes] == [1, 0]
    assert advice not in failing.hub.status().advice


def test_one_that_is_not_there_and_one_that_hangs_up_keep_nobody_from_the_other(
    failing: Stage, boxes: tuple[Inbox, Inbox]
) -> None:
    one, other = boxes
    one.server.stop()
    other.server.faults.drop_answer()
    failing.hub.alerts.tell()
    problems = {each.destination: each.problem for each in failing.hub.alerts.undelivered()}
    assert problems == dict.fromkeys(
        ("alerts.to[0]", "alerts.to[1]"), "it could not be reached, or did not answer in time"
    )
    other.take()
    again(failing)
    assert len(other.take()) == 1


@pytest.mark.fault("alert not delivered", "A destination that takes its time is given up; the command goes on.")
def test_one_that_takes_its_time_is_given_up_and_the_command_goes_on(
    failing: Stage, boxes: tuple[Inbox, Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert, "LONGEST_SEND", 0.3)
    one, other = boxes
    one.server.faults.hang(30)
    began = time.monotonic()
    failing.hub.alerts.tell()
    assert time.monotonic() - began < 10
    assert len(other.take()) == 1
    (waiting,) = failing.hub.alerts.undelivered()
    assert waiting.problem == "it took longer than 0 seconds"


def test_what_was_not_sent_when_a_process_died_is_sent_by_the_next(failing: Stage, boxes: tuple[Inbox, Inbox]) -> None:
    failing.hub.alerts.look()
    assert [box.take() for box in boxes] == [[], []]
    other = failing.another()
    other.alerts.tell()
    other.close()
    failing.hub.alerts.tell()
    assert [len(box.take()) for box in boxes] == [1, 1]


def test_while_one_process_sends_another_does_not(failing: Stage, boxes: tuple[Inbox, Inbox]) -> None:
    failing.hub.alerts.look()
    held = Leases(failing.hub.db).acquire(alert.LEASE, "another-machine", 60)
    assert held is not None
    assert failing.hub.alerts.deliver() == 0
    held.release()
    assert failing.hub.alerts.deliver() == 2


def test_what_never_arrives_is_given_up_after_days(failing: Stage, boxes: tuple[Inbox, Inbox]) -> None:
    one, _ = boxes
    one.server.faults.fail(500, times=9)
    failing.configure(alerts={"repeat": "never"})
    failing.hub.alerts.tell()
    failing.clock.sleep(3 * 86_400)
    with capture_logs() as lines:
        failing.hub.alerts.tell()
    assert [(line["destination"], line["then"]) for line in lines] == [("alerts.to[0]", "it is not tried again")]
    assert failing.rows("alert_delivery") == []


def test_a_destination_that_is_configured_no_longer_gets_nothing_more(
    failing: Stage, boxes: tuple[Inbox, Inbox]
) -> None:
    failing.hub.alerts.look()
    failing.configure(alerts={"to": []})
    failing.hub.alerts.tell()
    assert [box.take() for box in boxes] == [[], []]
    assert failing.rows("alert_delivery") == []


def test_a_plugin_that_falls_over_breaks_nothing(failing: Stage) -> None:
    def fall(address: str, *_: object) -> str:
        raise OSError(address)

    broken = alert.Alerts(failing.hub.db, lambda: failing.hub.settings, fall)
    with capture_logs() as lines:
        broken.tell()
    assert {line.get("problem") for line in lines} == {None, "sending it ended with OSError"}
    assert SECRET not in json.dumps(lines)


def test_a_database_that_is_away_breaks_no_command(failing: Stage) -> None:
    failing.hub.db.close()
    with capture_logs() as lines:
        failing.hub.alerts.tell()  # a closed pool opens anew
    assert [line["event"] for line in lines] == ["alert"]


@pytest.mark.parametrize("address", ["nosuchservice://host/x", "slack://too-little"])
def test_an_address_that_apprise_does_not_know_is_told_so(stage: Stage, address: str) -> None:
    stage.configure(alerts={"to": [address]})
    (tried,) = stage.hub.alerts.test()
    assert not tried.ok
    assert "no address that Apprise knows" in tried.problem


def test_a_test_says_which_destination_failed_and_why(stage: Stage, boxes: tuple[Inbox, Inbox]) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.to"):
        stage.hub.alerts.test()
    one, other = boxes
    one.server.faults.fail(403)
    stage.configure(alerts={"to": [box.address for box in boxes]})
    tried = stage.hub.alerts.test()
    assert [(each.destination, each.ok) for each in tried] == [("alerts.to[0]", False), ("alerts.to[1]", True)]
    assert tried[0].problem == "it answered with the status 403"
    assert other.take()[0].startswith("Acme: a test\n")
    assert stage.rows("alert_delivery") == []


def test_no_address_reaches_a_log_an_error_the_database_or_what_is_shown(
    failing: Stage, boxes: tuple[Inbox, Inbox]
) -> None:
    one, other = boxes
    one.server.faults.fail(500, times=9)
    other.server.stop()
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with capture_logs() as lines:
        failing.hub.alerts.tell()
        tried = failing.hub.alerts.test()
    root.removeHandler(handler)
    root.setLevel(level)
    settings, waiting = failing.hub.settings, failing.hub.alerts.undelivered()
    shown = [lines, tried, waiting, failing.rows("alert_delivery"), settings.public(), settings, settings.warnings]
    assert [one.ok for one in tried] == [False, False]
    assert SECRET not in f"{shown}{written.getvalue()}"


CONFIGURATION = """\
hub: {{name: Acme, database: "sqlite:///{folder}/concord.db"}}
connections: {{exports: {{connector: files, config: {{path: "{folder}/none"}}}}}}
alerts: {{to: [!env ALERTS]}}
"""


def test_the_command_itself_tells_what_it_met_and_shows_no_address(
    tmp_path: Path, boxes: tuple[Inbox, Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = boxes
    monkeypatch.setenv("ALERTS", one.address)
    path = tmp_path / "concord.yaml"
    path.write_text(CONFIGURATION.format(folder=tmp_path))
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    said = []
    for words in ("sync", "alerts", "alerts test", "status", "alerts list --json"):
        result = CliRunner().invoke(app, ["--config", str(path), *words.split()])
        said.append(result.output)
    one.server.stop()
    tested = CliRunner().invoke(app, ["--config", str(path), "alerts", "test"])
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    first, second = one.take()
    assert "exports: a run failed" in first
    assert second.startswith("Acme: a test")
    assert "a run failed" in said[1]
    assert tested.exit_code == 1
    assert "!env ALERTS" in tested.output
    assert "could not be reached" in " ".join(tested.output.split())
    assert SECRET not in "".join([*said, tested.output])
