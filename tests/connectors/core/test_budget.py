"""A declared rate limit is kept by waiting, never by being refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import httpx
import pytest

from connectors.core.budget import Budget, Limit
from connectors.core.http import Http
from mapping.errors import RateLimitedError
from tests.connectors.core.stand import World

SEARCH = Limit(4, 1.0, "search", match=r"^POST .*/search$")
ALL = Limit(10, 10.0, "ten seconds")


def taken(world: World, budget: Budget, count: int, path: str = "/contacts") -> list[float]:
    """The instants at which so many calls in a row were let through."""
    instants = []
    for _ in range(count):
        budget.take(world.runtime, "POST", path)
        instants.append(world.clock.seconds)
    return instants


def crowded(instants: list[float], limit: Limit) -> bool:
    """Whether some window of the limit's length holds too many calls."""
    ordered = sorted(instants)
    return any(sum(start <= instant < start + limit.seconds for instant in ordered) > limit.calls for start in ordered)


def test_a_wait_beyond_patience_is_refused_and_costs_nothing() -> None:
    world, budget = World(), Budget(Limit(1, 3600, "hourly"), patience=60)
    taken(world, budget, 1)
    for _ in range(3):
        with pytest.raises(RateLimitedError, match="hourly") as raised:
            budget.take(world.runtime, "GET", "/contacts")
        assert raised.value.retry_after == 3600
    assert world.clock.slept == []
    world.clock.seconds = 3600
    assert taken(world, budget, 1) == [3600]


@pytest.mark.parametrize(("calls", "seconds"), [(0, 1.0), (-1, 1.0), (1, 0.0)])
def test_a_limit_that_lets_nothing_through_is_refused_when_declared(calls: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        Limit(calls, seconds)


def test_no_window_ever_holds_more_calls_than_declared() -> None:
    world, budget = World(), Budget(ALL, SEARCH)
    instants = taken(world, budget, 3) + taken(world, budget, 9, "/contacts/search") + taken(world, budget, 20)
    assert not crowded(instants, ALL)
    assert not crowded(instants[3:12], SEARCH)
    assert sum(wait for wait, _ in world.ledger.waits) == sum(world.clock.slept) > 0
    assert {why for _, why in world.ledger.waits} == {"search limit", "ten seconds limit"}


def test_a_sub_budget_slows_only_what_it_names() -> None:
    world, budget = World(), Budget(Limit(100, 10), SEARCH)
    assert taken(world, budget, 20) == [0.0] * 20
    assert taken(world, budget, 5, "/contacts/search") == [0.0] * 4 + [1.0]


def test_threads_that_share_a_budget_keep_it_together() -> None:
    world, budget, instants, mutex = World(), Budget(Limit(5, 1.0)), list[float](), threading.Lock()

    def sleep_until(seconds: float) -> None:
        with mutex:
            instants.append(seconds)

    runtime = replace(world.runtime, monotonic=lambda: 0.0, sleep=sleep_until)

    def take_ten() -> None:
        for _ in range(10):
            budget.take(runtime, "GET", "/")

    threads = [threading.Thread(target=take_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(instants) == [float(second) for second in range(1, 8) for _ in range(5)]


def test_the_vendors_own_count_is_believed_when_it_is_the_lower() -> None:
    limit = Limit(100, 10.0, "account", header="X-Remaining")
    world = World(
        [
            httpx.Response(200, headers={"X-Remaining": "1"}),
            httpx.Response(200, headers={"X-Remaining": "many"}),
            httpx.Response(200, headers={"X-Remaining": "99"}),
        ]
    )
    http = Http(world.runtime, "https://api.vendor.example", budget=Budget(limit))
    for _ in range(3):
        http.request("GET", "/contacts")
    assert world.clock.slept == [10.0]


def test_every_attempt_counts_against_the_budget() -> None:
    world = World([httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(200)])
    budget = Budget(Limit(2, 30.0))
    http = Http(world.runtime, "https://api.vendor.example", budget=budget)
    http.request("GET", "/contacts")
    http.request("GET", "/contacts")
    assert world.clock.slept == [1.0, 29.0]


def test_a_request_that_holds_several_calls_waits_until_all_of_them_may_go() -> None:
    world, budget = World(), Budget(Limit(100, 60.0))
    instants = []
    for calls in (40, 40, 40, 250):
        budget.take(world.runtime, "POST", "/batch", calls)
        instants.append(world.clock.seconds)
    assert instants == [instants[0]] * 2 + [instants[0] + 60, instants[0] + 120]
