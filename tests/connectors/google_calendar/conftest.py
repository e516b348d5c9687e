"""A bureau for each test: calendars, their stand-in, and connectors in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.core.google_grants import ServiceAccount
from tests.connectors.google_calendar.bureau import BAS, ILSE, KEY, SCOPE, Bureau


@pytest.fixture
def bureau() -> Iterator[Bureau]:
    bureau = Bureau()
    yield bureau
    bureau.close()


@pytest.fixture
def firm() -> Iterator[Bureau]:
    bureau = Bureau((ILSE, BAS), service_account=ServiceAccount(frozenset({SCOPE}), key=KEY))
    yield bureau
    bureau.close()
