"""What the calendar client of others writes, we read: the ``caldav`` library against each server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from caldav.davclient import DAVClient

from tests.connectors.caldav.desk import Desk
from tests.connectors.contract import read
from tests.servers.calendars import calendar, event

pytestmark = pytest.mark.proof("official client", "caldav")


def test_what_the_client_saves_changes_and_deletes_is_read(desk: Desk) -> None:
    url = f"{desk.server.url}{desk.server.home.removeprefix('/')}"
    with DAVClient(url=url, username=desk.server.user or None, password=desk.server.password) as client:
        (theirs,) = [one for one in client.get_calendars() if one.get_display_name() == desk.names[0]]
        uids = [f"{desk.names[0].replace(' ', '-')}-{number}@example.com" for number in range(4)]
        saved: list[Any] = []  # the library is typed for its asynchronous half too
        for uid in uids:
            saved.append(theirs.save_event(calendar(event(uid, desk.clock.now()))))
            desk.clock.advance(3600)
        first = read(desk)
        assert sorted(record.body["events"][0]["uid"] for record in first.records.values()) == uids
        edited = saved[1]
        edited.data = calendar(event(uids[1], desk.clock.now() + timedelta(days=1), summary="Moved"))
        edited.save()
        saved[2].delete()
    second = read(desk, first)
    (record,) = second.records.values()
    assert record.body["events"][0]["SUMMARY"] == "Moved"
    (stone,) = second.tombstones
    assert first.records[stone].body["events"][0]["uid"] == uids[2]
