"""Microsoft Graph for one mailbox: what its refusals mean, and many reads in one request.

"Error responses", "Throttling guidance" and "JSON batching" of Microsoft Graph, read 2026-11-23. Codes that those pages
do not list are quoted in issue trackers of mail tools, and are Exchange's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from connectors.core import answers
from connectors.core.auth import Auth
from connectors.core.batching import insist
from connectors.core.budget import Budget
from connectors.core.deltas import next_link
from connectors.core.http import Http, Params, Retry
from connectors.core.paging import by_link
from connectors.core.protocols import Runtime
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)

Json = Mapping[str, Any]

VERSION = "/v1.0"
CALLS = 20
"""Calls of one batch at most."""
PATIENT = Retry(attempts=6, first=1.0, longest=60.0, patience=300.0)
"""Limits of a mailbox count by ten minutes, and ``Retry-After`` says how much of it is left."""
EXPIRED = frozenset({"syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata"})
LATER = frozenset({"applicationthrottled", "activitylimitreached", "throttledrequest", "toomanyrequests"})
MOVING = frozenset({"mailboxinfostale", "errormailboxmoveinprogress", "errormailboxstoreunavailable"})
"""A mailbox that is being moved to another server is back in a while."""
NO_MAILBOX = frozenset(
    {"mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi", "errornonexistentmailbox", "errorinvaliduser"}
    | {"mailboxnotfound", "request_resourcenotfound", "resourcenotfound"}
)
_CODE = re.compile(r"[\w.]{1,60}")
_PERMISSIONS = (
    (re.compile(r"/(messages|mailFolders)\b"), "Mail.Read"),
    (re.compile(r"/(calendars?|calendarView|events)\b"), "Calendars.Read"),
    (re.compile(r"/me$"), "User.Read"),
)


class RefusedError(ContractError):
    """Graph calls the request itself wrong (400); of a listing that is resumed, it no longer knows the link."""


class Graph:
    """The data of one person: of ``user``, or for '' of whoever logged in. Every method raises the errors of ``Http``.

    All ids are immutable ones, which a move between folders does not change; all times are in UTC; bodies are text.
    """

    def __init__(
        self, runtime: Runtime, base_url: str, auth: Auth, *, user: str = "", page_size: int, budget: Budget
    ) -> None:
        self._runtime, self._auth, self._budget = runtime, auth, budget
        self._root = f"{VERSION}/users/{quote(user, safe='@')}" if user else f"{VERSION}/me"
        self.page_size = page_size
        wishes = ('IdType="ImmutableId"', 'outlook.timezone="UTC"', 'outlook.body-content-type="text"')
        self._prefer = {"Prefer": ", ".join((*wishes, f"odata.maxpagesize={page_size}"))}
        self._http = Http(
            runtime, base_url, budget=budget, auth=auth, classify=classify, headers=self._prefer, retry=PATIENT
        )

    def address(self, path: str, params: Params | None = None) -> str:
        """The absolute address of something of this person's."""
        return self._http.address(self._root + path, params)

    def get(self, address: str) -> Json:
        """The answer, a JSON object. Raises CursorExpiredError where the link of a listing is refused."""
        try:
            return _object(self._http.json("GET", address))
        except RefusedError:
            if "token=" not in address:
                raise
        raise CursorExpiredError("Graph no longer knows the place from which to read on")

    def pages(self, start: str) -> Iterator[tuple[Json, str]]:
        """The pages of a listing from an absolute address on, each with the address of the next, '' after the last."""
        for leaf in by_link(self.get, next_link, start):
            yield leaf.page, leaf.next or ""

    def many(self, calls: Sequence[tuple[str, Params]]) -> list[Json | None]:
        """The answers to many reads, in their order, by as few requests as can be; None for what is not there (404).

        Each call counts against the budget as if it had been sent alone, as Graph counts them.
        """
        found: list[Json | None] = []
        for at in range(0, len(calls), CALLS):
            waiting = dict(enumerate(self.address(path, params) for path, params in calls[at : at + CALLS]))
            answered = insist(waiting, self._send, classify, runtime=self._runtime, auth=self._auth, retry=PATIENT)
            for number in range(len(waiting)):
                response = answered[number]
                found.append(_object(orjson.loads(response.content)) if response is not None else None)
        return found

    def _send(self, waiting: Mapping[int, str]) -> Mapping[int, httpx.Response]:
        self._budget.take(self._runtime, "GET", self._root, len(waiting))
        origin = self._http.address(VERSION)
        calls = [
            {"id": str(number), "method": "GET", "url": address.removeprefix(origin), "headers": self._prefer}
            for number, address in waiting.items()
        ]
        try:
            body = self._http.json("POST", f"{VERSION}/$batch", json={"requests": calls}, repeatable=True)
        except UnknownOutcomeError as lost:
            # A batch is a POST, but of reads only: nothing has to be looked for before it is asked again.
            problem = str(lost)
        else:
            return dict(_answers(body, waiting))
        raise TransientError(problem)


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer of Graph stands for, by the most telling of its codes, else by its status."""
    usual = answers.classify(response)
    if usual is None:
        return None
    codes = _codes(response)
    said = f"{answers.describe(response)}: {', '.join(codes) or 'no code'}"
    known = {code.casefold() for code in codes}
    if known & EXPIRED or response.status_code == 410:
        return CursorExpiredError(said)
    if known & LATER or response.status_code == 429:
        return RateLimitedError(said)
    if known & MOVING or response.status_code >= 500:
        return TransientError(said)
    if known & NO_MAILBOX:
        return ForbiddenError(f"{said}; this person has no mailbox in the cloud (any more)")
    if response.status_code == 403:
        return ForbiddenError(f"{said}; {_advice(response.request.url.path)}")
    if response.status_code == 400:
        return RefusedError(said)
    return AuthError(said) if response.status_code == 401 else type(usual)(said)


def _advice(path: str) -> str:
    missing = next((name for pattern, name in _PERMISSIONS if pattern.search(path)), "for this")
    return f"the permission {missing} is missing, or an access policy keeps the application from this mailbox"


def _codes(response: httpx.Response) -> list[str]:
    """The codes of an error and of those inside it; messages are never passed on: they may quote what was sent."""
    try:
        error = orjson.loads(response.content)["error"]
        found: list[str] = []
        while isinstance(error, dict) and len(found) < 10:
            found.append(str(error.get("code") or ""))
            error = error.get("innerError") or error.get("innererror")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    return [code for code in dict.fromkeys(found) if _CODE.fullmatch(code)]


def _answers(body: Any, waiting: Mapping[int, str]) -> Iterator[tuple[int, httpx.Response]]:
    """The answers in a batch's, each as if it had come alone; they come in any order."""
    for each in _object(body).get("responses") or ():
        number = str(each.get("id"))
        if number.isdigit() and int(number) in waiting:
            wait = {name: value for name, value in (each.get("headers") or {}).items() if name.lower() == "retry-after"}
            content, request = orjson.dumps(each.get("body")), httpx.Request("GET", waiting[int(number)])
            yield int(number), httpx.Response(int(each["status"]), headers=wait, content=content, request=request)


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise ContractError("Graph answered with something that is no JSON object")
    return body
