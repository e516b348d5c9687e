"""A rebuild of who is who: what it changes, what it only tells, and what cuts it off."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import select, update

from mapping.criteria import MADE_BY
from state import matching
from state.tables import block_key, comparison, statistics
from tests.sync.cut import Cut, cut_after
from tests.sync.hubs import BOOKKEEPING, Stage, person
from tests.sync.lookalikes import ALSO_BOB, BOB, MAYBE_BOB, crowd, ids_of, put


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A stage where records are compared."""
    stage.configure(identity={"compare": True})
    return stage


def test_a_rebuild_changes_nothing_where_nothing_is_different(stage: Stage) -> None:
    crowd(stage)
    put(stage, BOB, ALSO_BOB, MAYBE_BOB)
    stage.sync()
    before, ids = stage.dump(leave_out={*BOOKKEEPING, "statistics"}), ids_of(stage)
    report = stage.hub.identity.rebuild()
    assert (report.customers, report.merged, report.split) == (len(set(ids.values())), 0, 0)
    assert stage.dump(leave_out={*BOOKKEEPING, "statistics"}) == before


def test_a_rebuild_applies_changed_settings_and_a_dry_run_only_tells(stage: Stage) -> None:
    crowd(stage, 4)
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    before = ids_of(stage)
    stage.configure(identity={"merge_above": 0.999})
    written = stage.dump()
    told = stage.hub.identity.rebuild(dry_run=True)
    assert (told.customers, told.merged, told.split, told.moved) == (6, 0, 1, 1)
    assert stage.dump() == written
    assert list((stage.folder / "s").glob("rehearsal-*")) == []
    done = stage.hub.identity.rebuild()
    assert (done.customers, done.split) == (6, 1)
    after = ids_of(stage)
    assert {one: id_ for one, id_ in before.items() if one != "shop/people 2"}.items() <= after.items()
    stage.configure(identity={"merge_above": 0.95})
    assert stage.hub.identity.rebuild(dry_run=True).merged == 1
    stage.hub.identity.rebuild()
    assert ids_of(stage) == before
    stage.configure(identity={"compare": False})
    assert stage.hub.identity.rebuild(dry_run=True).split == 1
    assert stage.hub.identity.rebuild().split == 1


def test_a_judgement_outlives_ten_rebuilds(stage: Stage) -> None:
    put(stage, BOB, ALSO_BOB, person("Chioma Obi", email="obi@x.example"))
    stage.sync()
    ids = ids_of(stage)
    stage.hub.unmerge(ids["shop/people 1"], ["shop/people/2"])
    stage.hub.merge([ids_of(stage)["shop/people 2"], ids["shop/people 3"]])
    judged = ids_of(stage)
    for _ in range(10):
        stage.hub.identity.rebuild()
        assert ids_of(stage) == judged


def test_a_rebuild_that_is_cut_off_is_finished_by_the_next_sync(stage: Stage) -> None:
    crowd(stage, 4)
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    kept = ids_of(stage)
    for number in range(1, 24, 3):
        with suppress(Cut), cut_after(number):
            stage.hub.identity.rebuild()
        stage.clock.sleep(600)
        stage.sync()
        with stage.hub.db.read() as c:
            assert not matching.anything_waits(c)
        assert {row["entity_id"] for row in stage.rows("block_key")} == {n + 1 for n in range(6)}
        assert ids_of(stage) == kept


def _of_another_version(stage: Stage) -> None:
    """The database as a version left it that files records under other keys."""
    with stage.hub.db.write() as c:
        c.execute(update(statistics).values(made_by="0/0/0"))
        c.execute(update(block_key).values(key=-block_key.c.key))
        for i, keys in c.execute(select(comparison.c.entity_id, comparison.c["keys"])).all():
            mine = update(comparison).where(comparison.c.entity_id == i)
            c.execute(mine.values(version="0", keys=matching.pack(sorted(-key for key in matching.unpack(keys)))))


def test_what_another_version_filed_is_filed_anew_before_anybody_is_compared_with_it(stage: Stage) -> None:
    crowd(stage, 4)
    put(stage, BOB, MAYBE_BOB)
    stage.sync()
    kept, filed, scores = ids_of(stage), stage.rows("block_key"), stage.rows("pair_score")
    _of_another_version(stage)
    stage.sync()
    assert (stage.rows("block_key"), stage.rows("pair_score"), ids_of(stage)) == (filed, scores, kept)
    _of_another_version(stage)
    (fresh,) = put(stage, ALSO_BOB)
    stage.sync()
    assert ids_of(stage)[f"shop/people {fresh}"] == kept["shop/people 1"]
    assert {row["made_by"] for row in stage.rows("statistics")} == {MADE_BY}


def test_filing_anew_that_is_cut_off_is_finished_by_the_next_sync(stage: Stage) -> None:
    crowd(stage, 4)
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    kept, filed = ids_of(stage), stage.rows("block_key")
    for number in range(1, 24, 3):
        _of_another_version(stage)
        with suppress(Cut), cut_after(number):
            stage.hub.sync()
        stage.clock.sleep(600)
        stage.sync()
        assert (ids_of(stage), stage.rows("block_key")) == (kept, filed)
