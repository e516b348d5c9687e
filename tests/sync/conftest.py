"""A stage on each of the two databases; the databases themselves come from tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.firms import PUSH, STREAMS
from tests.sync.hubs import PUSH_ALL, Stage, person


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


@pytest.fixture
def firm(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Two companies; one of Bolt, one of Acme, and one who works for nobody."""
    made = Stage(tmp_path, database_url, push=PUSH, shop=STREAMS, crm=STREAMS)
    made.shop.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"}, id="bolt")
    made.shop.put("companies", {"name": "Acme Ltd", "domain": "acme.co.uk"}, id="acme")
    made.shop.put("people", person("Ann Lee", email="ann@bolt.de"), id="ann")
    made.shop.put("people", person("Bob Ray", email="bob@acme.co.uk"), id="bob")
    made.shop.put("people", person("Cy Orr", email="cy@gmail.com"), id="cy")
    yield made
    made.close()
