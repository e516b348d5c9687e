"""Logging in to Google: as one person through OAuth, or as many through a service account with domain-wide delegation.

"Using OAuth 2.0 to access Google APIs" and "Using OAuth 2.0 for server to server applications", read 2026-11-23.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

import httpx
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from connectors.core import answers, oauth
from connectors.core.auth import Auth
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, Token, TokenStore
from connectors.core.refreshing import Unkept
from mapping.contract import Account
from mapping.errors import AuthError, ConcordError, ConfigError, ForbiddenError

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
LIFE = timedelta(minutes=60)
"""How long a signed statement may be valid at most."""
KEYS_FAULT = ("jwt", "signature", "account not found", "service account")
"""Words of a refused statement that speak of the service account; all others speak of the person it asks for."""


Address = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+$")]


class GoogleConfig(BaseModel):
    """How a connection logs in to Google."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field("", description="OAuth client id, to read the data of one person.")
    client_secret: SecretStr | None = Field(None, description="OAuth client secret.")
    refresh_token: SecretStr | None = Field(None, description="OAuth refresh token of that person, got elsewhere.")
    service_account_key: SecretStr | None = Field(
        None, description="JSON key file of a service account with domain-wide delegation, to read for many people."
    )
    users: tuple[Address, ...] = Field((), description="Addresses of the people whom the service account reads for.")
    token_url: str = Field(TOKEN_URL, description="Address that gives access tokens to the OAuth client.")

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> GoogleConfig:
        person = bool(self.client_id and self.client_secret)
        company = bool(self.service_account_key and self.users)
        if person == company:
            raise ValueError("give either client_id and client_secret, or service_account_key and users")
        return self


class ServiceAccountKey(BaseModel):
    """What of the key file is used."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_email: str
    private_key: SecretStr
    private_key_id: str = ""
    token_uri: str = TOKEN_URL


class Login:
    """The ways in that a configuration gives, for one scope. ``users`` is [''] for the person of an OAuth client."""

    def __init__(self, config: GoogleConfig, runtime: Runtime, tokens: TokenStore, scope: str) -> None:
        self._config, self._runtime, self._tokens, self._scope = config, runtime, tokens, scope
        self._key = _key(config.service_account_key) if config.service_account_key else None
        self.users: tuple[str, ...] = config.users if self._key else ("",)

    def account(self, address: Callable[[str], str]) -> Account:
        """Who we are: the person, or the service account once one person's ``address`` could be asked for.

        Raises what the last question raised where none could: people leave, and the others are read all the same.
        """
        for user in self.users[:-1]:
            with suppress(ForbiddenError):
                return self._account(address(user))
        return self._account(address(self.users[-1]))

    def _account(self, address: str) -> Account:
        if self._key is None:
            return Account(address, address)
        return Account(self._key.client_email, f"{len(self.users)} people through {self._key.client_email}")

    def auth(self, user: str) -> Auth:
        """Proof for one of ``users``. It raises ForbiddenError where the service account may not speak for them."""
        if self._key is None:
            secret, refresh = self._config.client_secret, self._config.refresh_token
            app = App(
                client_id=self._config.client_id,
                client_secret=secret.get_secret_value() if secret else "",
                token_url=self._config.token_url,
                authorize_url=AUTHORIZE_URL,
                scopes=(self._scope,),
                basic=False,
                extra={"access_type": "offline", "prompt": "consent"},
            )
            renew = TokenEndpoint(self._runtime, app).refresh_given(refresh.get_secret_value() if refresh else "")
            return RefreshingToken(self._runtime, self._tokens, renew)
        key = self._key
        endpoint = TokenEndpoint(self._runtime, App("", key.token_uri, basic=False), classify=_refusal)

        def speak(old: Token | None) -> Token:
            return endpoint.bearer_assertion(statement(key, self._scope, user, self._runtime), old)

        return RefreshingToken(self._runtime, Unkept(), speak)


def statement(key: ServiceAccountKey, scope: str, user: str, runtime: Runtime) -> str:
    """Who asks for whom and for what, signed with the key (RS256, RFC 7515). Raises ConfigError for an unusable key."""
    now = runtime.now()
    head = {"alg": "RS256", "typ": "JWT", **({"kid": key.private_key_id} if key.private_key_id else {})}
    claims = {
        "iss": key.client_email,
        "sub": user,
        "scope": scope,
        "aud": key.token_uri,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
    }
    text = f"{_encoded(orjson.dumps(head))}.{_encoded(orjson.dumps(claims))}"
    return f"{text}.{_encoded(_private(key).sign(text.encode('ascii'), padding.PKCS1v15(), hashes.SHA256()))}"


@lru_cache(maxsize=4)
def _private(key: ServiceAccountKey) -> rsa.RSAPrivateKey:
    """The key of the file, kept: to read it takes a tenth of a second, and each of a company's people needs it."""
    try:
        private = load_pem_private_key(key.private_key.get_secret_value().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigError("the service account's key file holds no private key that can be read")
    return private


def _key(secret: SecretStr) -> ServiceAccountKey:
    try:
        return ServiceAccountKey.model_validate_json(secret.get_secret_value())
    except ValidationError:
        problem = "service_account_key is not the JSON key file of a service account"
    raise ConfigError(problem)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _refusal(response: httpx.Response) -> ConcordError | None:
    """As for every token endpoint, but that a person who cannot be spoken for costs only what is theirs.

    The code is ``invalid_grant`` for a bad key and for an unknown or suspended person alike; the description tells.
    """
    usual = oauth.refusal(response)
    if not isinstance(usual, AuthError):
        return usual
    body = _body(response)
    if body.get("error") == "invalid_grant" and not _speaks_of_the_key(str(body.get("error_description") or "")):
        return ForbiddenError(f"{answers.describe(response)}: the service account cannot read for this person")
    if body.get("error") == "unauthorized_client":
        advice = "allow its client id and the scope under domain-wide delegation in the Workspace admin console"
        return AuthError(f"{answers.describe(response)}: unauthorized_client; {advice}")
    return usual


def _speaks_of_the_key(description: str) -> bool:
    return any(word in description.lower() for word in KEYS_FAULT)


def _body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
