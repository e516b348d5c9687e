"""Who is decided in one batch: all that scores join, once, whatever the order in which they wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, select

from state import identities, judgements
from state.tables import dirty_entity, entity
from sync import resolve
from sync.companions import Companions
from sync.neighbourhood import gather
from sync.rules import criteria_of
from tests.sync.hubs import Stage, person
from tests.sync.lookalikes import crowd, put

TWINS = (
    ("Robert Thornbury", "Bob Thornbury"),
    ("William Fenwick", "Bill Fenwick"),
    ("Richard Gallagher", "Rick Gallagher"),
)


def _alike(place: int, name: str, host: str) -> dict[str, Any]:
    return person(name, email=f"{name.split()[0].lower()}{place}@{host}.example", birth_date=f"198{place}-03-04")


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A stage where records are compared, with three pairs of records that scores join: first one of each, then the
    other."""
    stage.configure(identity={"compare": True})
    crowd(stage, 4)
    put(stage, *(_alike(place, one, "mail") for place, (one, _) in enumerate(TWINS)))
    put(stage, *(_alike(place, other, "work") for place, (_, other) in enumerate(TWINS)))
    return stage


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[int]]:
    """Whoever was gathered for, a list for each batch."""
    found: list[Sequence[int]] = []

    def heard(c: Any, dirty: Sequence[int], *rest: Any) -> Any:
        found.append(dirty)
        return gather(c, dirty, *rest)

    monkeypatch.setattr(resolve, "gather", heard)
    return found


def test_those_whom_scores_join_are_decided_in_one_batch_and_once(
    stage: Stage, decided: list[Sequence[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "BATCH", 2)
    stage.sync()
    assert sorted(len(one.members) for one in stage.customers()) == [1, 1, 1, 1, 2, 2, 2]
    everybody = [i for batch in decided for i in batch]
    assert sorted(everybody) == sorted(set(everybody))
    together = {frozenset(pair) for pair in ((row["a"], row["b"]) for row in stage.rows("edge"))}
    assert len(together) == 3
    assert all(any(pair <= set(batch) for batch in decided) for pair in together)
    assert stage.rows("dirty_entity") == []


def test_who_waits_several_times_is_decided_once(stage: Stage, decided: list[Sequence[int]]) -> None:
    stage.sync()
    before, size = stage.groups(), len(stage.rows("entity"))
    decided.clear()
    with stage.hub.db.write() as c:
        everybody = c.execute(select(entity.c.id)).scalars().all()
        for _ in range(3):
            judgements.queue_again(c, everybody)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "BATCH", 3)
        stage.hub.resolve()
    assert sum(len(batch) for batch in decided) == size
    assert stage.groups() == before
    assert stage.rows("dirty_entity") == []


def test_rows_that_are_gone_since_the_queue_was_read_are_left_out(stage: Stage) -> None:
    stage.sync()
    with stage.hub.db.write() as c:
        judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
    with stage.hub.db.read() as c:
        companions = Companions.read(c)
        first, *rest = identities.queue(c, 100)
    with stage.hub.db.write() as c:
        c.execute(delete(dirty_entity).where(dirty_entity.c.seq.in_([one.seq for one in rest])))
    with stage.hub.db.read() as c:
        assert companions.of(c, [first], criteria_of(stage.hub.settings, stage.hub.db).rules) == []
