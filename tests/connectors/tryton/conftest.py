"""Real Trytons, started once for all tests and emptied for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from admin.demo.servers.tryton import SEVEN, Release, Tryton
from mapping.errors import ConcordError
from tests.connectors.tryton.works import Works
from tests.servers.pins import pinned

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
                server = Tryton(tmp_path_factory.mktemp("tryton"), release=wanted)
                try:
                    stack.enter_context(server)
                except ConcordError as error:
                    pytest.skip(str(error))
                works = running[release, whole] = Works(server)
                stack.callback(works.close)
            return running[release, whole]

        yield open_


REAL = {
    name: pytest.mark.proof("real server", f"Tryton {pinned('trytond', release.lock)}")
    for name, release in RELEASES.items()
}


@pytest.fixture(params=[pytest.param(name, marks=REAL[name]) for name in RELEASES])
def works(request: pytest.FixtureRequest, open_works: Open) -> Works:
    """A Tryton of each release, with a company and nothing else."""
    works = open_works(request.param)
    works.renew()
    return works
