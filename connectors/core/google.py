"""Google's APIs: what their refusals mean, reading with a partial answer, and many reads in one request.

Error bodies: "Resolve errors" (Gmail) and "Handle API errors" (Calendar); batches: "Batching requests" (Gmail); all
read 2026-11-23. Logging in is in google_login.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson

from connectors.core import answers, google_batch
from connectors.core.auth import Auth
from connectors.core.batching import insist
from connectors.core.budget import Budget
from connectors.core.http import Http, Params, Retry
from connectors.core.protocols import Runtime
from mapping.errors import (
    ConcordError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)

Json = Mapping[str, Any]

PATIENT = Retry(attempts=9, first=1.0, longest=32.0, patience=150.0)
"""Quotas count by the minute, and few refusals say how long to wait: together the waits outlast one, also where chance
makes each of them as short as it can be (63.5 seconds)."""
MOST_CALLS = 100
"""Calls in one batch (Gmail; Calendar allows more)."""
LATER = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "concurrentLimitExceeded", "RATE_LIMIT_EXCEEDED"})
MUCH_LATER = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
"""Reasons of a 403 or 429 that mean patience; all other 403 mean a permission."""
LONG_WAIT = 3600.0
ADVICE = {
    "insufficientPermissions": "the login lacks the scope for this",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "the login lacks the scope for this",
    "accessNotConfigured": "switch this API on in the Google Cloud project",
    "SERVICE_DISABLED": "switch this API on in the Google Cloud project",
    "domainPolicy": "the Workspace administrator has not allowed this app",
    "failedPrecondition": "this account does not have the service",
    "notACalendarUser": "this account does not have the service",
}
UNUSABLE = frozenset({"failedPrecondition"})  # 400 "Mail service not enabled": an account without a mailbox
_UNTIL = re.compile(r"[Rr]etry after (\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))")
_CODE = re.compile(r"\w{1,60}")


class RefusedError(ContractError):
    """Google calls the request itself wrong (400); of a listing that is resumed, it no longer knows the token."""


class Google:
    """One API as one user. Every method raises the errors of ``Http``; a lost answer is a TransientError."""

    def __init__(
        self, runtime: Runtime, base_url: str, auth: Auth, *, batch_path: str, budget: Budget | None = None
    ) -> None:
        self._runtime, self._auth, self._budget, self._batch_path = runtime, auth, budget or Budget(), batch_path
        self._http = Http(runtime, base_url, budget=budget, auth=auth, classify=self._classify, retry=PATIENT)

    def get(self, path: str, params: Params | None = None) -> Json:
        """The answer, a JSON object."""
        return _object(self._http.json("GET", path, params=params))

    def get_many(self, calls: Sequence[tuple[str, Params]]) -> list[Json | None]:
        """The answers to many reads, in their order, a hundred in a request; None for what is not there (404).

        Of calls that are refused for the moment only those are sent again; a refusal for good raises. Each call counts
        against the budget as if it had been sent alone, as Google counts them; all are taken for calls of one kind.
        """
        answered: list[httpx.Response | None] = []
        for at in range(0, len(calls), MOST_CALLS):
            answered += self._batch(calls[at : at + MOST_CALLS])
        return [_object(_parsed(response)) if response is not None else None for response in answered]

    def _batch(self, calls: Sequence[tuple[str, Params]]) -> list[httpx.Response | None]:
        waiting = dict(enumerate(self._target(path, params) for path, params in calls))
        found = insist(waiting, self._send, self._classify, runtime=self._runtime, auth=self._auth, retry=PATIENT)
        return [found[number] for number in range(len(calls))]

    def _target(self, path: str, params: Params) -> str:
        return httpx.URL(self._http.address(path, params)).raw_path.decode("ascii")

    def _send(self, waiting: Mapping[int, str]) -> Mapping[int, httpx.Response]:
        self._budget.take(self._runtime, "GET", next(iter(waiting.values())).partition("?")[0], len(waiting))
        kind, content = google_batch.encode(waiting)
        try:
            response = self._http.request(
                "POST", self._batch_path, content=content, headers={"Content-Type": kind}, repeatable=True
            )
        except UnknownOutcomeError as lost:
            # A batch is a POST, but of reads only: nothing has to be looked for before it is asked again.
            problem = str(lost)
        else:
            return google_batch.decode(response, waiting)
        raise TransientError(problem)

    def _classify(self, response: httpx.Response) -> ConcordError | None:
        usual = answers.classify(response)
        if usual is None or response.status_code >= 500:
            return usual
        reasons, message = _told(response)
        advice = next((f"; {ADVICE[reason]}" for reason in reasons if reason in ADVICE), "")
        said = f"{answers.describe(response)}: {', '.join(reasons) or 'no reason'}{advice}"
        if response.status_code == 429 or (response.status_code == 403 and {*reasons} & (LATER | MUCH_LATER)):
            return RateLimitedError(said, retry_after=self._wait(reasons, message))
        if response.status_code == 410:
            return CursorExpiredError(said)
        if response.status_code == 400:
            return ForbiddenError(said) if {*reasons} & UNUSABLE else RefusedError(said)
        return type(usual)(said)

    def _wait(self, reasons: Sequence[str], message: str) -> float | None:
        """Seconds to wait: Gmail writes the moment into its message, a day's quota comes back within the hour at best;
        otherwise a header may say it, or nothing does.
        """
        until = _UNTIL.search(message)
        if until:
            return max(0.0, (datetime.fromisoformat(until[1]) - self._runtime.now()).total_seconds())
        return LONG_WAIT if {*reasons} & MUCH_LATER else None


def need(found: Any, name: str) -> Any:
    """What stands under a name that is promised to be there. Raises ContractError where it is not."""
    if not isinstance(found, Mapping) or found.get(name) in (None, ""):
        raise ContractError(f"Google answered without {name}")
    return found[name]


def _told(response: httpx.Response) -> tuple[list[str], str]:
    """The reasons that an error body names, and its message, which is never passed on: it may quote what was sent."""
    try:
        error = orjson.loads(response.content)["error"]
        listed = [*(error.get("errors") or ()), *(error.get("details") or ())]
        reasons = dict.fromkeys(str(each.get("reason") or "") for each in listed)
        return [reason for reason in reasons if _CODE.fullmatch(reason)], str(error.get("message") or "")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return [], ""


def _parsed(response: httpx.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise ContractError(f"{answers.describe(response)} with a body that is no JSON") from None


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise ContractError("Google answered with something that is no JSON object")
    return body
