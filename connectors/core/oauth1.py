"""One-legged OAuth 1.0a (RFC 5849): requests that are signed with a consumer's key and secret, and carry no token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx

APART = timedelta(seconds=60)
"""How far a signature's time may be from the server's before it is taken for the reason of a refusal."""


@dataclass(slots=True)
class Signer:
    """Signs requests in their query, by HMAC-SHA256, with a time and a number that are used once.

    ``now`` is the server's present, as far as it is known: servers refuse what was signed too long before or after. As
    an ``Auth`` it adds no header, and asks for one more try where the refusal told that the clocks are apart.
    """

    now: Callable[[], datetime]
    key: str
    secret: str = field(repr=False)
    _signed: datetime | None = None

    def headers(self) -> Mapping[str, str]:
        """None: the login is in the address."""
        return {}

    def refresh(self) -> bool:
        """Whether the server's time is known to be another one than the last request was signed with."""
        return self._signed is not None and abs(self.now() - self._signed) > APART

    def __call__(self, method: str, url: httpx.URL) -> httpx.URL:
        """The address to send the request to."""
        self._signed = self.now()
        proof = {
            "oauth_consumer_key": self.key,
            "oauth_timestamp": str(int(self._signed.timestamp())),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA256",
        }
        asked = [*url.params.multi_items(), *proof.items()]
        place = str(url.copy_with(query=None))
        return url.copy_merge_params({**proof, "oauth_signature": signature(method, place, asked, self.secret)})


def signature(method: str, place: str, asked: Sequence[tuple[str, str]], secret: str, digest: str = "sha256") -> str:
    """The signature (3.4) of a request to an address without its query; ``asked`` are the parameters, decoded."""
    sorted_ = sorted((_coded(name), _coded(value)) for name, value in asked)
    normal = "&".join(f"{name}={value}" for name, value in sorted_)
    base = "&".join((method.upper(), _coded(place), _coded(normal)))
    return b64encode(hmac.new(f"{_coded(secret)}&".encode(), base.encode(), getattr(hashlib, digest)).digest()).decode()


def _coded(text: str) -> str:
    return quote(text, safe="-._~")
