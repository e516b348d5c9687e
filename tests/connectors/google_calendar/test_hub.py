"""Google Calendar behind a hub: one meeting in several calendars is one fact, and a forgotten place doubles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.core.google_grants import ServiceAccount
from tests.connectors.google_calendar.bureau import BAS, ILSE, KEY, SCOPE, Bureau, guests
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, person, stream

KIM = "kim@plum.example"


@pytest.fixture
def firm() -> Iterator[Bureau]:
    account = ServiceAccount(frozenset({SCOPE}), key=KEY)
    bureau = Bureau((ILSE, BAS), service_account=account, clock=Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield bureau
    bureau.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, firm: Bureau) -> Iterator[Stage]:
    """A hub that reads both calendars and exported ones, and a shop that knows Kim."""
    made = Stage(tmp_path, database_url, shop=("people",))
    account = firm.server.grants.service_account
    assert account
    config = {"service_account_key": account.key_file(f"{firm.server.url}/token"), "users": [ILSE, BAS]}
    made.settings["connections"]["calendar"] = {
        "connector": "google_calendar",
        "config": {**config, "base_url": firm.server.url, "requests_per_minute": 100_000},
    }
    (tmp_path / "exports").mkdir()
    made.settings["connections"]["exports"] = {"connector": "files", "config": {"path": str(tmp_path / "exports")}}
    made.configure(privacy={"internal": ["acme.example"]})
    made.shop.put("people", person("Kim Plum", email=KIM))
    yield made
    made.close()


def keys(stage: Stage) -> list[str]:
    return sorted(item.key for item in stage.hub.timeline(stage.customer(KIM).id))


def test_a_forgotten_place_is_read_again_without_doubling_anything(stage: Stage, firm: Bureau) -> None:
    single, gone = firm.meet("Single"), firm.meet("Gone")
    series = firm.meet("Weekly", recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    assert stage.sync().ok
    assert len(keys(stage)) == 5
    before = {name: rows for name, rows in stage.dump().items() if name in ("raw_record", "fact", "customer")}
    for calendar in firm.agenda.calendars.values():
        calendar.forget()
    assert "forgot our place" in stream(stage.sync(), "calendar/events").message
    assert {name: stage.dump()[name] for name in before} == before
    firm.agenda.delete(ILSE, gone)
    firm.agenda.delete(ILSE, f"{series}_20260608T120000Z")
    firm.calendar.forget()
    assert stage.sync().ok
    name = f"ical:{series}@google.com"
    assert keys(stage) == sorted([f"ical:{single}@google.com", f"{name}/20260601T120000Z", f"{name}/20260615T120000Z"])


def test_a_meeting_in_two_calendars_and_in_a_file_is_one_fact(stage: Stage, firm: Bureau) -> None:
    meeting = firm.meet("Tasting", attendees=guests((BAS, "accepted"), (KIM, "needsAction")))
    copy = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:{meeting}@google.com
DTSTAMP:20260601T080000Z
DTSTART:20260601T120000Z
DTEND:20260601T130000Z
SUMMARY:Tasting
ORGANIZER:mailto:{ILSE}
ATTENDEE;PARTSTAT=ACCEPTED:mailto:{KIM}
END:VEVENT
END:VCALENDAR
"""
    (stage.folder / "exports" / "kim.ics").write_text(copy.replace("\n", "\r\n"))
    assert stage.sync().ok
    (item,) = stage.hub.timeline(stage.customer(KIM).id)
    assert (item.key, item.sources) == (f"ical:{meeting}@google.com", ["calendar/events", "exports/events"])
    assert len(stage.rows("fact")) == 1
    firm.clock.advance(60)
    firm.agenda.patch(ILSE, meeting, {"summary": "Tasting, upstairs"})
    stage.sync()
    (item,) = stage.hub.timeline(stage.customer(KIM).id)
    assert "upstairs" in repr(item), "the organizer's word counts most"


def test_a_meeting_that_is_called_off_disappears_and_one_among_colleagues_never_shows(
    stage: Stage, firm: Bureau
) -> None:
    meeting = firm.meet("Tasting", attendees=guests((BAS, "accepted"), (KIM, "needsAction")))
    firm.meet("Round", attendees=guests((BAS, "accepted")))
    stage.sync()
    assert len(stage.rows("fact")) == 1
    firm.agenda.delete(ILSE, meeting)
    stage.sync()
    assert keys(stage) == []
