"""No test hangs on the machine it runs on, or on any other."""

from __future__ import annotations

import os
import socket
import threading
import time

import httpx
import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_connection_beyond_this_machine_is_refused() -> None:
    nobody = ("192.0.2.1", 80)  # TEST-NET-1, RFC 5737
    with socket.socket() as one, pytest.warns(UserWarning, match="connect"), pytest.raises(SocketConnectBlockedError):
        one.connect(nobody)


def test_a_name_beyond_this_machine_is_not_even_looked_up() -> None:
    with pytest.raises(httpx.ConnectError, match="this machine only"):
        httpx.get("http://hub.example/", timeout=1)


def test_a_server_on_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = threading.Thread(target=lambda: server.accept()[0].close())
        answer.start()
        socket.create_connection(server.getsockname(), timeout=5).close()
        answer.join(5)


def test_the_environment_holds_nothing_of_the_machine_that_concord_reads() -> None:
    assert [name for name in os.environ if name.startswith("CONCORD_") and name != "CONCORD_SHARED"] == []
    assert [name for name in os.environ if name.lower().endswith("_proxy")] == []
    assert time.strftime("%Z") == "UTC"
