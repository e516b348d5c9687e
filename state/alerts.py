"""Alerts: what is wrong and since when, and the messages that wait to be sent to people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from mapping.alerts import AlertKind
from state.database import insert_or_update
from state.tables import alert, alert_delivery

KEY = ("kind", "connection")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is wrong with a connection (empty: with the whole hub). Instants are stamps.

    ``amount`` counts what it is about. ``told_at`` is None until people are told; ``recovered_at`` is set while all is
    well and they do not know it yet.
    """

    kind: AlertKind
    connection: str
    message: str
    amount: int
    first_at: str
    last_at: str
    told_at: str | None = None
    told_amount: int = 0
    recovered_at: str | None = None

    @property
    def key(self) -> tuple[AlertKind, str]:
        """What it is known by."""
        return self.kind, self.connection


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for one destination, named as the configuration names it. ``problem`` is why the last try failed."""

    id: int
    destination: str
    title: str
    body: str
    trouble: bool
    created_at: str
    next_at: str
    tries: int
    problem: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The messages that could not be delivered to one destination so far, and why."""

    destination: str
    messages: int
    problem: str


def incidents(c: Connection) -> list[Incident]:
    """Every incident that is open or whose recovery was not told, the oldest first."""
    rows = c.execute(select(alert).order_by(alert.c.first_at, *(alert.c[name] for name in KEY))).mappings()
    return [Incident(**{**row, "kind": AlertKind(row["kind"])}) for row in rows]


def save(c: Connection, found: Sequence[Incident]) -> None:
    """Keeps these incidents as they are now."""
    rows = [{**asdict(one), "kind": one.kind.value} for one in found]
    names = [column.name for column in alert.columns if column.name not in KEY]
    insert_or_update(c, alert, rows, KEY, names)


def drop(c: Connection, found: Collection[tuple[AlertKind, str]]) -> None:
    """Forgets these incidents."""
    for kind, connection in found:
        c.execute(delete(alert).where(alert.c.kind == kind.value, alert.c.connection == connection))


def post(c: Connection, destinations: Collection[str], title: str, body: str, now: str, *, trouble: bool) -> None:
    """Puts a message in line for each of the destinations."""
    message = {"title": title, "body": body, "trouble": trouble, "created_at": now, "next_at": now}
    rows = [{**message, "destination": one, "tries": 0, "problem": ""} for one in destinations]
    if rows:
        c.execute(insert(alert_delivery), rows)


def due(c: Connection, now: str) -> list[Delivery]:
    """The messages to send now, in the order in which they were written."""
    rows = c.execute(select(alert_delivery).where(alert_delivery.c.next_at <= now).order_by(alert_delivery.c.id))
    return [Delivery(**row) for row in rows.mappings()]


def delivered(c: Connection, id: int) -> None:
    """The message has arrived, or nobody will try it again."""
    c.execute(delete(alert_delivery).where(alert_delivery.c.id == id))


def put_off(c: Connection, id: int, next_at: str, problem: str) -> None:
    """The message could not be sent; ``problem`` holds nothing of the destination's address."""
    values = {"next_at": next_at, "problem": problem, "tries": alert_delivery.c.tries + 1}
    c.execute(update(alert_delivery).where(alert_delivery.c.id == id).values(values))


def undelivered(c: Connection) -> list[Waiting]:
    """What was tried and has not arrived, a line a destination."""
    count, problem = func.count(), func.max(alert_delivery.c.problem)
    tried = select(alert_delivery.c.destination, count, problem).where(alert_delivery.c.tries > 0)
    rows = c.execute(tried.group_by(alert_delivery.c.destination).order_by(alert_delivery.c.destination))
    return [Waiting(*row) for row in rows]
