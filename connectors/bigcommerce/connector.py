"""BigCommerce: the orders and customers of one store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.bigcommerce import mapping
from connectors.bigcommerce.api import Api, classify
from connectors.bigcommerce.hooks import StoreHooks
from connectors.bigcommerce.reads import MOST, Customers, Orders
from connectors.core.auth import HeaderToken, plain
from connectors.core.http import Budget, Http, Limit
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import swept
from connectors.core.vendor_clock import VendorClock
from mapping.contract import Account

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


class BigCommerceConnector:
    """One connection to a store."""

    writes = None

    def __init__(self, config: BigCommerceConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        http = Http(
            runtime,
            f"{config.base_url.rstrip('/')}/stores/{config.store_hash}",
            auth=HeaderToken("X-Auth-Token", plain(config.access_token).strip()),
            budget=Budget(ROOM),
            classify=classify,
        )
        self._api = Api(http, VendorClock(runtime))
        secret = plain(config.webhook_secret)
        self.hooks = StoreHooks(config.store_hash, config.webhook_header, secret) if config.webhook_secret else None

    def check(self) -> Account:
        """The store. Raises AuthError or ForbiddenError."""
        store = self._api.store()
        return Account(store.id, store.name)

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        read_by = (self._runtime, timedelta(minutes=self._config.lookback_minutes), self._config.page_size)
        orders, customers = Orders(self._api, *read_by), Customers(self._api, *read_by)
        return [
            swept("customers", mapping.CUSTOMERS, mapping.CUSTOMER_FIELDS, customers),
            swept("orders", mapping.ORDERS, mapping.ORDER_FIELDS, orders, orders.window),
        ]


VENDOR = Vendor("bigcommerce", "BigCommerce", BigCommerceConfig, BigCommerceConnector, streams=("customers", "orders"))
