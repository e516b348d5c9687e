"""A whole vendor inside the process: worlds that hold records, keep the vendor's rules, and fail on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.core.protocols import utc_now
from connectors.memory.faults import Fault, Faults
from connectors.memory.rows import Holdings, Row
from connectors.memory.shelf import Shelf
from connectors.memory.values import stamp
from mapping.contract import Reason, RemoteId, SchemaField
from mapping.errors import GoneError

DEFAULT_KEY = "open-sesame"
TEAMS = {"sales": "Sales", "support": "Support"}


class World:
    """One account at the memory vendor. These methods are its back door, for people and tests; clients use api.py.

    Every method is safe to call from several threads, and with ``path`` from several processes: the holdings lie in
    that file and each call sees the latest. ``account`` is the id that ``check`` gives. ``requests`` counts the calls
    of the API by door and ``written`` the records that they changed. ``clock`` may be replaced; ``index_lag`` is how
    many seconds ``search`` stays behind; ``page_size`` caps what a client asks for, and ``window_cap`` how many entries
    a window may hold (0: any number).
    """

    def __init__(self, name: str, path: Path | None = None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.name = name
        self.account = f"memory-{name}"
        self.clock = clock
        self.api_key = DEFAULT_KEY
        self.page_size = 1000
        self.window_cap = 0
        self.index_lag = 0.0
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self.written = 0
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self.lock = threading.RLock()
        self._shelf = Shelf(path, Holdings(teams=dict(TEAMS)))

    # -- time

    def now(self) -> datetime:
        """The world's present instant."""
        return self._frozen or self.clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Moves the world's clock on."""
        if self._frozen is not None:
            self._frozen += timedelta(seconds=seconds)
        self._offset += timedelta(seconds=seconds)

    @contextmanager
    def frozen(self) -> Iterator[datetime]:
        """Inside, everything happens at one and the same instant."""
        self._frozen = self.now()
        try:
            yield self._frozen
        finally:
            self._frozen = None

    # -- what happens over there

    @contextmanager
    def holdings(self, *, change: bool = True) -> Iterator[Holdings]:
        """The records, latest state, for as long as the block lasts; written back once at its end with ``change``.

        Blocks nest, so that many changes can be made for the price of one.
        """
        with self.lock, self._shelf.open(change=change) as holdings:
            yield holdings

    def put(
        self,
        object_name: str,
        values: Mapping[str, Any],
        *,
        team: str = "",
        id: str = "",
        at: datetime | None = None,
        broken: bool = False,
    ) -> RemoteId:
        """Creates a record with values as they are, checked by nothing: records that no rule can map, too.

        ``at`` back-dates it, as if it had arrived late; ``broken`` makes its bytes unreadable for every client.
        """
        with self.holdings() as holdings:
            if object_name == "people":
                team = team or next(iter(holdings.teams))
            if id in holdings.table(object_name).rows:
                raise ValueError(f"there is a record with this id in {object_name}")
            when = stamp(at or self.now())
            row = Row(id=id or self._next_id(holdings), team=team, created_at=when, updated_at=when, broken=broken)
            table = holdings.table(object_name)
            table.set_values(row, _computed(object_name, dict(values)))
            table.save(row, when, tuple(row.values))
            return RemoteId(row.id)

    def change(self, object_name: str, id: str, values: Mapping[str, Any]) -> None:
        """Changes values as they are given, None empties one. Raises GoneError when there is no such record."""
        with self.holdings() as holdings:
            row = self.row(holdings, object_name, id)
            after = _computed(object_name, {**row.values, **values})
            changed = [name for name, value in after.items() if name in values or value != row.values.get(name)]
            table = holdings.table(object_name)
            table.set_values(row, after)
            row.revision += 1
            table.save(row, stamp(self.now()), changed)

    def delete(self, object_name: str, id: str) -> None:
        """Removes a record for good."""
        self._bury(object_name, id, Reason.DELETED)

    def archive(self, object_name: str, id: str) -> None:
        """Puts a record out of sight; it can be restored."""
        with self.holdings() as holdings:
            row = self.row(holdings, object_name, id)
            if not row.archived:
                holdings.table(object_name).bury(row.team, id, Reason.ARCHIVED, stamp(self.now()))
                row.archived = True

    def restore(self, object_name: str, id: str) -> None:
        """Brings an archived record back."""
        with self.holdings() as holdings:
            row = self.row(holdings, object_name, id)
            row.archived = False
            row.revision += 1
            holdings.table(object_name).save(row, stamp(self.now()), tuple(row.values))

    def merge(self, object_name: str, loser: str, winner: str) -> None:
        """Lets one record live on in another; the winner takes the values that it lacks."""
        with self.holdings() as holdings:
            lost = dict(self.row(holdings, object_name, loser).values)
            kept = self.row(holdings, object_name, winner).values
            self._bury(object_name, loser, Reason.MERGED, merged_into=winner)
            self.change(object_name, winner, {name: value for name, value in lost.items() if name not in kept})

    def move(self, id: str, team: str) -> None:
        """Hands a person to another team: the old one sees it no more."""
        with self.holdings() as holdings:
            table = holdings.table("people")
            row = self.row(holdings, "people", id)
            if row.team != team:
                table.bury(row.team, id, Reason.OUT_OF_SCOPE, stamp(self.now()))
                row.team = team
                row.revision += 1
                table.save(row, stamp(self.now()), tuple(row.values))

    def add_team(self, key: str, title: str) -> None:
        """Opens a team, and with it a slice of people."""
        with self.holdings() as holdings:
            holdings.teams[key] = title

    def add_field(self, object_name: str, field: SchemaField) -> None:
        """Adds a field of the customer's own, gives one another type, or brings one back that was dropped."""
        with self.holdings() as holdings:
            holdings.table(object_name).extra_fields[field.name] = field
            holdings.table(object_name).dropped_fields.discard(field.name)

    def drop_field(self, object_name: str, name: str) -> None:
        """Takes a field away: nobody is told of it or of its values any more."""
        with self.holdings() as holdings:
            holdings.table(object_name).dropped_fields.add(name)

    def expire_cursors(self) -> None:
        """Forgets the place of every reader."""
        with self.holdings() as holdings:
            holdings.epoch += 1

    def records(self, object_name: str) -> Mapping[RemoteId, Row]:
        """Copies of all rows of an object, archived ones too, by id."""
        with self.holdings(change=False) as holdings:
            rows = holdings.table(object_name).rows
            return {RemoteId(id_): row.model_copy(deep=True) for id_, row in rows.items()}

    def delivery(self, secret: str, *changed: tuple[str, str]) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of the webhook call that tells of changed (object, id) pairs."""
        with self.holdings(change=False) as holdings:
            events = [{"stream": name, "team": self.row(holdings, name, id_).team, "id": id_} for name, id_ in changed]
        body = json.dumps({"events": events}).encode()
        return {"X-Memory-Signature": signature(secret, body)}, body

    # -- bad weather

    def fail(self, error: BaseException, *, on: str = "read", times: int = 1, after: int = 0) -> None:
        """Lets calls at a door fail before anything happens, once ``after`` more have gone well.

        Doors: check, slices, read, ids, get, window, describe, provision, find, fetch, associated, write; '*' any.
        """
        self.faults.add(Fault(on, error, times=times, after=after))

    def lose_answer(
        self, *, committed: bool = True, times: int = 1, after: int = 0, error: BaseException | None = None
    ) -> None:
        """Lets the answer of a write get lost, after the work was done or before.

        With ``error`` that is raised in place of UNKNOWN outcomes, as if the client's process had died.
        """
        self.faults.add(Fault("write", error, lost=True, committed=committed, times=times, after=after))

    def refuse(self, *, every: int = 2, times: int = 1) -> None:
        """Lets each n-th record of the next written batch fail by itself."""
        self.faults.add(Fault("write", refuse_every=every, times=times))

    def _bury(self, object_name: str, id: str, reason: Reason, merged_into: str | None = None) -> None:
        with self.holdings() as holdings:
            row = self.row(holdings, object_name, id)
            table = holdings.table(object_name)
            table.remove(id)
            table.bury(row.team, id, reason, stamp(self.now()), merged_into)

    def row(self, holdings: Holdings, object_name: str, id: str) -> Row:
        """The record itself, inside ``holdings()``. Raises GoneError."""
        row = holdings.table(object_name).rows.get(id)
        if row is None:
            raise GoneError(f"there is no such record in {object_name}")
        return row

    def _next_id(self, holdings: Holdings) -> str:
        holdings.last_id += 1
        return str(holdings.last_id)


def _computed(object_name: str, values: dict[str, Any]) -> dict[str, Any]:
    if object_name == "people":
        parts = (values.get("given_name"), values.get("family_name"))
        values["display_name"] = " ".join(part for part in parts if isinstance(part, str) and part) or None
    return values


def signature(secret: str, body: bytes) -> str:
    """The HMAC-SHA256 of a webhook body, in hex, as the vendor sends it in ``X-Memory-Signature``."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


_worlds: dict[str, World] = {}
_worlds_lock = threading.Lock()


def open_world(name: str, path: Path | None = None) -> World:
    """The world of that name, the same object for everybody in the process; made on first use.

    A world with a ``path`` finds there what earlier processes left.
    """
    with _worlds_lock:
        if name not in _worlds:
            _worlds[name] = World(name, path)
        return _worlds[name]


def forget_world(name: str) -> None:
    """Lets a world go; its file, if any, stays."""
    with _worlds_lock:
        _worlds.pop(name, None)
