"""Vendure's Admin API (GraphQL): one question, the login, and what a refusal means.

"Auth" and "Error Handling" of Vendure's documentation, and the sources of @vendure/core 3.7.2, read 2026-11-29. Errors
come inside answers of 200, as ``errors`` with a code. A session that has ended and a permission that is missing have
the same one, FORBIDDEN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.auth import Auth
from connectors.core.http import Http
from connectors.core.protocols import Runtime, TokenStore
from connectors.core.sessions import Session
from connectors.core.vendor_clock import VendorClock
from mapping.errors import (
    AuthError,
    ConcordError,
    ConfigError,
    ContractError,
    ForbiddenError,
    TransientError,
    UnknownOutcomeError,
)

Json = Mapping[str, Any]

TOKEN_HEADER = "vendure-auth-token"  # noqa: S105 - the name of a header
LOGIN = """mutation ($username: String!, $password: String!) { login(username: $username, password: $password) {
 __typename ... on CurrentUser { id } ... on ErrorResult { errorCode } } }"""
WHO = "{ me { id } activeChannel { id code token } }"
MEANINGS: Mapping[str, type[ConcordError]] = {
    "FORBIDDEN": AuthError,
    "UNAUTHORIZED": AuthError,
    "CHANNEL_NOT_FOUND": ConfigError,
    "INTERNAL_SERVER_ERROR": TransientError,
}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An ``Auth`` by an API key (since 3.6)."""

    key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {"vendure-api-key": self.key.strip()}

    def refresh(self) -> bool:
        """False: another try would send the same key."""
        return False


class Api:
    """One shop's Admin API at ``url``. ``clock`` is the shop's."""

    def __init__(
        self,
        runtime: Runtime,
        tokens: TokenStore,
        url: str,
        *,
        username: str = "",
        password: str = "",
        api_key: str = "",
        channel: str = "",
    ) -> None:
        self.clock = VendorClock(runtime)
        self._url, self._username, self._password = url, username, password
        self._door = Http(runtime, url, classify=classify)
        session = (url, username, password)
        auth: Auth = ApiKey(api_key) if api_key else Session(runtime, tokens, self._log_in, session)
        headers = {"vendure-token": channel} if channel else {}
        self._http = Http(runtime, url, auth=auth, classify=classify, headers=headers)

    def ask(self, query: str, **variables: Any) -> Json:
        """The data that a question brings; none of them changes anything.

        Raises AuthError where the login is no good, ForbiddenError where it is and may not see what is asked for.
        """
        try:
            return self._asked(query, variables)
        except AuthError:
            if query == WHO:
                raise
            self._asked(WHO, {})
        raise ForbiddenError("the login is good, but its role may not read this: it lacks a permission of Vendure's")

    def who(self) -> Json:
        """The channel that is read."""
        found = self.ask(WHO)
        if not found.get("me") or not isinstance(found.get("activeChannel"), dict):
            raise ContractError("Vendure does not say which channel this is")
        return dict(found["activeChannel"])

    def _asked(self, query: str, variables: Json) -> Json:
        response = self._post(self._http, query, variables)
        self.clock.hear(response)
        return _data(response)

    def _log_in(self) -> str:
        told = {"username": self._username, "password": self._password}
        response = self._post(self._door, LOGIN, told)
        result = _data(response).get("login") or {}
        token = str(response.headers.get(TOKEN_HEADER, ""))
        if result.get("__typename") != "CurrentUser":
            raise AuthError(f"Vendure refused the login: {_code(result.get('errorCode'))}")
        if not token:
            raise ContractError("Vendure gave no token: its authOptions.tokenMethod must hold 'bearer'")
        return token

    def _post(self, http: Http, query: str, variables: Json) -> httpx.Response:
        try:
            told = {"query": query, "variables": variables}
            return http.request("POST", self._url, json=told, repeatable=True)
        except UnknownOutcomeError as lost:
            # A question is a POST, but reads only: nothing has to be looked for before it is asked again.
            problem = str(lost)
        raise TransientError(problem)


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer stands for, by the codes inside it, else by its status."""
    codes = list(_codes(response))
    usual = answers.classify(response)
    if not codes or response.status_code >= 500 or response.status_code == 429:
        return usual
    kind = next((MEANINGS[code] for code in codes if code in MEANINGS), ContractError)
    return kind(f"{answers.describe(response)}: {', '.join(dict.fromkeys(codes))}")


def _codes(response: httpx.Response) -> Iterable[str]:
    """The codes of the errors inside an answer; messages are not passed on: they may quote."""
    if b'"errors"' not in response.content:
        return
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return
    for error in (told.get("errors") if isinstance(told, dict) else None) or ():
        extensions = error.get("extensions") if isinstance(error, dict) else None
        # A failure of the database carries no code at all.
        yield _code((extensions or {}).get("code") or "INTERNAL_SERVER_ERROR")


def _code(told: Any) -> str:
    return told if isinstance(told, str) and told.replace("_", "").isalnum() and len(told) < 80 else "no code"


def _data(response: httpx.Response) -> Json:
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("data"), dict):
        raise ContractError(f"{answers.describe(response)} with something that is no answer of GraphQL's")
    return dict(told["data"])
