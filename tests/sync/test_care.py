"""Care: what has expired goes and nothing else, what is old is packed and reads as before, and sizes are told."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.errors import ConfigError, TransientError
from state import bodies, records
from state.audit import write_event
from state.bodies import pack, text_of, unpacked, words_for
from state.dead_letters import Letter, Letters, Place, put
from state.leases import Leases
from sync.care import LEASE
from tests.sync.hubs import Stage, person

DAYS = 86_400


def read(stage: Stage, people: int = 4) -> None:
    """Reads people with much to say into the hub."""
    for number in range(people):
        stage.shop.put(
            "people",
            person(f"Ana{number} Pine", email=f"ana{number}@pine.example", city="Zwolle", job_title="Buyer of pumps",
                   street=f"Long street {number}", postal_code="8011 AB", company="Pine and Elm Forestry"),
        )  # fmt: skip
    stage.sync()


def stored(stage: Stage) -> list[object]:
    """The bodies as the database keeps them."""
    return [row["body"] for row in stage.rows("raw_record")]


def meant(stage: Stage) -> dict[str, object]:
    """All that the bodies and everything else say, packed or not."""
    found: dict[str, object] = dict(stage.dump())
    db = stage.hub.db
    with db.read() as c:
        found["raw_record"] = [{**row, "body": text_of(c, row["body"])} for row in stage.rows("raw_record")]
    return {name: rows for name, rows in found.items() if name != "body_words"}


def test_old_bodies_are_packed_and_read_as_before(stage: Stage) -> None:
    read(stage)
    before = meant(stage)
    assert stage.hub.care.tidy().packed == 0, "what is fresh may change soon"
    stage.clock.sleep(2 * DAYS)
    report = stage.hub.care.tidy()
    if stage.url.startswith("sqlite"):
        assert report.packed == 4
        assert report.saved_bytes > 0
        assert all(isinstance(body, bytes) for body in stored(stage))
    else:
        assert report.packed == 0
    assert meant(stage) == before
    assert stage.hub.care.tidy().packed == 0
    words = b"".join(row["words"] for row in stage.rows("body_words"))
    slice_id = stage.rows("raw_record")[0]["slice_id"]
    assert b"pine" not in words.lower(), "words hold names of fields, and no value"
    assert [len(batch) for batch in records.iter_bodies(stage.hub.db, slice_id)] == [4]


def test_a_packed_record_is_mapped_again_and_changed_like_any_other(stage: Stage) -> None:
    read(stage)
    stage.clock.sleep(2 * DAYS)
    stage.hub.care.tidy()
    stage.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.given_name"}}}})
    assert stage.sync("shop").ok
    titles = {value.value for one in stage.customers() for value in one.values if value.field == "job_title"}
    assert titles == {f"Ana{number}" for number in range(4)}
    stage.shop.change("people", "1", {"given_name": "Eve"})
    assert stage.sync("shop").ok
    assert len(stage.customers("Eve")) == 1


def test_plans_compare_with_packed_bodies_too(stage: Stage) -> None:
    read(stage)
    stage.settle()
    stage.clock.sleep(2 * DAYS)
    stage.hub.care.tidy()
    assert stage.hub.plan().empty


def expire(stage: Stage, **more: object) -> None:
    stage.configure(retention={"bodies": "30 days", **more})


def test_bodies_expire_and_what_was_made_of_them_stays(stage: Stage) -> None:
    read(stage)
    expire(stage)
    before = meant(stage)
    stage.clock.sleep(29 * DAYS)
    assert stage.hub.care.tidy().bodies == 0
    stage.clock.sleep(2 * DAYS)
    (shown,) = [one for one in stage.hub.care.stats().streams if one.connection == "shop"]
    report = stage.hub.care.tidy()
    assert (report.bodies, report.body_bytes) == (shown.expiring, shown.expiring_bytes) == (4, shown.body_bytes)
    assert stored(stage) == [None] * 4
    after = meant(stage)
    assert {name for name in after if after[name] != before[name]} == {"raw_record"}
    assert stage.sync("shop").streams[0].changed == 0, "the record itself is known still"


def test_a_stream_has_its_own_retention(stage: Stage) -> None:
    read(stage)
    stage.configure("shop", streams={"people": {"retention": {"bodies": "7 days"}}})
    stage.clock.sleep(8 * DAYS)
    assert stage.hub.care.tidy().bodies == 4


def test_what_is_written_to_keeps_its_bodies(stage: Stage) -> None:
    stage.crm.put("people", person("Bo Elm", email="bo@elm.example"))
    read(stage, 1)
    stage.settle()
    expire(stage)
    stage.clock.sleep(400 * DAYS)
    stage.hub.care.tidy()
    left = [row["body"] is not None for row in stage.rows("raw_record")]
    assert left.count(True) == 2, "those of the CRM"
    assert stage.hub.plan().empty
    stage.configure("crm", streams={"people": {"retention": {"bodies": "7 days"}}})
    with pytest.raises(ConfigError) as told:
        _ = stage.hub
    assert "written to" in str(told.value.problems[0])


def test_a_record_that_waits_in_the_dead_letters_keeps_its_body(stage: Stage) -> None:
    read(stage, 2)
    expire(stage)
    first = stage.rows("raw_record")[0]["remote_id"]
    (shop,) = [row["id"] for row in stage.rows("connection") if row["name"] == "shop"]
    place = Place(Letters.IN, shop, "people", "")
    with stage.hub.db.write() as c:
        put(c, stage.hub.db, place, [Letter(first, "a newer version of it names nobody")])
    stage.clock.sleep(31 * DAYS)
    stage.hub.care.tidy()
    kept = {row["remote_id"] for row in stage.rows("raw_record") if row["body"] is not None}
    assert kept == {first}


def test_rules_that_change_say_what_they_cannot_reach_and_a_full_reading_mends_it(stage: Stage) -> None:
    read(stage)
    expire(stage)
    stage.clock.sleep(31 * DAYS)
    stage.hub.care.tidy()
    stage.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.given_name"}}}})
    (report,) = stage.sync("shop").streams
    assert "4 stored records have no body any more" in report.message
    assert "concord sync shop --stream people --full" in report.message
    titles = {value.value for one in stage.customers() for value in one.values if value.field == "job_title"}
    assert "Buyer of pumps" in titles, "nobody loses a value for it"
    again = stage.hub.sync(["shop"], streams=["people"], full=True)
    assert again.ok
    titles = {value.value for one in stage.customers() for value in one.values if value.field == "job_title"}
    assert titles == {f"Ana{number}" for number in range(4)}
    assert all(stored(stage))
    stage.hub.care.tidy()
    assert stage.sync("shop").streams[0].message == ""


def test_runs_are_forgotten_but_for_the_last_of_each_stream(stage: Stage) -> None:
    for _ in range(3):
        stage.sync()
        stage.clock.sleep(DAYS)
    before = stage.hub.status()
    stage.clock.sleep(91 * DAYS)
    report = stage.hub.care.tidy()
    assert report.runs > 0
    left = [row["id"] for row in stage.rows("run") if row["kind"] != "care"]
    assert {row["run_id"] for row in stage.rows("run_log")} <= {row["id"] for row in stage.rows("run")}
    pulls = [row for row in stage.rows("run") if row["kind"] == "pull"]
    assert len(pulls) == 2, "the last of each stream"
    assert stage.hub.status().connections == before.connections
    assert stage.hub.runs()
    assert left


def test_letters_that_were_resolved_and_events_go_when_told(stage: Stage) -> None:
    read(stage)
    stage.configure(retention={"events": "1 year"})
    with stage.hub.db.write() as c:
        for number in range(4):
            write_event(c, stage.hub.db, "merged", "resolve", {"customer": f"c-{number}"})
        c.exec_driver_sql(
            "INSERT INTO dead_letter (direction, connection_id, stream, slice, remote_id, reason, state, times,"
            " first_at, last_at) VALUES ('in', 'x', 'people', '', '1', 'no name', 'resolved', 1, '2020', '2020'),"
            " ('in', 'x', 'people', '', '2', 'no name', 'open', 1, '2020', '2020')"
        )
    stage.clock.sleep(366 * DAYS)
    report = stage.hub.care.tidy()
    assert report.dead_letters == 1
    assert report.events == 4
    assert [row["remote_id"] for row in stage.rows("dead_letter")] == ["2"]


def test_one_pass_at_a_time(stage: Stage) -> None:
    held = Leases(stage.hub.db).acquire(LEASE, "elsewhere", 60)
    assert held is not None
    assert stage.hub.care.tidy().skipped


def test_a_pass_is_kept_as_a_run(stage: Stage) -> None:
    read(stage)
    expire(stage)
    stage.clock.sleep(31 * DAYS)
    stage.hub.care.tidy()
    run = stage.hub.runs(1)[0]
    assert (run.kind, run.status, run.counts["bodies"]) == ("care", "ok", 4)


def test_vacuum_gives_the_room_back(stage: Stage) -> None:
    read(stage, 300)
    stage.configure(retention={"bodies": "1 day"})
    stage.clock.sleep(3 * DAYS)
    report = stage.hub.care.vacuum()
    assert report.tidied.bodies == 300
    stats = stage.hub.care.stats()
    assert stats.free == 0
    if stage.url.startswith("sqlite"):  # a server keeps its files, and fills the room in them
        assert stats.bytes <= report.after < report.before


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_file_is_not_made_smaller_under_a_sync(stage: Stage) -> None:
    read(stage)
    held = Leases(stage.hub.db).acquire("pull:shop:people", "elsewhere", 60)
    assert held is not None
    with pytest.raises(TransientError, match="Others are at work"):
        stage.hub.care.vacuum()
    held.release()
    stage.hub.care.vacuum()


def test_sizes_are_told_by_table_and_stream(stage: Stage) -> None:
    read(stage)
    report = stage.hub.care.stats()
    tables = {one.table: one for one in report.tables}
    assert tables["raw_record"].rows == 4
    assert (tables["raw_record"].bytes or 0) > 0
    assert sum(one.bytes or 0 for one in report.tables) <= report.bytes
    (people,) = [one for one in report.streams if one.connection == "shop"]
    assert (people.records, people.bodies, people.keeps) == (4, 4, "never")
    assert people.body_bytes == sum(len(str(body).encode()) for body in stored(stage))
    assert report.last_backup == ""


def test_a_pass_that_is_stopped_is_told_and_goes_on_the_next_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(stage)
    expire(stage)
    stage.clock.sleep(31 * DAYS)

    def stopped(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("state.retention.prune_runs", stopped)
        with pytest.raises(KeyboardInterrupt):
            stage.hub.care.tidy()
    assert stage.hub.runs(1)[0].status == "interrupted"
    assert stage.hub.care.tidy().bodies == 0
    assert stage.hub.runs(1)[0].status == "ok"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=6), min_size=1, max_size=8)


@settings(max_examples=15)
@given(BODIES)
def test_whatever_is_packed_comes_back_byte_for_byte(found: list[dict[str, object]]) -> None:
    texts = [orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in found]
    words = words_for(texts)
    for text in texts:
        packed = pack(text, words)
        assert unpacked(packed[1 + bodies.DIGEST :], words) == text


def test_words_are_fields_that_several_share_and_never_a_value() -> None:
    found = [{"email": f"a{n}@b.example", f"field{n}": 1, "addr ess@x": {"city": "Zwolle"}} for n in range(9)]
    assert words_for([json.dumps(one) for one in found]) == b'{"email":""}'
