"""What connectors may rely on when they speak HTTP: answers given in order, time that passes by sleeping."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from decimal import Decimal

import httpx
import pytest

from connectors.core.http import Bearer, Budget, Http, Limit, Retry, classify
from mapping.errors import (
    AuthError,
    ConcordError,
    ConflictError,
    ContractError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    RecordError,
    TransientError,
    UnknownOutcomeError,
)
from tests.connectors.core.stand import Ledger, World, streamed

BASE = "https://api.vendor.example/v1"
EVEN = Retry(chance=lambda: 1.0)
FINE = httpx.Response(200, json={"fine": True})


class Renewable:
    """An Auth whose token can be renewed a given number of times."""

    def __init__(self, renewals: int) -> None:
        self.renewals, self.generation = renewals, 0

    def headers(self) -> Mapping[str, str]:
        """The token of this generation."""
        return {"Authorization": f"Bearer generation-{self.generation}"}

    def refresh(self) -> bool:
        """The next generation, if there is one."""
        self.generation += 1
        return self.generation <= self.renewals


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ContractError),
        (401, AuthError),
        (403, ForbiddenError),
        (404, GoneError),
        (408, TransientError),
        (409, ConflictError),
        (410, GoneError),
        (412, ConflictError),
        (422, ContractError),
        (429, RateLimitedError),
        (500, TransientError),
        (503, TransientError),
    ],
)
def test_a_status_becomes_the_error_that_says_what_to_do(status: int, error: type[ConcordError]) -> None:
    world = World([httpx.Response(status)])
    with pytest.raises(ConcordError) as raised:
        Http(world.runtime, BASE).request("GET", "/contacts")
    assert type(raised.value) is error
    assert f"GET {BASE}/contacts answered {status}" in str(raised.value)


@pytest.mark.fault(
    "redirect to a login page",
    "It is not followed, since the login would go along; the stream stops and names the place.",
)
def test_a_redirect_is_not_followed_because_it_would_carry_the_login_along() -> None:
    world = World([httpx.Response(302, headers={"Location": "https://login.vendor.example/?next=secret"})])
    with pytest.raises(ContractError, match=r"a redirect to https://login\.vendor\.example/"):
        Http(world.runtime, BASE, auth=Bearer("t")).request("GET", "/contacts")
    assert len(world.asked) == 1


@pytest.mark.parametrize(
    ("content", "kind", "complaint"),
    [
        (b"<html>please log in</html>", "text/html; charset=utf-8", "HTML"),
        (b'{"results": [{"id": 1}, {"i', "application/json", "no JSON"),
        (b"", "application/json", "no JSON"),
    ],
)
def test_a_body_that_is_no_json_is_a_broken_contract_and_is_not_quoted(
    content: bytes, kind: str, complaint: str
) -> None:
    world = World([httpx.Response(200, headers={"Content-Type": kind}, content=content)])
    with pytest.raises(ContractError, match=complaint) as raised:
        Http(world.runtime, BASE).json("GET", "/contacts")
    assert "log in" not in str(raised.value)


def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome() -> None:
    world = World([httpx.Response(201, content=b'{"id": ')])
    with pytest.raises(UnknownOutcomeError):
        Http(world.runtime, BASE).json("POST", "/contacts", json={})
    assert len(world.asked) == 1


@pytest.mark.parametrize("path", ["https://evil.example/v1/contacts", "http://api.vendor.example/v1", "/a\nb"])
def test_a_login_never_goes_to_another_origin(path: str) -> None:
    world = World([FINE])
    with pytest.raises(ContractError, match="no address at"):
        Http(world.runtime, BASE, auth=Bearer("t")).request("GET", path)
    assert world.asked == []


@pytest.mark.parametrize("token", ["pasted\nwith break", "curly’quote"])
def test_a_token_that_no_header_can_hold_is_a_login_problem(token: str) -> None:
    world = World([FINE])
    for http in (Http(world.runtime, BASE, auth=Bearer(token)), Http(world.runtime, BASE, headers={"X-Key": token})):
        with pytest.raises(AuthError, match="cannot be sent") as raised:
            http.request("GET", "/contacts")
        assert token not in str(raised.value)


@pytest.mark.parametrize("value", [Decimal("1.50"), "half a pair \ud83d"])
def test_a_record_that_cannot_be_written_as_json_costs_only_itself(value: object) -> None:
    with pytest.raises(RecordError):
        Http(World([FINE]).runtime, BASE).request("POST", "/contacts", json={"value": value})


@pytest.mark.fault(
    "huge answer",
    "An answer above the cap is not taken into memory, unpacked or not; the stream stops with a clear error.",
)
def test_a_body_over_the_cap_is_refused_even_when_it_comes_compressed() -> None:
    packed = gzip.compress(b"0" * 100_000)
    assert len(packed) < 1000
    world = World([lambda request: streamed(200, packed, {"Content-Encoding": "gzip"})])
    with pytest.raises(ContractError, match="more than 1000 bytes"):
        Http(world.runtime, BASE, largest=1000).request("GET", "/export")


def test_a_body_that_cannot_be_decompressed_counts_as_lost() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        return streamed(200, b"no gzip", {"Content-Encoding": "gzip"})

    world = World([broken, FINE])
    assert Http(world.runtime, BASE).json("GET", "/contacts") == {"fine": True}
    with pytest.raises(UnknownOutcomeError):
        Http(World([broken]).runtime, BASE).json("POST", "/contacts", json={})


@pytest.mark.fault("slow drip", "An answer that has not ended after its time is given up, however steadily it drips.")
def test_a_body_that_trickles_for_ever_is_given_up() -> None:
    world = World()

    class Trickle(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]  # httpx leaves it untyped for streams, too
            while True:
                world.clock.seconds += 5
                yield b"."

    world.answers = [lambda request: httpx.Response(200, stream=Trickle())]
    with pytest.raises(TransientError, match="answer was lost"):
        Http(world.runtime, BASE, retry=Retry(attempts=2), slowest=60).request("GET", "/export")


@pytest.mark.fault(
    "read timeout", "A read is repeated with growing waits, as often as the attempts and the patience allow."
)
def test_a_read_is_tried_again_with_growing_waits_until_the_attempts_are_used_up() -> None:
    world = World([httpx.Response(500), httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(502)])
    with pytest.raises(TransientError, match="answered 502"):
        Http(world.runtime, BASE, retry=Retry(attempts=5, chance=lambda: 1.0)).request("GET", "/contacts")
    assert len(world.asked) == 5
    assert world.clock.slept == [0.5, 1.0, 2.0, 4.0]
    assert world.ledger.waits == [(0.5, "retry"), (1.0, "retry"), (2.0, "retry"), (4.0, "retry")]


def test_waits_are_spread_so_that_lanes_do_not_come_back_in_step() -> None:
    chances = iter([0.0, 0.5])
    world = World([httpx.Response(500), httpx.Response(500), FINE])
    Http(world.runtime, BASE, retry=Retry(chance=lambda: next(chances))).request("GET", "/contacts")
    assert world.clock.slept == [0.25, 0.75]


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.0), ("Tue, 01 Sep 2026 12:00:42 GMT", 42.0), ("0", 0.5), ("Tue, 01 Sep 2026 11:00:00 GMT", 0.5)],
)
def test_retry_after_is_heeded_in_both_its_forms(header: str, wait: float) -> None:
    world = World([httpx.Response(429, headers={"Retry-After": header}), FINE])
    assert Http(world.runtime, BASE, retry=EVEN).json("POST", "/contacts", json={}) == {"fine": True}
    assert world.clock.slept == [wait]


@pytest.mark.parametrize("header", ["soon", "nan", "-3 minutes", "Tue, 99 Sep 2026 12:00:42 GMT"])
def test_a_retry_after_that_makes_no_sense_is_let_be(header: str) -> None:
    world = World([httpx.Response(429, headers={"Retry-After": header}), FINE])
    Http(world.runtime, BASE, retry=EVEN).request("GET", "/contacts")
    assert world.clock.slept == [0.5]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.fault("503", "With a Retry-After beyond our patience the vendor is left alone at once.")
def test_a_vendor_that_asks_for_more_patience_than_we_have_is_left_alone_at_once(status: int) -> None:
    world = World([httpx.Response(status, headers={"Retry-After": "3600"})])
    with pytest.raises(RateLimitedError) as raised:
        Http(world.runtime, BASE).request("POST", "/contacts", json={})
    assert raised.value.retry_after == 3600
    assert len(world.asked) == 1
    assert world.clock.slept == []


def test_patience_is_capped_over_all_attempts_together() -> None:
    world = World([httpx.Response(429, headers={"Retry-After": "50"})])
    with pytest.raises(RateLimitedError) as raised:
        Http(world.runtime, BASE, retry=Retry(patience=120)).request("GET", "/contacts")
    assert raised.value.retry_after == 50
    assert world.clock.slept == [50, 50]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(502), httpx.Response(503), httpx.Response(504), httpx.ReadTimeout("slow")],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.fault("read timeout", "A write is not repeated: it is searched for, then made right or left to a person.")
def test_a_write_whose_answer_was_lost_is_not_repeated(method: str, answer: httpx.Response | Exception) -> None:
    world = World([answer, FINE])
    with pytest.raises(UnknownOutcomeError):
        Http(world.runtime, BASE).request(method, "/contacts", json={})
    assert len(world.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.Response(429),
        httpx.Response(503, headers={"Retry-After": "1"}),
    ],
)
@pytest.mark.fault("connect timeout", "Nothing was sent, so even a write is repeated, with growing waits.")
def test_a_write_that_surely_was_not_carried_out_is_repeated(answer: httpx.Response | Exception) -> None:
    world = World([answer, FINE])
    assert Http(world.runtime, BASE).json("POST", "/contacts", json={}) == {"fine": True}


def test_a_repeatable_write_that_fails_to_the_end_still_has_an_unknown_outcome() -> None:
    world = World([httpx.ReadTimeout("slow"), httpx.Response(429, headers={"Retry-After": "3600"})])
    with pytest.raises(UnknownOutcomeError):
        Http(world.runtime, BASE).request("PUT", "/contacts/1", json={})


def test_a_cap_that_stops_the_second_attempt_does_not_hide_that_the_first_was_lost() -> None:
    world = World([httpx.ReadTimeout("slow")])
    budget = Budget(Limit(1, 3600))
    with pytest.raises(UnknownOutcomeError):
        Http(world.runtime, BASE, budget=budget).request("PUT", "/contacts/1", json={})
    with pytest.raises(RateLimitedError):
        Http(world.runtime, BASE, budget=budget).request("PUT", "/contacts/1", json={})


def test_a_cap_of_the_run_stops_a_request_before_it_is_sent() -> None:
    class Capped(Ledger):
        def request(self, url: str) -> None:
            raise RateLimitedError("the cap of this run is reached")

    world = World([FINE], ledger=Capped())
    with pytest.raises(RateLimitedError, match="cap of this run"):
        Http(world.runtime, BASE).request("POST", "/contacts", json={})
    assert world.asked == []


def test_a_search_by_post_may_be_declared_repeatable() -> None:
    world = World([httpx.ReadTimeout("slow"), httpx.Response(500), FINE])
    assert Http(world.runtime, BASE).json("POST", "/search", json={}, repeatable=True) == {"fine": True}


def test_a_refused_login_is_renewed_once_and_only_once() -> None:
    world, auth = World([httpx.Response(401)]), Renewable(renewals=9)
    with pytest.raises(AuthError):
        Http(world.runtime, BASE, auth=auth).request("GET", "/me")
    assert [request.headers["Authorization"] for request in world.asked] == [
        "Bearer generation-0",
        "Bearer generation-1",
    ]


def test_a_login_that_cannot_be_renewed_is_not_tried_again() -> None:
    world = World([httpx.Response(401)])
    with pytest.raises(AuthError):
        Http(world.runtime, BASE, auth=Bearer("t")).request("GET", "/me")
    assert len(world.asked) == 1


def test_a_write_goes_on_under_the_renewed_login() -> None:
    world = World([httpx.Response(401), FINE])
    http = Http(world.runtime, BASE, auth=Renewable(renewals=1))
    assert http.json("POST", "/contacts", json={"name": "Zoë"}) == {"fine": True}
    assert [request.content for request in world.asked] == ['{"name":"Zoë"}'.encode()] * 2


def test_a_vendor_may_read_its_answers_in_its_own_way() -> None:
    def throttled_by_403(response: httpx.Response) -> ConcordError | None:
        return RateLimitedError("slow down", retry_after=3) if response.status_code == 403 else classify(response)

    world = World([httpx.Response(403), FINE])
    assert Http(world.runtime, BASE, classify=throttled_by_403).json("POST", "/contacts", json={}) == {"fine": True}
    assert world.clock.slept == [3]


def test_every_attempt_is_metered_with_a_redacted_address_and_its_bytes() -> None:
    world = World([httpx.Response(500, content=b"oh no"), FINE])
    Http(world.runtime, BASE).request("GET", "/contacts", params={"access_token": "hush", "limit": 2})
    assert world.ledger.requests == [f"{BASE}/contacts?access_token=…&limit=…"] * 2
    assert world.ledger.sizes == [5, len(FINE.content)]


def test_a_request_carries_what_it_was_given_and_says_who_it_is_from() -> None:
    world = World([httpx.Response(204)])
    http = Http(world.runtime, BASE, headers={"X-Version": "7", "Accept": "text/csv"})
    answer = http.json("GET", "/contacts?page=2", params={"ids": [1, 2], "none": None}, headers={"X-Version": "8"})
    assert answer is None
    request = world.asked[0]
    assert str(request.url) == f"{BASE}/contacts?page=2&ids=1&ids=2"
    assert request.headers["User-Agent"].startswith("concord/")
    assert request.headers.get_list("X-Version") == ["8"]
    assert request.headers["Accept"] == "application/json"


def test_a_cookie_makes_no_request_depend_on_another() -> None:
    world = World([httpx.Response(200, headers={"Set-Cookie": "session=1; Path=/"})])
    http = Http(world.runtime, BASE, auth=Bearer(" token\n"))
    for _ in range(2):
        http.request("GET", "/contacts")
    assert "Cookie" not in world.asked[1].headers
    assert world.asked[1].headers["Authorization"] == "Bearer token"


def test_a_next_link_of_the_same_origin_is_followed_as_it_stands() -> None:
    world = World([FINE])
    http = Http(world.runtime, BASE)
    http.json("GET", f"{BASE}/contacts?after=x%2Fy")
    assert str(world.asked[0].url) == f"{BASE}/contacts?after=x%2Fy" == http.address("/contacts", {"after": "x/y"})


def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"fine": true}')
    world = World([lambda request: streamed(200, packed, {"Content-Encoding": "gzip"})])
    assert Http(world.runtime, BASE).json("GET", "/contacts") == {"fine": True}
    assert world.ledger.sizes == [len(packed)]
