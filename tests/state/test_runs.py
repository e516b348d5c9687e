"""Runs: never shown better than they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from state.database import Database
from state.leases import Lease, Leases, new_owner
from state.runs import Runs, RunStatus
from tests.state.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(database_url: str, clock: Clock) -> Iterator[Database]:
    opened = Database(database_url, now=clock)
    yield opened
    opened.close()


@pytest.fixture
def runs(db: Database) -> Runs:
    return Runs(db)


@pytest.fixture
def held(db: Database) -> Lease:
    return lease(db)


def lease(db: Database) -> Lease:
    found = Leases(db).acquire("pull shop", new_owner(), 60)
    assert found is not None
    return found


def status(runs: Runs, id: int) -> RunStatus:
    found = runs.show(id)
    assert found is not None
    return found.status


def test_a_run_with_a_failed_record_is_never_ok(runs: Runs, held: Lease) -> None:
    id = runs.start("pull", held, "shop", "orders")
    assert runs.finish(id, RunStatus.OK, {"read": 10, "failed": 1}) is RunStatus.PARTIAL
    assert status(runs, id) is RunStatus.PARTIAL


def test_a_failed_run_is_not_softened_to_partial(runs: Runs, held: Lease) -> None:
    id = runs.start("pull", held, "shop", "orders")
    runs.finish(id, RunStatus.FAILED, {"failed": 1}, "the vendor's answer is not what its contract says")
    found = runs.show(id)
    assert found is not None
    assert (found.status, found.error[:10]) == (RunStatus.FAILED, "the vendor")


def test_a_run_whose_process_died_is_shown_as_interrupted(runs: Runs, held: Lease, clock: Clock) -> None:
    id = runs.start("pull", held, "shop", "orders")
    assert status(runs, id) is RunStatus.RUNNING
    clock.pass_by(61)
    assert status(runs, id) is RunStatus.INTERRUPTED
    held.renew()
    assert status(runs, id) is RunStatus.RUNNING


def test_a_successor_under_the_same_lease_does_not_revive_it(
    runs: Runs, db: Database, held: Lease, clock: Clock
) -> None:
    dead = runs.start("pull", held, "shop", "orders")
    clock.pass_by(61)
    alive = runs.start("pull", lease(db), "shop", "orders")
    assert [(run.id, run.status) for run in runs.recent()] == [
        (alive, RunStatus.RUNNING),
        (dead, RunStatus.INTERRUPTED),
    ]


def test_a_run_that_gave_up_its_lease_without_an_end_was_interrupted(runs: Runs, held: Lease) -> None:
    id = runs.start("pull", held)
    held.release()
    assert status(runs, id) is RunStatus.INTERRUPTED


def test_counts_of_an_interrupted_run_are_those_of_its_last_page(
    runs: Runs, db: Database, held: Lease, clock: Clock
) -> None:
    id = runs.start("pull", held, "shop", "orders")
    with db.write(held) as c:
        runs.count(c, id, {"read": 500})
    clock.pass_by(61)
    found = runs.show(id)
    assert found is not None
    assert found.counts == {"read": 500}


def test_a_finished_run_tells_when_and_what(runs: Runs, held: Lease, clock: Clock) -> None:
    began = clock()
    id = runs.start("pull", held, "shop", "orders")
    clock.pass_by(5)
    assert runs.finish(id, RunStatus.OK, {"read": 2, "failed": 0}) is RunStatus.OK
    held.release()
    found = runs.show(id)
    assert found is not None
    assert (found.kind, found.connection_id, found.stream) == ("pull", "shop", "orders")
    assert (found.started_at, found.ended_at) == (began, clock())
    assert (found.status, found.error, found.counts) == (RunStatus.OK, "", {"read": 2, "failed": 0})


def test_runs_are_listed_newest_first_narrowed_and_paged(runs: Runs, held: Lease) -> None:
    ids = [runs.start(kind, held, name) for kind, name in (("pull", "a"), ("pull", "b"), ("push", "a"), ("pull", "a"))]
    assert [run.id for run in runs.recent()] == ids[::-1]
    assert [run.id for run in runs.recent(limit=2, before=ids[3])] == [ids[2], ids[1]]
    assert [run.id for run in runs.recent(kind="pull", connection_id="a")] == [ids[3], ids[0]]
    assert runs.show(max(ids) + 1) is None
