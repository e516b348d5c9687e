"""Real Trytons, started once for all tests and emptied for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from admin.demo.servers.tryton import SEVEN, Release, Tryton
from tests.connectors.tryton.works import Works

EIGHT = Release("trytond-8.2", Path(__file__).resolve().parents[2] / "servers" / "locks" / "trytond-8.2.lock")
RELEASES = {"7.0": SEVEN, "8.2": EIGHT}
PARTIES_ONLY = ("party", "party_relationship")

Open = Callable[..., Works]


@pytest.fixture(scope="session")
def open_works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Gives the place of a release and its modules; each server is started when it is first asked for."""
    running: dict[tuple[str, bool], Works] = {}
    with ExitStack() as stack:

        def open_(release: str, whole: bool = True) -> Works:
            if (release, whole) not in running:
                wanted = RELEASES[release] if whole else replace(RELEASES[release], modules=PARTIES_ONLY)
                server = stack.enter_context(Tryton(tmp_path_factory.mktemp("tryton"), release=wanted))
                works = running[release, whole] = Works(server)
                stack.callback(works.close)
            return running[release, whole]

        yield open_


@pytest.fixture(params=sorted(RELEASES))
def works(request: pytest.FixtureRequest, open_works: Open) -> Works:
    """A Tryton of each release, with a company and nothing else."""
    works = open_works(request.param)
    works.renew()
    return works
