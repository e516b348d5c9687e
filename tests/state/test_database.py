"""One database, whichever it is: snapshots, one writer at a time, ids, upserts, clear errors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from mapping.errors import ConcordError, ConfigError, RecordError, TransientError
from state import engines
from state.batches import insert_rows
from state.database import Database, insert_or_update, parse_stamp, stamp
from state.tables import connection, counter, dirty_entity, membership


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """The same database as another process would open it."""
    opened = Database(database_url, patience=0.2)
    yield opened
    opened.close()


@pytest.mark.fault("busy database", "The run ends as failed with that reason, and the next one goes on.")
def test_a_writer_who_waits_too_long_is_told_that_the_database_is_busy(database: Database, other: Database) -> None:
    with database.write(), pytest.raises(TransientError, match="busy for too long"), other.write():
        pass


def test_a_thread_that_waits_too_long_is_told_so(other: Database) -> None:
    seen: list[BaseException] = []

    def want() -> None:
        try:
            with other.write():
                pass
        except TransientError as error:
            seen.append(error)

    with other.write():
        thread = threading.Thread(target=want)
        thread.start()
        thread.join()
    assert "busy for too long" in str(seen[0])


def test_a_write_inside_a_write_is_refused_at_once(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="already"), database.write():
        pass
    with database.write():
        pass


def test_a_failed_write_leaves_nothing_and_gives_its_turn_and_ids_back(database: Database, other: Database) -> None:
    def fail() -> None:
        with database.write() as c:
            assert list(database.allocate(c, "entity", 3)) == [1, 2, 3]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with other.write() as c:
        assert list(other.allocate(c, "entity", 2)) == [1, 2]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(ConfigError, match="read-only"), database.read() as c:
        c.execute(insert(counter), {"name": "sneaky", "next": 1})


def test_a_refused_row_is_not_quoted(database: Database) -> None:
    row = {"id": "a", "name": "jane@example.org", "connector": "files", "created_at": database.stamp()}
    with database.write() as c:
        c.execute(insert(connection), row)
    with pytest.raises(ConcordError) as caught, database.write() as c:
        c.execute(insert(connection), {**row, "id": "b"})
    assert "jane" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["x" * 500, "nul\0byte"])
def test_a_value_that_the_database_cannot_hold_costs_its_record_only(database: Database, name: str) -> None:
    def store() -> None:
        with database.write() as c:
            c.execute(insert(counter), {"name": name, "next": 1})

    if database.dialect == "sqlite":
        store()  # which takes any text
        return
    with pytest.raises(RecordError) as caught:
        store()
    assert name not in str(caught.value)


def test_what_was_read_in_a_write_cannot_change_before_it_commits(database: Database, database_url: str) -> None:
    """Two who add one to a number, both through read, compute, write."""
    with database.write() as c:
        c.execute(insert(counter), {"name": "n", "next": 0})
    patient = Database(database_url)
    start = threading.Barrier(2)

    def add(db: Database) -> None:
        start.wait()
        for _ in range(20):
            with db.write() as c:
                value = c.execute(select(counter.c.next).where(counter.c.name == "n")).scalar_one()
                c.execute(update(counter).where(counter.c.name == "n").values(next=value + 1))

    threads = [threading.Thread(target=add, args=(db,)) for db in (database, patient)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.close()
    with database.read() as c:
        assert c.execute(select(counter.c.next)).scalar_one() == 40


def test_a_reader_sees_one_snapshot_while_others_write(database: Database, other: Database) -> None:
    with database.read() as c:
        assert c.execute(select(counter)).all() == []
        with other.write() as writer:
            writer.execute(insert(counter), {"name": "n", "next": 1})
        assert c.execute(select(counter)).all() == []
    with database.read() as c:
        assert c.execute(select(counter.c.name)).scalars().all() == ["n"]


def test_ids_come_in_blocks_that_never_overlap(database: Database) -> None:
    with database.write() as c:
        assert list(database.allocate(c, "entity", 3)) == [1, 2, 3]
        assert list(database.allocate(c, "fact", 1)) == [1]
    with database.write() as c:
        assert list(database.allocate(c, "entity", 2)) == [4, 5]


def test_an_upsert_overwrites_what_it_names_and_no_more(database: Database) -> None:
    rows = [
        {"id": "a", "name": "shop", "connector": "shopify", "created_at": database.stamp()},
        {"id": "b", "name": "crm", "connector": "hubspot", "created_at": database.stamp()},
    ]
    with database.write() as c:
        insert_or_update(c, connection, rows[:1], ["id"])
        insert_or_update(c, connection, [{**row, "name": row["name"] + "2"} for row in rows], ["id"])
        insert_or_update(c, connection, [{**rows[0], "connector": "other", "name": "x"}], ["id"], ["connector"])
        insert_or_update(c, connection, [], ["id"])
    with database.read() as c:
        found = c.execute(select(connection.c.name, connection.c.connector).order_by(connection.c.id)).all()
    assert [tuple(row) for row in found] == [("shop", "other"), ("crm2", "hubspot")]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_every_row_of_a_batch_arrives_whatever_its_size(database: Database, count: int) -> None:
    rows = [(f"n{number}", number) for number in range(count)]
    with database.write() as c:
        insert_rows(c, counter, ("name", "next"), rows)
    with database.read() as c:
        found = {(row.name, row.next) for row in c.execute(select(counter)) if row.name.startswith("n")}
    assert found == set(rows)


@pytest.mark.parametrize("count", [2, 100, 205])
def test_values_that_all_rows_have_alike_arrive_in_each(database: Database, count: int) -> None:
    mixed = [(number, "one" if number == count - 2 else None) for number in range(count)]
    with database.write() as c:
        insert_rows(c, membership, ("entity_id", "customer_id"), [(number, "c_1") for number in range(count)])
        insert_rows(c, dirty_entity, ("entity_id", "fact_key"), [(7, None)] * count)
        insert_rows(c, dirty_entity, ("entity_id", "fact_key"), mixed)
    with database.read() as c:
        placed = c.execute(select(membership.c.entity_id, membership.c.customer_id)).all()
        waiting = c.execute(select(dirty_entity.c.entity_id, dirty_entity.c.fact_key)).all()
    assert sorted(map(tuple, placed)) == [(number, "c_1") for number in range(count)]
    assert Counter(map(tuple, waiting)) == Counter([*mixed, *[(7, None)] * count])


def _without_its_log(file: Path) -> object:
    """What the counter "n" is for somebody who has only the file."""
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    db = Database(f"sqlite:///{copy}")
    with db.read() as c:
        found: object = c.execute(select(counter.c.next).where(counter.c.name == "n")).scalar()
    db.close()
    return found


def test_a_commit_waits_for_who_reads_a_file_that_keeps_no_log(tmp_path: Path) -> None:
    """Such a file lies where the log cannot be shared, as on a network's disk."""
    file = tmp_path / "hub.db"
    db = Database(f"sqlite:///{file}")
    db.migrate()
    db.close()
    reader = sqlite3.connect(file, isolation_level=None)
    assert reader.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM counter").fetchall()

    def write() -> None:
        with db.write() as c:
            c.execute(insert(counter).values(name="n", next=1))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive(), "it waits"
    reader.execute("COMMIT")
    thread.join()
    assert reader.execute("SELECT next FROM counter WHERE name = 'n'").fetchall() == [(1,)]
    reader.close()
    db.close()


def test_what_was_carried_over_stands_in_the_file_without_its_log(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    db = Database(f"sqlite:///{file}")
    db.migrate()
    db.carry_over()
    with db.write() as c:
        c.execute(insert(counter), {"name": "n", "next": 7})
    assert _without_its_log(file) is None
    db.carry_over()
    assert _without_its_log(file) == 7
    db.close()


def test_who_lets_the_log_hold_less_carries_over_what_another_wrote(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    pull, beside = Database(f"sqlite:///{file}"), Database(f"sqlite:///{file}", log=1)
    pull.migrate()
    pull.carry_over()
    with pull.write() as c:
        c.execute(insert(counter), {"name": "n", "next": 7})
    assert _without_its_log(file) is None
    with beside.write() as c:
        c.execute(insert(counter), {"name": "other", "next": 1})
    assert _without_its_log(file) == 7
    beside.close()
    pull.close()


def test_nobody_waits_for_what_cannot_be_carried_over(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'hub.db'}", patience=0.1)
    db.migrate()
    with db.read() as reader:
        before = reader.execute(select(counter)).all()
        with db.write() as c:
            c.execute(insert(counter), {"name": "n", "next": 7})
            db.carry_over()
        db.carry_over()
        assert reader.execute(select(counter)).all() == before
    db.close()


def test_a_time_without_a_zone_has_no_stamp() -> None:
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 1, 1))  # noqa: DTZ001 - the very mistake


def test_stamps_sort_as_their_instants_do() -> None:
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    later = [noon, noon + timedelta(microseconds=1), noon.astimezone(timezone(timedelta(hours=9))) + timedelta(hours=1)]
    stamps = [stamp(instant) for instant in later]
    assert stamps == sorted(stamps)
    assert {len(text) for text in stamps} == {27}
    assert stamps[0] == "2026-11-23T12:00:00.000000Z"
    assert [parse_stamp(text) for text in stamps] == later


def test_a_file_opened_twice_in_one_process_keeps_its_log_when_another_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "concord.db"
    first = Database(f"sqlite:///{path}")
    first.migrate()
    second = Database(f"sqlite:///{path}")
    second.migrate()
    other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM run'); c.close()"
    subprocess.run([sys.executable, "-c", other, str(path)], check=True)
    assert path.with_name("concord.db-wal").exists()
    first.close()
    second.close()


@dataclass
class Yielding:
    """One who writes, another who yields to him while told to, and what became of the other's write."""

    writer: Database
    told: threading.Event
    begun: threading.Event


@pytest.fixture
def yielding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yielding]:
    """The other has just asked to write, and would yield for as long as a test may take."""
    monkeypatch.setattr(engines, "LONGEST_YIELD", 30.0)
    writer = Database(f"sqlite:///{tmp_path}/concord.db")
    writer.migrate()
    both = Yielding(writer, threading.Event(), threading.Event())
    both.told.set()
    other = Database(f"sqlite:///{tmp_path}/concord.db", yielding=both.told.is_set)

    def write() -> None:
        with other.write():
            both.begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    yield both
    both.told.clear()
    thread.join()
    writer.close()
    other.close()


def test_who_yields_begins_to_write_once_another_has_written(yielding: Yielding) -> None:
    assert not yielding.begun.wait(0.02)
    for _ in range(200):  # the other may look for the first time only after the first of them
        with yielding.writer.write() as c:
            yielding.writer.allocate(c, "entity", 10_000)
        if yielding.begun.wait(0.02):
            break
    assert yielding.begun.is_set()


def test_who_no_longer_yields_begins_at_once(yielding: Yielding) -> None:
    yielding.told.clear()
    assert yielding.begun.wait(10)


def test_who_yields_to_nobody_does_not_wait_for_ever(tmp_path: Path) -> None:
    alone = Database(f"sqlite:///{tmp_path}/concord.db", yielding=lambda: True)
    alone.migrate()
    began = time.perf_counter()
    with alone.write():
        waited = time.perf_counter() - began
    alone.close()
    assert waited < 2.0  # 20 ms on an idle machine; the bound only catches who waits for ever
