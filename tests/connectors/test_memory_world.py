"""What only the memory vendor shows: every reason for a tombstone, patches, webhooks, mishaps, and a world on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.core.protocols import Runtime
from connectors.core.registry import catalogue
from connectors.memory.connector import VENDOR, MemoryConfig, MemoryConnector
from connectors.memory.sandbox import World, forget_world, open_world
from connectors.memory.writes import Writer
from mapping.contract import Change, Coverage, Cursor, Op, Reason, Slice, Status
from mapping.errors import AuthError, ConfigError, ContractError, RateLimitedError, RecordError, TransientError
from mapping.mapper import Mapper
from tests.connectors.contract import Clock, Tokens
from tests.connectors.memory_rig import sample
from tests.connectors.rig import stream_of

ROOT = Path(__file__).resolve().parents[2]
SALES, SUPPORT, ONE = Slice("sales"), Slice("support"), Slice()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    world = open_world("test-world")
    world.clock = clock.now
    yield world
    forget_world("test-world")


def connect(clock: Clock | None = None, **config: Any) -> MemoryConnector:
    runtime = clock.runtime() if clock else Runtime()
    connector = VENDOR.build(MemoryConfig(**{"world": "test-world", **config}), runtime, Tokens())
    assert isinstance(connector, MemoryConnector)
    return connector


def writer(**config: Any) -> Writer:
    writes = connect(**config).writes
    assert writes is not None
    writes.provision("people", False)
    return writes


def last_cursor(name: str, slice_: Slice) -> Cursor | None:
    return list(stream_of(connect(), name).read(slice_, None))[-1].cursor


def test_more_patience_than_configured_is_the_engines_business(world: World, clock: Clock) -> None:
    world.fail(RateLimitedError(retry_after=31), on="check")
    with pytest.raises(RateLimitedError) as refused:
        connect(clock, patience_seconds=30).check()
    assert refused.value.retry_after == 31
    assert clock.slept == 0


def test_each_further_wait_is_longer_when_no_time_is_told(world: World, clock: Clock) -> None:
    world.fail(RateLimitedError(), on="check", times=3)
    connect(clock).check()
    assert clock.slept == 1 + 2 + 4


def test_a_mishap_strikes_only_its_own_door_and_only_when_its_turn_comes(world: World) -> None:
    for number in range(5):
        world.put("notes", sample("notes", number))
    world.fail(TransientError("broken off"), after=1)
    connector = connect(page_size=2)
    connector.check()
    pages = stream_of(connector, "notes").read(ONE, None)
    assert len(next(pages).records) == 2
    with pytest.raises(TransientError, match="broken off"):
        next(pages)
    assert world.requests == {"check": 1, "read": 2}


def test_a_lost_answer_may_mean_that_nothing_was_done(world: World) -> None:
    writes = writer()
    world.lose_answer(committed=False)
    change = Change("k", Op.UPSERT, external_id="x", set=sample("people", 1))
    assert [outcome.status for outcome in writes.write("people", [change])] == [Status.UNKNOWN]
    assert not world.records("people")
    assert [outcome.status for outcome in writes.write("people", [change])] == [Status.CREATED]


def test_a_process_may_die_after_the_vendor_has_done_the_work(world: World) -> None:
    writes = writer()
    world.lose_answer(error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        writes.write("people", [Change("k", Op.UPSERT, external_id="x", set=sample("people", 1))])
    assert len(world.records("people")) == 1


def test_each_nth_record_of_a_batch_is_refused_on_order(world: World) -> None:
    writes = writer()
    world.refuse(every=2)
    batch = [Change(str(n), Op.UPSERT, external_id=str(n), set=sample("people", n)) for n in range(4)]
    told = {outcome.key: outcome.status for outcome in writes.write("people", batch)}
    assert told == {"0": Status.CREATED, "1": Status.FAILED, "2": Status.CREATED, "3": Status.FAILED}


def test_a_batch_over_the_limit_is_refused_whole(world: World) -> None:
    batch = [Change(str(n), Op.UPSERT, set=sample("notes", n)) for n in range(21)]
    with pytest.raises(ContractError, match="20"):
        writer().write("notes", batch)
    assert not world.records("notes")


def test_a_write_that_the_vendor_refuses_says_why(world: World) -> None:
    writes = writer()
    person = world.put("people", sample("people", 1))
    gone = world.put("people", sample("people", 2))
    world.delete("people", gone)
    expected = {
        "unknown field 'shoe_size'": Change("1", Op.UPDATE, remote_id=person, set={"shoe_size": 9}),
        "field 'display_name' is read-only": Change("2", Op.UPDATE, remote_id=person, set={"display_name": "x"}),
        "field 'stage' must be one of": Change("3", Op.UPDATE, remote_id=person, set={"stage": "asleep"}),
        "field 'newsletter' is not a valid boolean": Change("4", Op.UPDATE, remote_id=person, set={"newsletter": "ja"}),
        "field 'lifetime_value' is not": Change("5", Op.UPDATE, remote_id=person, set={"lifetime_value": "NaN"}),
        "field 'birth_date' is not": Change("6", Op.UPDATE, remote_id=person, set={"birth_date": "soon"}),
        "field 'phone' is not": Change("7", Op.UPDATE, remote_id=person, set={"phone": "none"}),
        "field 'city' is not": Change("8", Op.UPDATE, remote_id=person, set={"city": ["Leeds"]}),
        "gone: ": Change("9", Op.UPDATE, remote_id=gone, set={"city": "Leeds"}),
        "conflict: ": Change("10", Op.UPDATE, remote_id=person, set={"city": "Leeds"}, expect="7"),
        "unknown role 'pet'": Change("11", Op.ASSOCIATE, remote_id=person, refs={"pet": ["people:1"]}),
        "needs a remote id": Change("12", Op.ARCHIVE),
        "gone: there": Change("13", Op.ASSOCIATE, remote_id=person, refs={"company": ["companies:404"]}),
    }
    before = world.records("people")
    told = {outcome.key: outcome for outcome in writes.write("people", list(expected.values()))}
    for reason, change in expected.items():
        assert told[change.key].status is Status.FAILED
        assert told[change.key].error.startswith(reason) or reason in told[change.key].error
    assert world.records("people") == before


def test_a_required_field_can_be_neither_left_out_nor_emptied(world: World) -> None:
    firm = world.put("companies", sample("companies", 1))
    changes = [
        Change("new", Op.UPSERT, set={"city": "Leeds"}),
        Change("old", Op.UPDATE, remote_id=firm, clear=("name",)),
    ]
    outcomes = writer().write("companies", changes)
    assert [outcome.error for outcome in outcomes] == ["field 'name' must not be empty"] * 2


def test_a_target_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(ConfigError, match=r"pets.*companies, people"):
        writer().find("pets", "name", ["Rex"])


def test_a_webhook_call_with_another_signature_is_refused(world: World) -> None:
    id_ = world.put("people", sample("people", 1), team="support")
    hooks = connect(webhook_secret="right").hooks
    assert hooks is not None
    headers, body = world.delivery("wrong", ("people", id_))
    for bad in (headers, {}, {"x-memory-signature": "ü"}):
        with pytest.raises(AuthError):
            hooks.verify(bad, body)
    with pytest.raises(AuthError):
        hooks.verify(world.delivery("right", ("people", id_))[0], body + b" ")
    with pytest.raises(ContractError):
        hooks.targets(b'["nonsense"]')


def test_a_webhook_call_names_records_by_stream_and_team(world: World) -> None:
    one, two = (world.put("people", sample("people", n), team="support") for n in (1, 2))
    order = world.put("orders", sample("orders", 3))
    hooks = connect(webhook_secret="right").hooks
    assert hooks is not None
    headers, body = world.delivery("right", ("people", one), ("orders", order), ("people", two))
    hooks.verify({name.upper(): value for name, value in headers.items()}, body)
    assert hooks.targets(body) == [("people", SUPPORT, [one, two]), ("orders", ONE, [order])]


def test_capabilities_that_are_not_configured_are_absent() -> None:
    assert connect().hooks is None
    assert connect(read_only=True).writes is None
    forget_world("test-world")


def test_each_reason_for_a_tombstone_is_told(world: World, clock: Clock) -> None:
    ids = [world.put("people", sample("people", n), team="sales") for n in range(5)]
    cursor = last_cursor("people", SALES)
    clock.advance(1)
    world.delete("people", ids[0])
    world.archive("people", ids[1])
    world.merge("people", ids[2], ids[4])
    world.move(ids[3], "support")
    (page,) = stream_of(connect(), "people").read(SALES, cursor)
    assert {stone.remote_id: (stone.reason, stone.merged_into) for stone in page.tombstones} == {
        ids[0]: (Reason.DELETED, None),
        ids[1]: (Reason.ARCHIVED, None),
        ids[2]: (Reason.MERGED, ids[4]),
        ids[3]: (Reason.OUT_OF_SCOPE, None),
    }
    assert all(stone.at == clock.now() for stone in page.tombstones)
    assert ids[4] in [record.remote_id for record in page.records]
    moved = [record.remote_id for each in stream_of(connect(), "people").read(SUPPORT, None) for record in each.records]
    assert moved == [ids[3]]


def test_a_record_that_comes_back_is_read_again_and_its_grave_is_gone(world: World, clock: Clock) -> None:
    id_ = world.put("people", sample("people", 1))
    world.archive("people", id_)
    cursor = last_cursor("people", SALES)
    clock.advance(1)
    world.restore("people", id_)
    (page,) = stream_of(connect(), "people").read(SALES, cursor)
    assert [record.remote_id for record in page.records] == [id_]
    assert not page.tombstones


def test_a_deletion_in_the_middle_of_an_enumeration_is_told(world: World, clock: Clock) -> None:
    ids = [world.put("people", sample("people", n), team="sales") for n in range(4)]
    clock.advance(1)
    pages = stream_of(connect(page_size=2), "people").read(SALES, None)
    next(pages)
    world.delete("people", ids[0])
    assert [stone.remote_id for page in pages for stone in page.tombstones] == [ids[0]]


def test_an_increment_of_a_patching_stream_carries_only_what_changed(world: World, clock: Clock) -> None:
    id_ = world.put("companies", sample("companies", 1))
    clock.advance(1)
    world.put("companies", sample("companies", 2))
    (full,) = stream_of(connect(), "companies").read(ONE, None)
    clock.advance(60)
    world.change("companies", id_, {"city": "York", "employees": None})
    (page,) = stream_of(connect(), "companies").read(ONE, full.cursor)
    again, patch = page.records
    assert again.coverage is Coverage.FULL, "what is looked back on is as new as it was"
    assert patch.coverage is Coverage.PATCH
    assert patch.body["properties"] == {"city": "York", "employees": None}
    get = stream_of(connect(), "companies").get
    assert get is not None
    (whole,) = get(ONE, [id_])
    assert {**full.records[0].body["properties"], **patch.body["properties"]} == whole.body["properties"]


def test_a_patch_read_after_a_cut_still_tells_everything_since_the_run_before(world: World, clock: Clock) -> None:
    ids = [world.put("companies", sample("companies", n)) for n in range(4)]
    clock.advance(1)
    world.change("companies", ids[0], {"city": "Hull"})
    cursor = last_cursor("companies", ONE)
    clock.advance(60)
    for id_ in ids:
        world.change("companies", id_, {"city": "York"})
        clock.advance(1)
    first = next(iter(stream_of(connect(page_size=2), "companies").read(ONE, cursor)))
    world.change("companies", ids[3], {"industry": "tea"})
    records = [r for page in stream_of(connect(), "companies").read(ONE, first.cursor) for r in page.records]
    told = {record.remote_id: record.body["properties"] for record in records}
    assert told == {ids[2]: {"city": "York"}, ids[3]: {"city": "York", "industry": "tea"}}


def test_a_record_that_turns_up_late_is_read_within_the_lookback(world: World, clock: Clock) -> None:
    world.put("orders", sample("orders", 1))
    stream = stream_of(connect(lookback_seconds=300), "orders")
    (full,) = stream.read(ONE, None)
    late = world.put("orders", sample("orders", 2), at=clock.now() - timedelta(seconds=200))
    assert late in [record.remote_id for page in stream.read(ONE, full.cursor) for record in page.records]


def test_a_record_of_the_wrong_form_is_read_but_cannot_be_mapped(world: World) -> None:
    world.put("people", {**sample("people", 1), "email": {"nested": ["a@example.com"]}})
    stream = stream_of(connect(), "people")
    (record,) = [record for page in stream.read(SALES, None) for record in page.records]
    with pytest.raises(RecordError, match="email"):
        Mapper(stream.rules).map(record.body)


def test_one_record_says_several_things(world: World) -> None:
    world.put("meetings", sample("meetings", 1))
    stream = stream_of(connect(), "meetings")
    (record,) = [record for page in stream.read(ONE, None) for record in page.records]
    parts = {entity.part: entity for entity in Mapper(stream.rules).map(record.body)}
    assert set(parts) == {"meeting", "attendee:ada1@example.com", "attendee:bo@example.com"}
    assert len(parts["meeting"].values["participants"]) == 2
    assert not parts["attendee:bo@example.com"].founding


def test_the_search_lags_behind_but_the_unique_key_does_not(world: World, clock: Clock) -> None:
    writes = writer()
    world.index_lag = 10
    change = Change("k", Op.UPSERT, external_id="x", set=sample("people", 1))
    (created,) = writes.write("people", [change])
    assert writes.find("people", "email", ["ada.1@example.com"]) == {}
    assert writes.write("people", [change])[0].remote_id == created.remote_id
    clock.advance(11)
    assert list(writes.find("people", "email", ["ADA.1@example.com"])) == ["ADA.1@example.com"]


def test_values_are_taken_in_the_vendors_own_form(world: World) -> None:
    given = {"email": " Ada@Example.COM ", "phone": "+44 (20) 7946-0001", "lifetime_value": 1.005, "newsletter": "TRUE"}
    (outcome,) = writer().write("people", [Change("k", Op.UPSERT, external_id="x", set=given, clear=("city",))])
    assert outcome.acknowledged == {
        "email": "ada@example.com",
        "phone": "+442079460001",
        "lifetime_value": 1.0,
        "newsletter": True,
        "city": None,
    }


def test_external_ids_that_differ_in_case_are_two(world: World) -> None:
    batch = [Change(key, Op.UPSERT, external_id=key, set=sample("people", 1)) for key in ("abc", "ABC")]
    assert {outcome.status for outcome in writer().write("people", batch)} == {Status.CREATED}


def test_threads_that_write_at_once_lose_nothing(world: World) -> None:
    writes = writer()
    before = world.written

    def work(start: int) -> None:
        for n in range(start, start + 50):
            writes.write("people", [Change(str(n), Op.UPSERT, external_id=str(n), set=sample("people", n))])

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 50, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.records("people")) == 150 == world.written - before


def test_a_world_begins_with_made_up_people_once() -> None:
    for _ in range(2):
        connect(people=25).check()
    world = open_world("test-world")
    assert len(world.records("people")) == 25
    assert len(world.records("companies")) == 3
    forget_world("test-world")


def test_a_killed_process_leaves_its_world_whole_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from connectors.memory.sandbox import open_world\n"
        "world = open_world('test-world', Path(sys.argv[1]))\n"
        "for number in range(3):\n"
        "    world.put('orders', {'number': str(number)})\n"
        "with world.holdings():\n"
        "    world.put('orders', {'number': 'never stored'})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": "."})
    assert done.returncode == -signal.SIGKILL
    records = stream_of(connect(path=path), "orders").read(ONE, None)
    assert [r.body["properties"]["number"] for page in records for r in page.records] == ["0", "1", "2"]
    forget_world("test-world")


def test_two_processes_that_share_a_file_see_each_others_changes(tmp_path: Path) -> None:
    one, two = World("one", tmp_path / "world.json"), World("two", tmp_path / "world.json")
    first = one.put("orders", {"number": "1"})
    two.change("orders", first, {"number": "2"})
    second = two.put("orders", {"number": "3"})
    one.add_team("north", "North")
    assert {id_: row.values["number"] for id_, row in one.records("orders").items()} == {first: "2", second: "3"}
    assert two.records("orders") == one.records("orders")


def test_the_vendor_is_registered_and_refuses_unknown_settings() -> None:
    assert catalogue()["memory"] is VENDOR
    with pytest.raises(ValidationError):
        MemoryConfig.model_validate({"world": "w", "wrld": "x"})
    assert "open-sesame" not in repr(MemoryConfig(world="w"))


def test_the_pages_name_every_setting_stream_and_target() -> None:
    guide = (ROOT / VENDOR.docs).read_text(encoding="utf-8")
    readme = (ROOT / "connectors" / "memory" / "README.md").read_text(encoding="utf-8")
    settings = {line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")}
    assert settings == set(MemoryConfig.model_fields)
    connector = connect()
    for stream in connector.streams():
        assert f"`{stream.name}`" in guide
        told = next(line for line in readme.splitlines() if line.startswith(f"| `{stream.name}` |")).split("|")
        assert [cell.strip() for cell in told[5:8]] == [
            "yes" if there else "no" for there in (stream.window, stream.ids, stream.get)
        ]
    for target in writer().targets():
        assert f"`{target.object}`" in guide
        assert f"| {target.batch_size} |" in next(
            line for line in readme.splitlines() if line.startswith(f"| `{target.object}` |") and "| one" not in line
        )
    forget_world("test-world")
