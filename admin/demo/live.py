"""The servers that the invented company has beside its exports: started, filled and stopped; the real ones are here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from icalendar import Calendar

from admin.cli import doors
from admin.demo import books, frontdesk, meetings
from admin.demo.books import Books
from admin.demo.people import TODAY, Person
from admin.demo.servers.environment import LOCKS, environment
from admin.demo.servers.radicale import Radicale
from admin.demo.servers.tryton import SEVEN, Owner, Tryton, with_books
from admin.demo.sources import Source
from mapping.errors import ConcordError

Say = Callable[[str], None]
FAILURES = (ConcordError, OSError)
"""What keeps a server from being there: it cannot be installed or does not start, or the disk or the network fails."""


class Place(Protocol):
    """A server of the company. The order is ``prepare``, ``begin``, ``ready``; ``stop`` at any time."""

    name: str
    title: str

    def prepare(self) -> None:
        """Installs and makes what is made only once."""

    def begin(self) -> None:
        """Starts the server, without waiting for it."""

    def ready(self, exports: Path) -> Source:
        """What it holds, once it answers and is filled. ``exports`` are the company's, written by now."""

    def stop(self) -> None:
        """Ends it, if it runs."""


class FrontDesk:
    """The calendar of the front desk on a real Radicale."""

    name, title = "front_desk", "Radicale"

    def __init__(self, folder: Path, rng: Random, people: Sequence[Person], say: Say) -> None:
        self._rng, self._people, self._say = rng, people, say
        self._server = Radicale(folder / "radicale", user="balie", say=say)

    def prepare(self) -> None:
        """Installs the server."""
        environment("radicale", LOCKS / "radicale.lock", self._say)

    def begin(self) -> None:
        """Starts the server."""
        self._server.begin()

    def ready(self, exports: Path) -> Source:
        """The calendar, put there whole: a PUT on the address of a collection makes it, as Radicale's upload does."""
        workshop = Calendar.from_ical((exports / meetings.FILE).read_bytes())
        made = frontdesk.calendar(self._rng, workshop, self._people)
        self._server.ready()
        server = self._server
        doors.put_calendar(server.url, server.user, server.password, f"{server.home}balie/", made.to_ical().decode())
        return Source(
            self.name,
            "caldav",
            f"a real Radicale, its calendar {frontdesk.NAME}",
            {"events": len(made.walk("VEVENT"))},
            {"url": server.url, "username": server.user, "calendars": [frontdesk.NAME]},
            {"password": server.password},
        )

    def stop(self) -> None:
        """Ends the server."""
        self._server.stop()


class Bookkeeping:
    """The workshop's books in a real Tryton."""

    name, title = "books", "Tryton"

    def __init__(self, folder: Path, rng: Random, people: Sequence[Person], say: Say, owner: str) -> None:
        self._say, self._owner = say, Owner(owner, "EUR", TODAY.year)
        self.books = books.keep_books(rng, people)
        self._server = Tryton(folder / "tryton", say=say)

    def prepare(self) -> None:
        """Installs the server, makes the company, and enters its books."""
        self._server.start_from(with_books(SEVEN, self._owner, self.books.json(), self._say))

    def begin(self) -> None:
        """Starts the server."""
        self._server.begin()

    def ready(self, exports: Path) -> Source:
        """The books, which lay in the database before the server started."""
        self._server.ready()
        server = self._server
        config = {
            "url": server.url,
            "database": server.database,
            "user": server.user,
            "organization_categories": [books.BUSINESSES],
            "employment_relations": [books.EMPLOYMENT],
        }
        what = "a real Tryton 7.0, the bookkeeping"
        return Source(self.name, "tryton", what, self.books.records, config, {"password": server.password})

    def stop(self) -> None:
        """Ends the server."""
        self._server.stop()


@dataclass(slots=True)
class Servers:
    """Those of a company that are there. ``missing`` says of each that is not why, by its title."""

    places: list[Place]
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def books(self) -> Books | None:
        """The bookkeeping's, if it is there."""
        return next((place.books for place in self.places if isinstance(place, Bookkeeping)), None)

    def prepare(self) -> None:
        """Prepares each."""
        self._each(lambda place: place.prepare())

    def begin(self) -> None:
        """Starts each."""
        self._each(lambda place: place.begin())

    def ready(self, exports: Path) -> list[Source]:
        """What they hold, once they answer. Two are filled at a time: a real one, which stands first, takes its time
        over what it is given, and the others need not wait for it."""
        found: list[Source] = []
        with ThreadPoolExecutor(2) as pool:
            filling = {place.name: pool.submit(place.ready, exports) for place in self.places}
            try:
                self._each(lambda place: found.append(filling[place.name].result()))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C: those that were not begun never are
        return found

    def _each(self, act: Callable[[Place], None]) -> None:
        for place in [*self.places]:
            try:
                act(place)
            except FAILURES as error:
                self.places.remove(place)
                self.missing[place.title] = str(error)
                place.stop()


@contextmanager
def servers(places: Sequence[Place]) -> Iterator[Servers]:
    """The servers, all stopped at the end, also when stopping one of them is cut short."""
    with ExitStack() as stack:
        for place in places:
            stack.callback(place.stop)
        yield Servers([*places])
