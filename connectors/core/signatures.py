"""Whether a call to us bears the signature of the vendor that it says it is from."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(secret: str, message: bytes) -> str:
    """The HMAC-SHA256 of a message in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(headers: Mapping[str, str], name: str, secret: str, *messages: bytes, prefix: str = "") -> bool:
    """Whether the header of that name, in any case, holds the signature of one of the messages, behind ``prefix`` or
    bare. Takes as long for a wrong signature as for a right one. Without a secret nothing is signed.
    """
    bare = _given(headers, name).strip().lower().removeprefix(prefix).encode()
    right = [hmac.compare_digest(signature(secret, message).encode(), bare) for message in messages]
    return bool(secret) and any(right)


def is_signed_base64(headers: Mapping[str, str], name: str, secret: str, message: bytes) -> bool:
    """As ``is_signed``, for vendors that write the HMAC-SHA256 in base64 with padding, and nothing before it."""
    right = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest())
    return bool(secret) and hmac.compare_digest(right, _given(headers, name).strip().encode())


def holds(headers: Mapping[str, str], name: str, secret: str) -> bool:
    """Whether the header of that name, in any case, is the secret itself, where a vendor signs nothing."""
    return bool(secret) and hmac.compare_digest(secret.encode(), _given(headers, name).encode())


def _given(headers: Mapping[str, str], name: str) -> str:
    return next((value for each, value in headers.items() if each.lower() == name.lower()), "")
