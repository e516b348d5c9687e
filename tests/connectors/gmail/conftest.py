"""An office for each test: mailboxes, their stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.gmail.office import Office, company


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


@pytest.fixture
def firm() -> Iterator[Office]:
    office = company()
    yield office
    office.close()
