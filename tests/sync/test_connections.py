"""Connections: what a name means, who may work at a time, and which database may be touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from mapping.errors import ConfigError, DatabaseVersionError
from state.audit import audits
from state.database import Database
from state.leases import Leases
from state.tables import customer
from state.versions import VERSION_TABLE
from sync import resolve
from sync.hub import Hub
from tests.sync.hubs import BOOKKEEPING, Stage, person, stream
from tests.sync.meanwhile import Meanwhile


def _rename(stage: Stage, old: str, new: str) -> None:
    connections = stage.settings["connections"]
    stage.configure()
    stage.settings["connections"] = {new if name == old else name: one for name, one in connections.items()}
    stage.configure()


def test_a_renamed_connection_keeps_everything(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    journals = {*BOOKKEEPING, "audit", "connection"}
    before = stage.dump(journals)
    customer_id = stage.customer("").id
    _rename(stage, "shop", "store")
    _rename(stage, "crm", "sales")
    report = stage.sync()
    assert (stream(report, "store/people").new, stream(report, "sales/people").new) == (0, 0)
    assert stage.dump(journals) == before
    assert stage.customer("").id == customer_id
    assert stage.hub.plan().empty
    assert [line.what for line in audits(stage.hub.db)][:2] == ["connection renamed", "connection renamed"]


def test_another_account_under_the_same_name_is_refused_until_it_is_rebound(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    before = stage.dump({*BOOKKEEPING, "connection"})
    stage.shop.account = "memory-of-somebody-else"
    stage.shop.put("people", person("Zoe Zed", email="zoe@home.example"))
    report = stage.sync()
    assert [(one.connection, one.status) for one in report.streams] == [("shop", "paused"), ("crm", "ok")]
    assert "concord rebind shop" in report.streams[0].message
    assert stage.dump({*BOOKKEEPING, "connection"}) == before
    assert {one.name: one.state for one in stage.hub.status().connections}["shop"] == "paused"
    assert stage.hub.rebind("shop").id == "memory-of-somebody-else"
    assert stage.sync().ok
    assert len(stage.customers()) == 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda hub: hub.sync(["shpo"]),
        lambda hub: hub.check(["shpo"]),
        lambda hub: hub.plan(["shpo"]),
        lambda hub: hub.rebind("shpo"),
        lambda hub: hub.dead_letters("shpo"),
    ],
)
def test_an_unknown_connection_is_answered_with_the_nearest_one(stage: Stage, ask: Callable[[Hub], object]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'shop'"):
        ask(stage.hub)


def test_an_unknown_connection_like_no_other_is_answered_with_those_there_are(stage: Stage) -> None:
    with pytest.raises(ConfigError, match="known are shop, crm"):
        stage.hub.sync(["xyzzy"])


def test_an_unknown_stream_is_answered_with_those_there_are(stage: Stage) -> None:
    with pytest.raises(ConfigError, match="did you mean 'people'"):
        stage.hub.sync(["shop"], streams=["poeple"])


def test_an_unknown_connector_is_answered_with_those_there_are(stage: Stage) -> None:
    stage.settings["connections"]["shop"]["connector"] = "hubspto"
    path = stage.folder / "concord.yaml"
    path.write_text(json.dumps(stage.settings))
    with pytest.raises(ConfigError) as caught:
        Hub.open(path)
    assert "hubspot" in str(caught.value)


def test_a_connection_that_cannot_be_written_to_says_so(stage: Stage) -> None:
    stage.configure("crm", config={"read_only": True})
    (report,) = stage.hub.check(["crm"])
    assert not report.ok
    (line,) = report.message.splitlines()
    assert "connections.crm.push: this connection (memory) can only be read; expected no push:" in line


def test_a_connection_that_the_admin_paused_is_left_alone(stage: Stage) -> None:
    stage.configure("shop", paused=True)
    assert [one.connection for one in stage.sync().streams] == ["crm"]
    assert stage.shop.requests.total() == 0


def test_a_database_of_a_newer_program_is_refused_untouched(stage: Stage, tmp_path: Path) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    with stage.hub.db.write() as c:
        c.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    before = stage.dump([])
    with pytest.raises(DatabaseVersionError):
        Hub.open(tmp_path / "concord.yaml")
    assert stage.dump([]) == before


def test_what_another_process_works_on_is_skipped(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync("crm")
    leases = Leases(stage.hub.db)
    reading = leases.acquire("pull:shop:people", "another", 60)
    writing = leases.acquire("lane:crm:people", "another", 60)
    assert reading
    assert writing
    report = stage.sync()
    assert [(one.status, one.read) for one in report.streams] == [("skipped", 0), ("skipped", 0)]
    reading.release()
    assert stream(stage.sync("shop"), "shop/people").new == 1
    plan = stage.hub.plan()
    assert stage.hub.apply(plan.hash).status == "failed"
    assert stage.remotes() == {}
    writing.release()
    assert stage.hub.apply(plan.hash).created == 1


def test_a_resolve_that_another_process_does_is_left_to_it(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    held = Leases(stage.hub.db).acquire("resolve", "another", 3600)
    assert held
    assert stage.sync().resolve.entities == 0
    assert sum(stage.clock.slept) <= 60, "it is waited for, but not for ever"
    assert stage.hub.status().waiting == 1
    held.release()
    assert stage.sync().resolve.created == 1


def _steal(stage: Stage, name: str) -> None:
    stage.clock.sleep(3600)
    other = Database(stage.url, now=stage.clock)
    assert Leases(other).acquire(name, "the new owner", 3600)
    other.close()


def test_a_reader_that_lost_its_lease_writes_nothing_more(stage: Stage) -> None:
    stage.shop.page_size = 2
    for number in range(6):
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example"))
    stage.watch(Meanwhile("pull shop/people", lambda: _steal(stage, "pull:shop:people")))
    report = stage.sync()
    assert stream(report, "shop/people").status == "interrupted"
    assert len(stage.rows("raw_record")) == 2
    assert not report.ok


def test_a_writer_that_lost_its_lease_writes_nothing_more(stage: Stage) -> None:
    for number in range(150):
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    stage.watch(Meanwhile("push crm/people", lambda: _steal(stage, "lane:crm:people")))
    report = stage.hub.apply(plan.hash)
    assert not report.ok
    assert (len(stage.remotes()), len(stage.rows("shadow"))) == (100, 100)


def test_a_resolver_that_lost_its_lease_writes_nothing_more(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "BATCH", 2)
    for number in range(6):
        stage.shop.put("people", person(f"Ann A{number}", email=f"ann{number}@home.example"))
    stage.watch(Meanwhile("resolve", lambda: _steal(stage, "resolve")))
    with pytest.raises(Exception, match="changed hands"):
        stage.hub.sync()
    assert len(stage.rows("customer")) == 2
    stage.clock.sleep(7200)
    stage.sync()
    assert len(stage.customers()) == 6


def test_two_hubs_over_one_database_share_what_they_know(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    other = stage.another()
    stage.sync("shop")
    assert other.sync(["crm"]).ok
    plan = other.plan()
    assert stage.hub.apply(plan.hash).created == 1
    other.close()


def test_an_unforeseen_error_fails_its_stream_and_shows_no_value(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.shop.put("people", person("Sentinel Quixote", email="quixote@home.example"))
    stage.crm.put("people", person("Bob Ray", email="bob@home.example"))
    stage.shop.fail(ZeroDivisionError("quixote@home.example"))
    report = stage.hub.sync()
    assert [one.status for one in report.streams] == ["failed", "ok"]
    assert "ZeroDivisionError" in report.streams[0].message
    assert "quixote" not in str((report.streams, stage.hub.crashes, stage.rows("run"))).lower()
    assert len(stage.hub.crashes) == 1


def test_a_customer_that_leads_nowhere_is_not_found(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    known = stage.customer("").id
    row = {"id": "c_loop", "kind": "person", "status": "merged", "merged_into": "c_loop", "created_at": "2026"}
    with stage.hub.db.write() as c:
        c.execute(insert(customer), row)
        c.execute(update(customer).where(customer.c.id == "c_loop").values(merged_into="c_loop"))
    for asked in ("c_loop", "c_never", ""):
        with pytest.raises(Exception, match="no customer"):
            stage.hub.customer(asked)
    assert stage.hub.customer(known).id == known
