"""What another configuration would do is tried on a copy by the engine itself, and changes nothing here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mapping.errors import ConfigError
from state import belonging, judgements
from state.owners import new_owner
from state.tables import entity
from sync.figures import WhatIfReport
from tests.sync.hubs import Stage, person

PHONE = "+442079460958"


def _loaded(stage: Stage) -> None:
    """Ann's records and those of a family are one by their emails; a third pair has a phone that many share."""
    for one in (
        person("Ann Lee", email="ann@home.example"),
        person("Ann Lee", email="ann@home.example"),
        person("Cy Orr", email="fam@orr.example"),
        person("Cy Orr", email="fam@orr.example"),
        *(person("Ed Moe", phone=PHONE),) * 3,
        person("Flo Poe", email="flo@poe.example"),
    ):
        stage.shop.put("people", one)
    stage.settle()


def _config(stage: Stage, **changes: Any) -> Path:
    path = stage.folder / "new.yaml"
    if "identity" in changes:
        changes["identity"] = {**stage.settings.get("identity", {}), **changes["identity"]}
    path.write_text(json.dumps({**stage.settings, **changes}), encoding="utf-8")
    return path


def _try(stage: Stage, **changes: Any) -> WhatIfReport:
    stage.hub  # noqa: B018  the configuration in force is written where the hub opens
    return stage.hub.identity.what_if(_config(stage, **changes))


def _homes(stage: Stage) -> dict[int, str]:
    with stage.hub.db.read() as c:
        return belonging.everybody(c)


def test_what_it_says_is_what_then_happens(stage: Stage) -> None:
    _loaded(stage)
    before = _homes(stage)
    wished = {"block": ["fam@orr.example"], "max_group": 3}
    report = _try(stage, identity=wished)
    assert (report.before, report.after, report.split, report.merged) == (4, 5, 1, 0)
    assert report.moved == 1
    stage.configure(identity=wished)
    with stage.hub.db.write() as c:
        judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
    stage.hub.resolve()
    after = _homes(stage)
    assert len(set(before.values())) == report.before
    assert len(set(after.values())) == report.after


def test_the_copy_decides_as_the_hub_does(stage: Stage) -> None:
    _loaded(stage)
    stage.hub.merge([stage.customer("ann@home.example").id, stage.customer("flo@poe.example").id])
    stage.hub.unmerge(stage.customer("fam@orr.example").id, ["shop/people/4"])
    report = _try(stage)
    assert (report.differs, report.merged, report.split, report.moved) == ([], 0, 0, 0)
    assert report.before == report.after == len(set(_homes(stage).values()))


def test_nothing_is_different_afterwards(stage: Stage) -> None:
    _loaded(stage)
    before = stage.dump(leave_out=())
    assert _try(stage, identity={"block": [PHONE, "ann@home.example"]}).split == 2
    assert stage.dump(leave_out=()) == before
    assert [path.name for path in (stage.folder / "s").glob("rehearsal-*")] == []


def test_merges_are_shown_with_names_records_and_links(stage: Stage) -> None:
    stage.configure(identity={"block": ["fam@orr.example", "ann@home.example"]})
    _loaded(stage)
    report = _try(stage, identity={"block": ["ann@home.example"]})
    assert (report.merged, report.split, report.before, report.after) == (2, 0, 6, 5)
    (merge,) = report.merges
    assert [side.name for side in merge.sides] == ["Cy Orr", "Cy Orr"]
    assert [side.id for side in merge.sides] == sorted(one.id for one in stage.customers("Cy Orr"))
    records = {record for side in merge.sides for record in side.records}
    assert {"shop/people/sales/3", "shop/people/sales/4"} <= records
    assert any(sentence.endswith("same email") for sentence in merge.why)


def test_splits_are_shown_part_by_part(stage: Stage) -> None:
    _loaded(stage)
    (split,) = _try(stage, identity={"block": ["ann@home.example"]}).splits
    assert (split.id, split.name) == (stage.customers("Ann Lee")[0].id, "Ann Lee")
    assert len(split.parts) == 2
    assert any("same email" in sentence for sentence in split.why)


def test_scores_are_tried_too(stage: Stage) -> None:
    for name, mail in (
        ("Kate Hill", "kate@hill.example"),
        ("Kate Hill", "kate@work.example"),
        ("Di Poe", "di@poe.example"),
    ):
        stage.shop.put("people", person(name, email=mail, birth_date="1980-03-04" if name == "Kate Hill" else None))
    stage.sync()
    report = _try(stage, identity={"compare": True})
    assert (report.before, report.after, report.merged) == (3, 2, 2)
    assert any(": alike, at 0.9" in sentence for sentence in report.merges[0].why)
    stage.configure(identity={"compare": True})
    stage.sync()
    assert len(stage.customers()) == 2
    report = _try(stage, identity={"merge_above": 1})
    assert (report.before, report.after, report.split) == (2, 3, 1)
    before = stage.rows("pair_score")
    assert _try(stage).moved == 0
    assert stage.rows("pair_score") == before


def test_other_differences_are_told_as_not_looked_at(stage: Stage) -> None:
    _loaded(stage)
    report = _try(
        stage,
        identity={"max_group": 400},
        golden={"phone": {"longest": True}},
        privacy={"internal": ["acme.example"]},
        hub={**stage.settings["hub"], "name": "Other"},
    )
    assert report.differs == ["identity.max_group", "privacy.internal"]
    assert set(report.ignored) >= {"golden.phone.longest", "hub.name"}
    assert not set(report.ignored) & set(report.differs)


def test_what_still_waits_is_told(stage: Stage) -> None:
    _loaded(stage)
    with stage.hub.db.write() as c:
        judgements.queue_again(c, [1])
    assert _try(stage).waiting == 1


def test_an_empty_hub_has_nothing_to_try(stage: Stage) -> None:
    report = _try(stage, identity={"max_group": 3})
    assert (report.records, report.before, report.after) == (0, 0, 0)


def test_a_configuration_that_is_wrong_is_refused_with_its_line(stage: Stage) -> None:
    _loaded(stage)
    with pytest.raises(ConfigError, match=r"new\.yaml"):
        _try(stage, identity={"max_groups": 3})
    with pytest.raises(ConfigError):
        stage.hub.identity.what_if(stage.folder / "nowhere.yaml")


def test_the_copy_is_gone_when_the_engine_fails_and_what_a_killed_process_left_goes_with_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _loaded(stage)
    state_dir = stage.folder / "s"
    dead, alive = state_dir / "rehearsal-dead", state_dir / "rehearsal-alive"
    owner = new_owner()
    for folder, said in ((dead, "gone"), (alive, owner)):
        folder.mkdir()
        (folder / "owner").write_text(said, encoding="utf-8")
    monkeypatch.setattr("state.rehearsal.is_gone", lambda said: said == "gone")

    def fail(*args: object) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr("state.belonging.everybody", fail)
    with pytest.raises(RuntimeError, match="cut off"):
        _try(stage)
    assert [path.name for path in state_dir.glob("rehearsal-*")] == ["rehearsal-alive"]
