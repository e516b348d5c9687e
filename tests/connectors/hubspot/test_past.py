"""A window over the vendor's cap: the search gives out so many matches and no more, and a backfill reads them all."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from connectors.hubspot import portal_search
from tests.connectors.hubspot.desk import WHOLE, Desk

CAP, CONTACTS = 20, 55


def test_a_window_that_holds_more_than_a_search_gives_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_search, "MOST_RESULTS", CAP)
    with closing(Desk()) as desk:
        start = desk.clock.now()
        for number in range(CONTACTS):
            desk.portal.contacts.create(email=f"p{number}@x.example")
        desk.clock.sleep(120)
        stream = desk.open(page_size=10)
        assert stream.window is not None
        pages = list(stream.window(WHOLE, start - timedelta(hours=1), desk.clock.now(), None))
        found = [record.remote_id for page in pages for record in page.records]
        assert (len(found), len(set(found))) == (CONTACTS, CONTACTS)
        rest = stream.window(WHOLE, start - timedelta(hours=1), desk.clock.now(), pages[1].cursor)
        assert [record.remote_id for page in rest for record in page.records] == found[20:]
