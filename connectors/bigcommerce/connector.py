"""BigCommerce: the orders and customers of one store."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.bigcommerce import mapping
from connectors.bigcommerce.api import Api, classify
from connectors.bigcommerce.reads import MOST, Customers, Orders
from connectors.core.http import Budget, Http, Limit
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.vendor_clock import VendorClock
from mapping.contract import Account, Deletes, RemoteId, Slice
from mapping.errors import AuthError, ContractError

STREAMS = {"order": "orders", "customer": "customers"}
ROOM = Limit(150, 30.0, "requests in 30 seconds", header="X-Rate-Limit-Requests-Left")
"""The least that a plan allows; each answer says how many are left."""


class BigCommerceConfig(BaseModel):
    """How a connection logs in to a BigCommerce store, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store_hash: str = Field(
        pattern=r"^\w{1,40}$", description="The store's hash: the word behind /stores/ in API path."
    )
    access_token: SecretStr = Field(description="Access token of an API account that may read orders and customers.")
    webhook_header: str = Field("X-Concord-Key", description="Header that the store's webhooks send the secret in.")
    webhook_secret: SecretStr | None = Field(None, description="Secret that the store's webhooks send in that header.")
    lookback_minutes: float = Field(5, ge=1, description="How late a change may show up and still be met.")
    page_size: int = Field(MOST, ge=1, le=MOST, description="Records asked for at a time.")
    base_url: str = Field("https://api.bigcommerce.com", description="Address of the API.")


@dataclass(frozen=True, slots=True)
class StoreHooks:
    """Calls of webhooks that were set up with a header of one's own, which is all the proof that the contract knows."""

    store: str
    header: str
    secret: str = field(repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the header holds the secret."""
        given = next((value for name, value in headers.items() if name.lower() == self.header.lower()), "")
        if not self.secret or not hmac.compare_digest(self.secret.encode(), given.encode()):
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


class BigCommerceConnector:
    """One connection to a store."""

    writes = None

    def __init__(self, config: BigCommerceConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        http = Http(
            runtime,
            f"{config.base_url.rstrip('/')}/stores/{config.store_hash}",
            auth=Token(config.access_token.get_secret_value().strip()),
            budget=Budget(ROOM),
            classify=classify,
        )
        self._api = Api(http, VendorClock(runtime))
        secret = config.webhook_secret
        self.hooks = StoreHooks(config.store_hash, config.webhook_header, secret.get_secret_value()) if secret else None

    def check(self) -> Account:
        """The store. Raises AuthError or ForbiddenError."""
        store = self._api.store()
        return Account(store.id, store.name)

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        read_by = (self._runtime, timedelta(minutes=self._config.lookback_minutes), self._config.page_size)
        orders, customers = Orders(self._api, *read_by), Customers(self._api, *read_by)
        return [
            Stream(
                name="customers",
                rules=mapping.CUSTOMERS,
                read=customers.read,
                describe=lambda: mapping.schema(mapping.CUSTOMER_FIELDS),
                ids=customers.ids,
                get=customers.get,
                deletes=Deletes.SWEEP,
            ),
            Stream(
                name="orders",
                rules=mapping.ORDERS,
                read=orders.read,
                describe=lambda: mapping.schema(mapping.ORDER_FIELDS),
                window=orders.window,
                ids=orders.ids,
                get=orders.get,
                deletes=Deletes.SWEEP,
            ),
        ]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that does not change, in BigCommerce's own header."""

    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {"X-Auth-Token": self.token}

    def refresh(self) -> bool:
        """False: another try would send the same token."""
        return False


VENDOR = Vendor(
    name="bigcommerce",
    title="BigCommerce",
    config=BigCommerceConfig,
    build=BigCommerceConnector,
    docs="docs/connectors/bigcommerce.md",
)
