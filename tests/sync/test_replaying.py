"""Replays of stored records: what would change is shown first, then it is done, once, and without the vendor."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from mapping import normalize
from mapping.errors import ConfigError
from sync import remap
from sync.replayed import ReplayReport, StreamReplay
from tests.sync.hubs import Stage, person, stream, values

RULE = {"job_title": "properties.notes"}


def _rules(stage: Stage, fields: Mapping[str, Any], connection: str = "shop") -> None:
    stage.settings["connections"][connection]["streams"]["people"] = (
        {"fields": {"person": dict(fields)}} if fields else {}
    )
    stage.configure(connection)


def _replay(stage: Stage, *names: str, **options: Any) -> ReplayReport:
    report = stage.hub.mending.replay(names, **options)
    assert stage.hub.crashes == []
    return report


def _shop(report: ReplayReport) -> StreamReplay:
    (found,) = [one for one in report.streams if (one.connection, one.stream) == ("shop", "people")]
    return found


@pytest.fixture
def full(stage: Stage) -> Stage:
    """A stage with three people in the shop, read."""
    for number, name in enumerate(("Ann Lee", "Bo Ray", "Cy Orr"), 1):
        mail = f"{name[:2].lower()}@x.example"
        stage.shop.put("people", person(name, email=mail, job_title="Buyer", notes=f"note {number}"), id=str(number))
    stage.sync()
    return stage


def test_a_replay_shows_what_would_change_and_writes_nothing_of_it(full: Stage) -> None:
    _rules(full, {**RULE, "email": "join('', [properties.given_name, '@y.example'])"})
    before = full.dump([])
    report = _replay(full, dry_run=True)
    found = _shop(report)
    assert (report.dry_run, report.empty, found.records, found.changed, found.identifying) == (True, False, 3, 3, 3)
    assert {one.field: one.count for one in found.fields} == {"email": 3, "job_title": 3}
    (sample, *_) = next(one for one in found.fields if one.field == "job_title").samples
    assert (sample.record, sample.old, sample.new) == ("1", "Buyer", "note 1")
    assert full.dump([]) == before


def test_a_replay_does_what_it_showed_asks_no_vendor_and_does_nothing_twice(full: Stage) -> None:
    _rules(full, RULE)
    shown = _shop(_replay(full, dry_run=True))
    asked = full.shop.requests.copy()
    done = _replay(full)
    assert (_shop(done).changed, done.ok, done.resolve.changed) == (shown.changed, True, 3)
    assert [values(one)["job_title"] for one in full.customers()] == ["note 1", "note 2", "note 3"]
    before = full.dump()
    again = _replay(full)
    assert again.empty
    assert _replay(full, dry_run=True).empty
    assert full.dump() == before
    assert full.shop.requests == asked
    assert stream(full.sync(), "shop/people").changed == 0


def test_only_what_was_asked_for_is_replayed(full: Stage) -> None:
    full.clock.sleep(30 * 86_400)
    full.shop.change("people", "2", {"city": "York"})
    full.sync()
    _rules(full, RULE)
    found = _shop(_replay(full, "shop", streams=["people"], since=date(2026, 6, 20)))
    assert (found.records, found.changed) == (1, 1)
    assert [values(one)["job_title"] for one in full.customers()] == ["Buyer", "note 2", "Buyer"]
    assert stream(full.sync(), "shop/people").changed == 2


def test_a_replay_counts_what_dies_and_heals_and_is_a_run(full: Stage) -> None:
    full.shop.put("people", person("Bad Day", newsletter="maybe"), id="9")
    full.sync()
    _rules(full, {"birth_date": "{a: properties.city}"})
    shown = _shop(_replay(full, dry_run=True))
    assert (shown.heals, shown.dies) == (0, 3)
    _rules(full, {"birth_date": "properties.birth_date"})
    full.settings["connections"]["shop"]["streams"]["people"]["fields"]["newsletter"] = {
        "granted": "properties.newsletter == 'maybe'"
    }
    full.configure("shop")
    done = _shop(_replay(full))
    assert (done.heals, done.dead) == (1, 0)
    assert full.hub.dead_letters() == []
    (run,) = [one for one in full.hub.runs(each=True) if one.kind == "replay" and one.connection == "shop"]
    assert (run.status, run.counts["healed"], run.counts["failed"]) == ("ok", 1, 0)


def test_a_replay_that_was_killed_goes_on_and_ends_as_one_that_was_not(
    full: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remap, "SIZE", 1)
    _rules(full, RULE)
    write, calls = remap.Slicewise.write, []

    def killed(self: Any, *args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(self, *args)

    monkeypatch.setattr(remap.Slicewise, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        full.hub.mending.replay(["shop"])
    monkeypatch.setattr(remap.Slicewise, "write", write)
    assert _shop(_replay(full, dry_run=True)).changed == 2
    assert _shop(_replay(full)).changed == 2
    assert [values(one)["job_title"] for one in full.customers()] == ["note 1", "note 2", "note 3"]
    assert [one.status for one in full.hub.runs(each=True) if one.kind == "replay"].count("interrupted") == 1


def test_a_record_that_is_stored_anew_meanwhile_is_not_written_over(
    full: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rules(full, RULE)
    write = remap.Slicewise.write

    def late(self: Any, *args: Any) -> None:
        with full.hub.db.write() as c:
            c.execute(text("UPDATE raw_record SET hash = 'another' WHERE remote_id = '2'"))
        write(self, *args)

    monkeypatch.setattr(remap.Slicewise, "write", late)
    _replay(full)
    assert [values(one)["job_title"] for one in full.customers()] == ["note 1", "Buyer", "note 3"]


@pytest.mark.parametrize("seed", range(3))
def test_replays_in_any_order_and_rules_that_change_back_leave_everything_equal(stage: Stage, seed: int) -> None:
    """Entities with the age of their values, and golden values, are those of the rules in force, however they came."""
    chance = random.Random(seed)
    for number in range(6):
        mail = f"p{number % 4}@x.example"
        told = person(f"Ann Lee{chr(97 + number)}", email=mail, job_title=f"Title {number}", notes=f"n{number}")
        chance.choice((stage.shop, stage.crm)).put("people", told)
    stage.sync()
    stage.clock.sleep(86_400)
    for world in (stage.shop, stage.crm):
        for id_ in world.records("people"):
            if chance.random() < 0.5:
                world.change("people", id_, {"city": f"City {id_}"})
    stage.sync()
    before = stage.dump()
    others: list[Mapping[str, Any]] = [
        RULE,
        {"job_title": None},
        {"nickname": "properties.notes"},
        {"job_title": "properties.city"},
    ]
    for _ in range(4):
        _rules(stage, chance.choice(others), chance.choice(("shop", "crm")))
        names = chance.sample(["shop", "crm"], 2)
        for name in names[: chance.randint(1, 2)]:
            _replay(stage, name)
    for name in chance.sample(["shop", "crm"], 2):
        _rules(stage, {}, name)
    for name in chance.sample(["shop", "crm"], 2):
        _replay(stage, name)
    after = stage.dump()
    for table in ("raw_record", "entity", "identifier", "fact", "golden_record", "membership"):
        assert _said(after[table]) == _said(before[table]), table


def _said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without when their identifiers were taken away and given back."""
    return [{name: value for name, value in row.items() if name not in ("since", "until")} for row in rows]


def test_an_upgrade_of_the_normaliser_maps_everything_again(full: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {row["rules"] for row in full.rows("entity")}
    monkeypatch.setattr(normalize, "VERSION", "of tomorrow")
    full.configure("shop")
    assert stream(full.sync(), "shop/people").changed == 3
    assert not old & {row["rules"] for row in full.rows("entity")}
    assert stream(full.sync(), "shop/people").changed == 0


def test_bodies_that_are_no_longer_kept_are_read_again_and_nothing_else_is(full: Stage) -> None:
    with full.hub.db.write() as c:
        c.execute(text("UPDATE raw_record SET body = NULL WHERE remote_id = '2'"))
    assert _replay(full, dry_run=True).empty
    _rules(full, RULE)
    shown = _shop(_replay(full, dry_run=True))
    assert (shown.changed, shown.expired, shown.calls) == (2, 1, 1)
    asked = full.shop.requests.copy()
    assert _shop(_replay(full)).changed == 3
    assert (full.shop.requests - asked) == {"get": 1}
    assert [values(one)["job_title"] for one in full.customers()] == ["note 1", "note 2", "note 3"]
    assert _replay(full).empty


def test_new_rules_clear_nothing_of_a_record_whose_body_is_no_longer_kept(full: Stage) -> None:
    with full.hub.db.write() as c:
        c.execute(text("UPDATE raw_record SET body = NULL WHERE remote_id = '2'"))
    _rules(full, RULE)
    assert "1 stored records have no body any more" in stream(full.sync(), "shop/people").message
    assert [values(one)["job_title"] for one in full.customers()] == ["note 1", "Buyer", "note 3"]


def test_what_does_not_exist_is_refused_before_anything_is_done(full: Stage) -> None:
    with pytest.raises(ConfigError, match="no connection 'shpo'"):
        _replay(full, "shpo")
    with pytest.raises(ConfigError, match="peopel"):
        _replay(full, streams=["peopel"])
    full.connect("new")
    with pytest.raises(ConfigError, match="never read"):
        _replay(full, "new")
    assert "new" not in {one.connection for one in _replay(full).streams}


def test_a_stream_that_is_being_read_is_left_to_its_reader(full: Stage) -> None:
    from state.leases import Leases

    held = Leases(full.hub.db).acquire("pull:shop:people", "somebody", 60)
    assert held is not None
    _rules(full, RULE)
    assert _shop(_replay(full)).status == "skipped"
    held.release()


def test_what_rules_are_known_by_is_the_same_in_every_process() -> None:
    """Each process orders sets in its own way; by that, every start would map everything again."""
    made = "Protection(blocked=frozenset('abcdefgh'), internal=frozenset('stuvwxyz'))"
    code = f"from mapping.identity import Protection; from sync.intake import protected; print(protected({made}))"
    said = set()
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-c", code]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        said.add(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
    assert len(said) == 1
    assert "a" in said.pop()
