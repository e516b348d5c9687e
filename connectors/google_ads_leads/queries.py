"""Google Ads by REST: one query, the rows it brings, and what a refusal means.

"REST interface" and "Understand API errors" of the Google Ads API, and the error enumerations of its client library
(google-ads 34.0.0, v26), read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.auth import Auth
from connectors.core.http import Http, Retry
from connectors.core.protocols import Runtime
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

PATIENT = Retry(attempts=6, first=1.0, longest=60.0, patience=150.0)
QUOTAS = frozenset({"RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED"}) | {
    f"EXCESSIVE_{term}_TERM_QUERY_RESOURCE_CONSUMPTION" for term in ("SHORT", "LONG")
}
ADVICE = {
    "DEVELOPER_TOKEN_NOT_APPROVED": "the developer token is for test accounts only: apply for basic access",
    "DEVELOPER_TOKEN_PROHIBITED": "the Google Cloud project is bound to another developer token",
    "USER_PERMISSION_DENIED": "the login has no access to customer_id; through a manager, name login_customer_id",
    "CUSTOMER_NOT_ENABLED": "the account is not active (any more)",
    "CUSTOMER_NOT_FOUND": "there is no account with this customer_id",
    "DEVELOPER_TOKEN_INVALID": "the developer token is wrong",
    "NOT_ADS_USER": "this Google login belongs to nobody in Google Ads",
    "UNSUPPORTED_VERSION": "this version of the API has been switched off: set version to a later one",
}
_CODE = re.compile(r"[A-Z0-9_]{1,80}")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


class Ads:
    """One account. Every method raises the errors of ``Http``; a lost answer is a TransientError."""

    def __init__(
        self,
        runtime: Runtime,
        base_url: str,
        auth: Auth,
        *,
        version: str,
        customer: str,
        manager: str,
        developer_token: str,
    ) -> None:
        headers = {"developer-token": developer_token.strip(), **({"login-customer-id": manager} if manager else {})}
        self._http = Http(runtime, base_url, auth=auth, classify=classify, headers=headers, retry=PATIENT)
        self._path = f"/{version}/customers/{customer}/googleAds:searchStream"

    def rows(self, query: str) -> Iterator[Json]:
        """The rows that a query brings, all in one answer, in the order that it asks for."""
        try:
            found = self._http.json("POST", self._path, json={"query": query}, repeatable=True)
        except UnknownOutcomeError as lost:
            # A query is a POST, but reads only: nothing has to be looked for before it is asked again.
            problem = str(lost)
        else:
            return _rows(found)
        raise TransientError(problem)


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer stands for, by the codes that Google Ads gives of its own, else by its status."""
    usual = answers.classify(response)
    if usual is None or response.status_code >= 500:
        return usual
    codes, seconds = _refusal(response)
    known = {code for _, code in codes}
    advice = "".join(f"; {ADVICE[code]}" for code in sorted(known & ADVICE.keys()))
    said = f"{answers.describe(response)}: {', '.join(sorted(known)) or 'no code'}{advice}"
    if response.status_code == 429 or known & QUOTAS:
        return RateLimitedError(said, retry_after=seconds)
    kinds = {kind for kind, _ in codes}
    if "authenticationError" in kinds:
        return AuthError(said)
    if "authorizationError" in kinds:
        return ForbiddenError(said)
    return type(usual)(said)


def _refusal(response: httpx.Response) -> tuple[list[tuple[str, str]], float | None]:
    """The codes of a refusal with their kinds, and the seconds to wait; messages are not passed on: they may quote."""
    try:
        told = orjson.loads(response.content)
        error = (told[0] if isinstance(told, list) else told)["error"]
        errors = [each for detail in error.get("details") or () for each in detail.get("errors") or ()]
        codes = [(kind, str(code)) for each in errors for kind, code in (each.get("errorCode") or {}).items()]
        delays = [str(_quota(each).get("retryDelay") or "") for each in errors]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError):
        return [], None
    seconds = [float(found[1]) for found in map(_SECONDS.fullmatch, delays) if found]
    return [(kind, code) for kind, code in codes if _CODE.fullmatch(code)], max(seconds, default=None)


def _quota(error: Json) -> Json:
    return (error.get("details") or {}).get("quotaErrorDetails") or {}


def _rows(found: Any) -> Iterator[Json]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ContractError("Google Ads answered a query with something that is no list of batches")
    return (row for batch in found for row in batch.get("results") or ())
