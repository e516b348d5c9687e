"""Leases: one owner at a time, and nothing written by one who has lost it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from mapping.errors import LeaseLostError, TransientError
from state.database import Database
from state.leases import Heartbeat, Lease, Leases, new_owner
from state.tables import counter, lease
from tests.state.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(database_url: str, clock: Clock) -> Iterator[Database]:
    database = Database(database_url, now=clock, patience=2)
    yield database
    database.close()


@pytest.fixture
def leases(db: Database) -> Leases:
    return Leases(db)


def acquired(leases: Leases, owner: str = "first", seconds: float = 60) -> Lease:
    held = leases.acquire("resolve", owner, seconds)
    assert held is not None
    return held


@pytest.mark.fault("lost lease", "What a process writes late, after another has taken its lease, is refused.")
def test_a_late_write_under_a_stolen_lease_is_fenced_off(db: Database, leases: Leases, clock: Clock) -> None:
    stolen = acquired(leases)
    clock.pass_by(61)
    acquired(leases, "second")
    with pytest.raises(LeaseLostError), db.write(stolen) as c:
        c.execute(insert(counter), {"name": "late", "next": 1})
    with db.read() as c:
        assert c.execute(select(counter)).all() == []


def test_a_released_lease_writes_no_more(db: Database, leases: Leases) -> None:
    held = acquired(leases)
    held.release()
    with pytest.raises(LeaseLostError), db.write(held):
        pass


def test_a_lease_that_never_was_writes_nothing(db: Database, leases: Leases) -> None:
    with pytest.raises(LeaseLostError), db.write(Lease("unheard of", "somebody", 1, 60, leases)):
        pass


def test_a_stolen_lease_cannot_be_renewed_nor_taken_from_its_new_owner(leases: Leases, clock: Clock) -> None:
    stolen = acquired(leases)
    clock.pass_by(61)
    acquired(leases, "second")
    with pytest.raises(LeaseLostError):
        stolen.renew()
    stolen.release()
    assert leases.held("resolve") == "second"


def test_a_held_lease_is_refused_to_everybody(leases: Leases) -> None:
    acquired(leases)
    assert leases.acquire("resolve", "second", 60) is None
    assert leases.acquire("resolve", "first", 60) is None


def test_an_owner_who_comes_back_after_losing_it_has_a_new_fence(db: Database, leases: Leases, clock: Clock) -> None:
    before = acquired(leases)
    clock.pass_by(61)
    after = acquired(leases)
    assert after.fence > before.fence
    with pytest.raises(LeaseLostError), db.write(before):
        pass
    with db.write(after) as c:
        c.execute(insert(counter), {"name": "timely", "next": 1})


def test_an_expired_lease_that_nobody_took_still_writes_and_renews(db: Database, leases: Leases, clock: Clock) -> None:
    held = acquired(leases)
    clock.pass_by(3600)
    assert leases.held("resolve") is None
    with db.write(held):
        pass
    held.renew()
    assert leases.held("resolve") == "first"


def test_renewing_holds_it_beyond_its_first_end(leases: Leases, clock: Clock) -> None:
    held = acquired(leases)
    clock.pass_by(50)
    held.renew()
    clock.pass_by(50)
    assert leases.acquire("resolve", "second", 60) is None


def test_a_released_lease_is_free_at_once(leases: Leases) -> None:
    first = acquired(leases)
    first.release()
    assert leases.held("resolve") is None
    assert acquired(leases, "second").fence == first.fence + 1


def test_leases_of_other_names_do_not_stand_in_the_way(leases: Leases) -> None:
    acquired(leases)
    assert leases.acquire("push crm", "second", 60) is not None


def test_of_many_who_want_it_at_once_one_gets_it(leases: Leases) -> None:
    start = threading.Barrier(8)
    got: list[Lease | None] = []

    def want() -> None:
        start.wait()
        got.append(leases.acquire("resolve", new_owner(), 60))

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([held for held in got if held is not None]) == 1


class Beats:
    """The wait of a heartbeat: each ``beat`` lets it renew once and returns when it has."""

    def __init__(self) -> None:
        self._go = threading.Semaphore(0)
        self._idle = threading.Semaphore(0)

    def __call__(self, stop: threading.Event, seconds: float) -> bool:
        self._idle.release()
        while not self._go.acquire(timeout=0.01):
            if stop.is_set():
                return True
        return stop.is_set()

    def beat(self) -> None:
        self._idle.acquire()
        self._go.release()

    def settle(self, heart: Heartbeat) -> None:
        """Returns when the beat has been made: the thread waits again, or has given up."""
        while not heart.lost and not self._idle.acquire(timeout=0.01):
            pass


def test_a_heartbeat_tells_of_a_lost_lease_and_stops(leases: Leases, clock: Clock) -> None:
    held, beats = acquired(leases), Beats()
    with Heartbeat(held, wait=beats) as heart:
        heart.check()
        clock.pass_by(61)
        acquired(leases, "second")
        beats.beat()
        beats.settle(heart)
        assert heart.lost
        with pytest.raises(LeaseLostError):
            heart.check()
    assert leases.held("resolve") == "second"


@pytest.mark.fault("busy database", "A lease outlives it: nobody else could have taken it meanwhile.")
def test_a_heartbeat_lives_through_a_busy_database(
    leases: Leases, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, beats = acquired(leases), Beats()
    renew = leases.renew

    def busy(lease: Lease) -> None:
        monkeypatch.setattr(leases, "renew", renew)
        raise TransientError("busy")

    monkeypatch.setattr(leases, "renew", busy)
    with Heartbeat(held, wait=beats) as heart:
        clock.pass_by(50)
        beats.beat()
        beats.beat()
        beats.settle(heart)
        assert not heart.lost
        clock.pass_by(50)
        assert leases.held("resolve") == "first"


def test_a_heartbeat_renews_while_the_work_goes_on_and_ends_with_it(leases: Leases, clock: Clock) -> None:
    held, beats = acquired(leases), Beats()
    threads = threading.active_count()
    with Heartbeat(held, wait=beats) as heart:
        for _ in range(3):
            clock.pass_by(50)
            beats.beat()
        beats.settle(heart)
        assert leases.held("resolve") == "first"
    assert threading.active_count() == threads


def test_the_rows_of_leases_stay_so_that_fences_never_go_back(db: Database, leases: Leases) -> None:
    for expected in (1, 2, 3):
        held = acquired(leases)
        assert held.fence == expected
        held.release()
    with db.read() as c:
        assert len(c.execute(select(lease)).all()) == 1
