"""New records that share nothing are settled the short way: to the same end as the long one, and part by part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from state import records
from state.database import Connection
from state.identities import Profile
from sync import newcomers, resolve
from tests.sync.hubs import Stage, members, person
from tests.sync.hubs import values as golden

Told = dict[frozenset[str], tuple[object, object]]


def _populate(stage: Stage) -> None:
    people = [
        person("Ann Lee", email="ann@home.example", phone="020 7946 0958", updated_at="2026-01-02T03:04:05Z"),
        person("A Lee", email="ann@home.example"),
        person("Bob Ray", email="bob@home.example"),
        person("Cy Orr", phone="020 7946 0111", emails=["cy@home.example", "cy@work.example"]),
        person("Cy Orr", email="cy@work.example"),
        person("Dee Fox"),
        person("Eve Gill", email="info@home.example"),
        {"email": "nameless@home.example"},
        {},
    ]
    for one in people:
        stage.shop.put("people", one)
    stage.crm.put("people", person("Bob Ray", email="bob@home.example"))
    stage.crm.put("people", person("Flo Hart", email="flo@home.example"))


def _told(stage: Stage) -> Told:
    """Group of records to its golden values and where they come from, whatever the ids."""
    return {
        frozenset(members(one)): (
            golden(one),
            sorted((v.field, v.rule, v.since, v.connection, v.record) for v in one.values),
        )
        for one in stage.customers()
    }


def test_the_short_way_ends_where_the_long_one_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _populate(stage)
    settled = []
    alone = newcomers.alone

    def counted(*given: object) -> list[Profile]:
        found = alone(*given)  # type: ignore[arg-type]
        settled.extend(found)
        return found

    monkeypatch.setattr(resolve, "alone", counted)
    stage.sync()
    assert len(settled) > 3, "nobody took the short way"
    short, rows = _told(stage), {row["hash"] for row in stage.rows("golden_record")}
    with stage.hub.db.write() as c:
        for table in ("membership", "customer", "golden_record", "identifier", "edge"):
            c.exec_driver_sql(f"DELETE FROM {table}")
        c.exec_driver_sql("INSERT INTO dirty_entity (entity_id) SELECT id FROM entity")
    monkeypatch.setattr(resolve, "may_be_alone", lambda one: False)
    settled.clear()
    assert stage.hub.resolve().created == len(short)
    assert settled == []
    assert _told(stage) == short
    assert {row["hash"] for row in stage.rows("golden_record")} == rows, "the next run would write them again"


def test_a_newcomer_of_yesterday_is_found_by_who_shares_with_it_today(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    (before,) = stage.customers()
    stage.crm.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    (after,) = stage.customers()
    assert (after.id, len(after.members)) == (before.id, 2)


def test_a_part_that_was_settled_stays_settled_when_the_next_one_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        stage.shop.put("people", person(f"Ann{number} Lee", email=f"ann{number}@home.example"))
    monkeypatch.setattr(newcomers, "PART", 2)
    parts: list[Sequence[int]] = []
    forget = records.forget_dirty

    class Cut(BaseException):
        pass

    def cut(c: Connection, seqs: Sequence[int]) -> None:
        parts.append(seqs)
        if len(parts) == 2:
            raise Cut
        forget(c, seqs)

    with monkeypatch.context() as patched:
        patched.setattr(records, "forget_dirty", cut)
        with pytest.raises(Cut):
            stage.hub.sync()
    assert len(stage.rows("customer")) == len(stage.rows("golden_record")) == len(stage.rows("membership")) == 2
    assert len(stage.rows("dirty_entity")) == 4
    kept = {row["id"] for row in stage.rows("customer")}
    stage.sync()
    assert len(stage.customers()) == 6
    assert kept < {one.id for one in stage.customers()}


def test_ids_of_one_batch_never_meet_those_of_another_at_the_same_instant(tmp_path: Path, database_url: str) -> None:
    stage = Stage(tmp_path, database_url)
    with stage.hub.db.write() as c:
        now = stage.hub.db.now()
        first = newcomers.Names(now).more(c, 7, 3)
        row = "INSERT INTO customer (id, kind, status, created_at) VALUES ('{}', 'person', 'live', '')"
        for one in first:
            c.exec_driver_sql(row.format(one))
        names = newcomers.Names(now)
        second = [*names.more(c, 7, 2), *names.more(c, 9, 2)]
    stage.close()
    assert len({*first, *second}) == 7
    assert second == sorted(second)
