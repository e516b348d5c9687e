"""A company for each test: mailboxes and calendars, their stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.microsoft365.company import BAS, ILSE, Company


@pytest.fixture
def home() -> Iterator[Company]:
    """One person."""
    company = Company()
    yield company
    company.close()


@pytest.fixture
def firm() -> Iterator[Company]:
    """Two people, for whom the application may read."""
    company = Company((ILSE, BAS))
    yield company
    company.close()
