"""Records: what a page writes is found again, and what an enumeration did not meet is known."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from mapping.errors import LeaseLostError
from state import identities, records
from state.cursors import Place, load, store
from state.database import Database
from state.leases import Leases
from state.tables import raw_record
from tests.state.rooms import LATER, NOW, entity, fill, raw


def test_a_slice_is_one_however_often_it_is_asked_for(database: Database) -> None:
    first = records.slice_id(database, "shop", "people", "sales", "Sales")
    assert records.slice_id(database, "shop", "people", "sales") == first
    others = {records.slice_id(database, *key) for key in [("shop", "people", ""), ("crm", "people", "sales")]}
    assert len(others | {first}) == 3
    with database.read() as c:
        assert sorted(key for _, _, key in records.slices_of(c, "shop")) == ["", "sales"]
        assert records.slice_key(c, first) == "sales"


def test_a_record_is_found_by_its_remote_id_in_its_slice_only(database: Database) -> None:
    one, other = (records.slice_id(database, "shop", "people", key) for key in ("a", "b"))
    with database.write() as c:
        records.write_raws(database, c, one, 1, NOW, [raw("7", body='{"x":1}')])
    with database.read() as c:
        assert records.load_raws(c, other, ["7"]) == {}
        assert records.load_raws(c, one, ["7", "8"])["7"].body is None
        assert records.load_raws(c, one, ["7"], body=True)["7"].body == '{"x":1}'


@pytest.mark.parametrize("count", [1, 2500])
def test_many_records_are_found_as_well_as_one(database: Database, count: int) -> None:
    number = records.slice_id(database, "shop", "people", "")
    with database.write() as c:
        records.write_raws(database, c, number, 1, NOW, [raw(str(n)) for n in range(count)])
    with database.read() as c:
        assert len(records.load_raws(c, number, [str(n) for n in range(count)])) == count


def test_what_an_enumeration_did_not_meet_is_known_and_what_it_met_is_not_touched(database: Database) -> None:
    number = records.slice_id(database, "shop", "people", "")
    with database.write() as c:
        ids = records.write_raws(database, c, number, 1, NOW, [raw("same"), raw("changed"), raw("lost"), raw("gone")])
        records.write_raws(database, c, number, 1, NOW, [raw("gone", id=ids["gone"], state="deleted")])
    with database.write() as c:
        records.write_sightings(c, number, 2, [ids["same"], ids["changed"]])
        records.write_raws(database, c, number, 2, LATER, [raw("changed", id=ids["changed"]), raw("new")])
    with database.read() as c:
        assert records.unseen(c, number, 2) == ["lost"]
        assert records.count_known(c, number, 2) == 3, "the new one was not known before"
        assert records.unseen(c, number, 1) == []
        untouched = c.execute(select(raw_record.c.observed_at).where(raw_record.c.id == ids["same"])).scalar_one()
    assert untouched == NOW


def test_a_record_of_another_slice_is_known_to_live_elsewhere(database: Database) -> None:
    here, there, stranger = (
        records.slice_id(database, connection, "people", key)
        for connection, key in [("shop", "a"), ("shop", "b"), ("crm", "a")]
    )
    with database.write() as c:
        records.write_raws(database, c, there, 1, NOW, [raw("moved"), raw("dead", state="deleted")])
        records.write_raws(database, c, stranger, 1, NOW, [raw("other")])
        records.write_raws(database, c, here, 1, NOW, [raw("here")])
    with database.read() as c:
        assert records.live_elsewhere(c, here, ["moved", "dead", "other", "here"]) == {"moved"}


def test_entities_are_queued_with_every_writing_and_forgotten_one_by_one(database: Database) -> None:
    first, second = fill(database, entity("1"), entity("2"))
    with database.write() as c:
        records.write_entities(database, c, [entity("1", id=first, live=False, old_fact_key="old")], {})
    with database.read() as c:
        queued = identities.queue(c, 10)
    assert [(one.entity_id, one.fact_key) for one in queued] == [(first, None), (second, None), (first, "old")]
    with database.write() as c:
        records.forget_dirty(c, [queued[0].seq, queued[1].seq])
    with database.read() as c:
        assert [one.entity_id for one in identities.queue(c, 10)] == [first]
        assert identities.queue_length(c) == 1


def test_only_live_records_are_mapped_again_and_all_of_them(database: Database) -> None:
    number = records.slice_id(database, "shop", "people", "")
    with database.write() as c:
        records.write_raws(database, c, number, 1, NOW, [raw(str(n)) for n in range(7)])
        records.write_raws(database, c, number, 1, NOW, [raw("dead", state="deleted", body=None)])
    batches = list(records.iter_bodies(database, number, size=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [one.remote_id for batch in batches for one in batch] == [str(n) for n in range(7)]


def test_a_page_of_a_reader_that_lost_its_lease_is_not_written(database: Database) -> None:
    number = records.slice_id(database, "shop", "people", "")
    old = Leases(database).acquire("pull", "old", -1)
    assert old
    assert Leases(database).acquire("pull", "new", 60)
    with pytest.raises(LeaseLostError), database.write(old) as c:
        records.write_raws(database, c, number, 1, NOW, [raw("1")])
    with database.read() as c:
        assert c.execute(select(func.count()).select_from(raw_record)).scalar_one() == 0


def test_a_place_is_kept_a_slice_and_begins_at_the_beginning(database: Database) -> None:
    with database.read() as c:
        assert load(c, 1) == Place()
    place = Place("cursor", 3, True, 7)
    with database.write() as c:
        store(c, 1, Place("older", 2), NOW)
        store(c, 1, place, LATER)
        store(c, 2, Place("other", 1), NOW)
    with database.read() as c:
        assert load(c, 1) == place


def test_a_page_and_its_place_are_kept_together_or_not_at_all(database: Database) -> None:
    number = records.slice_id(database, "shop", "people", "")

    def page() -> None:
        with database.write() as c:
            records.write_raws(database, c, number, 1, NOW, [raw("1")])
            store(c, number, Place("next", 1), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        page()
    with database.read() as c:
        assert (load(c, number), records.load_raws(c, number, ["1"])) == (Place(), {})
