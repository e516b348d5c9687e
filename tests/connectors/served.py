"""What a rig over a stand-in that is a server has in common with every other such rig."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Generic, Self, TypeVar

import httpx

from connectors.core.protocols import Runtime
from connectors.core.sandbox import SandboxServer
from tests.connectors.rig import Clock

S = TypeVar("S", bound=SandboxServer)


class SandboxRig(Generic[S]):
    """A stand-in that runs while the rig's context lasts, and what can go wrong between it and a connector."""

    def __init__(self, server: S, clock: Clock) -> None:
        self.server, self.clock = server, clock
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the rig's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def rate_limit(self, retry_after: float | None) -> None:
        self.server.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.server.faults.fail(500)

    def truncate(self) -> None:
        self.server.faults.truncate()

    def lose_answer(self) -> None:
        self.server.faults.drop_answer(method="POST")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()
