"""Backfills in company: of writes to the same records, of edited rules, of a full reading and a sweep meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.memory.writes import Writer
from mapping.contract import Change, Outcome
from state import outbox, records
from state.outbox import Attempt
from sync import backfill
from sync.backfilled import Asked, BackfillReport
from sync.hub import Hub
from sync.partition import PartitionRead
from tests.sync.hubs import BOOKKEEPING, Stage, person

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def begin(stage: Stage, connection: str, workers: int = 2) -> int:
    """A backfill of everything until tomorrow, in the ledger."""
    until = stage.clock.instant + timedelta(days=1)
    backfills = stage.hub.backfills
    return backfills.add(backfills.draft(connection, Asked(BEGINNING, until, "6mo", workers=workers)))


def backfilled(stage: Stage, connection: str) -> BackfillReport:
    report = stage.hub.backfills.run(begin(stage, connection))
    assert stage.hub.crashes == []
    return report


def fill(stage: Stage, count: int) -> None:
    for number in range(count):
        at = BEGINNING + timedelta(days=9 * number)
        stage.shop.put("people", person(f"Pat{number} Poe", email=f"p{number}@x.example"), at=at)


def before_writing(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Does something once, when the first page of a backfill is about to be written."""
    write, todo = PartitionRead._write, [action]

    def late(self: PartitionRead, *args: Any) -> int:
        if todo:
            todo.pop()()
        return write(self, *args)

    monkeypatch.setattr(PartitionRead, "_write", late)


def test_our_own_words_come_back_as_echoes(stage: Stage) -> None:
    fill(stage, 4)
    stage.settle()
    before = stage.dump({*BOOKKEEPING, "backfill", "partition"})
    assert backfilled(stage, "crm").state == "done"
    assert stage.dump({*BOOKKEEPING, "backfill", "partition"}) == before


def test_records_that_a_push_is_just_creating_are_not_taken_for_the_vendors_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stage, 3)
    stage.sync("shop")
    stage.hub.check()
    number = begin(stage, "crm")
    states: list[str] = []
    write = Writer.write

    def unheard(self: Writer, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        outcomes = write(self, target, batch)  # they are there, and nobody here knows it yet
        with stage.another() as other:
            states.append(other.backfills.run(number).state)
            assert [row for row in stage.rows("raw_record") if row["slice_id"] not in shop] == []
        return outcomes

    shop = {row["id"] for row in stage.rows("slice") if row["connection_id"].startswith("shop")}
    monkeypatch.setattr(Writer, "write", unheard)
    monkeypatch.setattr(backfill, "WAITS", 2)
    assert stage.push().created == 3
    assert states == ["paused"]
    monkeypatch.setattr(Writer, "write", write)
    assert stage.hub.backfills.run(number).state == "done"
    assert stage.sync().ok
    assert len(stage.customers()) == 3
    assert stage.hub.plan().empty


def test_a_page_waits_while_a_write_to_the_same_records_has_no_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.crm.put("people", person("Old Hand", email="old@x.example"), at=BEGINNING)
    stage.hub.check()
    number = begin(stage, "crm", workers=1)
    connection = next(row["id"] for row in stage.rows("connection") if row["name"] == "crm")
    attempt = Attempt(
        connection, "people", "k", "customer", "c", "upsert", {}, "h", sent_at=stage.hub.db.stamp(),
        settle_until=stage.hub.db.stamp(),
    )  # fmt: skip

    def open_one() -> None:
        with stage.another() as other, other.db.write() as c:
            outbox.begin(c, [attempt])

    before_writing(monkeypatch, open_one)
    monkeypatch.setattr(backfill, "WAITS", 3)
    report = stage.hub.backfills.run(number)
    assert report.state == "paused"
    assert "waits for its answer" in report.message
    assert stage.rows("raw_record") == []
    with stage.hub.db.write() as c:
        outbox.end(c, connection, "people", ["k"])
    assert stage.hub.backfills.run(number).state == "done"
    assert len(stage.rows("raw_record")) == 1


def test_rules_that_are_edited_meanwhile_pause_it_and_hold_when_it_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stage, 8)
    stage.sync("shop")
    stage.shop.change("people", "1", {"city": "Leeds"})
    number = begin(stage, "shop")
    old = stage.another()

    def edit() -> None:
        stage.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.city"}}}})
        stage.sync("shop")

    before_writing(monkeypatch, edit)
    report = old.backfills.run(number)
    old.close()
    assert report.state == "paused"
    assert "were edited" in report.message
    assert stage.hub.backfills.run(number).state == "done"
    titles = {value.value for one in stage.customers() for value in one.values if value.field == "job_title"}
    assert titles == {"Leeds"}


def test_rules_that_were_edited_before_it_began_are_applied_to_what_is_stored(stage: Stage) -> None:
    fill(stage, 3)
    stage.sync("shop")
    stage.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.email"}}}})
    assert backfilled(stage, "shop").state == "done"
    titles = {value.value for one in stage.customers() for value in one.values if value.field == "job_title"}
    assert titles == {"p0@x.example", "p1@x.example", "p2@x.example"}


def test_a_stream_that_is_being_mapped_again_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(stage, 3)
    stage.sync("shop")
    number = begin(stage, "shop", workers=1)
    slices = [row["id"] for row in stage.rows("slice")]
    rules = {row["id"]: row["rules"] for row in stage.rows("slice")}

    def mark(found: dict[int, str]) -> None:
        with stage.another() as other, other.db.write() as c:
            for id_ in slices:
                records.set_rules(c, id_, found[id_])

    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        mark(rules)  # whoever was at it is done

    before_writing(monkeypatch, lambda: mark(dict.fromkeys(slices, "")))
    monkeypatch.setattr(stage.clock, "sleep", sleep)
    with stage.another() as hub:
        assert hub.backfills.run(number).state == "done"
    assert waited


@pytest.mark.parametrize("full", [False, True])
def test_a_sweep_or_a_full_reading_meanwhile_takes_nothing_for_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    stage.configure("shop", streams={"notes": {}, "people": {}})
    for number in range(6):
        at = BEGINNING + timedelta(days=9 * number)
        stage.shop.put("notes", {"title": f"Note {number}", "text": "x", "at": "2026-01-05T09:00:00Z"}, at=at)
    fill(stage, 6)
    stage.sync("shop")

    def other() -> None:
        with stage.another() as hub:
            _read(hub, full=full)

    before_writing(monkeypatch, other)
    assert backfilled(stage, "shop").state == "done"
    assert {row["state"] for row in stage.rows("raw_record")} == {"live"}
    assert len(stage.rows("raw_record")) == 12


def _read(hub: Hub, *, full: bool) -> None:
    if full:
        assert hub.sync(["shop"], full=True).ok
    else:
        assert hub.sweep(["shop"]).ok
