"""Stripe's calls to us: whether they are Stripe's, and which records they speak of.

"Resolve webhook signature verification errors" and "Receive Stripe events in your webhook endpoint", read 2026-11-29.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from connectors.core.signatures import signature
from connectors.stripe.sources import concerns
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError

TOLERANCE = 300.0
"""Seconds by which the time of a call may differ from ours; an older one may be another's copy of it."""


@dataclass(frozen=True, slots=True)
class EventHooks:
    """Calls signed with one of the ``secrets``: several, while an endpoint's secret is rolled. ``account`` is the
    connected account that is read; events of other accounts are let be."""

    secrets: tuple[str, ...] = field(repr=False)
    now: Callable[[], datetime]
    account: str = ""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless one of the header's v1 signatures is of the body, its time and one of the secrets,
        and the time is of the last five minutes."""
        given = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        parts = [part.strip().partition("=") for part in given.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        signatures = [value.strip().encode() for name, _, value in parts if name == "v1"]
        if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 13):
            raise AuthError("a call without the time of its signature")
        message = times[0].encode() + b"." + body
        right = [signature(secret, message).encode() for secret in self.secrets if secret]
        alike = [hmac.compare_digest(one, other) for one in right for other in signatures]
        if not any(alike):
            raise AuthError("a call that Stripe has not signed with a secret of our endpoint")
        if abs(self.now().timestamp() - int(times[0])) > TOLERANCE:
            raise AuthError("a call that was signed more than five minutes ago, or in the future")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The record that the event is about. Raises ContractError for what is no event; other kinds are let be."""
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ContractError("a webhook's body is no JSON") from None
        try:
            account, kind, told = str(event.get("account") or ""), str(event["type"]), event["data"]["object"]
            found = concerns(kind, told)
        except (KeyError, TypeError, AttributeError):
            raise ContractError("a webhook's body is not what Stripe sends") from None
        if found is None or account != self.account:
            return []
        stream, identity = found
        return [(stream, Slice(), [RemoteId(identity)])]
