"""WooCommerce's calls to us: whether they are the shop's, and which records they speak of.

"Webhooks" of the REST API reference and ``WC_Webhook``, read 2026-11-29.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from connectors.core.signatures import is_signed_base64
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError

_PING = re.compile(rb"webhook_id=\d{1,20}")


@dataclass(frozen=True, slots=True)
class ShopHooks:
    """Calls of webhooks that were set up with this secret."""

    secret: str = field(repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the body is signed with the secret.

        The ping that a shop sends when a webhook is saved bears no signature and names no record. It passes, since a
        webhook whose ping is refused is not switched on.
        """
        if not _PING.fullmatch(body) and not is_signed_base64(headers, "X-WC-Webhook-Signature", self.secret, body):
            raise AuthError("a call that the shop has not signed with the secret of the webhook")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The record that was created, changed or deleted; none for a ping or another topic.

        Raises ContractError for what is no call of a shop. Only the body is signed and not the header with the topic,
        so the record's own fields tell what it is. Of a deleted one there is but a number, which both streams look at.
        """
        if _PING.fullmatch(body):
            return []
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            raise ContractError("a webhook's body is not what WooCommerce sends")
        found = told.get("id")
        if not isinstance(found, int):
            return []
        only_a_number = set(told) == {"id"}
        streams = [("orders", "line_items"), ("customers", "is_paying_customer")]
        return [(name, Slice(), [RemoteId(str(found))]) for name, mark in streams if only_a_number or mark in told]
