"""What every request to the stand-in meets: logins, permissions, preferences, throttling, batches and error bodies."""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from connectors.core.entra_grants import Grants
from connectors.core.exchange import Handler, Reply, Request, Route
from connectors.core.sandbox import Exchange, SandboxServer

VERSION = "/v1.0"
CALLS = 20
WINDOW = timedelta(minutes=10)
_PREFERENCE = re.compile(r'([\w.]+)\s*=\s*"?([^",;]+)"?')
_DELTA = re.compile(r"/(microsoft\.graph\.)?delta(\(\))?$")


class RefusalError(Exception):
    """Graph refuses; becomes an error body."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}

    def reply(self) -> Reply:
        """As Graph writes it."""
        inner = {"date": "2026-05-04T08:00:00", "request-id": "7d9a1c2e-0000-4000-8000-000000000000"}
        error = {"code": self.code, "message": self.message, "innerError": inner}
        return Reply(self.status, {"error": error}, self.headers)


@dataclass(frozen=True)
class Asked:
    """A request as the handlers see it: whose data, and what the client prefers."""

    request: Request
    user: str
    preferences: Mapping[str, str] = field(default_factory=dict)

    @property
    def immutable(self) -> bool:
        """Whether ids are to be immutable ones."""
        return self.preferences.get("IdType") == "ImmutableId"

    def size(self, usual: int = 10, most: int = 1000) -> int:
        """How many records a page is to have."""
        told = self.request.first("$top") or self.preferences.get("odata.maxpagesize") or str(usual)
        if not told.isdigit() or not 0 < int(told) <= most:
            raise RefusalError(400, "ErrorInvalidUrlQuery", f"The value of $top is not within 1 and {most}.")
        return int(told)

    def selected(self, body: Mapping[str, Any], always: Sequence[str] = ()) -> dict[str, Any]:
        """What of a record is asked for, with its id and its annotations."""
        return select(body, self.request.first("$select"), always)


def select(body: Mapping[str, Any], selection: str, always: Sequence[str] = ()) -> dict[str, Any]:
    """What of a record is selected; everything where nothing is."""
    names = {*selection.split(","), "id", *always} if selection else body.keys()
    return {name: value for name, value in body.items() if name in names or name.startswith("@")}


def sealed(*told: Any) -> str:
    """A token that only the stand-in can read."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def opened(token: str) -> Sequence[Any]:
    """What a token of ours says. Raises RefusalError for one that is none."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise RefusalError(400, "ErrorInvalidSyncStateData", "The sync state data is corrupted or otherwise invalid.")
    return found


class GraphDoor(SandboxServer):
    """The server. ``permissions`` are those of the application and of the person alike; ``quota`` is how many requests
    are let through in ten minutes and for one mailbox.
    """

    def __init__(
        self,
        routes: Sequence[tuple[str, str, str, Callable[[Asked], Reply]]],
        grants: Grants,
        *,
        people: Callable[[], Sequence[str]],
        permissions: frozenset[str],
        quota: int | None = None,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.grants, self.permissions, self.quota, self._everybody = grants, permissions, quota, people
        self._spent: dict[str, deque[datetime]] = {}
        table = [
            Route("POST", "/{tenant}/oauth2/v2.0/token", grants.give),
            Route("POST", f"{VERSION}/$batch", self._batch),
        ]
        for method, permission, path, handler in routes:
            for root in (f"{VERSION}/me", f"{VERSION}/users/{{user}}"):
                table.append(Route(method, root + path, self._let_in(permission, handler)))
        missing = RefusalError(400, "BadRequest", "Resource not found for the segment.").reply()
        super().__init__(table, port=port, decorate=self._dated, not_found=missing, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server as the one person who logged in."""
        mine = self.grants.application
        return {
            "base_url": self.url,
            "login_url": self.url,
            "client_id": mine.client_id,
            "client_secret": mine.secret,
            "refresh_token": mine.refresh,
        }

    def _let_in(self, permission: str, handler: Callable[[Asked], Reply]) -> Handler:
        def handle(request: Request) -> Reply:
            try:
                user = self._user(request)
                if permission not in self.permissions:
                    raise RefusalError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
                self._charge(user)
                preferences = dict(_PREFERENCE.findall(request.headers.get("prefer", "")))
                return handler(Asked(request, user, preferences))
            except RefusalError as refused:
                return refused.reply()
            except (ValueError, KeyError, TypeError) as wrong:
                return RefusalError(400, "BadRequest", f"Bad request ({type(wrong).__name__}).").reply()

        return handle

    def _user(self, request: Request) -> str:
        who = self.grants.holder(request.headers.get("authorization", "").removeprefix("Bearer "))
        if who is None:
            raise RefusalError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        people = self._everybody()
        user = request.params.get("user", "")
        if not user and not who:
            raise RefusalError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        if who and user and user != people[0]:
            raise RefusalError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        if user and user not in people:
            raise RefusalError(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
        return user or people[0]

    def _charge(self, user: str) -> None:
        """Each call of a batch is charged by itself, as if it had been sent alone."""
        if self.quota is None:
            return
        now, spent = self.grants.now(), self._spent.setdefault(user, deque())
        while spent and spent[0] <= now - WINDOW:
            spent.popleft()
        if len(spent) >= self.quota:
            wait = int((spent[0] + WINDOW - now).total_seconds()) + 1
            message = "Application is over its MailboxConcurrency limit."
            raise RefusalError(429, "ApplicationThrottled", message, {"Retry-After": str(wait)})
        spent.append(now)

    def _batch(self, request: Request) -> Reply:
        calls = request.json()["requests"]
        if len(calls) > CALLS or len({each["id"] for each in calls}) < len(calls):
            return RefusalError(400, "BadRequest", f"A batch has {CALLS} calls at most, each with its own id.").reply()
        # They come back in any order; the last one first is one.
        return Reply(200, {"responses": [self._inner(request, each) for each in reversed(calls)]})

    def _inner(self, outer: Request, call: Mapping[str, Any]) -> dict[str, Any]:
        place = urlsplit(f"{VERSION}/{str(call['url']).lstrip('/')}")
        own = {name.lower(): value for name, value in (call.get("headers") or {}).items()}
        headers = {"authorization": outer.headers.get("authorization", ""), **own}
        body = json.dumps(call["body"]).encode() if "body" in call else b""
        inner = Request(call["method"], place.path, parse_qs(place.query, True), headers, body)
        template, reply = self._reply(inner, self.faults.next_for(inner))
        self._counts[inner.method, template] += 1
        self.exchanges.append(Exchange(inner, template, reply))
        told = {"Content-Type": "application/json", **reply.headers}
        return {"id": call["id"], "status": reply.status, "headers": told, "body": reply.body}

    def _dated(self, reply: Reply) -> Reply:
        return replace(reply, headers={"Date": format_datetime(self.grants.now(), usegmt=True), **reply.headers})


def link(request: Request, url: str, **tokens: str) -> str:
    """The address of the same listing with a token in place of its parameters."""
    (name, token), *_ = tokens.items()
    path = _DELTA.sub("/delta", unquote(request.path))
    return f"{url}{path}?${name}={token}"
