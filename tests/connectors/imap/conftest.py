"""Real Dovecots, one for each way of learning what changed, for the whole run of the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mapping.errors import ConcordError
from tests.connectors.imap.otherwise import CyrusMail
from tests.connectors.imap.post import Post
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import CONDSTORE, PLAIN, QRESYNC, Dovecot

CAPABILITIES = {"qresync": QRESYNC, "condstore": CONDSTORE, "plain": PLAIN}


@pytest.fixture(scope="session")
def dovecots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Dovecot]]:
    """By what they can do. Where they cannot be had the tests are skipped, but in CI, which has to have them."""
    servers = {name: Dovecot(tmp_path_factory.mktemp(name), capability) for name, capability in CAPABILITIES.items()}
    try:
        _at_once(Dovecot.start, servers.values())
        yield servers
    except ConcordError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI holds IMAP to a real Dovecot: {error}")
        pytest.skip(str(error))
    finally:
        _at_once(Dovecot.stop, servers.values())


def _at_once(what: Callable[[Dovecot], None], servers: Iterable[Dovecot]) -> None:
    """Each takes a second or two."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(what, servers))


@pytest.fixture(scope="session")
def cyrus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CyrusMail]:
    """A Cyrus, where it can be had."""
    server = Cyrus(tmp_path_factory.mktemp("cyrus"))
    try:
        server.start()
    except ConcordError as error:
        pytest.skip(str(error))
    yield CyrusMail(server)
    server.stop()


@pytest.fixture(params=list(CAPABILITIES))
def post(request: pytest.FixtureRequest, dovecots: dict[str, Dovecot]) -> Iterator[Post]:
    """A mailbox on each of the servers in turn."""
    made = Post(dovecots[request.param])
    yield made
    made.close()


@pytest.fixture
def best(dovecots: dict[str, Dovecot]) -> Iterator[Post]:
    """A mailbox on the server that can do everything."""
    made = Post(dovecots["qresync"])
    yield made
    made.close()
