"""A loopback door in front of an IMAP server: passes everything on, unless something is to go wrong.

proxy.refuse("[LIMIT] too much")   # the next command never reaches the server
proxy.cut("FETCH")                 # the server answers a FETCH, half of it arrives, and the line is dead
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

COMMAND = re.compile(rb"(\S+) (?:UID )?([A-Z]+)", re.IGNORECASE)


@dataclass
class Mishap:
    """What is to go wrong with the next command that ``command`` matches, after ``skip`` of them. ``refusal`` is what
    is said in the server's place; without one, its answer is cut in half. ``before`` runs first."""

    command: str
    refusal: str = ""
    skip: int = 0
    before: Callable[[], None] = lambda: None


class Proxy:
    """The way to the server at ``target``, a port of this machine; ``port`` stands for it. ``commands`` tells what was
    asked. Use it with ``with``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._mishaps: list[Mishap] = []
        self._spared = False
        self.commands: list[str] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Frees the port and hangs up on everybody."""
        for each in (self._door, *self._open):
            _hang_up(each)

    def hang_up(self) -> None:
        """Ends the connections that are open now, as a server does with those that are idle for long."""
        for each in list(self._open):
            _hang_up(each)

    def refuse(self, words: str, command: str = "", skip: int = 0) -> None:
        """Has a command answered by ``NO`` and these words."""
        self._mishaps.append(Mishap(command, f"NO {words}", skip))

    def cut(self, command: str = "", skip: int = 0) -> None:
        """Cuts the answer to a command."""
        self._mishaps.append(Mishap(command, "", skip))

    def answer(self, command: str, words: str) -> None:
        """Has a command answered by these words, tag and all, where ``{tag}`` stands for its tag."""
        self._mishaps.append(Mishap(command, words))

    def before(self, command: str, act: Callable[[], None], skip: int = 0) -> None:
        """Runs something before a command is passed on."""
        self._mishaps.append(Mishap(command, "-", skip, act))

    @contextmanager
    def spared(self) -> Iterator[None]:
        """Inside, nothing goes wrong."""
        self._spared = True
        yield
        self._spared = False

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open |= {client, server}
                line = _Line(client, server)
                threading.Thread(target=self._ask, args=(line,), daemon=True).start()
                threading.Thread(target=self._tell, args=(line,), daemon=True).start()

    def _ask(self, line: _Line) -> None:
        with suppress(OSError), line.client.makefile("rb") as said:
            for text in said:
                found = COMMAND.match(text)
                mishap = self._next(found.group(2).decode().upper()) if found else None
                if mishap is not None:
                    mishap.before()
                if found is None or mishap is None or mishap.refusal == "-":
                    line.server.sendall(text)
                elif not mishap.refusal:
                    line.cut = True
                    line.server.sendall(text)
                else:
                    tag = found.group(1).decode()
                    words = mishap.refusal if "{tag}" in mishap.refusal else f"{{tag}} {mishap.refusal}\r\n"
                    line.client.sendall(words.format(tag=tag).encode())
        self._end(line)

    def _tell(self, line: _Line) -> None:
        with suppress(OSError):
            while told := line.server.recv(65_536):
                if line.cut:
                    line.client.sendall(told[: len(told) // 2])
                    break
                line.client.sendall(told)
        self._end(line)

    def _next(self, command: str) -> Mishap | None:
        self.commands.append(command)
        if self._spared:
            return None
        for each in self._mishaps:
            if re.search(each.command, command):
                if each.skip:
                    each.skip -= 1
                    continue
                self._mishaps.remove(each)
                return each
        return None

    def _end(self, line: _Line) -> None:
        for each in (line.client, line.server):
            self._open.discard(each)
            _hang_up(each)


@dataclass
class _Line:
    client: socket.socket
    server: socket.socket
    cut: bool = False


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
