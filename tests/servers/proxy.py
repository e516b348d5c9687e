"""A loopback server in front of a real one: passes everything on, unless its ``faults`` say that something goes wrong.

with Proxy(server.url) as proxy:
    proxy.faults.fail(429, retry_after=20)   # the next request never reaches the server
    proxy.faults.truncate(method="REPORT")   # the server answers, half of it arrives
    proxy.faults.drop_answer(method="PUT")   # the server does it, nobody hears of it
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import httpx

from connectors.core.exchange import Reply, Request
from connectors.core.sandbox import SandboxServer

PER_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "accept-encoding"})
DECODED = frozenset({"content-encoding"})


class Proxy(SandboxServer):
    """The way to ``target``; ``url`` stands for it. ``calls`` and ``exchanges`` tell what passed."""

    def __init__(self, target: str, *, keep: int = 0) -> None:
        parts = urlsplit(target)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._client: httpx.Client | None = None
        super().__init__([], guard=self._forward, keep=keep)

    def start(self) -> None:
        """Begins to answer."""
        self._client = httpx.Client(timeout=60.0, verify=False, trust_env=False)
        super().start()

    def stop(self) -> None:
        """Frees the port and lets go of the server."""
        super().stop()
        if self._client is not None:
            self._client.close()

    def _forward(self, request: Request) -> Reply:
        assert self._client is not None
        query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
        headers = {name: value for name, value in request.headers.items() if name not in PER_HOP}
        answer = self._client.request(
            request.method, f"{self._origin}{request.path}{query}", headers=headers, content=request.body
        )
        kept = {name.title(): value for name, value in answer.headers.items() if name not in PER_HOP | DECODED}
        return Reply(answer.status_code, answer.content, kept)
