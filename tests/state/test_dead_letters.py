"""Dead letters: no failed record is forgotten, none is kept twice, and success closes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from state import dead_letters
from state.database import Database
from state.dead_letters import MAX_BODY, Letter, Letters, Place
from tests.state.clock import Clock

ORDERS = Place(Letters.IN, "shop", "orders")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(database_url: str, clock: Clock) -> Iterator[Database]:
    opened = Database(database_url, now=clock)
    yield opened
    opened.close()


def put(db: Database, *letters: Letter, place: Place = ORDERS) -> None:
    with db.write() as c:
        dead_letters.put(c, db, place, letters)


def resolve(db: Database, *ids: str, place: Place = ORDERS) -> int:
    with db.write() as c:
        return dead_letters.resolve(c, place, ids)


def test_a_record_that_fails_again_is_counted_and_not_kept_twice(db: Database, clock: Clock) -> None:
    began = clock()
    put(db, Letter("1", "no currency", "{}"))
    clock.pass_by(60)
    put(db, Letter("1", "a bad date", '{"a":1}'))
    (found,) = dead_letters.listed(db)
    assert (found.times, found.reason, found.body) == (2, "a bad date", '{"a":1}')
    assert (found.first_at, found.last_at) == (began, clock())
    assert dead_letters.count(db) == 1


def test_a_resolved_record_that_fails_again_is_open_again(db: Database) -> None:
    put(db, Letter("1", "x"))
    assert resolve(db, "1") == 1
    assert dead_letters.count(db) == 0
    put(db, Letter("1", "y"))
    (found,) = dead_letters.listed(db)
    assert (found.open, found.times) == (True, 2)


def test_a_letter_is_not_kept_when_its_page_is_not(db: Database) -> None:
    def fail() -> None:
        with db.write() as c:
            dead_letters.put(c, db, ORDERS, [Letter("1", "x")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert dead_letters.count(db) == 0


def test_a_huge_body_is_cut_and_says_so(db: Database) -> None:
    put(db, Letter("big", "x", "b" * (MAX_BODY + 1)), Letter("fits", "x", "b" * MAX_BODY), Letter("none", "x"))
    found = {letter.remote_id: letter for letter in dead_letters.listed(db)}
    assert {id: letter.whole for id, letter in found.items()} == {"big": False, "fits": True, "none": True}
    assert len(found["big"].body or "") < MAX_BODY + 100


def test_an_odd_id_or_body_is_kept_and_resolved_all_the_same(db: Database) -> None:
    odd = ["i" * 5000, "nul\0byte", ""]
    put(db, *(Letter(id, "bad\0", "b\0") for id in odd))
    assert dead_letters.count(db) == 3
    assert resolve(db, *odd) == 3


def test_success_closes_the_letters_of_its_own_place_only(db: Database) -> None:
    places = [
        ORDERS,
        Place(Letters.OUT, "shop", "orders"),
        Place(Letters.IN, "crm", "orders"),
        Place(Letters.IN, "shop", "customers"),
        Place(Letters.IN, "shop", "orders", "2026"),
    ]
    for place in places:
        put(db, Letter("1", "x"), Letter("2", "x"), place=place)
    assert resolve(db, "1", "3", *map(str, range(10, 1500))) == 1
    assert resolve(db, "1") == 0
    assert dead_letters.count(db) == 9
    assert [(letter.place, letter.remote_id) for letter in dead_letters.listed(db, open=False)] == [(ORDERS, "1")]


def test_letters_are_counted_listed_narrowed_and_paged(db: Database) -> None:
    put(db, *(Letter(str(number), "x") for number in range(5)))
    put(db, Letter("c", "x"), place=Place(Letters.OUT, "crm", "contacts"))
    first = dead_letters.listed(db, limit=2)
    assert [letter.remote_id for letter in first] == ["0", "1"]
    assert [letter.remote_id for letter in dead_letters.listed(db, after=first[-1].id, limit=2)] == ["2", "3"]
    assert [letter.remote_id for letter in dead_letters.listed(db, direction=Letters.OUT)] == ["c"]
    assert (dead_letters.count(db, connection_id="shop"), dead_letters.count(db, stream="contacts")) == (5, 1)
    assert dead_letters.show(db, first[0].id) == first[0]
    assert dead_letters.show(db, 10_000) is None
