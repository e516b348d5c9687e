"""Shopify's Admin GraphQL: one document and its answer, what it costs, and what a refusal means.

"GraphQL Admin API rate limits", "Shopify API response status and error codes" and the error bodies that Shopify's own
client libraries publish, read 2026-11-29.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.auth import Auth
from connectors.core.http import Http, Retry
from connectors.core.protocols import Runtime
from connectors.core.vendor_clock import VendorClock
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)

Json = Mapping[str, Any]

log = logging.getLogger(__name__)

DEAREST = 1_000.0
"""Points that one query may cost at most, on every plan (the same page)."""
PATIENT = Retry(attempts=6, first=1.0, longest=30.0, patience=150.0)
LONGEST_WAIT = 60.0
LATER = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
BY_STATUS: Mapping[int, tuple[type[ConcordError], str]] = {
    402: (ForbiddenError, "the shop is frozen until its bill is paid"),
    404: (AuthError, "there is no such shop, or this version of the API is no more"),
    423: (ForbiddenError, "the shop is locked"),
    430: (RateLimitedError, "Shopify takes the requests for harmful"),
}
_CODE = re.compile(r"\w{1,60}")
_SCOPE = re.compile(r"\b(?:read|write)_\w{1,60}")


class TooDearError(ContractError):
    """A query would cost more than any may; ``share`` of it is allowed."""

    def __init__(self, message: str, share: float) -> None:
        super().__init__(message)
        self.share = share


@dataclass(frozen=True, slots=True)
class Answer:
    """The data of an answer, and the points that were asked for it, 0 where Shopify does not say."""

    data: Json
    cost: float = 0.0


class Bucket:
    """The points that are left, as Shopify last said, filling up again at the rate that it says.

    A document is sent as soon as the bucket holds what it cost the last time, and not before.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._lock = runtime, Lock()
        self._left = self._most = self._rate = self._at = 0.0

    def take(self, cost: float) -> None:
        """Waits until there are so many points, and takes them. Raises RateLimitedError where that is too long."""
        with self._lock:
            if not self._rate:
                return
            now = self._runtime.monotonic()
            left = min(self._most, self._left + (now - self._at) * self._rate)
            seconds = max(0.0, min(cost, self._most) - left) / self._rate
            if seconds > LONGEST_WAIT:
                raise RateLimitedError("the points of this shop are used up", retry_after=seconds)
            self._left, self._at = left - cost, now
        if seconds:
            self._runtime.meter.waited(seconds, "budget")
            self._runtime.sleep(seconds)

    def learn(self, cost: Json) -> None:
        """Takes what ``extensions.cost`` says for true."""
        said = cost.get("throttleStatus") or {}
        try:
            left, most = float(said["currentlyAvailable"]), float(said["maximumAvailable"])
            rate = float(said["restoreRate"])
        except (KeyError, TypeError, ValueError):
            return
        with self._lock:
            self._left, self._most, self._rate, self._at = left, most, max(rate, 0.0), self._runtime.monotonic()


class Graph:
    """One shop's API. Every method raises the errors of ``Http``; a lost answer to a query is a TransientError."""

    def __init__(self, runtime: Runtime, base_url: str, version: str, auth: Auth) -> None:
        self.runtime, self.base_url, self.clock = runtime, base_url, VendorClock(runtime)
        self._path = f"/admin/api/{version}/graphql.json"
        self._http = Http(runtime, base_url, auth=auth, classify=self._meaning, retry=PATIENT)
        self._bucket = Bucket(runtime)
        self._costs: dict[tuple[str, Any], float] = {}
        self._withheld: set[str] = set()

    def ask(self, document: str, *, repeatable: bool = True, **variables: Any) -> Answer:
        """What a document brings. Fields that are withheld from the app are null in it, and are named in the log once.

        Raises ForbiddenError where nothing is left without them, TooDearError before anything was spent.
        """
        kind = (document, variables.get("first"))
        self._bucket.take(self._costs.get(kind, 0.0))
        body = {"query": document, "variables": variables}
        try:
            told = self._http.json("POST", self._path, json=body, repeatable=repeatable)
        except UnknownOutcomeError as lost:
            # What is asked for here changes nothing but which bulk operations run; the next run may begin another.
            problem = str(lost)
        else:
            return self._answered(kind, told)
        raise TransientError(problem)

    def _answered(self, kind: tuple[str, Any], told: Any) -> Answer:
        if not isinstance(told, dict) or not isinstance(told.get("data"), dict):
            raise ContractError("Shopify answered with neither data nor errors")
        for error in told.get("errors") or ():
            self._warn(error)
        cost = _cost(told)
        self._bucket.learn(cost)
        asked = cost.get("requestedQueryCost")
        self._costs[kind] = float(asked) if isinstance(asked, int | float) else 0.0
        return Answer(told["data"], self._costs[kind])

    def _warn(self, error: Json) -> None:
        field = ".".join(str(step) for step in error.get("path") or () if isinstance(step, str))
        if field not in self._withheld:
            self._withheld.add(field)
            log.warning("Shopify withholds %s from this app%s", field or "a field", _missing([error]))

    def _meaning(self, response: httpx.Response) -> ConcordError | None:
        self.clock.hear(response)
        usual = answers.classify(response)
        if usual is not None:
            kind, advice = BY_STATUS.get(response.status_code, (type(usual), ""))
            return kind(f"{usual}; {advice}" if advice else str(usual))
        return self._refusal(response) if b'"errors"' in response.content else None

    def _refusal(self, response: httpx.Response) -> ConcordError | None:
        """What the errors inside an answer with status 200 stand for; None where there is data all the same."""
        try:
            told = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None
        errors = _errors(told)
        if not errors:
            return None
        codes = {_code(error) for error in errors}
        said = f"{answers.name(response.request)}: {', '.join(sorted(codes))}"
        if "THROTTLED" in codes:
            self._bucket.learn(_cost(told))
            return RateLimitedError(said, retry_after=_wait(_cost(told)))
        if "MAX_COST_EXCEEDED" in codes:
            return TooDearError(said, _share(errors))
        if codes == {"ACCESS_DENIED"}:
            return None if told.get("data") else ForbiddenError(said + _missing(errors))
        return TransientError(said) if codes & LATER else ContractError(said)


def _errors(told: Any) -> Sequence[Json]:
    errors = told.get("errors") if isinstance(told, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else ()


def _code(error: Json) -> str:
    """The code of an error. Messages quote what was sent, so only scopes are taken out of them."""
    code = (error.get("extensions") or {}).get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "an error without a code"


def _missing(errors: Sequence[Json]) -> str:
    """The scopes that errors ask for; without one it is Shopify's leave to see personal data that is missing."""
    found = sorted({scope for error in errors for scope in _SCOPE.findall(str(error.get("message")))})
    return f"; the app lacks {', '.join(found)}" if found else "; the app may lack protected customer data access"


def _cost(told: Any) -> Json:
    extensions = told.get("extensions") if isinstance(told, dict) else None
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    return cost if isinstance(cost, dict) else {}


def _wait(cost: Json) -> float | None:
    """Seconds until the bucket holds what was asked for, None where Shopify does not say."""
    said = cost.get("throttleStatus") or {}
    try:
        return max(0.0, float(cost["requestedQueryCost"] - said["currentlyAvailable"]) / float(said["restoreRate"]))
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def _share(errors: Sequence[Json]) -> float:
    for error in errors:
        said = error.get("extensions") or {}
        if isinstance(said.get("cost"), int | float) and isinstance(said.get("maxCost"), int | float):
            return min(0.5, float(said["maxCost"]) / max(float(said["cost"]), 1.0))
    return 0.5
