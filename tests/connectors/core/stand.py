"""What the tests of the core stand on: a clock that moves by sleeping, a meter that remembers, a server that fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx

from connectors.core.protocols import Runtime, Token

START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant on the calendar."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """The instant on the stopwatch."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Moves time on."""
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds


@dataclass
class Ledger:
    """A meter that remembers what it was told."""

    requests: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    waits: list[tuple[float, str]] = field(default_factory=list)

    def request(self, url: str) -> None:
        """Remembers."""
        self.requests.append(url)

    def received(self, size: int) -> None:
        """Remembers."""
        self.sizes.append(size)

    def waited(self, seconds: float, why: str) -> None:
        """Remembers."""
        self.waits.append((seconds, why))


@dataclass
class World:
    """A runtime with its clock and its ledger; ``answers`` are given in order, the last for ever."""

    answers: Sequence[httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]] = ()
    clock: Clock = field(default_factory=Clock)
    ledger: Ledger = field(default_factory=Ledger)
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def runtime(self) -> Runtime:
        """For the code under test."""
        transport = httpx.MockTransport(self._answer) if self.answers else None
        clock = self.clock
        return Runtime(
            now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep, meter=self.ledger, transport=transport
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return streamed(answer.status_code, answer.content, answer.headers)
        return answer(request)


class MemoryStore:
    """A token store in memory; one instance a process, all over the same ``Vault``."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def load(self) -> Token | None:
        """The token as stored now."""
        return self._vault.token

    def swap(self, old: Token | None, new: Token) -> bool:
        """Compare and swap on the revision."""
        vault = self._vault
        with vault.mutex:
            if vault.broken_swaps:
                vault.broken_swaps -= 1
                raise OSError("the disk is full")
            if (vault.token.revision if vault.token else None) != (old.revision if old else None):
                return False
            vault.token = replace(new, revision=(old.revision if old else 0) + 1)
            vault.history.append(vault.token)
            return True

    def lock(self, seconds: float) -> bool:
        """Claims the vault's one lock."""
        return self._vault.lease.acquire(blocking=False)

    def unlock(self) -> None:
        """Gives it back."""
        self._vault.lease.release()


@dataclass
class Vault:
    """What several ``MemoryStore`` share."""

    token: Token | None = None
    history: list[Token] = field(default_factory=list)
    broken_swaps: int = 0
    mutex: threading.Lock = field(default_factory=threading.Lock)
    lease: threading.Lock = field(default_factory=threading.Lock)

    def until_free(self, seconds: float) -> None:
        """Sleeps as long as somebody holds the lease, however long that takes on a busy machine."""
        if self.lease.acquire(timeout=20):
            self.lease.release()


HANG = b"<hang>"


def timeout_for(answer: bytes) -> float:
    """Seconds: short where silence is the point, else long enough for a busy machine."""
    return 0.4 if answer == HANG else 10.0


def streamed(status: int, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """A response whose body has yet to be read, as from a socket; httpx reads and unpacks ``content=`` by itself."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


@contextmanager
def raw_server(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A base address, and the requests it received; each connection gets the next answer byte for byte, then its end.

    The last answer is given for ever; ``HANG`` gives none until the server closes.
    """
    received: list[bytes] = []
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            request = _read_request(connection)
            received.append(request)
            reply = answers[min(len(received), len(answers)) - 1]
            if reply == HANG:
                closing.wait(10)
                return
            connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65536)
        if not part:
            return request
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
