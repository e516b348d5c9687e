"""A small HTTP server for the vendors' stateful stand-ins: routes, a log of what was asked, and faults on demand.

It listens on the loopback address only, keeps connections alive, and runs one handler at a time, so that a stand-in's
state needs no locks of its own. ``faults`` is the queue of what is to go wrong.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from connectors.core.exchange import Handler, Reply, Request, Route
from connectors.core.faults import Fault, FaultKind, Faults


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, the route it took (empty: none) and what was answered."""

    request: Request
    template: str
    reply: Reply


class SandboxServer:
    """The running server. ``guard`` sees each request first and may answer it; ``decorate`` adds to every answer.

    Use it with ``with``, or call ``start`` and ``stop``; ``url`` is there once it has started. ``keep`` is how many of
    the last exchanges are kept whole; their bodies may be large, so it is none unless asked for.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        port: int = 0,
        guard: Callable[[Request], Reply | None] | None = None,
        decorate: Callable[[Reply], Reply] | None = None,
        not_found: Reply | None = None,
        keep: int = 0,
    ) -> None:
        self._routes = [(route, route.pattern()) for route in routes]
        self._guard = guard
        self._decorate = decorate
        self._not_found = not_found or Reply(404, {"message": "resource not found"})
        self._port = port
        self._turn = threading.Lock()
        self.faults = Faults()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._stopping = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.exchanges: deque[Exchange] = deque(maxlen=keep)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Binds and begins to answer. Raises OSError where the port is taken."""
        self._stopping.clear()
        self._server = _Server(self, self._port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name="sandbox")
        self._thread.start()

    def stop(self) -> None:
        """Cuts every connection and frees the port."""
        self._stopping.set()
        if self._server is not None and self._thread is not None:
            with suppress(OSError):  # its thread wakes up at once; not every system does so for a socket that listens
                self._server.socket.shutdown(socket.SHUT_RDWR)
            self._server.shutdown()
            self._server.cut()
            self._server.server_close()
            self._thread.join()

    def wait(self) -> None:
        """Blocks until the server is stopped."""
        self._stopping.wait()

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        if self._server is None:
            raise RuntimeError("the sandbox has not been started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server instead of the vendor."""
        return {"base_url": self.url}

    def calls(self, method: str = "", path: str = "") -> int:
        """How many requests came for a method and for route templates that match ``path``; both optional."""
        return sum(
            count
            for (asked, template), count in self._counts.items()
            if (not method or asked == method) and (not path or re.search(path, template))
        )

    def forget(self) -> None:
        """Empties the log and the queue of faults."""
        self._counts.clear()
        self.exchanges.clear()
        self.faults.clear()

    def answer(self, request: Request) -> tuple[Reply, FaultKind | None]:
        """The reply to one request and what is to go wrong with it on its way; logs it."""
        with self._turn:
            fault = self.faults.next_for(request)
            template, reply = self._reply(request, fault)
            if self._decorate is not None:
                reply = self._decorate(reply)
            self._counts[request.method, template or request.path] += 1
            self.exchanges.append(Exchange(request, template, reply))
        if fault is not None and fault.kind is FaultKind.HANG:
            self._stopping.wait(fault.seconds)
        return reply, fault.kind if fault else None

    def _reply(self, request: Request, fault: Fault | None) -> tuple[str, Reply]:
        for route, pattern in self._routes:
            if route.method == request.method and (found := pattern.fullmatch(request.path)):
                named = {name: unquote(value) for name, value in found.groupdict().items()}
                return route.template, self._handle(route.handler, replace(request, params=named), fault)
        return "", self._handle(lambda _: self._not_found, request, fault)

    def _handle(self, handler: Handler, request: Request, fault: Fault | None) -> Reply:
        if fault is not None and fault.reply is not None:
            return fault.reply
        refused = self._guard(request) if self._guard is not None else None
        return refused or handler(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, sandbox: SandboxServer, port: int) -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Exchanger)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that hang up; everything else is reported as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def cut(self) -> None:
        """Ends the connections that clients keep alive."""
        for each in list(self._open):
            _hang_up(each)


class _Exchanger(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _exchange(self) -> None:
        place = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=place.path,
            query=parse_qs(place.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        reply, fault = self.server.sandbox.answer(request)
        if fault is FaultKind.DROP:
            self._cut_off()
            return
        kind, body = reply.encoded()
        self.send_response_only(reply.status)
        if "Date" not in reply.headers:
            self.send_header("Date", self.date_time_string())
        if kind and "Content-Type" not in reply.headers:
            self.send_header("Content-Type", kind)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault is FaultKind.TRUNCATE else body)
        self.wfile.flush()
        if fault is FaultKind.TRUNCATE:
            self._cut_off()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _exchange
    do_OPTIONS = do_PROPFIND = do_PROPPATCH = do_REPORT = do_MKCOL = do_MKCALENDAR = do_COPY = do_MOVE = _exchange

    def _cut_off(self) -> None:
        self.close_connection = True
        _hang_up(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: request lines may carry tokens; ``exchanges`` is the log."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        connection.close()
