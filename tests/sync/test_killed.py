"""Exactly-once effect: a hub that is killed again and again ends where one that was left alone ends.

The hub is a real process, killed with SIGKILL; the CRM outlives it. It is killed at chosen moments (a request that
never arrived, one that was carried out but never answered, a commit seen from outside) and at random ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest

from state.database import Database
from tests.sync.stage import Actor, Stage
from tests.sync.theatre import Theatre, plots

KILLS = 20


@contextmanager
def theatre(folder: Path, url: str) -> Iterator[Theatre]:
    """A fresh stage in a folder of its own, over an empty database."""
    folder.mkdir()
    with ExitStack() as stack:
        db = Database(url)
        stack.callback(db.close)
        stage = stack.enter_context(Stage(folder, url))
        actor = Actor(stage.config)
        stack.callback(actor.close)
        yield Theatre(stage, actor, db)


@pytest.fixture
def undisturbed(tmp_path: Path, sqlite_template: Path) -> Iterator[Theatre]:
    """Where a hub gets to that nobody disturbs."""
    copy = tmp_path / "undisturbed.db"
    copy.write_bytes(sqlite_template.read_bytes())
    with theatre(tmp_path / "undisturbed", f"sqlite:///{copy}") as calm:
        yield calm


@pytest.fixture
def disturbed(tmp_path: Path, database_url: str) -> Iterator[Theatre]:
    """The same on each of the databases, for hubs that are about to be disturbed."""
    with theatre(tmp_path / "disturbed", database_url) as busy:
        yield busy


def test_a_hub_killed_at_any_point_ends_where_an_undisturbed_one_ends(undisturbed: Theatre, disturbed: Theatre) -> None:
    undisturbed.finish()
    for plot in plots(Random(20261123)):
        disturbed.act(plot)
    disturbed.finish()
    assert disturbed.kills >= KILLS
    expected, found = undisturbed.end.all(), disturbed.end.all()
    for section, there in expected.items():
        assert found[section] == there, section
    assert disturbed.end.strays() == []
    assert max(disturbed.repeated) <= 1
    assert max(undisturbed.repeated) == 0
