"""What the stand-ins of Google's APIs share: who is let in, error bodies, partial answers, batches and quotas.

Error bodies, batches and partial answers follow Google's guides as read on 2026-11-23; both grants of the token
endpoint follow "Using OAuth 2.0 to access Google APIs" and "… for server to server applications".
"""

from __future__ import annotations

import json
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from connectors.core import google_fields
from connectors.core.exchange import Handler, Reply, Request, Route
from connectors.core.google_grants import Grants
from connectors.core.sandbox import Exchange, SandboxServer

NO_LOGIN = "Request had invalid authentication credentials."
_PART = re.compile(rb"\r?\n")
_TARGET = re.compile(rb"\s*([A-Z]+) (\S+)(?: HTTP/[\d.]+)?\r?\n")


class RefusalError(Exception):
    """The API refuses; becomes an error body."""

    def __init__(self, status: int, reason: str, message: str, location: str = "") -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.location = status, reason, message, location

    def reply(self) -> Reply:
        """As Google writes it."""
        detail = {"message": self.message, "domain": _domain(self.reason), "reason": self.reason}
        if self.location:
            detail |= {"location": self.location, "locationType": "header" if self.status == 401 else "parameter"}
        return Reply(self.status, {"error": {"code": self.status, "message": self.message, "errors": [detail]}})


def _domain(reason: str) -> str:
    limits = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")
    return {"fullSyncRequired": "calendar"}.get(reason, "usageLimits" if reason in limits else "global")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes of a user's quota in a minute."""

    at: datetime
    units: int


class GoogleSandbox(SandboxServer):
    """The server. ``quota`` is what a user may spend in a minute, ``costs`` what a method takes of it, by a part of its
    path; ``scopes`` are those of which a token must have one.
    """

    def __init__(
        self,
        routes: Sequence[tuple[str, str, Callable[[Request, str], Reply]]],
        grants: Grants,
        *,
        batch_path: str,
        scopes: Sequence[str],
        costs: Sequence[tuple[str, int]] = (),
        quota: int | None = None,
        most_calls: int = 100,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.grants, self.quota = grants, quota
        self._scopes, self._costs, self._most_calls = frozenset(scopes), costs, most_calls
        self._spent: dict[str, deque[Cost]] = {}
        table = [Route(method, template, self._as_user(handler)) for method, template, handler in routes]
        table += [Route("POST", path, self._batch) for path in {"/batch", batch_path}]
        table.append(Route("POST", "/token", grants.give))
        super().__init__(table, port=port, decorate=self._dated, not_found=_missing(), keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server as the first person there is."""
        client, secret, refresh = self.grants.first_client()
        return {
            "base_url": self.url,
            "token_url": f"{self.url}/token",
            "client_id": client,
            "client_secret": secret,
            "refresh_token": refresh,
        }

    def _as_user(self, handler: Callable[[Request, str], Reply]) -> Handler:
        def handle(request: Request) -> Reply:
            try:
                user = self._admitted(request)
                self._charge(user, request)
                reply = handler(request, user)
                wanted = request.first("fields")
                return replace(reply, body=google_fields.part(reply.body, wanted)) if wanted else reply
            except RefusalError as refused:
                return refused.reply()
            except (ValueError, KeyError, TypeError) as wrong:
                return RefusalError(400, "badRequest", f"Bad Request ({type(wrong).__name__})").reply()

        return handle

    def _admitted(self, request: Request) -> str:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        held = self.grants.holder(bearer)
        if held is None:
            raise RefusalError(401, "authError", NO_LOGIN, "Authorization")
        user, scopes = held
        if not self._scopes & scopes:
            message = "Request had insufficient authentication scopes."
            raise RefusalError(403, "insufficientPermissions", message)
        return user

    def _charge(self, user: str, request: Request) -> None:
        """Each call of a batch is charged by itself, as if it had been sent alone."""
        if self.quota is None:
            return
        now, spent = self.grants.now(), self._spent.setdefault(user, deque())
        while spent and spent[0].at <= now - timedelta(minutes=1):
            spent.popleft()
        units = next((units for part, units in self._costs if re.search(part, request.path)), 1)
        if sum(each.units for each in spent) + units > self.quota:
            limit = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'"
            raise RefusalError(403, "rateLimitExceeded", limit)
        spent.append(Cost(now, units))

    def _batch(self, request: Request) -> Reply:
        kind = request.headers.get("content-type", "")
        boundary = re.search(r'boundary="?([^";]+)', kind)
        if not kind.startswith("multipart/mixed") or boundary is None:
            return RefusalError(400, "badRequest", "Missing end boundary in multipart body.").reply()
        parts = request.body.split(b"--" + boundary[1].encode())[1:-1]
        if len(parts) > self._most_calls:
            message = f"The batch request exceeds the {self._most_calls} calls allowed."
            return RefusalError(400, "badRequest", message).reply()
        border = f"batch_{secrets.token_hex(8)}"
        answers = [self._inner(request, part, border) for part in parts]
        headers = {"Content-Type": f"multipart/mixed; boundary={border}"}
        return Reply(200, b"".join([*answers, f"--{border}--".encode()]), headers)

    def _inner(self, outer: Request, part: bytes, border: str) -> bytes:
        head, _, call = part.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
        named = {name.strip().lower(): value.strip() for name, value in _headers(head)}
        target = _TARGET.match(call)
        if target is None:
            reply = RefusalError(400, "badRequest", "Failed to parse batch request").reply()
        else:
            own, _, body = call[target.end() :].partition(b"\n\n")
            inherited = {name: value for name, value in outer.headers.items() if not name.startswith("content-")}
            place = urlsplit(target[2].decode())
            headers = {**inherited, **{name.strip().lower(): value.strip() for name, value in _headers(own)}}
            inner = Request(target[1].decode(), place.path, parse_qs(place.query, True), headers, body)
            template, reply = self._reply(inner, self.faults.next_for(inner))
            self._counts[inner.method, template] += 1
            self.exchanges.append(Exchange(inner, template, reply))
        identity = f"<response-{named.get('content-id', '').strip('<>')}>"
        text = json.dumps(reply.body, indent=2, ensure_ascii=False).encode() if reply.body is not None else b""
        lines = [
            f"--{border}",
            "Content-Type: application/http",
            f"Content-ID: {identity}",
            "",
            f"HTTP/1.1 {reply.status} {'OK' if reply.status < 300 else 'Error'}",
            "Content-Type: application/json; charset=UTF-8",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
            f"Content-Length: {len(text)}",
            "",
            "",
        ]
        return "\r\n".join(lines).encode() + text + b"\r\n"

    def _dated(self, reply: Reply) -> Reply:
        return replace(reply, headers={"Date": format_datetime(self.grants.now(), usegmt=True), **reply.headers})


def _headers(lines: bytes) -> list[tuple[str, str]]:
    split = (line.partition(":") for line in lines.decode("latin-1").splitlines())
    return [(name, value) for name, mark, value in split if mark]


def _missing() -> Reply:
    return RefusalError(404, "notFound", "Requested entity was not found.").reply()
