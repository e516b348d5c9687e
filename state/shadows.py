"""What each destination holds, as it acknowledged, and the attempts under way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Text, bindparam, insert, select, type_coerce, update

from state.batches import Prepared, among
from state.records import chunks
from state.tables import entity, event, raw_record, shadow, slice_


@dataclass(frozen=True, slots=True)
class Shadow:
    """One record at a destination. ``version`` grows with every change here; ``id`` is None until stored.
    ``refs``: what it is associated with, in the three ways of sync/associations.py."""

    connection_id: str
    object: str
    remote_id: str
    subject_kind: str
    subject_key: str
    role: str = "primary"
    state: str = "live"
    merged_into: str | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)
    observed: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: int = 1
    remote_version: str | None = None
    id: int | None = None
    updated_at: str = ""


_COLUMNS = [
    shadow.c.connection_id,
    shadow.c.object,
    shadow.c.remote_id,
    shadow.c.subject_kind,
    shadow.c.subject_key,
    shadow.c.role,
    shadow.c.state,
    shadow.c.merged_into,
    shadow.c.sent,
    shadow.c.observed,
    shadow.c.refs,
    shadow.c.version,
    shadow.c.remote_version,
    shadow.c.id,
    shadow.c.updated_at,
]


def by_remote(c: Connection, connection_id: str, object_: str, remote_ids: Iterable[str]) -> dict[str, Shadow]:
    """The shadows of these remote records, by remote id."""
    found: dict[str, Shadow] = {}
    statement = select(*_COLUMNS).where(
        shadow.c.connection_id == connection_id,
        shadow.c.object == object_,
        among(shadow.c.remote_id, "ids"),
    )
    for ids in chunks(remote_ids):
        for row in c.execute(statement, {"ids": ids}):
            one = Shadow(*row)
            found[one.remote_id] = one
    return found


def exist(c: Connection, connection_id: str, object_: str) -> bool:
    """Whether the destination is known to hold any record of that object."""
    where = (shadow.c.connection_id == connection_id) & (shadow.c.object == object_)
    return c.execute(select(shadow.c.id).where(where).limit(1)).first() is not None


def of_target(c: Connection, connection_id: str, object_: str) -> list[Shadow]:
    """Every shadow of one target, in the order of their creation."""
    where = (shadow.c.connection_id == connection_id) & (shadow.c.object == object_)
    return [Shadow(*row) for row in c.execute(select(*_COLUMNS).where(where).order_by(shadow.c.id))]


def of_subject(c: Connection, kind: str, keys: Sequence[str]) -> list[Shadow]:
    """Every shadow of some subjects, at all destinations."""
    where = (shadow.c.subject_kind == kind) & among(shadow.c.subject_key, "keys")
    order = (shadow.c.connection_id, shadow.c.object, shadow.c.role, shadow.c.remote_id)
    statement = select(*_COLUMNS).where(where).order_by(*order)
    return [Shadow(*row) for row in c.execute(statement, {"keys": list(keys)})]


def held_for(c: Connection, customers: Sequence[str]) -> set[str]:
    """Those of the customers for whom any record is held."""
    statement = select(shadow.c.subject_key).where(
        shadow.c.subject_kind == "customer", among(shadow.c.subject_key, "keys")
    )
    return set(c.execute(statement, {"keys": list(customers)}).scalars())


_NAMES = tuple(column.name for column in _COLUMNS if column is not shadow.c.id)
_INSERT = Prepared(insert(shadow).values({name: bindparam(name) for name in _NAMES}))
_UPDATE = Prepared(
    update(shadow).where(shadow.c.id == bindparam("b_id")).values({name: bindparam(name) for name in _NAMES})
)


def save(c: Connection, one: Shadow, at: str) -> None:
    """Writes a shadow as it is now; the version is the caller's."""
    row = {name: getattr(one, name) for name in _NAMES} | {"updated_at": at}
    row |= {"sent": dict(one.sent), "observed": dict(one.observed), "refs": dict(one.refs)}
    if one.id is None:
        _INSERT.change(c, row)
    else:
        _UPDATE.change(c, row | {"b_id": one.id})


def lose(c: Connection, held: Shadow, state: str, at: str) -> None:
    """The record is no longer there. Where it was a subject's primary, its oldest duplicate takes that place."""
    save(c, replace(held, state=state, version=held.version + 1), at)
    if _primary(held):
        _promote(c, held, at)


def _promote(c: Connection, held: Shadow, at: str) -> None:
    """The oldest duplicate of a subject becomes its primary where that place has become free."""
    rest = [
        one
        for one in of_subject(c, held.subject_kind, [held.subject_key])
        if (one.connection_id, one.object, one.state) == (held.connection_id, held.object, "live")
    ]
    if rest and not any(one.role == "primary" for one in rest):
        heir = min(rest, key=lambda one: one.id or 0)
        save(c, replace(heir, role="primary", version=heir.version + 1), at)


def move_remote(c: Connection, held: Shadow, winner: str, at: str) -> bool:
    """The record lives on in another over there, which from now on is what we hold for its subject.

    Returns False, and leaves the other as it is, when that one belongs to another subject.
    """
    gone = replace(held, state="merged_into", merged_into=winner, version=held.version + 1)
    save(c, gone, at)
    other = by_remote(c, held.connection_id, held.object, [winner]).get(winner)
    if other is not None and (other.subject_kind, other.subject_key) != (held.subject_kind, held.subject_key):
        return False
    if other is None:
        heir = replace(held, id=None, remote_id=winner, refs={}, version=1, remote_version=None)
    else:
        role = "primary" if held.role == "primary" else other.role
        heir = replace(other, role=role, state="live", version=other.version + 1)
    save(c, heir, at)
    ids = {"shadow": held.id, "into": heir.id}
    c.execute(insert(event), [{"at": at, "kind": "shadow_moved", "actor": "pull", "ids": ids}])
    return True


def move_subject(c: Connection, old: str, into: str, at: str) -> None:
    """What was held for one customer is now held for another: where that one has a primary already, as a duplicate."""
    mine = {(one.connection_id, one.object) for one in of_subject(c, "customer", [into]) if _primary(one)}
    for one in of_subject(c, "customer", [old]):
        role = "duplicate" if (one.connection_id, one.object) in mine else one.role
        if role == "primary":
            mine.add((one.connection_id, one.object))
        save(c, replace(one, subject_key=into, role=role, version=one.version + 1), at)
        ids = {"shadow": one.id, "customer": old, "into": into}
        c.execute(insert(event), [{"at": at, "kind": "shadow_moved", "actor": "resolve", "ids": ids}])


_PLACE = (
    select(slice_.c.connection_id, slice_.c.stream, raw_record.c.remote_id)
    .join(raw_record, raw_record.c.slice_id == slice_.c.id)
    .join(entity, entity.c.raw_id == raw_record.c.id)
)


def follow(c: Connection, entity_id: int, old: str, new: str, at: str) -> None:
    """What was held for one customer in a record that belongs to another now is held for that one, and the next one of
    the old customer takes its place. Of several objects with this id the one that the stream is called after."""
    place = c.execute(_PLACE.where(entity.c.id == entity_id)).one_or_none()
    if place is None:
        return
    connection_id, stream, remote_id = place
    held = [
        one
        for one in of_subject(c, "customer", [old])
        if (one.connection_id, one.remote_id) == (connection_id, remote_id)
    ]
    if len(held) > 1:
        held = [one for one in held if one.object == stream]
    for one in held:
        _move(c, one, new, at)
    if held:
        c.execute(update(entity).where(entity.c.id == entity_id).values(alias=new))


def give_back(c: Connection, former: str, old: str, new: str, at: str) -> None:
    """What was held for a former customer, and for the one that it was merged into since, is held for ``new``, which
    has all its records. Only what is not read from there: other records go with whom they belong to (``follow``)."""
    for one in of_subject(c, "customer", [old]):
        read = _PLACE.where(slice_.c.connection_id == one.connection_id, raw_record.c.remote_id == one.remote_id)
        ours = read.where(entity.c.alias.is_not(None), entity.c.fact_key.is_(None)).limit(1)
        if c.execute(ours).first() is None and _last_owner(c, one) == former:
            _move(c, one, new, at)


def _last_owner(c: Connection, one: Shadow) -> str:
    """The customer for whom a record was held before its present one; "" where there was none."""
    told = type_coerce(event.c.ids, Text)
    statement = select(event.c.ids).where(event.c.kind == "shadow_moved", told.startswith(f'{{"shadow":{one.id},'))
    row = c.execute(statement.order_by(event.c.id.desc()).limit(1)).first()
    return str(row[0].get("customer", "")) if row is not None else ""


def _move(c: Connection, one: Shadow, new: str, at: str) -> None:
    """Holds a record for another customer: as its primary, if it has none, and the old one's next takes its place."""
    there = [other for other in of_subject(c, "customer", [new]) if _primary(other)]
    taken = any((other.connection_id, other.object) == (one.connection_id, one.object) for other in there)
    save(c, replace(one, subject_key=new, role="duplicate" if taken else "primary", version=one.version + 1), at)
    if _primary(one):
        _promote(c, one, at)
    ids = {"shadow": one.id, "customer": one.subject_key, "into": new}
    c.execute(insert(event), [{"at": at, "kind": "shadow_moved", "actor": "resolve", "ids": ids}])


def _primary(one: Shadow) -> bool:
    return one.role == "primary" and one.state == "live"
