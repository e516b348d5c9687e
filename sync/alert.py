"""Alerts: what is wrong is told to people, through Apprise and the log, once however many processes look.

What is to be told is decided, and each message put in line, in one transaction; so nothing is told twice, and nothing
forgotten when a process dies. The messages are sent under a lease, each in a thread that is given up after a while.
One that did not arrive is tried again later; one that arrived just before its process died comes twice.

This is the one place outside ``connectors`` that speaks to the network.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from config.settings import Settings
from mapping.errors import ConcordError, ConfigError
from state import alerts
from state.alerts import Delivery, Incident, Waiting
from state.database import Database, stamp
from state.leases import Heartbeat, Lease, Leases, new_owner
from sync.crashes import told
from sync.incidents import AT_ONCE, SERVING, WORDS, Decision, Pace, body, decide, title
from sync.schedule import retry_at
from sync.troubles import troubles

LEASE, LEASE_SECONDS = "alerts", 60.0
LONGEST_SEND = 15.0
"""Seconds that a destination may take to accept a message."""
KEPT = timedelta(days=3)
"""How long a message that does not arrive is tried again."""
EVERY = timedelta(seconds=15)
"""How often a server looks by itself; it looks at once when a job has ended."""
LAST_WORDS = 2.0
"""Seconds that a server which stops waits for what it is sending."""
TELLTALES = ("apprise", "urllib3")
"""Loggers whose lines hold addresses."""
NOBODY = "alerts.to names no destination; incidents are lines in the log. See docs/alerts.md"

log = structlog.get_logger("concord.alerts")

Send = Callable[[str, str, str, bool], str]
"""Sends a message (address, title, body, whether something is wrong); why it did not arrive, empty if it did."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """One open incident for people. ``told_at`` is empty until it is told."""

    kind: str
    connection: str
    what: str
    message: str
    since: str
    told_at: str
    recovered_at: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test message. ``destination`` is how the configuration names it."""

    destination: str
    ok: bool
    problem: str = ""


def through_apprise(address: str, head: str, text: str, trouble: bool) -> str:
    """See ``Send``. The answer never quotes Apprise, whose own words may hold a part of the address."""
    import apprise  # it takes as long to load as the rest of a small command

    for name in TELLTALES:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())  # without any, warnings would go to stderr
    # Without a time limit of its own it works in this thread; with one it leaves threads that hold up the exit.
    asset = apprise.AppriseAsset(app_id="Concord", storage_mode="memory", async_mode=False, service_timeout=0)
    service = apprise.Apprise.instantiate(address, asset=asset)
    if service is None:
        return "it is no address that Apprise knows, or lacks a part; see the service's page in Apprise's documentation"
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    kind = apprise.NotifyType.WARNING if trouble else apprise.NotifyType.SUCCESS
    result = sender.notify(body=text, title=head, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    return "" if result else _reason(" ".join(str(line) for line in result.logs()))


def _reason(said: str) -> str:
    """Why it failed, in our own words, as far as its own words tell."""
    if code := re.search(r"\berror=(\d{3})\b", said):
        return f"it answered with the status {code[1]}"
    if "onnection error" in said:
        return "it could not be reached, or did not answer in time"
    return "it did not take the message"


def in_time(send: Send, address: str, head: str, text: str, trouble: bool) -> str:
    """``send`` with a limit of time and without errors."""
    answer: list[str] = []

    def work() -> None:
        try:
            answer.append(send(address, head, text, trouble))
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread: services' plugins raise anything
            answer.append(f"sending it ended with {type(error).__name__}")

    thread = threading.Thread(target=work, name="alert", daemon=True)
    thread.start()
    thread.join(LONGEST_SEND)
    return answer[0] if answer else f"it took longer than {LONGEST_SEND:.0f} seconds"


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of one hub. ``settings`` gives the configuration in force."""

    db: Database
    settings: Callable[[], Settings]
    send: Send = through_apprise
    owner: str = field(default_factory=new_owner)

    def look(self, pace: Pace = AT_ONCE) -> bool:
        """Finds what is wrong, and puts in line what is to be told of it; whether that is anything."""
        settings = self.settings()
        found = [one for one in troubles(self.db, settings) if one.kind in settings.alerts.on]
        now, repeat = self.db.now(), settings.alerts.reminds_every()

        def decided(known: Sequence[Incident]) -> Decision:
            return decide(known, found, settings.connections, now, pace, repeat)

        with self.db.read() as c:
            if not decided(alerts.incidents(c)).changes:
                return False
        with self.db.write() as c:
            made = decided(alerts.incidents(c))  # anew: somebody may have been quicker
            alerts.save(c, made.save)
            alerts.drop(c, made.drop)
            if made.tells:
                head, wrong = title(settings.hub.name, made), bool(made.new or made.lasting)
                alerts.post(c, settings.destinations(), head, body(made), stamp(now), trouble=wrong)
        _log(made)
        return made.tells

    def deliver(self) -> int:
        """Sends what is in line, unless another process is at it; how many messages arrived.

        A destination that fails is left alone until later, also with what else is in line for it.
        """
        with self.db.read() as c:
            if not alerts.due(c, self.db.stamp()):
                return 0
        held = Leases(self.db).acquire(LEASE, self.owner, LEASE_SECONDS)
        if held is None:
            return 0
        try:
            with Heartbeat(held):
                return self._deliver(held, self.settings().destinations())
        finally:
            held.release()

    def _deliver(self, held: Lease, addresses: Mapping[str, str]) -> int:
        with self.db.read() as c:
            waiting = alerts.due(c, self.db.stamp())
        failed: dict[str, str] = {}
        arrived = 0
        for one in waiting:
            address = addresses.get(one.destination)
            problem = failed.get(one.destination, "")
            if address is not None and not problem:
                problem = in_time(self.send, address, one.title, one.body, one.trouble)
            if problem:
                failed[one.destination] = problem
                self._later(held, one, problem)
                continue
            arrived += address is not None  # else the configuration names it no longer
            with self.db.write(held) as c:
                alerts.delivered(c, one.id)
        return arrived

    def _later(self, held: Lease, one: Delivery, problem: str) -> None:
        now = self.db.now()
        given_up = one.created_at < stamp(now - KEPT)
        with self.db.write(held) as c:
            if given_up:
                alerts.delivered(c, one.id)
            else:
                alerts.put_off(c, one.id, stamp(retry_at(one.tries + 1, now)), problem)
        then = "it is not tried again" if given_up else "it is tried again later"
        log.error("an alert did not arrive", destination=one.destination, problem=problem, then=then)

    def tell(self) -> None:
        """Looks, and sends what is to be told. Raises nothing: an alert breaks no command."""
        try:
            self.look()
            self.deliver()
        except ConcordError as error:
            log.warning("alerts could not be looked after; the next command does", reason=str(error))

    def open(self) -> list[AlertView]:
        """The incidents that are open, or over and not told to be so."""
        with self.db.read() as c:
            return [
                AlertView(
                    one.kind.value, one.connection, WORDS[one.kind], one.message, one.first_at, one.told_at or "",
                    one.recovered_at or "",
                )
                for one in alerts.incidents(c)
            ]  # fmt: skip

    def undelivered(self) -> list[Waiting]:
        """What was tried and has not arrived."""
        with self.db.read() as c:
            return alerts.undelivered(c)

    def test(self) -> list[Tried]:
        """Sends a message to every destination. Raises ConfigError where there is none."""
        settings = self.settings()
        if not settings.alerts.to:
            raise ConfigError(NOBODY)
        head = f"{settings.hub.name}: a test"
        text = "This is a test of alerts by concord alerts test. Nothing is wrong."
        problems = {
            name: in_time(self.send, address, head, text, False) for name, address in settings.destinations().items()
        }
        return [Tried(name, not problem, problem) for name, problem in problems.items()]


def _log(made: Decision) -> None:
    for one in (*made.new, *made.lasting):
        log.error("alert", kind=one.kind.value, connection=one.connection, since=one.first_at, message=one.message)
    for one in made.over:
        log.info("alert is over", kind=one.kind.value, connection=one.connection, since=one.first_at)


class Watch:
    """Looks after the alerts of a server in a thread of its own, so that neither a database nor a destination that is
    slow holds up a job."""

    def __init__(self, made: Alerts) -> None:
        self._alerts = made
        self._thread: threading.Thread | None = None
        self._next = ""

    def soon(self) -> None:
        """Lets the next tick look: something has happened."""
        self._next = ""

    def tick(self) -> None:
        """Begins to look, if it is time and nobody is at it."""
        now = self._alerts.db.now()
        if stamp(now) < self._next or (self._thread is not None and self._thread.is_alive()):
            return
        self._next = stamp(now + EVERY)
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    def close(self, patience: float = LAST_WORDS) -> None:
        """Waits a little for what is under way; the rest is in line for the next server."""
        if self._thread is not None:
            self._thread.join(patience)

    def _work(self) -> None:
        try:
            self._alerts.look(SERVING)
            self._alerts.deliver()
        except ConcordError as error:
            log.warning("alerts could not be looked after; it is tried again", reason=str(error))
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread: the server goes on
            log.error("something unexpected happened with the alerts", trace=told(error))
