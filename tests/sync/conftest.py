"""A stage on each of the two databases; the databases themselves come from tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.hubs import PUSH_ALL, Stage


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """A shop to read and a CRM to which people are written."""
    made = Stage(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def timeline(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """The same, with companies and the timeline written too."""
    made = Stage(
        tmp_path,
        database_url,
        push=PUSH_ALL,
        shop=("people", "companies", "meetings", "orders", "activities"),
        crm=("people", "companies", "activities"),
    )
    yield made
    made.close()
