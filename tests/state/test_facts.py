"""Facts in the database: written whole, attached anew whenever they are asked for."""

from __future__ import annotations

from dataclasses import replace

from state import facts, identifiers, identities
from state.database import Database
from state.facts import FactRow
from state.identities import Changes
from tests.state.rooms import LATER, NOW, entity, fill, text

EMAIL = "ann@home.example"


def _fact(key: str, *emails: str, at: str | None = NOW, id: int | None = None, live: bool = True) -> FactRow:
    refs = [(number, "to", "email", email) for number, email in enumerate(emails)]
    return FactRow(id, key, "activity", "email", at, live, text({"key": key, "title": key}), refs)


def _customer(db: Database, name: str, *held: tuple[str, str, str | None]) -> int:
    """A customer of one record that holds identifiers (email, since, until)."""
    (number,) = fill(db, entity(f"record of {name}"))
    with db.write() as c:
        identifiers.write(c, [(number, "email", email, since) for email, since, _ in held], [], [])
        identifiers.write(c, [], [], [(number, "email", email, until) for email, _, until in held if until])
        made = replace(Changes.none(), created=[(name, "person")], joined=[(number, name)])
        identities.write(c, made, NOW, "resolve")
    return number


def _write(db: Database, *rows: FactRow) -> dict[str, facts.StoredFact]:
    with db.write() as c:
        facts.write(db, c, rows)
        return facts.load(c, [row.key for row in rows])


def _concerning(db: Database, customer: str) -> list[str]:
    with db.read() as c:
        return [fact.key for fact, _ in facts.concerning(c, customer)]


def test_a_fact_written_again_replaces_its_references(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    _customer(database, "c2", ("bob@home.example", NOW, None))
    stored = _write(database, _fact("f1", EMAIL))
    _write(database, _fact("f1", "bob@home.example", id=stored["f1"].id))
    assert (_concerning(database, "c1"), _concerning(database, "c2")) == ([], ["f1"])


def test_a_fact_that_is_of_another_kind_than_before_is_written_with_its_names(database: Database) -> None:
    order = replace(_fact("o1", EMAIL), kind="order", names=[("order:o1", True)])
    stored = _write(database, order)
    note = replace(_fact("o1", EMAIL, id=stored["o1"].id), names=[("order:o1", True)])
    assert _write(database, note)["o1"].kind == "activity"


def test_one_reference_named_twice_is_kept_once(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    row = _fact("f1", EMAIL)
    _write(database, replace(row, refs=[*row.refs, *row.refs]))
    assert _concerning(database, "c1") == ["f1"]


def test_a_dead_fact_is_on_no_timeline(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    stored = _write(database, _fact("f1", EMAIL))
    _write(database, _fact("f1", id=stored["f1"].id, live=False))
    assert _concerning(database, "c1") == []


def test_the_timeline_is_newest_first_and_undated_facts_come_last(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    _write(database, _fact("old", EMAIL, at=NOW), _fact("new", EMAIL, at=LATER), _fact("undated", EMAIL, at=None))
    assert _concerning(database, "c1") == ["new", "old", "undated"]


def test_a_fact_belongs_to_who_held_the_address_at_its_time(database: Database) -> None:
    _customer(database, "former", (EMAIL, NOW, LATER))
    _customer(database, "now", (EMAIL, LATER, None))
    _write(database, _fact("early", EMAIL, at="2026-11-23T12:30:00.000000Z"), _fact("late", EMAIL, at=LATER))
    assert (_concerning(database, "former"), _concerning(database, "now")) == (["early"], ["late"])


def test_of_several_records_of_a_customer_the_one_that_held_the_address_first_counts(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    _customer(database, "c2", (EMAIL, LATER, None))
    (another,) = fill(database, entity("another record of c1"))
    with database.write() as c:
        identifiers.write(c, [(another, "email", EMAIL, LATER)], [], [])
        identities.write(c, replace(Changes.none(), joined=[(another, "c1")]), NOW, "resolve")
    _write(database, _fact("early", EMAIL, at="2026-11-23T12:30:00.000000Z"), _fact("late", EMAIL, at=LATER))
    assert (_concerning(database, "c1"), _concerning(database, "c2")) == (["early"], [])


def test_an_address_of_two_customers_attaches_to_neither(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    _customer(database, "c2", (EMAIL, NOW, None))
    _write(database, _fact("f1", EMAIL))
    assert _concerning(database, "c1") == _concerning(database, "c2") == []
    assert [roles for batch in facts.every(database, "activity") for _, roles in batch] == [{}]


def test_every_fact_comes_in_batches_with_whom_it_concerns(database: Database) -> None:
    _customer(database, "c1", (EMAIL, NOW, None))
    _write(database, *[_fact(f"f{n}", EMAIL, "zoe@home.example") for n in range(5)])
    batches = list(facts.every(database, "activity", ["email"], size=2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert all(roles == {(0, "to"): "c1"} for batch in batches for _, roles in batch)


def test_a_fact_is_told_by_a_connection_that_has_it_in_its_own_words(database: Database) -> None:
    fill(database, entity("1", kind="activity", fact_key="native"), connection="crm", stream="notes")
    fill(database, entity("2", kind="activity", fact_key="ours", alias="fact"), connection="crm", stream="notes")
    fill(database, entity("3", kind="activity", fact_key="dead", live=False), connection="crm", stream="notes")
    fill(database, entity("4", kind="activity", fact_key="elsewhere"), connection="shop", stream="notes")
    with database.read() as c:
        assert facts.told_by(c, "crm", ["native", "ours", "dead", "elsewhere", "never"]) == {"native"}
        assert facts.sources(c, ["native", "elsewhere"]) == {
            "native": [("crm", "notes")],
            "elsewhere": [("shop", "notes")],
        }
