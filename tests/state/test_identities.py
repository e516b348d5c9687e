"""Customers in the database: ids that lead to survivors, memberships that move, links that are written anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mapping.identity import Link
from state import audit, customers, identities
from state.database import Database
from state.identities import Changes
from tests.state.rooms import LATER, NOW, entity, fill, text


def _write(db: Database, at: str = NOW, **fields: Any) -> None:
    with db.write() as c:
        identities.write(c, replace(Changes.none(), **fields), at, "resolve")


def _golden(customer: str, **values: str) -> tuple[str, str, str, str]:
    return (customer, f"{len(str(values))}", text(values), "{}")


def _survivors(db: Database, *asked: str) -> dict[str, str]:
    with db.read() as c:
        return identities.survivors(c, asked)


@pytest.fixture
def three(database: Database) -> list[int]:
    """Three entities, each its own customer."""
    ids = fill(database, entity("1"), entity("2"), entity("3"))
    _write(
        database,
        created=[(f"c{n}", "person") for n in (1, 2, 3)],
        joined=[(id_, f"c{n}") for n, id_ in enumerate(ids, 1)],
        new_golden=[_golden(f"c{n}", name=f"Name {n}", email=f"n{n}@home.example") for n in (1, 2, 3)],
    )
    return ids


def test_a_merged_id_leads_to_the_survivor_through_any_number_of_merges(database: Database, three: list[int]) -> None:
    _write(database, merged=[("c1", "c2")], moved=[(three[0], "c2")])
    _write(database, LATER, merged=[("c2", "c3")], moved=[(three[0], "c3"), (three[1], "c3")])
    assert _survivors(database, "c1", "c2", "c3") == {"c1": "c3", "c2": "c3", "c3": "c3"}
    with database.read() as c:
        assert identities.members(c, ["c3"]) == dict.fromkeys(three, "c3")
        assert set(customers.load(c, ["c1", "c2", "c3"])) == {"c3"}


def test_a_retired_or_unknown_id_leads_nowhere(database: Database, three: list[int]) -> None:
    _write(database, merged=[("c1", "c2")], moved=[(three[0], "c2")])
    _write(database, retired=["c2"], left=three[:2])
    assert _survivors(database, "c1", "c2", "never") == {}
    with database.read() as c:
        assert customers.living(c, ["c1", "c2", "c3", "never"]) == {"c3"}
        assert identities.memberships(c, three) == {three[2]: "c3"}


def test_every_merge_split_and_end_is_an_event_of_ids(database: Database, three: list[int]) -> None:
    _write(database, merged=[("c1", "c2")], split=[("c2", "c9")], retired=["c3"])
    found = {(one.what, tuple(sorted(one.ids.items()))) for one in audit.events(database)}
    assert found == {
        ("merged", (("customer", "c1"), ("into", "c2"))),
        ("split", (("customer", "c2"), ("new", "c9"))),
        ("retired", (("customer", "c3"),)),
    }


def test_links_of_what_was_touched_are_written_anew(database: Database, three: list[int]) -> None:
    a, b, d = three
    _write(database, touched=three, links=[Link(a, b, "same_email", "x"), Link(b, d, "same_phone_and_name", "y")])
    _write(database, touched=[a, b], links=[Link(b, a, "same_id", "z")])
    with database.read() as c:
        assert identities.links_of(c, three) == [(min(a, b), max(a, b), "same_id", ["z"])]


def test_a_golden_record_is_kept_once_a_customer_and_goes_with_it(database: Database, three: list[int]) -> None:
    _write(database, golden=[_golden("c1", name="Other")])
    with database.read() as c:
        assert customers.load(c, ["c1"])["c1"].values == {"name": "Other"}
        assert set(identities.golden_hashes(c, ["c1", "c2", "never"])) == {"c1", "c2"}
    _write(database, retired=["c1"], left=[three[0]])
    with database.read() as c:
        assert customers.load(c, ["c1"]) == {}
        assert customers.counts(c) == (2, 0)


def test_profiles_carry_what_resolving_needs_and_keys_their_natural_keys(database: Database) -> None:
    values = text({"email": "ann@home.example"})
    (number,) = fill(
        database, entity("1", values=values, name_key="ann lee", echo='["phone"]', alias="c1"), key="sales"
    )
    with database.read() as c:
        one = identities.profiles(c, [number])[number]
        assert identities.keys(c, [number]) == {number: ("shop", "people", "sales", "1", "person")}
    assert (one.alias, sorted(one.echo), dict(one.values)) == ("c1", ["phone"], {"email": "ann@home.example"})


def test_customers_come_in_batches_of_one_kind_in_the_order_of_their_ids(database: Database, three: list[int]) -> None:
    _write(database, created=[("o1", "organization")], new_golden=[_golden("o1", name="Y Org")])
    batches = list(customers.every(database, "person", size=2))
    assert [[one.customer_id for one in batch] for batch in batches] == [["c1", "c2"], ["c3"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("c2", ["c2"]),
        ("name 1", ["c1"]),
        ("N3@HOME.example", ["c3"]),
        ("", ["c1", "c2", "c3"]),
        ("100%", []),
        ("_ame", []),
        ("nobody", []),
    ],
)
def test_a_customer_is_found_by_id_or_by_what_is_said_of_it(
    database: Database, three: list[int], query: str, expected: list[str]
) -> None:
    with database.read() as c:
        assert [one.customer_id for one in customers.find(c, query, 10)] == expected
