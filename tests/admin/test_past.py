"""Backfills by the command line: looked at, begun, told, stopped and resumed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

import pytest

from admin.cli import ledger
from connectors.hubspot.sandbox import serve
from connectors.memory.sandbox import World, forget_world, open_world
from mapping.errors import ForbiddenError
from sync.hub import Hub
from tests.admin.conftest import Concord
from tests.admin.test_termination import running
from tests.sync.hubs import person
from tests.sync.patience import wait

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
RANGE = ("--since", "2026-01-01", "--until", "2026-03-01")
CONFIG = "hub: {name: Acme}\nconnections: {shop: {connector: memory, config: {world: told}, streams: {people: {}}}}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """A shop with ten people, one every five days."""
    (tmp_path / "concord.yaml").write_text(CONFIG)
    world = open_world("told")
    for number in range(10):
        values = person(f"Pat{number} Poe", email=f"p{number}@x.example")
        world.put("people", values, at=BEGINNING + timedelta(days=5 * number))
    yield world
    forget_world("told")


def answer(concord: Concord, *words: str) -> Any:
    return json.loads(concord(*words, "--json").stdout)


def test_a_dry_run_says_what_it_would_take_and_begins_nothing(concord: Concord, shop: World) -> None:
    shown = concord("backfill", "shop", *RANGE, "--dry-run")
    assert shown.exit_code == 0
    assert "18 partitions of 1w" in shown.stdout, "nine weeks of each of two teams"
    told = answer(concord, "backfill", "shop", *RANGE, "--dry-run")
    assert told["streams"][0]["sure"] == "sampled"
    assert told["calls"] >= 18
    assert answer(concord, "backfills") == []


def test_a_few_windows_are_counted(concord: Concord, shop: World) -> None:
    told = answer(concord, "backfill", "shop", "--since", "2026-01-01", "--until", "2026-01-08", "--dry-run")
    (people,) = told["streams"]
    assert (people["partitions"], people["calls"]) == (2, 2)


def test_where_nobody_can_be_asked_it_wants_a_yes(concord: Concord, shop: World) -> None:
    refused = concord("backfill", "shop", *RANGE)
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert shop.requests["window"] == 0


def test_it_tells_what_it_has_read_and_is_listed_and_shown(concord: Concord, shop: World) -> None:
    done = concord("backfill", "shop", *RANGE, "--yes", "--workers", "3")
    assert done.exit_code == 0, done.stderr
    assert "18 partitions" in done.stderr
    assert "All of it has been read." in done.stdout
    (listed,) = answer(concord, "backfills")
    assert (listed["state"], listed["done"], listed["partitions"]) == ("done", 18, 18)
    (people,) = answer(concord, "backfills", "show", str(listed["id"]))["streams"]
    assert (people["read"], people["new"], people["failures"]) == (10, 10, [])
    assert people["calls"] >= 18
    assert "done" in concord("backfills", "list").stdout
    runs = answer(concord, "runs")
    assert {"kind": runs[0]["kind"], "new": runs[0]["counts"]["new"]} == {"kind": "backfill", "new": 10}


def test_what_failed_is_told_with_its_reason_and_how_to_go_on(concord: Concord, shop: World) -> None:
    looks = shop.requests["window"]
    answer(concord, "backfill", "shop", *RANGE, "--dry-run")
    looks = shop.requests["window"] - looks
    shop.fail(ForbiddenError("no scope for this"), on="window", after=looks)
    failed = concord("backfill", "shop", *RANGE, "--yes")
    assert failed.exit_code == 1
    assert "no scope for this" in failed.stdout
    assert "concord backfills resume 1" in failed.stdout
    assert concord("status").exit_code == 1
    assert concord("backfills", "resume", "1").exit_code == 0
    assert "backfill" not in concord("status").stdout


def test_one_that_is_over_is_not_paused_and_one_that_is_not_there_is_told(concord: Concord, shop: World) -> None:
    concord("backfill", "shop", *RANGE, "--yes")
    assert concord("backfills", "pause", "1").exit_code == 2
    assert concord("backfills", "resume", "1").exit_code == 2
    assert concord("backfills", "cancel", "1").exit_code == 2
    missing = concord("backfills", "show", "7")
    assert (missing.exit_code, "no backfill 7" in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shop", "--since", "yesterday"), "is no date"),
        (("shop", "--since", "2026-01-01", "--until", "2025-01-01"), "--since must be before"),
        (("shop", "--since", "2999-01-01"), "--since must be before"),
        (("shop", "--since", "2026-01-01", "--every", "2y"), "is no step of time"),
        (("shop", "--since", "1926-01-01", "--every", "1h"), "more than 100,000 steps"),
        (("shop", "--since", "2026-01-01", "--stream", "sheep"), "reads no stream 'sheep'; it reads people"),
        (("shopp", "--since", "2026-01-01"), "did you mean 'shop'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    concord: Concord, shop: World, words: tuple[str, ...], said: str
) -> None:
    refused = concord("backfill", *words, "--yes")
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
    assert shop.requests["window"] == 0


def test_ctrl_c_pauses_at_the_end_of_a_page_and_it_goes_on_from_there(tmp_path: Path) -> None:
    with serve() as crm:
        for number in range(12):
            crm.portal.now = partial(add, BEGINNING, timedelta(days=7 * number))
            crm.portal.contacts.create(email=f"p{number}@x.example")
        crm.portal.now = lambda: datetime.now(UTC)
        config = {"access_token": crm.token, "base_url": crm.url}
        connections = {"crm": {"connector": "hubspot", "config": config, "streams": {"contacts": {}}}}
        (tmp_path / "concord.yaml").write_text(json.dumps({"hub": {"name": "Acme"}, "connections": connections}))
        crm.faults.hang(0.3, times=1000, skip=6, path="search")
        words = ("backfill", "crm", "--since", "2026-01-01", "--until", "2026-04-01", "--yes")
        with running(tmp_path, *words) as process:
            wait(lambda: crm.calls(path="search") >= 9, limit=60)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "go on with: concord backfills resume 1" in said
        assert "Traceback" not in said
        crm.faults.clear()
        with Hub.open(tmp_path / "concord.yaml") as hub:
            stopped = hub.backfills.ledger.show(1)
            assert stopped.state == "paused"
            assert 0 < stopped.done < stopped.partitions
            after = hub.backfills.run(1)
            assert (after.state, after.streams[0].read) == ("done", 12)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "a second"), (59, "59 seconds"), (3700, "1 hour 1 minute"), (200_000, "2 days 7 hours")]
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert ledger.span(seconds) == said
