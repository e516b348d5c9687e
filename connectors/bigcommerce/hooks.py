"""BigCommerce's calls to us: whether they are the store's, and which records they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from connectors.core.signatures import holds
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError

STREAMS = {"order": "orders", "customer": "customers"}


@dataclass(frozen=True, slots=True)
class StoreHooks:
    """Calls of webhooks that were set up with a header of one's own, which is all the proof that the contract knows."""

    store: str
    header: str
    secret: str = field(repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the header holds the secret."""
        if not holds(headers, self.header, self.secret):
            raise AuthError("a call that does not hold the secret of our webhooks")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The order or customer that something happened to; the customer whose address it was.

        Raises ContractError for what is no call of this store.
        """
        try:
            told = orjson.loads(body)
            scope, data, producer = str(told["scope"]).split("/"), told["data"], told["producer"]
            kind = scope[1] if scope[0] == "store" else ""
            number = (data.get("address") or {}).get("customer_id") or data.get("orderId") or data["id"]
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError):
            raise ContractError("a webhook's body is not what BigCommerce sends") from None
        if producer != f"stores/{self.store}":
            raise ContractError("a webhook of another store")
        return [(STREAMS[kind], Slice(), [RemoteId(str(number))])] if kind in STREAMS else []
