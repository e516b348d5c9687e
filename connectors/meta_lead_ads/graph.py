"""Meta's Graph API: what its refusals mean, its usage headers heeded before it refuses, and its lists page by page.

"Handling Errors", "Rate Limits" and "Securing Graph API Requests" of Meta's documentation, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.budget import Budget
from connectors.core.http import Bearer, Http, Params
from connectors.core.paging import Leaf, by_cursor
from connectors.core.protocols import Runtime
from connectors.core.signatures import signature
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    TransientError,
)

Json = Mapping[str, Any]

LATER = frozenset({4, 17, 32, 341, 368, 613, *range(80_000, 80_015)})
LOGIN = frozenset({102, 190, 2500})
MISSING = frozenset({803})
MISSING_SUBCODE = 33  # of code 100: "does not exist, cannot be loaded due to missing permissions"
LONG_WAIT = 300.0
"""Seconds to stay away where Meta refuses without a time: each further call would count against the hour as well."""
EASY, FULL = 75.0, 95.0
"""Percent of an allowance from which on we slow down, and from which on we stop."""
ADVICE = {458: "the app was removed", 460: "the password was changed", 463: "the token has expired"}
_USAGE = ("x-app-usage", "x-page-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle")
_SHARES = ("call_count", "total_cputime", "total_time", "acc_id_util_pct", "app_id_util_pct")


class RefusedError(ContractError):
    """Meta calls the request itself wrong (code 100); of a listing that is resumed, it no longer knows the cursor."""


class TooMuchError(ContractError):
    """Meta asks for smaller pages (code 1); the same request would be refused again."""


class Usage(Budget):
    """How much of its hour's allowance an app, page or account has used, as Meta tells with its answers.

    Above three quarters the next request waits a little. Above nineteen twentieths, or where Meta says when access
    comes back, it raises RateLimitedError: a wait beyond a minute is never sat out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._closed_until = 0.0

    def take(self, runtime: Runtime, method: str, path: str, calls: int = 1) -> None:
        """Returns when the request may be sent. Raises RateLimitedError where that is long."""
        wait = self._closed_until - runtime.monotonic()
        if wait > 60.0:
            raise RateLimitedError("Meta's allowance is nearly used up", retry_after=wait)
        if wait > 0:
            runtime.meter.waited(wait, "Meta's allowance")
            runtime.sleep(wait)

    def heed(self, runtime: Runtime, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Learns from the usage headers of an answer."""
        share, regain = usage(headers)
        pause = regain
        if share >= FULL:
            pause = max(pause, LONG_WAIT)
        elif share >= EASY:
            pause = max(pause, (share - EASY) * 1.5)
        if pause:
            self._closed_until = max(self._closed_until, runtime.monotonic() + pause)


@dataclass(frozen=True, slots=True)
class Graph:
    """One token's view of the API; all of a connection's share one ``http``.

    ``proof`` is what an app may demand with each call, that it comes from the app, ready made.
    """

    http: Http
    version: str
    token: str = field(repr=False)
    proof: str | None = field(repr=False)

    def get(self, path: str, params: Params | None = None) -> Json:
        """The answer, a JSON object. Raises the errors of ``classify``."""
        asked: Params = {**(params or {}), "appsecret_proof": self.proof}
        headers = Bearer(self.token).headers()
        found = self.http.json("GET", f"/{self.version}/{path}", params=asked, headers=headers)
        if not isinstance(found, Mapping):
            raise ContractError("Meta's answer is no object")
        return found

    def pages(self, path: str, params: Mapping[str, Any], limit: int, after: str = "") -> Iterator[Leaf[Json, str]]:
        """The pages of an edge from a cursor on; ``rows`` reads one. Where Meta calls pages too large, smaller ones."""

        def fetch(cursor: str | None) -> Json:
            size = limit
            while True:
                try:
                    return self.get(path, {**params, "limit": size, "after": cursor})
                except TooMuchError:
                    if size == 1:
                        raise
                    size = max(1, size // 2)

        return by_cursor(fetch, _next, after or None)


def proof(token: str, secret: str) -> str | None:
    """What shows that a call with the token comes from the app whose secret it is; None without a secret."""
    return signature(secret.strip(), token.encode()) if secret else None


def rows(page: Json) -> Sequence[Json]:
    """The objects on a page. Raises ContractError where there is no list of objects."""
    found = page.get("data")
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ContractError("a page of Meta's has no list of objects")
    return found


def need(found: Json, name: str) -> str:
    """A text that must be there. Raises ContractError where it is not."""
    if not isinstance(found.get(name), str) or not found[name]:
        raise ContractError(f"Meta's answer lacks {name!r}")
    return str(found[name])


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer means, by the code in it: statuses hardly tell, and a refusal may even come as 200."""
    usual = answers.classify(response)
    if usual is None and not response.content.lstrip().startswith(b'{"error"'):
        return None
    error = _error(response)
    code = error.get("code")
    if not isinstance(code, int):
        return usual or TransientError(f"{answers.describe(response)} with an error in it")
    subcode = error.get("error_subcode")
    what = f"{answers.describe(response)}, code {code}" + (f" ({ADVICE[subcode]})" if subcode in ADVICE else "")
    message = str(error.get("message", ""))
    if code in LATER:
        return RateLimitedError(what, retry_after=usage(response.headers)[1] or LONG_WAIT)
    if code in LOGIN or "appsecret_proof" in message:
        return AuthError(what)
    if code in (3, 10) or 200 <= code < 300:
        return ForbiddenError(f"{what}: the token lacks a permission")
    if code in MISSING or (code == 100 and subcode == MISSING_SUBCODE):
        return GoneError(what)
    if code in (1, 2) or error.get("is_transient") is True:
        return TooMuchError(what) if "reduce the amount of data" in message else TransientError(what)
    return RefusedError(what) if code == 100 else usual if isinstance(usual, TransientError) else ContractError(what)


def usage(headers: Mapping[str, str]) -> tuple[float, float]:
    """The largest share of any allowance that is used (percent), and the seconds until access comes back (0: now)."""
    told = [_parsed(headers.get(name, "")) for name in _USAGE]
    for cases in _parsed(headers.get("x-business-use-case-usage", "")).values():
        told += [case for case in cases if isinstance(case, Mapping)] if isinstance(cases, list) else []
    share = max((_number(each.get(name)) for each in told for name in _SHARES), default=0.0)
    minutes = max((_number(each.get("estimated_time_to_regain_access")) for each in told), default=0.0)
    seconds = max((_number(each.get("reset_time_duration")) for each in told), default=0.0) if share >= FULL else 0.0
    return share, max(minutes * 60.0, seconds)


def _error(response: httpx.Response) -> Json:
    error = _parsed(response.content).get("error")
    return error if isinstance(error, Mapping) else {}


def _parsed(text: str | bytes) -> Json:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _next(page: Json) -> str | None:
    """The cursor of the next page; ``next`` says whether there is one, and is not followed: it carries the token."""
    paging = page.get("paging") or {}
    return (paging.get("cursors") or {}).get("after") if paging.get("next") else None
