"""A stage for killing hubs: a folder of exports, a CRM that outlives its callers, and hubs to start and to kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from admin.demo.company import INTERNAL, NEVER_LOG, write_company
from connectors.core.exchange import Reply, Request
from connectors.core.faults import FaultKind
from connectors.hubspot.portal import Portal
from connectors.hubspot.sandbox import HubSpotSandbox

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, SEED = 24, 11
LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PATIENCE = 30.0

CONFIGURATION = """\
hub: {{name: Kettingwerk, default_country: NL, database: "{database}"}}
connections:
  exports: {{connector: files, config: {{path: "{exports}"}}}}
  crm:
    connector: hubspot
    config:
      access_token: sandbox-token
      base_url: "{address}"
      page_size: 8
      lookback_minutes: 0.05
      requests_per_ten_seconds: 100000
      searches_per_second: 10000
    streams: {{contacts: {{}}, companies: {{}}, notes: {{}}, meetings: {{}}}}
    push:
      companies: {{approve: false, max_change_share: 1}}
      contacts: {{approve: false, match_on: email, max_change_share: 1}}
      timeline: {{kinds: [order, meeting, lead]}}
privacy: {{internal: ["{internal}"], never_log: ["{never_log}"]}}
"""


class Crm(HubSpotSandbox):
    """The stand-in, with a place for an accomplice: ``before`` and ``after`` see each request.

    ``before`` may return True to have it lost. ``listed`` counts how often each page of a listing was asked for.
    """

    def __init__(self, portal: Portal) -> None:
        super().__init__(portal)
        self.listed = Counter[tuple[str, str]]()
        self.next_act()

    def next_act(self) -> None:
        """Forgets the accomplice."""
        self.before: Callable[[Request], bool] = lambda request: False
        self.after: Callable[[Request], None] = lambda request: None

    def answer(self, request: Request) -> tuple[Reply, FaultKind | None]:
        if self.before(request):
            return Reply(503, {}), None
        if re.fullmatch(r"/crm/v3/objects/\w+", request.path) and request.first("archived") != "true":
            self.listed[request.path, request.first("after")] += 1
        answered = super().answer(request)
        self.after(request)
        return answered


def is_write(request: Request) -> bool:
    """Whether the request changes records or associations."""
    return bool(re.search(r"/batch/(upsert|update|create|associate)", request.path))


@dataclass
class Actor:
    """A program that forks hubs; one hub at a time."""

    config: Path
    pid: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        log = (self.config.parent / "hubs.log").open("a")
        command = [sys.executable, "-m", "tests.sync.hub_process", str(self.config)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=log, text=True)
        log.close()

    def start(self) -> None:
        """Starts a hub."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.pid = int(self._line())

    def kill(self) -> None:
        """Kills the hub, without a chance to clean up; nothing when it has ended by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code; that of a killed one is negative."""
        return int(self._line())

    def run(self) -> int:
        """Starts a hub and waits for it."""
        self.start()
        return self.wait()

    def said(self) -> str:
        """What the last hub was told."""
        return (self.config.parent / f"{self.pid}.said").read_text()

    def close(self) -> None:
        """Ends the program."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _line(self) -> str:
        assert self.process.stdout is not None
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            return self.process.stdout.readline()
        finally:
            watch.cancel()


@dataclass
class Stage:
    """Exports, a CRM with records of its own, and a database to fill."""

    folder: Path
    database: str
    crm: Crm = field(init=False)
    config: Path = field(init=False)
    old_ids: int = 0

    def __enter__(self) -> Stage:
        portal = Portal(now=lambda: LONG_AGO)
        exports = self.folder / "exports"
        populate(portal, exports)
        self.old_ids = max(int(each.id) for name in ("contacts", "companies", "notes") for each in portal.live(name))
        portal.now = lambda: datetime.now(UTC)
        self.crm = Crm(portal)
        self.crm.start()
        self.config = self.folder / "concord.yaml"
        self.config.write_text(
            CONFIGURATION.format(
                database=self.database,
                exports=exports,
                address=self.crm.url,
                internal=INTERNAL[0],
                never_log=NEVER_LOG[0],
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.crm.stop()

    def log(self) -> str:
        """What the hubs wrote to stderr, for whoever reads that a test failed."""
        return (self.folder / "hubs.log").read_text()[-4000:]


def populate(portal: Portal, exports: Path) -> None:
    """The company's exports, and a CRM that knows some of its people already, by email or by phone only."""
    people = write_company(exports, SEED, PEOPLE).people
    for number, path in enumerate(sorted(exports.iterdir())):
        os.utime(path, (LONG_AGO.timestamp() + number,) * 2)
    for person in people[:6]:
        portal.contacts.create(email=person.emails[0], city="Zwolle", jobtitle="Klant")
    for person in people[6:9]:
        portal.contacts.create(phone=person.mobile, firstname=person.given, lastname=person.family)
    for number in range(12):
        portal.contacts.create(email=f"onbekend{number}@example.org", firstname="Onbekend", lastname=f"Nummer {number}")
    firm = portal.companies.create(name="Fietsfabriek Zwolle", domain="fietsfabriek.example")
    contact = portal.contacts.all()[0]
    for number in range(10):
        note = portal.notes.create(hs_note_body=f"Gebeld, {number}", hs_timestamp="2026-01-05T09:00:00.000Z")
        portal.link("notes", note.id, "contacts", contact.id)
        portal.link("notes", note.id, "companies", firm.id)
