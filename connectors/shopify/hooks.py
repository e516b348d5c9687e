"""Shopify's calls to us: whether they are Shopify's, and which records they speak of.

"Deliver webhooks through HTTPS" (read 2026-11-29): ``X-Shopify-Hmac-Sha256`` is the base64 HMAC-SHA256 of the raw body
under the app's client secret. The topic stands in a header, so what a call is about is told by its body: most carry the
global id of their record, refunds and transactions the number of their order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.core.signatures import is_signed_base64
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError

HEADER = "X-Shopify-Hmac-Sha256"
STREAMS = {
    "Customer": "customers",
    "Order": "orders",
    "DraftOrder": "draft_orders",
    "AbandonedCheckout": "abandoned_checkouts",
}
OF_AN_ORDER = frozenset({"Refund", "OrderTransaction", "Fulfillment"})
DELETED = ("orders", "draft_orders")
"""What ``orders/delete`` and ``draft_orders/delete`` may mean, which hold a number and nothing else."""
_GID = re.compile(r"gid://shopify/(\w+)/(\d+)(?:\?.*)?")

Target = tuple[str, Slice, Sequence[RemoteId]]


@dataclass(frozen=True, slots=True)
class ShopifyHooks:
    """Calls signed with the secret of one app."""

    secret: str = field(repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the body is signed with the app's secret."""
        if not is_signed_base64(headers, HEADER, self.secret, body):
            raise AuthError("a call that Shopify has not signed with the secret of our app")

    def targets(self, body: bytes) -> Sequence[Target]:
        """The record that the call is about; none for what is not read here. Raises ContractError for no JSON object.

        A deleted order or draft says only its number, so both are named: reading an id that is not there finds nothing.
        """
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            raise ContractError("a webhook's body is no JSON object")
        found = _GID.fullmatch(str(told.get("admin_graphql_api_id") or ""))
        if found and found[1] in STREAMS:
            return [_target(STREAMS[found[1]], found[2])]
        order = told.get("order_id")
        if order and (not found or found[1] in OF_AN_ORDER):
            return [_target("orders", order)]
        if found or "id" not in told:
            return []
        if "abandoned_checkout_url" in told:
            return [_target("abandoned_checkouts", told["id"])]
        return [_target(stream, told["id"]) for stream in DELETED] if set(told) == {"id"} else []


def _target(stream: str, number: Any) -> Target:
    if not str(number).isdigit():
        raise ContractError("a webhook names its record by something that is no number")
    return stream, Slice(), [RemoteId(str(number))]
