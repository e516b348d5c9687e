"""Where alerts arrive in tests: a server on this machine that takes Apprise's ``json://`` messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.sandbox import SandboxServer

SECRET = "T0K3N-in-the-address"


@dataclass(frozen=True)
class Inbox:
    """The messages that arrived, and the server that took them."""

    server: SandboxServer
    messages: list[dict[str, Any]]

    @property
    def address(self) -> str:
        """What a configuration names to send here."""
        return f"json://{self.server.url.removeprefix('http://')}/{SECRET}"

    def take(self) -> list[str]:
        """What arrived since the last time: title and text of each message."""
        taken = [f"{one['title']}\n{one['message']}" for one in self.messages]
        self.messages.clear()
        return taken


@contextmanager
def inbox() -> Iterator[Inbox]:
    """An inbox while the block runs."""
    messages: list[dict[str, Any]] = []

    def post(request: Request) -> Reply:
        messages.append(json.loads(request.body))
        return Reply(204)

    with SandboxServer([Route("POST", f"/{SECRET}", post)]) as server:
        yield Inbox(server, messages)
