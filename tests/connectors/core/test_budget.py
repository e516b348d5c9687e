"""A declared rate limit is kept by waiting, never by being refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import httpx
import pytest

from connectors.core.budget import Budget, Limit
from connectors.core.http import Http
from connectors.core.retry import Retry
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


@pytest.mark.parametrize(
    ("share", "calls", "seconds"), [(0.3, 3, 10.0), (0.05, 1, 20.0), (0.25, 2, 8.0), (1.0, 10, 10.0)]
)
def test_a_share_of_a_limit_lets_that_part_of_its_rate_through(share: float, calls: int, seconds: float) -> None:
    limit = ALL.shared(share)
    assert limit.calls == calls
    assert limit.seconds == pytest.approx(seconds)
    assert limit.calls / limit.seconds == pytest.approx(share * ALL.calls / ALL.seconds)
    world = World()
    runtime = replace(world.runtime, share=share)
    budget = Budget(ALL)
    instants = []
    for _ in range(3 * calls):
        budget.take(runtime, "POST", "/contacts")
        instants.append(world.clock.seconds)
    assert not crowded(instants, limit)
    assert world.clock.seconds == pytest.approx(2 * seconds), "and no slower than that"


def test_two_uses_of_one_connection_are_together_within_the_limit() -> None:
    world, instants = World(), list[float]()
    for share in (0.6, 0.4):
        budget, start = Budget(ALL), world.clock.seconds
        for _ in range(12):
            budget.take(replace(world.runtime, share=share), "POST", "/contacts")
            instants.append(world.clock.seconds - start)
    assert not crowded(instants, ALL)


def test_what_the_vendor_says_is_left_may_be_used_up_to_the_share() -> None:
    world, budget = World(), Budget(Limit(10, 10.0, "all"))
    runtime = replace(world.runtime, share=0.5)
    budget.learn(runtime, "all", 6)
    for _ in range(5):
        budget.take(runtime, "GET", "/contacts")
    assert world.clock.slept == [], "others used four of ten, and five are ours"
    budget.learn(runtime, "all", 0)
    budget.take(runtime, "GET", "/contacts")
    assert sum(world.clock.slept) == 10


def test_a_plea_for_patience_holds_up_everybody_who_shares_the_budget() -> None:
    world = World([httpx.Response(429, headers={"Retry-After": "7"})])
    budget = Budget(Limit(100, 1.0))
    http = Http(world.runtime, "https://api.vendor.example", budget=budget, retry=Retry(attempts=1))
    with pytest.raises(RateLimitedError):
        http.request("GET", "/contacts")
    assert world.clock.slept == []
    budget.take(world.runtime, "GET", "/orders")
    assert sum(world.clock.slept) == pytest.approx(7)


def test_more_patience_than_there_is_is_told_to_everybody_without_a_call() -> None:
    world, budget = World(), Budget(Limit(100, 1.0), patience=60)
    budget.close(world.runtime, 600)
    with pytest.raises(RateLimitedError) as raised:
        budget.take(world.runtime, "GET", "/contacts")
    assert raised.value.retry_after == 600
