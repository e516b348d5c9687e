"""A server that does not start says why, and what it holds outlives it."""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from admin.demo.servers.process import PORTS, TRIES, Process, free_port
from admin.demo.servers.radicale import Radicale
from mapping.errors import ConcordError
from tests.servers.calendars import Calendars, calendar, event


def test_a_server_that_ends_while_it_starts_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is haunted')"]
    with pytest.raises(ConcordError, match="Ghost ended while it started: the port is haunted"):
        Process("Ghost", command, free_port(), tmp_path / "log")


def test_no_variable_of_ours_reaches_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_SECRET", "s3cret")
    command = [sys.executable, "-c", "import os; raise SystemExit(str('CONCORD_SECRET' in os.environ))"]
    with pytest.raises(ConcordError, match="started: False"):
        Process("Ghost", command, free_port(), tmp_path / "log")


def test_what_radicale_holds_outlives_it_and_its_port_is_free_again(tmp_path: Path) -> None:
    server = Radicale(tmp_path)
    with server:
        calendars = Calendars(server)
        path = calendars.make("Work")
        calendars.put(path, "tea.ics", calendar(event("tea", datetime(2026, 5, 4, 9, tzinfo=UTC))))
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    with server:
        assert "UID:tea" in calendars.get(path, "tea.ics")
        calendars.close()


def test_a_port_is_none_that_the_system_gives_to_others_and_none_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        port = taken.getsockname()[1]
        draws = iter([port - PORTS.start, *range(TRIES)])
        monkeypatch.setattr("admin.demo.servers.process.secrets.randbelow", lambda _: next(draws))
        assert free_port() in range(PORTS.start, PORTS.start + TRIES)
        monkeypatch.setattr("admin.demo.servers.process.secrets.randbelow", lambda _: port - PORTS.start)
        with pytest.raises(OSError, match="is free"):
            free_port()
    assert PORTS.stop <= 32_768
