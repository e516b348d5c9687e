"""What two forms of a vendor's fields have in common, and what each difference asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.contract import Schema, SchemaField
from mapping.drift import (
    COMPUTED,
    NAME_LIMIT,
    Contract,
    Drift,
    Kind,
    KnownField,
    Sample,
    State,
    accepted,
    after,
    compare,
    fields_of,
    is_field,
    kept_name,
    sentence,
    settled,
    used_by,
)
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.masked import Mask, Masked, carried
from mapping.model import Kind as Entity
from mapping.readers import readers
from mapping.rules import EntityRules, ParticipantRules

PERSON = EntityRules("person", Entity.PERSON, {"email": "p.mail", "birth_date": "p.born", "custom.x": "p.a || p.b"})


def known(name: str, state: State = State.KNOWN, **more: Any) -> KnownField:
    fields = {"type": "string", "was": "string", "shape": SchemaField(name), **more}
    return KnownField(name, state=state, **fields)


@given(st.text())
def test_every_name_is_kept_in_a_form_that_can_be_stored_and_shown(name: str) -> None:
    kept = kept_name(name)
    assert 0 < len(kept) <= NAME_LIMIT
    assert kept.isprintable()
    assert kept_name(kept) == kept
    assert kept.encode()


@given(st.text(min_size=NAME_LIMIT), st.text(min_size=NAME_LIMIT))
def test_long_names_that_differ_are_kept_apart(one: str, other: str) -> None:
    assert (kept_name(one) == kept_name(other)) == (one == other)


@pytest.mark.parametrize(
    ("name", "field"), [("colour", True), ("_rest", False), ("a@b.example", False), ("2026-01-31", False), ("x1", True)]
)
def test_what_is_computed_and_what_is_data_is_no_field(name: str, field: bool) -> None:
    assert is_field(name) is field


def test_what_is_described_is_compared_field_by_field() -> None:
    before = {
        "same": known("same"),
        "gone": known("gone"),
        "typed": known("typed"),
        "back": known("back", State.DROPPED),
        "undone": known("undone", State.RETYPED, type="number", was="string", shape=SchemaField("undone", "number")),
        "seen": known("seen", shape=None),
        "list": known("list", shape=SchemaField("list", options=("a", "b"))),
    }
    now = [
        SchemaField("same", label="Same as ever"),
        SchemaField("typed", "number"),
        SchemaField("back"),
        SchemaField("undone"),
        SchemaField("seen", "email"),
        SchemaField("list", options=("b", "c", "d"), required=True),
        SchemaField("new", "date"),
        SchemaField("_made"),
        SchemaField("asked"),
    ]
    schema = Schema({one.name: one for one in now}, frozenset({"asked"}))
    assert compare(before, fields_of(schema)) == [
        Drift("typed", Kind.RETYPED, "string", "number"),
        Drift("back", Kind.RETURNED, after="string"),
        Drift("undone", Kind.RETURNED, "number", "string"),
        Drift("list", Kind.CHANGED, "string", "string", "2 more options, 1 option fewer, required now"),
        Drift("new", Kind.NEW, after="date"),
        Drift("gone", Kind.VANISHED, before="string"),
    ]


@pytest.mark.parametrize(
    ("kind", "old", "contract", "used", "state"),
    [
        (Kind.NEW, None, Contract.EVOLVE, True, State.KNOWN),
        (Kind.NEW, None, Contract.FREEZE, False, State.NEW),
        (Kind.NEW, None, Contract.STOP, False, State.NEW),
        (Kind.VANISHED, State.KNOWN, Contract.EVOLVE, True, State.VANISHED),
        (Kind.VANISHED, State.KNOWN, Contract.FREEZE, False, State.DROPPED),
        (Kind.VANISHED, State.KNOWN, Contract.STOP, False, State.VANISHED),
        (Kind.VANISHED, State.NEW, Contract.STOP, True, State.DROPPED),
        (Kind.RETYPED, State.KNOWN, Contract.EVOLVE, True, State.RETYPED),
        (Kind.RETYPED, State.KNOWN, Contract.EVOLVE, False, State.KNOWN),
        (Kind.RETYPED, State.NEW, Contract.FREEZE, True, State.NEW),
        (Kind.RETURNED, State.VANISHED, Contract.FREEZE, True, State.KNOWN),
        (Kind.RETURNED, State.DROPPED, Contract.FREEZE, True, State.NEW),
        (Kind.RETURNED, State.DROPPED, Contract.EVOLVE, True, State.KNOWN),
        (Kind.CHANGED, State.NEW, Contract.STOP, True, State.NEW),
    ],
)
def test_each_contract_asks_for_what_it_must_and_no_more(
    kind: Kind, old: State | None, contract: Contract, used: bool, state: State
) -> None:
    assert after(Drift("x", kind), old, contract, used=used) is state


def test_what_waits_is_settled_by_another_contract_another_rule_or_a_person() -> None:
    retyped = known("x", State.RETYPED, type="number")
    assert settled(retyped, Contract.EVOLVE, "person.x") == known("x", State.RETYPED, type="number", used_by="person.x")
    assert settled(retyped, Contract.EVOLVE, "").state is State.KNOWN
    assert settled(retyped, Contract.STOP, "").state is State.RETYPED
    assert settled(known("x", State.NEW), Contract.EVOLVE, "").state is State.KNOWN
    assert settled(known("x", State.NEW), Contract.FREEZE, "").state is State.NEW
    assert settled(known("x", State.VANISHED), Contract.FREEZE, "").state is State.DROPPED
    assert (accepted(retyped).state, accepted(retyped).was) == (State.KNOWN, "number")
    assert accepted(known("x", State.VANISHED)).state is State.DROPPED
    assert accepted(known("x", State.NEW)).state is State.KNOWN


def test_records_show_what_is_gone_and_what_is_of_another_kind_and_one_odd_record_shows_nothing() -> None:
    seen = {
        "often": known("often", shape=None, type="text", met=40, looked=50),
        "seldom": known("seldom", shape=None, type="text", met=4, looked=50),
        "amount": known("amount", shape=None, type="text", met=50, looked=50),
    }
    sample = Sample("p")
    for number in range(20):
        sample.take({"p": {"amount": number}, "often": "elsewhere"})
    assert [one.name for one in sample.lacks(seen.values())] == ["often"]
    assert sample.retyped(seen) == [Drift("amount", Kind.RETYPED, "text", "number")]
    few = Sample("p")
    for number in range(2):
        few.take({"p": {"amount": number}})
    few.take({"p": None})
    assert (few.lacks(seen.values()), few.retyped(seen)) == ([], [])


def test_the_rules_that_read_a_field_are_named() -> None:
    meeting = EntityRules(
        "meeting",
        Entity.ACTIVITY,
        {"key": "name", "title": "_record.p.mail"},
        each="p.guests",
        part="name",
        participants=(ParticipantRules("guest", each="people", email="mail"),),
    )
    found = readers([PERSON, meeting], {"person": {"birth_date": "", "phone": "p.tel"}}, "p")
    assert found == {
        "mail": ("person.email", "meeting.title"),
        "tel": ("person.phone",),
        "a": ("person.custom.x",),
        "b": ("person.custom.x",),
        "guests": ("meeting.each",),
    }
    whole = EntityRules("person", Entity.PERSON, {"email": "mail", "custom": "p"})
    assert used_by("whatever", readers([whole], {}, "p")) == "person.custom"
    made = EntityRules("person", Entity.PERSON, {"email": "_mail"})
    assert used_by("whatever", readers([made], {}, "")) == COMPUTED
    assert used_by("whatever", found) == ""


def test_many_fields_are_counted_and_those_that_rules_read_come_first() -> None:
    drifts = [Drift(f"f{n}", Kind.VANISHED) for n in range(8)]
    told = sentence(drifts, {"f7": "person.email"})
    assert told == "vanished: f7 (read by person.email), f0, f1, f2, f3 and 3 more"
    assert sentence([], {}) == ""


def test_a_mask_hides_and_guards_and_without_one_nothing_is_different() -> None:
    plain = Mapper([PERSON])
    body = {"p": {"mail": "ann@x.example", "born": "in spring", "a": "1"}}
    open_ = Masked(plain, Mask("p"))
    assert (open_.version, open_.map(body)) == (plain.version, plain.map(body))
    hidden = Masked(plain, Mask("p", {"a"}))
    assert hidden.version != plain.version
    (entity,) = hidden.map(body)
    assert "x" not in entity.values["custom"]
    assert hidden.map({"p": "odd"}) == plain.map({"p": "odd"})
    guarded = Masked(plain, Mask("p", guarded={"birth_date": "born"}))
    assert guarded.version == plain.version
    with pytest.raises(RecordError, match="changed the type of born") as caught:
        guarded.map(body)
    assert "spring" not in str(caught.value)
    assert guarded.map({"p": {"mail": "ann@x.example", "born": "1990-01-01"}})[0].values["birth_date"] == "1990-01-01"


def test_what_vanished_is_carried_and_what_was_emptied_is_not() -> None:
    stored = {"p": {"a": 1, "b": 2, "c": 3}, "_made": {"x": 1, "y": 2}, "_list": [1]}
    assert carried({"p": {"b": None}}, stored, "p", {"a", "b"}, computed=False) == {"p": {"b": None, "a": 1}}
    now = {"_made": {"x": 9}, "q": 1}
    assert carried(now, stored, "", {"p"}, computed=True) == {**stored, "_made": {"x": 9, "y": 2}, "q": 1}
    assert carried(now, {"q": 2}, "", {"p"}, computed=False) is now
    assert carried({"p": "odd"}, stored, "p", {"a"}, computed=False) == {"p": "odd"}
