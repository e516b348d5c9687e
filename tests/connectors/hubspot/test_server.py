"""The stand-ins' server: faults strike when they should, and it lets go of its port."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.core.exchange import Reply, Request, Route
from connectors.core.sandbox import SandboxServer


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def server(made: list[str]) -> Iterator[SandboxServer]:
    def make(asked: Request) -> Reply:
        made.append(asked.json())
        return Reply(201, {"n": len(made)})

    routes = [
        Route("GET", "/things/{id}", lambda asked: Reply(200, {"id": asked.params["id"], "q": asked.first("q")})),
        Route("POST", "/things", make),
    ]
    with SandboxServer(routes) as server:
        yield server


@pytest.fixture
def client(server: SandboxServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=0.5) as client:
        yield client


def test_a_dropped_answer_is_dropped_after_the_commit(
    server: SandboxServer, client: httpx.Client, made: list[str]
) -> None:
    server.faults.drop_answer()
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/things", json="a")
    assert made == ["a"]
    assert client.post("/things", json="b").json() == {"n": 2}


def test_a_truncated_answer_is_truncated_after_the_commit(
    server: SandboxServer, client: httpx.Client, made: list[str]
) -> None:
    server.faults.truncate()
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/things", json="a")
    assert made == ["a"]


def test_an_error_comes_before_the_commit(server: SandboxServer, client: httpx.Client, made: list[str]) -> None:
    server.faults.fail(503, retry_after=7)
    answer = client.post("/things", json="a")
    assert (answer.status_code, answer.headers["retry-after"], made) == (503, "7", [])


def test_a_fault_strikes_whom_it_is_meant_for(server: SandboxServer, client: httpx.Client) -> None:
    server.faults.fail(500, path="/things/2", method="GET", skip=1, times=2)
    answers = [client.get(f"/things/{number}").status_code for number in (1, 2, 2, 3, 2, 2)]
    assert answers == [200, 200, 500, 200, 500, 200]


def test_a_server_that_hangs_is_stopped_all_the_same(server: SandboxServer, client: httpx.Client) -> None:
    server.faults.hang(60)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/things/1")
    server.stop()
    with pytest.raises(httpx.TransportError):
        client.get("/things/1")


def test_a_login_page_is_html(server: SandboxServer, client: httpx.Client) -> None:
    server.faults.login_page()
    assert client.get("/things/1").headers["content-type"].startswith("text/html")


def test_names_in_a_path_are_decoded_and_calls_are_counted(server: SandboxServer, client: httpx.Client) -> None:
    assert client.get("/things/a%2Fb é", params={"q": "ü&"}).json() == {"id": "a/b é", "q": "ü&"}
    assert client.get("/nothing").status_code == 404
    assert (server.calls(), server.calls("POST"), server.calls(path="things")) == (2, 0, 1)
    server.forget()
    assert server.calls() == 0


def test_a_port_of_our_own_choice_is_free_again_afterwards(server: SandboxServer) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    server.stop()
    with SandboxServer([], port=port) as again:
        assert again.url.endswith(str(port))
