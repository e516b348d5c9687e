"""What a sweep asks the database: what it did not meet, and what is none of its business."""

from __future__ import annotations

import pytest

from state import records, sweeps
from state.database import Database
from tests.state.rooms import LATER, NOW, raw

BEGAN = "2026-11-23T12:30:00.000000Z"


@pytest.fixture
def slice_id(database: Database) -> int:
    """Three records of the first generation."""
    number = records.slice_id(database, "shop", "people", "")
    with database.write() as c:
        records.write_raws(database, c, number, 1, NOW, [raw("a"), raw("b"), raw("c")])
    return number


def test_a_record_that_was_stored_since_the_sweep_began_is_not_lost(database: Database, slice_id: int) -> None:
    with database.write() as c:
        stored = records.load_raws(c, slice_id, ["b"])["b"]
        records.write_raws(database, c, slice_id, 1, LATER, [raw("b", id=stored.id)])  # known, and back to life
        records.write_raws(database, c, slice_id, 2, NOW, [raw("d")])  # new, by a clock that is behind
    with database.read() as c:
        assert sweeps.lost(c, slice_id, 2, BEGAN, 10) == ["a", "c"]
        assert sweeps.count_lost(c, slice_id, 2, BEGAN) == 2


def test_streams_with_records_are_told_from_those_without(database: Database, slice_id: int) -> None:
    records.slice_id(database, "shop", "orders", "")
    records.slice_id(database, "crm", "notes", "")
    with database.read() as c:
        assert sweeps.holding(c, "shop") == ["people"]
        assert sweeps.holding(c, "crm") == []


def test_what_this_generation_met_is_not_lost_and_what_an_earlier_one_met_is(database: Database, slice_id: int) -> None:
    with database.write() as c:
        ids = {key: stored.id for key, stored in records.load_raws(c, slice_id, "abc").items()}
        records.write_sightings(c, slice_id, 2, [ids["a"], ids["b"]])
        records.write_sightings(c, slice_id, 3, [ids["a"]])
    with database.read() as c:
        assert sweeps.lost(c, slice_id, 3, BEGAN, 10) == ["b", "c"]
        assert sweeps.lost(c, slice_id, 3, BEGAN, 1) == ["b"]


def test_what_is_gone_already_is_not_lost_again(database: Database, slice_id: int) -> None:
    with database.write() as c:
        stored = records.load_raws(c, slice_id, ["b"])["b"]
        records.write_raws(database, c, slice_id, 1, NOW, [raw("b", id=stored.id, state="deleted")])
    with database.read() as c:
        assert sweeps.lost(c, slice_id, 2, BEGAN, 10) == ["a", "c"]
        assert [(each.key, each.live) for each in sweeps.known_slices(c, "shop", "people")] == [("", 2)]
        assert sweeps.live(c, slice_id, 10) == ["a", "c"]
    assert [[remote_id for _, remote_id in rows] for rows in sweeps.iter_live(database, slice_id, 1)] == [["a"], ["c"]]
