"""Who is let into the stand-in: the bearer of the private app's token, or of one that the token endpoint gave out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import parse_qs

from connectors.core.exchange import Reply, Request

LIFE = timedelta(minutes=30)
"""How long an access token lives (OAuth guide: 1800 seconds)."""


class Login:
    """The tokens of one portal. ``app`` is (client id, client secret, refresh token) of a public app, if there is one;
    HubSpot does not rotate refresh tokens."""

    def __init__(self, now: Callable[[], datetime], token: str, app: tuple[str, str, str] | None) -> None:
        self._now = now
        self._token = token
        self._app = app
        self._given: dict[str, datetime] = {}
        self._numbers = count(1)

    def admits(self, request: Request) -> bool:
        """Whether the request bears a token that is good now."""
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and (bearer == self._token or self._given.get(bearer, self._now()) > self._now())

    def give(self, request: Request) -> Reply:
        """A new access token for a refresh token (``/oauth/v1/token``)."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "refresh_token":
            return _refusal("invalid_request", "unsupported grant type")
        if self._app is None or (form.get("client_id"), form.get("client_secret")) != self._app[:2]:
            return _refusal("invalid_client", "missing or invalid client secret")
        if form.get("refresh_token") != self._app[2]:
            return _refusal("invalid_grant", "missing or invalid refresh token")
        access = f"access-{next(self._numbers)}"
        self._given[access] = self._now() + LIFE
        body = {
            "token_type": "bearer",
            "refresh_token": self._app[2],
            "access_token": access,
            "expires_in": int(LIFE.total_seconds()),
        }
        return Reply(200, body)


def _refusal(code: str, message: str) -> Reply:
    return Reply(400, {"status": "BAD_REQUEST", "error": code, "error_description": message, "message": message})
