"""Who is let into a stand-in of Microsoft's: one person through OAuth, and an application by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import parse_qs

from connectors.core.exchange import Reply, Request

LIFE = timedelta(seconds=3599)
"""How long an access token lives."""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application. ``refresh`` is the refresh token of the one person who logged in."""

    tenant: str = "acme.example"
    client_id: str = "9b2fb3a6-1e5f-4b8e-9a77-0c6f6f5d1c11"
    secret: str = "sandbox~secret~3141592653"  # noqa: S105 - the stand-in's own
    refresh: str = "0.ARwA-sandbox-refresh-1"


class _RefusalError(Exception):
    """The token endpoint refuses: (code, AADSTS number, description)."""


class Grants:
    """The token endpoint of an application's tenant and the tokens it gave out: to '' the application, to '/me' the
    person. Old refresh tokens stay good, as they do at Microsoft."""

    def __init__(self, now: Callable[[], datetime], application: Application) -> None:
        self.now, self.application = now, application
        self.refreshes = {application.refresh}
        self._given: dict[str, tuple[str, datetime]] = {}
        self._numbers = count(1)

    def holder(self, access: str) -> str | None:
        """'' for the application, '/me' for the person; None where the token is none, or no longer good."""
        who, until = self._given.get(access, ("", self.now()))
        return who if self.now() < until else None

    def revoke(self) -> None:
        """Makes every access token given out so far worthless."""
        self._given.clear()

    def give(self, request: Request) -> Reply:
        """An access token, or a refusal as Microsoft words it."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        try:
            who = self._granted(request.params.get("tenant", ""), form)
        except _RefusalError as refused:
            code, number, text = refused.args
            told = {"error": code, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}
            return Reply(401 if code == "invalid_client" else 400, told)
        number = next(self._numbers)
        access = f"eyJ0eXAi.sandbox-{number}"
        self._given[access] = (who, self.now() + LIFE)
        told = {"token_type": "Bearer", "expires_in": int(LIFE.total_seconds()), "access_token": access}
        if who:
            told["refresh_token"] = f"0.ARwA-sandbox-refresh-{number + 1}"
            self.refreshes.add(str(told["refresh_token"]))
        return Reply(200, told)

    def _granted(self, tenant: str, form: Mapping[str, str]) -> str:
        mine = self.application
        alone = form.get("grant_type") == "client_credentials"
        if tenant != mine.tenant and (alone or tenant not in ("organizations", "common")):
            raise _RefusalError("invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("client_id") != mine.client_id:
            raise _RefusalError("unauthorized_client", 700016, "Application was not found in the directory.")
        if form.get("client_secret") != mine.secret:
            raise _RefusalError("invalid_client", 7000215, "Invalid client secret provided.")
        if alone:
            if not form.get("scope", "").endswith("/.default"):
                raise _RefusalError("invalid_scope", 1002012, "The provided value for scope is not valid.")
            return ""
        if form.get("grant_type") != "refresh_token":
            raise _RefusalError("unsupported_grant_type", 70003, "The grant type is not supported.")
        if form.get("refresh_token") not in self.refreshes:
            raise _RefusalError("invalid_grant", 70000, "Provided grant is invalid or malformed.")
        return "/me"
