"""Schemas: fields are kept as they were met, and what happened to them stays told."""

from __future__ import annotations

from mapping.contract import SchemaField
from mapping.drift import Drift, Kind, KnownField, State
from state import schemas
from state.database import Database

AT, LATER, LAST = "2026-11-23T12:00:00.000000Z", "2026-11-24T12:00:00.000000Z", "2026-11-25T12:00:00.000000Z"


def field(name: str, state: State = State.KNOWN, *, described: bool = True) -> KnownField:
    shape = SchemaField(name, "enum", "Läbel\0\ud800", ("a", "b"), length=8) if described else None
    return KnownField(name, "enum", "string", state, shape, "person.x", 3, 50, AT, AT)


def save(db: Database, *fields: KnownField, stream: str = "people") -> None:
    with db.write() as c:
        schemas.save(c, "shop", stream, fields)


def test_fields_come_back_as_they_were_kept_and_are_kept_once(database: Database) -> None:
    save(database, field("b"), field("a", described=False))
    save(database, field("b", State.VANISHED))
    save(database, field("z"), stream="orders")
    with database.read() as c:
        assert schemas.load(c, "shop", "people") == {
            "a": field("a", described=False),
            "b": field("b", State.VANISHED),
        }
        assert list(schemas.unsettled(c, "shop", "people")) == ["b"]
        assert schemas.load(c, "crm", "people") == {}
        assert schemas.streams(c, "shop") == ["orders", "people"]
        assert schemas.pending(c) == {("shop", "people"): {State.VANISHED: 1}}


def test_fields_that_are_still_there_were_met_again_unless_that_was_noted(database: Database) -> None:
    save(database, field("a"), field("b", State.VANISHED), field("c", described=False))
    with database.write() as c:
        schemas.met_again(c, "shop", "people", AT, LATER)
        assert {one.last_at for one in schemas.load(c, "shop", "people").values()} == {AT}
        schemas.met_again(c, "shop", "people", LATER, LAST)
        found = schemas.load(c, "shop", "people")
    assert {name: one.last_at for name, one in found.items()} == {"a": LAST, "b": AT, "c": AT}


def test_what_happened_is_told_newest_first_and_by_place(database: Database) -> None:
    odd = Drift("x", Kind.RETYPED, "t" * 50, "number", "d" * 500)
    with database.write() as c:
        schemas.note(c, "shop", "people", [Drift("a", Kind.NEW, after="string"), odd], AT)
        schemas.note(c, "crm", "people", [Drift("b", Kind.VANISHED)], LATER)
        schemas.note(c, "crm", "people", [], LATER)
    with database.read() as c:
        assert [(one.connection_id, one.drift.field) for one in schemas.events(c)] == [
            ("crm", "b"),
            ("shop", "x"),
            ("shop", "a"),
        ]
        (found, _) = schemas.events(c, "shop", "people")
        assert (found.at, len(found.drift.before), len(found.drift.detail)) == (AT, 20, 200)
        assert schemas.events(c, limit=1)[0].drift.kind == Kind.VANISHED
        assert schemas.events(c, "shop", "orders") == []
