"""Who is let into a stand-in of Google's: people with an OAuth client, and a service account that speaks for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.core.exchange import Reply, Request

LIFE = timedelta(seconds=3599)
"""How long an access token lives."""
AUDIENCE = "https://oauth2.googleapis.com/token"
SKEW = timedelta(minutes=5)


@dataclass
class ServiceAccount:
    """A service account of its own key pair, allowed ``scopes`` for everybody of the domain."""

    scopes: frozenset[str]
    email: str = "concord@sandbox-project.iam.gserviceaccount.com"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2048))

    def key_file(self, token_uri: str) -> str:
        """The JSON key file, as the console lets one download it."""
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = self.key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
        told = {
            "type": "service_account",
            "project_id": "sandbox-project",
            "private_key_id": "0123456789abcdef",
            "private_key": private,
            "client_email": self.email,
            "client_id": "100000000000000000001",
            "token_uri": token_uri,
        }
        return json.dumps(told)


class GrantError(Exception):
    """The token endpoint refuses: (code, description)."""


class Grants:
    """The token endpoint and the tokens it gave out. ``clients`` maps (client id, secret, refresh token) to a person;
    ``people`` are those whom the service account may speak for.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        scopes: frozenset[str],
        clients: Mapping[tuple[str, str, str], str],
        people: frozenset[str] = frozenset(),
        service_account: ServiceAccount | None = None,
    ) -> None:
        self.now, self._scopes, self.clients, self.people = now, scopes, dict(clients), set(people)
        self.service_account = service_account
        self._given: dict[str, tuple[str, frozenset[str], datetime]] = {}
        self._numbers = count(1)

    def first_client(self) -> tuple[str, str, str]:
        """Client id, secret and refresh token of the first person."""
        return next(iter(self.clients))

    def holder(self, access: str) -> tuple[str, frozenset[str]] | None:
        """Whose token it is and for which scopes; None when it is none, or has expired or been revoked."""
        user, scopes, until = self._given.get(access, ("", frozenset[str](), self.now()))
        return (user, scopes) if self.now() < until else None

    def revoke(self) -> None:
        """Makes every access token given out so far worthless."""
        self._given.clear()

    def give(self, request: Request) -> Reply:
        """An access token, or the refusal of RFC 6749 section 5.2."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        try:
            if form.get("grant_type") == "refresh_token":
                user, scopes = self._refreshed(form), self._scopes
            elif form.get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer":
                user, scopes = self._spoken_for(form.get("assertion", ""), request.headers.get("host", ""))
            else:
                raise GrantError("unsupported_grant_type", "Invalid grant_type")
        except GrantError as refused:
            code, description = refused.args
            status = 401 if code in ("invalid_client", "unauthorized_client") else 400
            return Reply(status, {"error": code, "error_description": description})
        access = f"ya29.sandbox-{next(self._numbers)}"
        self._given[access] = (user, scopes, self.now() + LIFE)
        told = {"access_token": access, "expires_in": int(LIFE.total_seconds()), "token_type": "Bearer"}
        return Reply(200, {**told, "scope": " ".join(sorted(scopes))})

    def _refreshed(self, form: Mapping[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) not in {each[:2] for each in self.clients}:
            raise GrantError("invalid_client", "The OAuth client was not found.")
        user = self.clients.get((form["client_id"], form["client_secret"], form.get("refresh_token", "")))
        if user is None:
            raise GrantError("invalid_grant", "Token has been expired or revoked.")
        return user

    def _spoken_for(self, assertion: str, host: str) -> tuple[str, frozenset[str]]:
        account = self.service_account
        if account is None:
            raise GrantError("invalid_grant", "Invalid grant: account not found")
        claims = self._claims(assertion, account)
        if claims.get("iss") != account.email:
            raise GrantError("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (AUDIENCE, f"http://{host}/token"):
            raise GrantError("invalid_grant", "Invalid JWT: Failed audience check.")
        begins, ends = (datetime.fromtimestamp(int(claims[name]), self.now().tzinfo) for name in ("iat", "exp"))
        if not begins - SKEW <= self.now() < ends or ends - begins > timedelta(hours=1):
            text = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise GrantError("invalid_grant", text)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or not scopes <= account.scopes:
            text = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for"
            raise GrantError("unauthorized_client", f"{text} any of the scopes requested.")
        if claims.get("sub") not in self.people:
            raise GrantError("invalid_grant", "Invalid email or User ID")
        return str(claims["sub"]), scopes

    def _claims(self, assertion: str, account: ServiceAccount) -> Mapping[str, Any]:
        try:
            signed, _, signature = assertion.rpartition(".")
            account.key.public_key().verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: Mapping[str, Any] = json.loads(_bytes(signed.partition(".")[2]))
        except (InvalidSignature, ValueError):
            raise GrantError("invalid_grant", "Invalid JWT Signature.") from None
        return claims


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
