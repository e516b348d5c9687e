"""What a turn does not do again: file, read, write or work out what stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from mapping.golden import Golden, Member, survive
from mapping.identity import EMAIL, Identifier, Link, Protection
from mapping.policy import Policy
from state import identities, matching
from state.batches import insert_rows
from state.database import Connection, Database
from state.tables import customer, edge
from sync import resolve
from sync.compared import unfiled
from sync.neighbourhood import Neighbourhood, _reach
from sync.rules import criteria_of
from tests.sync.hubs import Stage, person, values
from tests.sync.lookalikes import ALSO_BOB, BOB, CROWD, crowd, put

MAIL = "home@lee.example"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A stage where records are compared."""
    stage.configure(identity={"compare": True})
    return stage


def test_what_is_filed_before_it_is_resolved_is_not_filed_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    filed: list[int] = []
    enqueue = matching.enqueue

    def heard(c: Connection, stage_: str, ids: Sequence[int]) -> None:
        filed.extend(ids if stage_ == matching.FILE else ())
        enqueue(c, stage_, ids)

    monkeypatch.setattr(matching, "enqueue", heard)
    crowd(stage, 3)
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    assert sorted(filed) == [row["id"] for row in stage.rows("entity")]


def test_the_links_of_a_value_are_read_once_and_lead_to_whom_they_tie(stage: Stage) -> None:
    """A newcomer of another name changes no link among two who share a mailbox; who comes to one of them later by
    another way is led to the other all the same."""
    put(stage, person("Ann Lee", email=MAIL), person("Ann Lee", email=MAIL), person("Bob Ray", email=MAIL))
    stage.sync()
    ann, other, bob = (row["id"] for row in stage.rows("entity"))
    near, counts = Neighbourhood(frozenset({bob})), {(EMAIL, MAIL): 3}
    met: dict[Identifier, list[Link]] = {}
    with stage.hub.db.read() as c:
        assert _reach(c, near, counts, met, Protection(), 1, near.dirty, frozenset()) == set()
        assert _reach(c, near, counts, met, Protection(), 1, None, frozenset()) == {ann, other}
    assert [(link.a, link.b) for link in near.links] == [(ann, other)]


def test_who_is_reached_and_stays_as_they_were_keeps_links_and_golden_record(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(stage)  # so many that what comes does not make the snapshot due
    put(stage, person("Ann Lee", email=MAIL), person("Ann Lee", email=MAIL), person("Bob Ray", email=MAIL))
    stage.sync()
    made: list[set[int]] = []
    linked: list[tuple[Any, ...]] = []

    def surviving(members: Sequence[Member], policy: Policy) -> Golden:
        made.append({member.entity_id for member in members})
        return survive(members, policy)

    def inserting(c: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        linked.extend(rows if table is edge else ())
        insert_rows(c, table, columns, rows)

    monkeypatch.setattr(resolve, "survive", surviving)
    monkeypatch.setattr(identities, "insert_rows", inserting)
    put(stage, person("Bob Ray", email=MAIL))
    stage.sync()
    ann, other, bob, fourth = (row["id"] for row in stage.rows("entity")[-4:])
    assert made == [{bob, fourth}]
    assert {row[:2] for row in linked} == {(bob, fourth)}
    assert (ann, other) in {(row["a"], row["b"]) for row in stage.rows("edge")}


def test_whoever_has_others_or_changed_ones_gets_another_golden_record(stage: Stage) -> None:
    stage.configure(identity={"compare": False})  # by scores all of them would wait
    _, other = put(stage, person("Ann Lee", email=MAIL), person("Ann Lee", email=MAIL, phone="+442079460958"))
    stage.sync()
    stage.shop.change("people", other, {"city": "Leeds"})
    stage.sync()
    assert values(stage.customer(MAIL))["address"]["locality"] == "Leeds"
    stage.shop.delete("people", other)
    stage.sync()
    assert "phone" not in values(stage.customer(MAIL))


def test_who_is_new_or_gone_or_says_something_else_has_to_be_filed(stage: Stage) -> None:
    put(stage, *(person(name) for name in CROWD[:4]))
    stage.sync()
    with stage.hub.db.read() as c:
        found = identities.profiles(c, [row["id"] for row in stage.rows("entity")])
        same, gone, changed, new = found
        found[gone] = found[gone]._replace(live=False)
        found[changed] = found[changed]._replace(text="{}")
        found[new + 1] = found[new]._replace(id=new + 1)
        assert unfiled(c, found, [same, gone, changed, new + 1], criteria_of(stage.hub.settings, stage.hub.db)) == {
            gone,
            changed,
            new + 1,
        }


def test_a_link_whose_reason_is_another_now_is_written_anew(stage: Stage) -> None:
    stage.configure(identity={"compare": False})
    put(stage, person("Ann Lee", email=MAIL), person("Ann Lee", email=MAIL))
    stage.sync()
    for number in ("1", "2"):
        stage.shop.change("people", number, {"email": "ann@lee.example"})
    stage.sync()
    assert [row["evidence"] for row in stage.rows("edge")] == [["ann@lee.example"]]


def test_after_a_turn_nothing_is_left_in_the_log(stage: Stage, tmp_path: Path) -> None:
    if stage.hub.db.file is None:
        pytest.skip("a server keeps its own log")
    crowd(stage)
    stage.sync()
    copy = tmp_path / "alone.db"
    copy.write_bytes(stage.hub.db.file.read_bytes())
    db = Database(f"sqlite:///{copy}")
    with db.read() as c:
        assert c.execute(select(func.count()).select_from(customer)).scalar() == len(stage.customers())
    db.close()


def test_why_two_are_linked_is_told_alike_whoever_came_last(stage: Stage) -> None:
    stage.configure(identity={"compare": False})
    put(stage, *(person("Ann Lee", email=MAIL, phone="+442079460958") for _ in range(2)))
    stage.sync()
    put(stage, person("Ann Lee", email=MAIL))
    stage.sync()
    assert {row["rule"] for row in stage.rows("edge")} == {"same_email"}
