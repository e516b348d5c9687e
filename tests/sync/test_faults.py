"""A vendor that misbehaves in the middle of a reading: nothing is torn, nobody is lost, and the next run goes on.

The vendor is HubSpot's stand-in, a real server on this machine; the fault strikes the second of three pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.core.exchange import Reply, Request
from connectors.core.faults import LOGIN_PAGE
from connectors.core.protocols import Runtime
from connectors.hubspot.portal import Portal
from connectors.hubspot.sandbox import HubSpotSandbox
from sync.hub import Hub
from sync.reports import StreamReport

CONTACTS, PAGE = 20, 8
LISTING = "/crm/v3/objects/contacts"
fault = pytest.mark.fault


@dataclass
class Line:
    """A portal with contacts, its server, and a hub at the other end that does not really wait."""

    folder: Path
    portal: Portal
    server: HubSpotSandbox
    database: str
    slept: list[float] = field(default_factory=list)

    def write(self, address: str = "") -> Path:
        """The configuration; with another address than the server's, if one is given."""
        config = {"access_token": "sandbox-token", "base_url": address or self.server.url, "page_size": PAGE}
        config |= {"lookback_minutes": 0.05, "requests_per_ten_seconds": 100_000, "searches_per_second": 10_000}
        crm = {"connector": "hubspot", "config": config, "streams": {"contacts": {}}}
        path = self.folder / "concord.yaml"
        path.write_text(json.dumps({"hub": {"name": "Acme", "database": self.database}, "connections": {"crm": crm}}))
        return path

    def sync(self, address: str = "") -> StreamReport:
        """One run, as a process of its own would do it."""
        with Hub.open(self.write(address), runtime=Runtime(sleep=self.slept.append)) as hub:
            (report,) = hub.sync().streams
            assert hub.crashes == []
        return report

    def read(self) -> list[str]:
        """The addresses of all customers."""
        with Hub.open(self.write()) as hub:
            return sorted(one.email for one in hub.find_customers("", 1000))

    def there(self) -> list[str]:
        """The addresses of all contacts."""
        return sorted(str(one.properties["email"]) for one in self.portal.live("contacts"))

    def page(self, after: str = "") -> dict[str, Any]:
        """A page of the listing as the vendor answers it."""
        query = {
            "limit": [str(PAGE)],
            "properties": ["email,firstname,lastname"],
            **({"after": [after]} if after else {}),
        }
        headers = {"authorization": "Bearer sandbox-token"}
        reply, _ = self.server.answer(Request("GET", LISTING, query, headers, b""))
        assert reply.status == 200, reply
        return dict(reply.body)

    def second(self) -> dict[str, Any]:
        """The second page."""
        return self.page(str(self.page()["paging"]["next"]["after"]))


@pytest.fixture
def line(tmp_path: Path, sqlite_template: Path) -> Iterator[Line]:
    """Twenty contacts at three pages, and an empty hub; on SQLite alone, since no database makes a line different."""
    copy = tmp_path / "concord.db"
    copy.write_bytes(sqlite_template.read_bytes())
    portal = Portal()
    for number in range(CONTACTS):
        portal.contacts.create(email=f"ann{number:02}@x.example", firstname="Ann", lastname=f"A{number}")
    with HubSpotSandbox(portal) as server:
        yield Line(tmp_path, portal, server, f"sqlite:///{copy}")


Break = Callable[[Line], None]


def answers(**what: Any) -> Break:
    """The second page is answered with this instead."""
    return lambda line: line.server.faults.answer(Reply(**what), skip=1, path=f"{LISTING}$")


def strikes(what: str) -> Break:
    """The answer with the second page is hurt on its way."""
    return lambda line: getattr(line.server.faults, what)(skip=1, path=f"{LISTING}$")


def fails(status: int, **what: Any) -> Break:
    """The second page is refused."""
    return lambda line: line.server.faults.fail(status, skip=1, path=f"{LISTING}$", **what)


JSON = {"Content-Type": "application/json"}
ASKED = "The request is repeated after the time that the vendor asked for; the run goes on."
REPEATED = "The request is repeated with growing waits; the run goes on."
STOPPED = (
    "The stream stops with an error that quotes nothing; what was read is kept, and the next run goes on from there."
)
THEIR_CLOCK = "Increments go by the vendor's clock, not by ours: nobody is missed."


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(fails(429, retry_after=7), id="asked", marks=fault("429 with Retry-After", ASKED)),
        pytest.param(fails(429), id="429", marks=fault("429 without Retry-After", REPEATED)),
        pytest.param(fails(500, times=2), id="500", marks=fault("500", REPEATED)),
        pytest.param(fails(503), id="503", marks=fault("503", REPEATED)),
        pytest.param(strikes("truncate"), id="reset", marks=fault("reset mid-body", REPEATED)),
        pytest.param(strikes("drop_answer"), id="dropped", marks=fault("lost answer", REPEATED)),
    ],
)
def test_what_passes_by_itself_is_waited_for_and_the_run_goes_on(line: Line, broken: Break) -> None:
    broken(line)
    report = line.sync()
    assert (report.status, report.read, report.message) == ("ok", CONTACTS, "")
    assert line.slept
    assert line.read() == line.there()


@pytest.mark.parametrize(
    ("broken", "status", "words"),
    [
        pytest.param(
            lambda line: cut(line), "failed", "no JSON", id="truncated", marks=fault("truncated JSON", STOPPED)
        ),
        pytest.param(
            answers(status=200, body=b"id,email\n7,ann07@x.example\n", headers={"Content-Type": "text/csv"}),
            "failed", "no JSON", id="csv", marks=fault("wrong content type", STOPPED),
        ),
        pytest.param(
            answers(status=200, body=b'{"results": [{"id": "\xff\xfe"}]}', headers=JSON),
            "failed", "no JSON", id="utf8", marks=fault("invalid UTF-8", STOPPED),
        ),
        pytest.param(
            answers(status=200, body=LOGIN_PAGE), "failed", "HTML", id="login", marks=fault("login page", STOPPED)
        ),
        pytest.param(
            answers(status=302, headers={"Location": "https://login.vendor.example/?next=ann07@x.example"}),
            "failed", "a redirect to https://login.vendor.example/",
            id="redirect",
            marks=fault(
                "redirect to a login page",
                "It is not followed, since the login would go along; the stream stops and names the place.",
            ),
        ),
        pytest.param(
            fails(500, times=99), "failed", "Nothing is lost", id="500 for ever",
            marks=fault("500", "Where it lasts, the run ends as failed and keeps its place for the next one."),
        ),
        pytest.param(
            fails(429, retry_after=86_400), "paused", "goes on from here in 24 hours", id="a day",
            marks=fault(
                "429 with Retry-After",
                "Where it is longer than a run may wait, the run pauses, keeps its place, and goes on when it may.",
            ),
        ),
        pytest.param(
            fails(401, times=9), "paused", "rests until its login is right", id="401",
            marks=fault("401", "The connection rests with what was read, and a person is asked for another login."),
        ),
        pytest.param(
            fails(403, times=9), "paused", "needs another permission", id="403",
            marks=fault("403", "The stream pauses and names what is missing; every other stream goes on."),
        ),
        pytest.param(
            lambda line: answers(status=200, body=line.page())(line), "failed", "", id="again",
            marks=fault("looping cursor", "A place handed out before stops the stream instead of reading for ever."),
        ),
    ],
)  # fmt: skip
def test_what_does_not_pass_stops_the_stream_whole_and_the_next_run_goes_on(
    line: Line, broken: Break, status: str, words: str
) -> None:
    broken(line)
    report = line.sync()
    assert report.status == status
    assert words in report.message
    assert "@x.example" not in report.message
    assert line.read() == line.there()[:PAGE], "the page before is stored, whole, and no half of the next"
    line.server.faults.clear()
    after = line.sync()
    assert (after.status, after.read) == ("ok", CONTACTS - PAGE), "it goes on where it was"
    assert line.read() == line.there()


def cut(line: Line) -> None:
    """The second page, well sent, ends in the middle of a record."""
    whole = json.dumps(line.second()).encode()
    answers(status=200, body=whole[: len(whole) // 2], headers=JSON)(line)


@fault("duplicate page", "Records that come twice are stored once; the second time changes nothing.")
def test_a_page_that_comes_twice_brings_nobody_twice(line: Line) -> None:
    first, second = line.page(), line.second()
    answers(status=200, body={**second, "results": [*first["results"], *second["results"]]})(line)
    report = line.sync()
    assert (report.status, report.new) == ("ok", CONTACTS)
    assert line.read() == line.there()


@fault("reordered pages", "The order of records within a page and among pages decides nothing; nobody is lost.")
def test_records_in_another_order_are_all_read(line: Line) -> None:
    second = line.second()
    answers(status=200, body={**second, "results": second["results"][::-1]})(line)
    assert line.sync().status == "ok"
    assert line.read() == line.there()


@fault("connection refused", "The run ends as failed and nothing is changed; the next run goes on.")
def test_a_vendor_that_is_away_costs_nothing(line: Line) -> None:
    assert line.sync().status == "ok"
    address = line.server.url
    line.server.stop()
    report = line.sync(address)
    assert report.status == "failed"
    assert "Nothing is lost" in report.message
    assert line.read() == line.there()


@fault("DNS failure", "The same as where nobody listens: the run ends as failed, and the next one goes on.")
def test_a_name_that_nobody_knows_costs_nothing(line: Line) -> None:
    assert line.sync().status == "ok"
    report = line.sync("https://api.nowhere.invalid")
    assert report.status == "failed"
    assert "Nothing is lost" in report.message
    assert line.read() == line.there()


@pytest.mark.parametrize(
    "hours",
    [
        pytest.param(5, id="ahead", marks=fault("clock skew", THEIR_CLOCK)),
        pytest.param(-5, id="behind", marks=fault("clock skew", THEIR_CLOCK)),
    ],
)
def test_a_vendor_whose_clock_is_wrong_hides_no_change(line: Line, hours: int) -> None:
    line.portal.now = lambda: datetime.now(UTC) + timedelta(hours=hours)
    for contact in line.portal.contacts.all():
        line.portal.contacts.update(contact.id, city="Hull")
    assert line.sync().status == "ok"
    for number, contact in enumerate(line.portal.contacts.all()[:3]):
        line.portal.contacts.update(contact.id, email=f"new{number}@x.example")
        assert line.sync().status == "ok"
    line.portal.contacts.create(email="late@x.example")
    assert line.sync().status == "ok"
    assert line.read() == line.there()
