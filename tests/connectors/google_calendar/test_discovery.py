"""What connector and stand-in say to each other fits Google's discovery document of Calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mapping.contract import RemoteId, Slice
from mapping.errors import CursorExpiredError
from tests.connectors.discovery import Discovery
from tests.connectors.google_calendar.bureau import BAS, ILSE, TEAM, Bureau

pytestmark = pytest.mark.proof("contract", "Google's discovery document of Calendar v3")


def test_every_request_and_every_answer_fits_the_document(firm: Bureau) -> None:
    firm.agenda.add(TEAM, "Team", {ILSE: "writer", BAS: "reader"})
    made = [firm.meet(f"Meeting {number}", location="Here", visibility="private") for number in range(5)]
    weekly = firm.meet("Weekly", recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    planned = f"{firm.clock.now() + timedelta(weeks=1):%Y%m%dT%H%M%SZ}"
    config: dict[str, Any] = {"users": [ILSE, BAS], "page_size": 2}
    firm.connector(**config).check()
    stream = firm.open(**config)
    before = {slice_.key: list(stream.read(slice_, None))[-1].cursor for slice_ in stream.slices()}
    firm.agenda.delete(ILSE, f"{weekly}_{planned}")
    firm.agenda.delete(ILSE, made[0])
    firm.agenda.patch(ILSE, made[1], {"summary": "Other"})
    mine = Slice(ILSE)
    after = list(stream.read(mine, before[ILSE]))
    assert sum(len(page.records) + len(page.tombstones) for page in after) == 3
    assert stream.get
    assert stream.window
    assert len(stream.get(mine, [RemoteId(each) for each in (*made, weekly, "none")])) == 5
    list(stream.window(mine, firm.clock.now() - timedelta(days=1), firm.clock.now() + timedelta(days=9), None))
    firm.calendar.forget()
    with pytest.raises(CursorExpiredError):
        list(stream.read(mine, before[ILSE]))
    assert {each.reply.status for each in firm.server.exchanges} >= {200, 404, 410}
    assert Discovery("calendar", "v3").problems(firm.server.exchanges) == []
