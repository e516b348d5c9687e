"""OAuth 2: sending a person to log in, trading what comes back for tokens, and keeping those tokens alive.

RFC 6749 (grants), RFC 7636 (PKCE), RFC 9700 section 4.14 (rotating refresh tokens), read 2026-09.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import orjson

from connectors.core import answers
from connectors.core.http import Http, Retry, classify
from connectors.core.protocols import Runtime, Token
from connectors.core.refreshing import RefreshingToken
from mapping.errors import AuthError, ConcordError, ContractError, TransientError, UnknownOutcomeError

__all__ = ["App", "Authorization", "RefreshingToken", "TokenEndpoint", "authorization", "check_state"]

LOGIN_AGAIN = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "access_denied", "consent_required", "login_required"}
    | {"interaction_required", "bad_verification_code", "bad_refresh_token", "token_revoked", "token_expired"}
)
LATER = frozenset({"server_error", "temporarily_unavailable"})
NOT_KEPT = frozenset({"access_token", "refresh_token", "id_token"})
QUICK = Retry(attempts=3, patience=20.0)


@dataclass(frozen=True, slots=True)
class App:
    """The application as registered with the vendor.

    ``basic`` sends id and secret in the Authorization header (RFC 6749 section 2.3.1), otherwise in the form. ``extra``
    goes into the authorization address: vendors ask for such things as ``access_type=offline`` to give a refresh token.
    """

    client_id: str
    token_url: str
    authorize_url: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    basic: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Authorization:
    """Where to send a person, and what to remember until they come back: ``state`` and ``verifier`` are secrets."""

    url: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def authorization(app: App) -> Authorization:
    """A fresh authorization address with an unguessable state and a PKCE challenge (S256)."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
        **app.extra,
    }
    url = httpx.URL(app.authorize_url).copy_merge_params({name: value for name, value in asked.items() if value})
    return Authorization(str(url), state, verifier)


def check_state(expected: str, given: str) -> None:
    """Raises AuthError unless the person came back with the state they were sent with (RFC 6749 section 10.12)."""
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise AuthError("the login came back with a state that is not ours; begin again")


class TokenEndpoint:
    """The vendor's token endpoint. Every method raises AuthError where only a new login helps, else TransientError.

    A request whose answer is lost is a plain TransientError, never UnknownOutcomeError: callers take that for a write.
    """

    def __init__(
        self,
        runtime: Runtime,
        app: App,
        *,
        timeout: float = 30.0,
        classify: Callable[[httpx.Response], ConcordError | None] | None = None,
    ) -> None:
        self._runtime, self._app = runtime, app
        self._http = Http(
            runtime,
            app.token_url,
            classify=classify or refusal,
            timeout=timeout,
            retry=QUICK,
            largest=1_000_000,
            slowest=timeout,
        )

    def exchange(self, code: str, verifier: str) -> Token:
        """The first token, for the code that a person brought back and the verifier they were sent with."""
        form = {"code": code, "redirect_uri": self._app.redirect_uri, "code_verifier": verifier}
        return self._ask("authorization_code", form, None)

    def client_credentials(self, old: Token | None = None) -> Token:
        """A token for the application itself. Fits ``RefreshingToken`` as ``renew``."""
        return self._ask("client_credentials", {"scope": " ".join(self._app.scopes)}, old)

    def refresh(self, old: Token | None) -> Token:
        """The token after ``old``; keeps its refresh token where the vendor does not rotate it. Fits as ``renew``."""
        if old is None or not old.refresh:
            raise AuthError("there is no refresh token; log in again")
        return self._ask("refresh_token", {"refresh_token": old.refresh}, old)

    def refresh_given(self, refresh: str) -> Callable[[Token | None], Token]:
        """As ``refresh``, for an app whose refresh token may also stand in the configuration: it is used where no token
        is stored, and again where the stored one is refused, for then somebody has put a new one there.
        """

        def renew(old: Token | None) -> Token:
            if not refresh or (old is not None and old.refresh == refresh):
                return self.refresh(old)
            try:
                return self.refresh(old)
            except AuthError:
                return self.refresh(replace(old, refresh=refresh) if old else Token("", refresh))

        return renew

    def bearer_assertion(self, assertion: str, old: Token | None) -> Token:
        """A token for a signed statement of who asks for whom (RFC 7523 section 2.1)."""
        return self._ask("urn:ietf:params:oauth:grant-type:jwt-bearer", {"assertion": assertion}, old)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _ask(self, grant: str, form: Mapping[str, str], old: Token | None) -> Token:
        app, headers = self._app, {"Content-Type": "application/x-www-form-urlencoded"}
        fields = {"grant_type": grant, **{name: value for name, value in form.items() if value}}
        if app.client_secret and app.basic:
            pair = f"{quote_plus(app.client_id)}:{quote_plus(app.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
        else:
            named = {"client_id": app.client_id, "client_secret": app.client_secret}
            fields |= {name: value for name, value in named.items() if value}
        asked_at = self._runtime.now()
        try:
            response = self._http.request(
                "POST", app.token_url, content=urlencode(fields), headers={"Accept": "application/json", **headers}
            )
        except UnknownOutcomeError as error:
            lost = str(error)
        else:
            return _token(response, old, asked_at)
        raise TransientError(lost)


def _token(response: httpx.Response, old: Token | None, asked_at: datetime) -> Token:
    """The token in an answer. Its life counts from before the question, so it is never believed to last too long."""
    answer = _object(response)
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise ContractError(f"{answers.describe(response)} without an access token")
    said = {name: str(value) for name, value in answer.items() if isinstance(value, str | int | float)}
    seconds = _seconds(said.get("expires_in", ""))
    return Token(
        access=access,
        refresh=refresh if isinstance(refresh, str) and refresh else (old.refresh if old else ""),
        expires_at=asked_at + timedelta(seconds=seconds) if seconds else None,
        revision=old.revision + 1 if old else 1,
        extra={**(old.extra if old else {}), **{name: value for name, value in said.items() if name not in NOT_KEPT}},
    )


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise ContractError(f"{answers.describe(response)} with a body that is no JSON object")
    return body


def _seconds(text: str) -> int:
    """A lifetime as vendors write it: a number, or a number in a text; 0 when it is neither or none."""
    return int(float(text)) if re.fullmatch(r"\d{1,9}(\.\d+)?", text) else 0


def refusal(response: httpx.Response) -> ConcordError | None:
    """What a token endpoint's answer stands for; None where it is what was asked for.

    By the error code of RFC 6749 section 5.2, which some vendors send with status 200; else by the status. Only the
    code is quoted: descriptions name people.
    """
    if response.status_code == 429 or response.status_code >= 500:
        return classify(response)
    code = _error_code(response)
    if not code:
        return classify(response)
    problem = f"{answers.describe(response)}: {code}"
    if code in LOGIN_AGAIN:
        return AuthError(f"{problem}; log in again")
    return TransientError(problem) if code in LATER else ContractError(problem)


def _error_code(response: httpx.Response) -> str:
    try:
        code = _object(response).get("error")
    except ContractError:
        return ""
    if not code:
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[\w.-]{1,60}", code) else "an error without a code"
