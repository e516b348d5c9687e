"""Logging in to Microsoft (Entra ID): as one person through OAuth, or as an application that reads for many.

"OAuth 2.0 authorization code flow", "client credentials flow" and "error codes" of the Microsoft identity platform,
read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.core import oauth
from connectors.core.auth import Auth
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, TokenStore
from connectors.core.refreshing import Unkept
from mapping.contract import Account
from mapping.errors import AuthError, ConcordError, ForbiddenError

SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})
"""Names that stand for any tenant: a person may log in by them, an application may not."""
ADVICE = {
    "7000215": "the client secret is wrong",
    "7000222": "the client secret has expired",
    "700016": "the tenant has no such application",
    "90002": "there is no such tenant",
    "900023": "there is no such tenant",
    "65001": "nobody has consented to the permissions",
    "50034": "there is no such person",
    "50057": "the person's account is disabled",
    "50076": "the person has to log in with a second factor",
    "50173": "the person's password has changed",
    "700082": "the refresh token has not been used for too long",
}
_CODE = re.compile(r"AADSTS(\d{5,7})")


class EntraConfig(BaseModel):
    """How a connection logs in to Microsoft."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = Field("organizations", min_length=1, description="Id or domain of the directory (tenant).")
    client_id: str = Field(min_length=1, description="Id of the registered application (client).")
    client_secret: SecretStr | None = Field(None, description="Secret of the application.")
    refresh_token: SecretStr | None = Field(None, description="OAuth refresh token of one person, got elsewhere.")
    users: tuple[str, ...] = Field(
        (), description="Addresses of the people whom the application reads for, by permissions of its own."
    )
    login_url: str = Field("https://login.microsoftonline.com", description="Address that gives access tokens.")

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> EntraConfig:
        if not self.users:
            return self
        if self.refresh_token or not self.client_secret:
            raise ValueError("users are read for by the application: it needs client_secret, and no refresh_token")
        if self.tenant.casefold() in SHARED_TENANTS:
            raise ValueError("users are read for by the application: name its tenant by id or domain")
        return self


class Login:
    """The way in that a configuration gives. ``scopes`` are asked of a person; what the application may do itself was
    granted to it beforehand and goes by ``resource``. ``users`` is [''] for the person.
    """

    def __init__(
        self, config: EntraConfig, runtime: Runtime, tokens: TokenStore, *, resource: str, scopes: tuple[str, ...]
    ) -> None:
        self._config = config
        self.users: tuple[str, ...] = config.users or ("",)
        place = f"{config.login_url}/{config.tenant}/oauth2/v2.0"
        app = App(
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value() if config.client_secret else "",
            token_url=f"{place}/token",
            authorize_url=f"{place}/authorize",
            scopes=(f"{resource}/.default",) if config.users else ("offline_access", *scopes),
            basic=False,
        )
        endpoint = TokenEndpoint(runtime, app, classify=_refusal)
        refresh = config.refresh_token.get_secret_value() if config.refresh_token else ""
        self.auth: Auth = (
            RefreshingToken(runtime, Unkept(), endpoint.client_credentials)
            if config.users
            else RefreshingToken(runtime, tokens, endpoint.refresh_given(refresh))
        )

    def account(self, person: Callable[[], Account], try_user: Callable[[str], object]) -> Account:
        """Who we are: the ``person``, or the application in its tenant once one of its users could be read.

        Raises what the last question raised where none could: people leave, and the others are read all the same.
        """
        config = self._config
        if not config.users:
            return person()
        named = Account(
            f"{config.tenant}/{config.client_id}".casefold(), f"{len(self.users)} people of {config.tenant}"
        )
        for user in self.users[:-1]:
            with suppress(ForbiddenError):
                try_user(user)
                return named
        try_user(self.users[-1])
        return named


def _refusal(response: httpx.Response) -> ConcordError | None:
    """As for every token endpoint, with the number of the refusal and what it means; descriptions name people."""
    usual = oauth.refusal(response)
    if usual is None or response.status_code == 429 or response.status_code >= 500:
        return usual
    found = _CODE.search(_description(response))
    if found is None:
        return usual
    meaning = f": {ADVICE[found[1]]}" if found[1] in ADVICE else ""
    kind = AuthError if meaning else type(usual)
    return kind(f"{usual} ({found[0]}{meaning})")


def _description(response: httpx.Response) -> str:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return ""
    return str(body.get("error_description") or "") if isinstance(body, dict) else ""
