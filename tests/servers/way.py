"""The way that connectors take to a real server: on a clock of the test's own, and through a proxy that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime

import httpx

from connectors.core.faults import Faults
from connectors.core.protocols import Runtime
from tests.connectors.rig import Clock
from tests.servers.proxy import DECODED, PER_HOP, Proxy


class Way(httpx.BaseTransport):
    """Leads to the server, through the proxy only once something is to fail. Every answer tells the clock's time in the
    place of the server's.

    Where it ``remembers``, what a server always answers alike (``constant``, of a request's body) is asked for once:
    the kit makes hundreds of connectors, each of which asks for the definitions of all fields."""

    def __init__(self, proxy: Proxy, target: str, constant: Callable[[bytes], bool] = lambda _: False) -> None:
        self.clock = Clock()
        self.troubled = self.remembers = False
        self._known: dict[tuple[bytes, bytes, str], httpx.Response] = {}
        self._proxy, self._target, self._constant = proxy, httpx.URL(target), constant
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._wire = httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self.troubled:
            request.url = request.url.copy_with(port=self._target.port)
        answer = self._answer(request)
        kept = {name: value for name, value in answer.headers.items() if name not in PER_HOP | DECODED}
        return httpx.Response(answer.status_code, headers={**kept, "Date": self._date()}, content=answer.content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        constant = self.remembers and not self.troubled and self._constant(request.content)
        key = request.url.raw_path, request.content, request.headers.get("Authorization", "")
        if not constant or key not in self._known:
            answer = self._wire.handle_request(request)
            answer.read()
            if not constant or not answer.is_success:
                return answer
            self._known[key] = answer
        return self._known[key]

    def _date(self) -> str:
        return format_datetime(self.clock.now(), usegmt=True)

    def runtime(self) -> Runtime:
        """The clock's runtime, on this way."""
        return replace(self.clock.runtime(), transport=self)

    def close(self) -> None:
        self._wire.close()

    @property
    def faults(self) -> Faults:
        """The queue of what is to go wrong."""
        self.troubled = True
        return self._proxy.faults

    def renew(self) -> Clock:
        """Nothing more goes wrong, and time begins anew."""
        self._proxy.forget()
        self.troubled, self.remembers, self.clock = False, False, Clock()
        return self.clock
