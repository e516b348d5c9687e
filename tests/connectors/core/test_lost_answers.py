"""Answers that go missing on a real socket: cut short, never sent, never ending."""

from __future__ import annotations

import httpx
import pytest

from connectors.core.http import Http, Retry
from mapping.errors import AuthError, ContractError, TransientError, UnknownOutcomeError
from tests.connectors.core.stand import HANG, World, raw_server, timeout_for

FINE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"fine":true}'
SHORT = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"fine":tr'
CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"fin\r\n'
SILENCE = b""
RUBBISH = b"SSH-2.0-OpenSSH_9.9\r\n"
OPEN_ENDED = b'HTTP/1.1 200 OK\r\n\r\n{"fine":tr'

LOST = [
    pytest.param(SHORT, id="cut short"),
    pytest.param(CHUNKS, id="cut between chunks"),
    pytest.param(SILENCE, id="closed without a word"),
    pytest.param(RUBBISH, id="no HTTP at all"),
    pytest.param(HANG, id="no answer in time"),
]


@pytest.mark.parametrize("answer", LOST)
def test_a_create_whose_answer_is_lost_is_sent_once(answer: bytes) -> None:
    with raw_server(answer) as (base, received):
        with pytest.raises(UnknownOutcomeError, match="answer was lost"):
            Http(World().runtime, base, timeout=timeout_for(answer)).json("POST", "/contacts", json={"name": "Ada"})
        assert len(received) == 1
        assert received[0].endswith(b'{"name":"Ada"}')


@pytest.mark.parametrize("answer", LOST)
def test_a_read_whose_answer_is_lost_is_read_again(answer: bytes) -> None:
    with raw_server(answer, FINE) as (base, received):
        assert Http(World().runtime, base, timeout=timeout_for(answer)).json("GET", "/contacts") == {"fine": True}
        assert len(received) == 2


def test_a_read_that_is_lost_every_time_is_given_up_for_now() -> None:
    with raw_server(SHORT) as (base, received):
        with pytest.raises(TransientError) as raised:
            Http(World().runtime, base, retry=Retry(attempts=3)).json("GET", "/contacts")
        assert type(raised.value) is TransientError
        assert len(received) == 3


def test_a_truncation_that_http_cannot_see_is_caught_when_the_json_is_read() -> None:
    with raw_server(OPEN_ENDED) as (base, _), pytest.raises(ContractError, match="no JSON"):
        Http(World().runtime, base).json("GET", "/contacts")


def test_a_server_that_is_not_there_is_tried_again_even_for_a_create() -> None:
    with raw_server(FINE) as (base, _):
        pass
    world = World()
    with pytest.raises(TransientError, match="no connection") as raised:
        Http(world.runtime, base, retry=Retry(attempts=3)).request("POST", "/contacts", json={})
    assert not isinstance(raised.value, UnknownOutcomeError)
    assert len(world.clock.slept) == 2


def test_a_refusal_is_read_off_a_real_answer() -> None:
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with raw_server(refusal) as (base, _), pytest.raises(AuthError):
        Http(World().runtime, base).request("GET", "/me")


def test_the_bytes_that_came_before_the_cut_are_metered() -> None:
    world = World()
    with raw_server(SHORT, FINE) as (base, _):
        Http(world.runtime, base).request("GET", "/contacts")
    assert world.ledger.sizes == [10, 13]
    assert [httpx.URL(url).path for url in world.ledger.requests] == ["/contacts", "/contacts"]
