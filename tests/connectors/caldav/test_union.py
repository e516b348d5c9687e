"""Whatever happens on two real calendar servers, the hub ends with the union of what they hold.

``--hypothesis-profile deep`` walks further.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from mapping.recurrence import occurrences
from tests.connectors.caldav.desk import Desk
from tests.connectors.caldav.hubs import CalendarHub, there
from tests.servers.calendars import CalendarServer, calendar, event

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
EXAMPLES = max(4, hypothesis.settings.default.max_examples // 8 if hypothesis.settings.default else 4)

places = st.integers(0, 3)
uids = st.sampled_from(["tea", "lunch", "review", "a b", "100%"])
hours = st.integers(0, 200)


class TwoServers(RuleBasedStateMachine):
    """Two calendars on each of two servers, four in all; five UIDs, so that many meetings are in several places."""

    servers: tuple[CalendarServer, ...] = ()
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.desks = [Desk(server) for server in self.servers]
        self.places = [(desk, path) for desk in self.desks for path in desk.paths]
        self.folder = tempfile.TemporaryDirectory()
        self.hub = CalendarHub(Path(self.folder.name), self.template, *self.desks)
        self.held: set[tuple[int, str]] = set()
        self.revision = 0

    @rule(place=places, uid=uids, hour=hours, weekly=st.booleans())
    def write(self, place: int, uid: str, hour: int, weekly: bool) -> None:
        """A meeting is made, or another version of it put in its place."""
        self.revision += 1
        desk, path = self.places[place]
        more = [f"SEQUENCE:{self.revision}", *(["RRULE:FREQ=WEEKLY;COUNT=2"] if weekly else [])]
        text = calendar(event(uid, MONDAY + timedelta(hours=hour), *more, summary=f"{uid} {self.revision}"))
        desk.calendars.put(path, _name(uid), text)
        self.held.add((place, uid))

    @rule(place=places, to=places, uid=uids)
    def move(self, place: int, to: int, uid: str) -> None:
        """A meeting goes to another calendar, or to the other server."""
        if (place, uid) not in self.held or place == to:
            return
        (desk, path), (other, there_) = self.places[place], self.places[to]
        text = desk.calendars.get(path, _name(uid))
        desk.calendars.delete(path, _name(uid))
        other.calendars.put(there_, _name(uid), text)
        self.held = self.held - {(place, uid)} | {(to, uid)}

    @rule(place=places, uid=uids)
    def delete(self, place: int, uid: str) -> None:
        """A meeting is deleted."""
        if (place, uid) in self.held:
            desk, path = self.places[place]
            desk.calendars.delete(path, _name(uid))
            self.held.remove((place, uid))

    @rule(place=places)
    def forget(self, place: int) -> None:
        """A server loses its memory of what changed in a calendar."""
        desk, path = self.places[place]
        desk.calendars.rebuild(path, desk.names[desk.paths.index(path)])

    @rule(number=st.integers(0, 1))
    def sync(self, number: int) -> None:
        """One of the servers is read; what the guard holds back, the admin allows."""
        (report,) = self.hub.sync(f"calendars{number}", allow_deletes=True)
        assert report.status == "ok", report.message

    @invariant()
    def nothing_crashed(self) -> None:
        """Whatever happens."""
        assert self.hub.hub.crashes == []

    def teardown(self) -> None:
        """In the end the hub holds what the servers hold, and knows each meeting once, as its newest copy has it."""
        try:
            assert {report.status for report in self.hub.sync(allow_deletes=True)} == {"ok"}
            held = there(*self.desks)
            assert self.hub.objects() == held
            newest: dict[str, str] = {}
            for body in held.values():
                for one in occurrences(body["events"]):
                    newest[one["id"]] = max(newest.get(one["id"], ""), one["SUMMARY"], key=_revision)
            assert self.hub.titles() == newest
        finally:
            self.hub.close()
            self.folder.cleanup()
            for desk in self.desks:
                desk.close()


def _name(uid: str) -> str:
    return {"a b": "a%20b.ics", "100%": "100%25.ics"}.get(uid, f"{uid}.ics")


def _revision(title: str) -> int:
    return int(title.rpartition(" ")[2]) if title else 0


def test_any_walk_on_two_servers_ends_with_the_union_of_what_they_hold(
    radicale: CalendarServer, xandikos: CalendarServer, sqlite_template: Path
) -> None:
    machine = type("Walk", (TwoServers,), {"servers": (radicale, xandikos), "template": sqlite_template})
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine, settings=settings)
