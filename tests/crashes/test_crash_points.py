"""Exactly-once effect, place by place: a hub is killed just before and just after every commit that it ever makes.

The places are read from the source, so a new one is struck as soon as it is written; if the play does not come by it,
a test says so. Here each strike is carried out once in the run of the play, each by a SIGKILL to a real process, and
after every act everything that hub and CRM hold is compared with a play in which nobody died. On PostgreSQL every run
strikes after each commit only, for the time it takes. ``make test-crashes`` carries out each strike alone, in every act
that comes by its place, on both databases.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.crashes.acts import ACTS
from tests.crashes.places import ONLY_SQLITE, UNPLAYED, write_places
from tests.crashes.play import compare, performance, undisturbed
from tests.crashes.process import EVERY_STRIKE
from tests.sync.end_state import State

MOMENTS = ("before", "after")
NEVER_COMMITS = frozenset({"sync.judge.Judge._carry_out#1"})
"""What is only tried, and rolled back: it is killed before that."""

Calm = tuple[dict[str, State], set[str]]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """A play in which nobody dies."""
    folder = tmp_path_factory.mktemp("calm")
    return undisturbed(folder / "stage", f"sqlite:///{folder}/concord.db")


def strikes(dialect: str = "sqlite") -> set[str]:
    """Every strike there is."""
    places = set(write_places().values()) - UNPLAYED - (ONLY_SQLITE if dialect != "sqlite" else set())
    every = {f"{place} {moment}" for place in places for moment in MOMENTS}
    return every - {f"{place} after" for place in NEVER_COMMITS}


def test_the_play_comes_by_every_place_where_state_is_written(calm: Calm) -> None:
    assert set(write_places().values()) == calm[1] | UNPLAYED
    assert not calm[1] & UNPLAYED


@pytest.mark.timeout(900)
@pytest.mark.fault(
    "killed process", "Killed before and after every commit that there is, it ends where an undisturbed one ends."
)
def test_killed_before_and_after_every_commit_a_hub_ends_where_an_undisturbed_one_ends(
    calm: Calm, tmp_path: Path, empty_database_url: str, dialect: str
) -> None:
    wanted = strikes() if dialect == "sqlite" else {one for one in strikes(dialect) if one.endswith(" after")}
    with performance(tmp_path / "stage", empty_database_url) as busy:

        def spared() -> list[str]:
            return sorted((strikes() - wanted) | {strike for _, strike in busy.strikes})

        for act in ACTS:
            compare(busy.run(act, spared), calm[0][act.name], act.name)
        assert {strike for _, strike in busy.strikes} == wanted


@pytest.mark.crashes
@pytest.mark.parametrize("strike", sorted(strikes()))
def test_killed_at_one_place_alone_in_any_act_it_ends_the_same(
    calm: Calm, tmp_path: Path, empty_database_url: str, dialect: str, strike: str
) -> None:
    if strike not in strikes(dialect):
        pytest.skip("nothing is written there on this database")
    others = sorted(strikes() - {strike})
    with performance(tmp_path / "stage", empty_database_url) as busy:

        def spared(act: str) -> list[str]:
            return [EVERY_STRIKE] if (act, strike) in busy.strikes else others

        for act in ACTS:
            compare(busy.run(act, partial(spared, act.name)), calm[0][act.name], f"{strike} in {act.name}")
        assert busy.strikes
