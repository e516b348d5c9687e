"""Sends one request and reads its answer whole, within a cap of bytes and of seconds."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from connectors.core.protocols import Runtime

DECODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
KEPT = frozenset({"http_version", "reason_phrase"})


class TooLargeError(Exception):
    """The body is larger than the cap; ``response`` has its status and headers only."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True, slots=True)
class Wire:
    """``largest`` caps a decoded body in bytes, so that no compressed bomb fills the memory; ``slowest`` the seconds
    until its last byte, since httpx's timeouts begin anew with every byte and a trickle would hold a lane for ever.
    """

    client: httpx.Client
    runtime: Runtime
    largest: int
    slowest: float

    def send(self, request: httpx.Request) -> httpx.Response:
        """The answer with its decoded body in memory.

        Raises httpx.TransportError (also for a body that cannot be decompressed) and TooLargeError.
        """
        deadline = self.runtime.monotonic() + self.slowest
        response = self.client.send(request, stream=True)
        try:
            body = self._read(response, deadline)
        except httpx.DecodingError:
            raise httpx.ReadError("the body cannot be decompressed") from None
        finally:
            response.close()
            self.runtime.meter.received(response.num_bytes_downloaded)
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in DECODED]
        extensions = {name: value for name, value in response.extensions.items() if name in KEPT}
        return httpx.Response(
            response.status_code, headers=headers, content=body, request=request, extensions=extensions
        )

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.largest:
                raise TooLargeError(response)
            if self.runtime.monotonic() > deadline:
                raise httpx.ReadTimeout("the body did not end")
        return bytes(body)
