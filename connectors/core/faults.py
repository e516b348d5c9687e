"""Faults on demand: what a stand-in's caller may ask to go wrong, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from connectors.core.exchange import Reply, Request

LOGIN_PAGE = "<!doctype html><html><title>Log in</title><body><form>Please log in</form></body></html>"


class FaultKind(StrEnum):
    """What goes wrong. Before the handler: ANSWER. After it has run: TRUNCATE, DROP. HANG waits, then goes on."""

    ANSWER = "answer"
    TRUNCATE = "truncate"
    DROP = "drop"
    HANG = "hang"


@dataclass(slots=True)
class Fault:
    """One fault in the queue: it strikes requests that match, ``times`` over, after letting ``skip`` of them pass."""

    kind: FaultKind
    times: int = 1
    skip: int = 0
    method: str = ""
    path: str = ""
    reply: Reply | None = None
    seconds: float = 0.0

    def strikes(self, request: Request) -> bool:
        """Whether this request is hit; counts itself down."""
        if self.times <= 0 or (self.method and self.method != request.method):
            return False
        if self.path and not re.search(self.path, request.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """A queue of faults. ``method`` and ``path`` (a regular expression) narrow whom one strikes, ``times`` how often,
    ``skip`` how many it lets pass first."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def next_for(self, request: Request) -> Fault | None:
        """The first fault that strikes the request, counted down; None when it is spared."""
        return next((each for each in self._queue if each.strikes(request)), None)

    def clear(self) -> None:
        """Nothing more goes wrong."""
        self._queue.clear()

    def fail(
        self,
        status: int = 500,
        *,
        body: Any = None,
        retry_after: float | str | None = None,
        times: int = 1,
        skip: int = 0,
        method: str = "",
        path: str = "",
    ) -> None:
        """Answers with an error before the handler runs, so that nothing is committed."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        what = {"message": HTTPStatus(status).phrase} if body is None else body
        self._add(FaultKind.ANSWER, times, skip, method, path, reply=Reply(status, what, headers))

    def answer(self, reply: Reply, *, times: int = 1, skip: int = 0, method: str = "", path: str = "") -> None:
        """Answers with this before the handler runs, for vendors whose refusals say more than a status."""
        self._add(FaultKind.ANSWER, times, skip, method, path, reply=reply)

    def login_page(self, *, times: int = 1, skip: int = 0, method: str = "", path: str = "") -> None:
        """Answers 200 with an HTML page where JSON was asked for."""
        self._add(FaultKind.ANSWER, times, skip, method, path, reply=Reply(200, LOGIN_PAGE))

    def truncate(self, *, times: int = 1, skip: int = 0, method: str = "", path: str = "") -> None:
        """Lets the handler run, then cuts the answer in the middle of its body."""
        self._add(FaultKind.TRUNCATE, times, skip, method, path)

    def drop_answer(self, *, times: int = 1, skip: int = 0, method: str = "", path: str = "") -> None:
        """Lets the handler run, then closes the connection without a word."""
        self._add(FaultKind.DROP, times, skip, method, path)

    def hang(self, seconds: float, *, times: int = 1, skip: int = 0, method: str = "", path: str = "") -> None:
        """Lets the handler run, and answers so much later (stopping the server ends the wait)."""
        self._add(FaultKind.HANG, times, skip, method, path, seconds=seconds)

    def _add(self, kind: FaultKind, times: int, skip: int, method: str, path: str, **more: Any) -> None:
        self._queue.append(Fault(kind, times, skip, method, path, **more))
