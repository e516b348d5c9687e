"""The terminal with a scripted hub behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from admin.cli import doors
from admin.cli.main import app
from tests.admin.fake_hub import FakeHub, FakeVault

Concord = Callable[..., Result]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """The hub that the terminal opens."""
    made = FakeHub()
    monkeypatch.setattr(doors, "open_hub", lambda path, observer: made)
    return made


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> FakeVault:
    """The vault that the terminal opens."""
    made = FakeVault()
    monkeypatch.setattr(doors, "open_vault", lambda path: made)
    return made


@pytest.fixture
def concord(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Concord]:
    """Runs a command in an empty folder; the result has stdout, stderr and exit code apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CONCORD_CONFIG", raising=False)
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level

    def run(*words: str, typed: str | bytes = "") -> Result:
        return CliRunner().invoke(app, list(words), input=typed)

    yield run
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
