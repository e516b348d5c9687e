"""Dead letters: the records that could not be taken or sent, one row each, until they succeed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from state.database import Database, inserting, parse_stamp
from state.tables import dead_letter, raw_record

MAX_BODY = 256 * 1024
"""Characters of a body that are kept; what is longer is cut, and then cannot be replayed from here."""

MAX_ID = 700
CHUNK = 500
KEY = ("direction", "connection_id", "stream", "slice", "remote_id")


class Letters(StrEnum):
    """Which way the record was going: from a source, or to a destination."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Place:
    """Where records fail: for IN a slice of a stream, for OUT the object as ``stream`` and no slice."""

    direction: Letters
    connection_id: str
    stream: str
    slice: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One record that failed. ``remote_id`` is the change's key for OUT. ``reason`` holds no personal data."""

    remote_id: str
    reason: str
    body: str | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One dead letter as kept. ``times`` counts its failures; ``whole`` is False where the body was cut."""

    id: int
    place: Place
    remote_id: str
    reason: str
    body: str | None
    whole: bool
    open: bool
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The open letters of one place (whatever the slice) with one reason. ``newest`` is the id of one of them."""

    place: Place
    reason: str
    letters: int
    times: int
    first_at: str
    last_at: str
    newest: int


def are_open(c: Connection, place: Place) -> bool:
    """Whether any letter of the place is open."""
    where = _at(place) & (dead_letter.c.state == "open")
    return c.execute(select(dead_letter.c.id).where(where).limit(1)).one_or_none() is not None


def open_at(c: Connection, place: Place) -> frozenset[str]:
    """What the open letters of the place are about."""
    return frozenset(
        c.execute(select(dead_letter.c.remote_id).where(_at(place) & (dead_letter.c.state == "open"))).scalars()
    )


def open_reasons(c: Connection, place: Place, remote_ids: Sequence[str]) -> dict[str, str]:
    """Why those of the records failed of which a letter is open: remote id to reason."""
    found: dict[str, str] = {}
    still = _at(place) & (dead_letter.c.state == "open")
    columns = (dead_letter.c.remote_id, dead_letter.c.reason)
    for start in range(0, len(remote_ids), CHUNK):
        asked = {_kept_id(one): one for one in remote_ids[start : start + CHUNK]}
        for kept, reason in c.execute(select(*columns).where(still & dead_letter.c.remote_id.in_(list(asked)))):
            found[asked[kept]] = reason
    return found


def put(c: Connection, db: Database, place: Place, letters: Sequence[Letter]) -> None:
    """Keeps the letters, in the transaction of the page or batch they come from.

    A record that failed before counts once more, with the new reason and body, and is open again.
    """
    if not letters:
        return
    insert = inserting(dead_letter, db.dialect)
    new = insert.excluded
    fresh = {name: new[name] for name in ("reason", "body", "state", "last_at")}
    statement = insert.on_conflict_do_update(index_elements=KEY, set_={**fresh, "times": dead_letter.c.times + 1})
    c.execute(statement, [_values(place, letter, db.stamp()) for letter in letters])


def resolve(c: Connection, place: Place, remote_ids: Sequence[str]) -> int:
    """Closes the open letters of records that have succeeded; returns how many there were."""
    still = _at(place) & (dead_letter.c.state == "open")
    closed = 0
    for start in range(0, len(remote_ids), CHUNK):
        named = dead_letter.c.remote_id.in_([_kept_id(id) for id in remote_ids[start : start + CHUNK]])
        closed += c.execute(update(dead_letter).where(still & named).values(state="resolved")).rowcount
    return closed


def resolve_unrepeated(c: Connection, place: Place, slice_id: int, since: str) -> int:
    """Closes the open letters that a complete enumeration begun at ``since`` did not repeat; returns how many.

    A letter of a record that is still there, unchanged and therefore not tried again, stays open.
    """
    there = select(raw_record.c.remote_id).where(raw_record.c.slice_id == slice_id, raw_record.c.state == "live")
    old = _at(place) & (dead_letter.c.state == "open") & (dead_letter.c.last_at < since)
    statement = update(dead_letter).where(old, dead_letter.c.remote_id.not_in(there)).values(state="resolved")
    return c.execute(statement).rowcount


def listed(
    db: Database,
    *,
    direction: Letters | None = None,
    connection_id: str | None = None,
    stream: str | None = None,
    reason: str = "",
    open: bool = True,
    after: int = 0,
    limit: int = 100,
) -> list[LetterRow]:
    """Letters by id, open ones or resolved ones; ``reason`` is a part of it, ``after`` an id, to page on."""
    where = _wanted(direction, connection_id, stream, open, reason) & (dead_letter.c.id > after)
    with db.read() as c:
        rows = c.execute(select(dead_letter).where(where).order_by(dead_letter.c.id).limit(limit)).mappings().all()
    return [_row(row) for row in rows]


def groups(
    db: Database, *, connection_id: str | None = None, stream: str | None = None, reason: str = ""
) -> list[GroupRow]:
    """The open letters by where they failed and why, the largest groups first."""
    by = (dead_letter.c.direction, dead_letter.c.connection_id, dead_letter.c.stream, dead_letter.c.reason)
    number = func.count().label("letters")
    sums = (func.sum(dead_letter.c.times), func.min(dead_letter.c.first_at), func.max(dead_letter.c.last_at))
    query = (
        select(*by, number, *sums, func.max(dead_letter.c.id))
        .where(_wanted(None, connection_id, stream, True, reason))
        .group_by(*by)
        .order_by(number.desc(), *by)
    )
    with db.read() as c:
        return [
            GroupRow(Place(Letters(row[0]), row[1], row[2]), row[3], row[4], int(row[5]), row[6], row[7], row[8])
            for row in c.execute(query)
        ]


def show(db: Database, id: int) -> LetterRow | None:
    """The letter of that id, if there is one."""
    with db.read() as c:
        row = c.execute(select(dead_letter).where(dead_letter.c.id == id)).mappings().one_or_none()
    return _row(row) if row else None


def count(
    db: Database, *, direction: Letters | None = None, connection_id: str | None = None, stream: str | None = None
) -> int:
    """How many letters are open."""
    with db.read() as c:
        where = _wanted(direction, connection_id, stream, True)
        return int(c.execute(select(func.count()).select_from(dead_letter).where(where)).scalar_one())


def open_counts(db: Database) -> dict[str, int]:
    """How many letters are open, by the id of their connection; those with none are left out."""
    where = dead_letter.c.state == "open"
    with db.read() as c:
        rows = c.execute(
            select(dead_letter.c.connection_id, func.count()).where(where).group_by(dead_letter.c.connection_id)
        )
        return {str(name): int(number) for name, number in rows}


def _at(place: Place) -> ColumnElement[bool]:
    return (
        (dead_letter.c.direction == place.direction.value)
        & (dead_letter.c.connection_id == place.connection_id)
        & (dead_letter.c.stream == place.stream)
        & (dead_letter.c.slice == place.slice)
    )


def _wanted(
    direction: Letters | None, connection_id: str | None, stream: str | None, open: bool, reason: str = ""
) -> ColumnElement[bool]:
    where = dead_letter.c.state == ("open" if open else "resolved")
    if direction is not None:
        where &= dead_letter.c.direction == direction.value
    if connection_id is not None:
        where &= dead_letter.c.connection_id == connection_id
    if stream is not None:
        where &= dead_letter.c.stream == stream
    if reason:
        where &= func.lower(dead_letter.c.reason).contains(reason.lower(), autoescape=True)
    return where


def _kept_id(remote_id: str) -> str:
    """An id that the column takes, since an odd id may be the very reason for the letter. PostgreSQL takes no NUL."""
    return remote_id[:MAX_ID].replace("\0", " ")


def _values(place: Place, letter: Letter, now: str) -> dict[str, object]:
    body = letter.body
    if body is not None and len(body) > MAX_BODY:
        body = f"{body[:MAX_BODY]} [cut: {len(body)} characters]"
    return {
        "direction": place.direction.value,
        "connection_id": place.connection_id,
        "stream": place.stream,
        "slice": place.slice,
        "remote_id": _kept_id(letter.remote_id),
        "reason": letter.reason.replace("\0", " "),
        "body": body.replace("\0", " ") if body is not None else None,
        "state": "open",
        "times": 1,
        "first_at": now,
        "last_at": now,
    }


def _row(row: RowMapping) -> LetterRow:
    body = row["body"]
    return LetterRow(
        id=row["id"],
        place=Place(Letters(row["direction"]), row["connection_id"], row["stream"], row["slice"]),
        remote_id=row["remote_id"],
        reason=row["reason"],
        body=body,
        whole=body is None or len(body) <= MAX_BODY,
        open=row["state"] == "open",
        times=row["times"],
        first_at=parse_stamp(row["first_at"]),
        last_at=parse_stamp(row["last_at"]),
    )
