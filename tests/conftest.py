"""The same surroundings for every test: no network beyond this machine, a known environment, both databases.

Connections are held by pytest-socket (see ``addopts`` in pyproject.toml); name lookups are held here.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.databases import (
    database,
    database_url,
    dialect,
    empty_database_url,
    lent_database,
    postgresql_server,
    postgresql_template,
    sqlite_template,
)
from tests.engines import lighten_engines
from tests.proofs import Recorder

__all__ = [
    "database",
    "database_url",
    "dialect",
    "empty_database_url",
    "lent_database",
    "postgresql_server",
    "postgresql_template",
    "sqlite_template",
]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "", None})

# Typer, rich and httpx read these by themselves, so that a test would pass on one machine and fail on the next.
STRAY = frozenset({"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "GITHUB_ACTIONS"})
# With this, each of the many processes that tests start compiles the whole program anew.
UNCOMPILED = frozenset({"PYTHONDONTWRITEBYTECODE"})
# Where the tests of the team find their material, and where real servers are installed.
KEPT = frozenset({"CONCORD_SHARED", "CONCORD_SERVERS"})


def _settle_environment() -> None:
    for name in list(os.environ):
        upper = name.upper()
        ours = upper.startswith("CONCORD_") and upper not in KEPT
        if ours or upper in STRAY | UNCOMPILED or upper.endswith("_PROXY"):
            del os.environ[name]
    os.environ.update(TZ="UTC", LC_ALL="C.UTF-8", LANG="C.UTF-8", PIP_DISABLE_PIP_VERSION_CHECK="1")
    time.tzset()


_settle_environment()
sys.dont_write_bytecode = False
lighten_engines()
# A shell starts what runs in the background deaf to Ctrl-C, and so are the processes that tests start from there.
signal.signal(signal.SIGINT, signal.default_int_handler)

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
hypothesis_settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=SLOW)
hypothesis_settings.register_profile(
    "ci", hypothesis_settings.get_profile("quick"), derandomize=True, database=None, print_blob=True
)
hypothesis_settings.register_profile("deep", hypothesis_settings.get_profile("quick"), max_examples=1_000)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``make proofs`` asks for what the tests prove to be written down."""
    parser.addoption("--write-proofs", action="store_true", help="write docs/connectors anew from this run")


def pytest_configure(config: pytest.Config) -> None:
    """Every run watches what is proved, since a page that says otherwise must fail."""
    config.addinivalue_line("markers", "proof(by, subject): holds a connector to something that is not ours")
    config.pluginmanager.register(Recorder(config.getoption("--write-proofs")), "proofs")


def pytest_collection_finish() -> None:
    """What lives until the end is no garbage, and to look through it again and again took 4 % of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses to look up any other machine: the question itself would leave this one."""
    look_up = socket.getaddrinfo

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in LOOPBACK:
            raise socket.gaierror(socket.EAI_NONAME, f"a test asked for {name!r}, and tests know this machine only")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
