"""WooCommerce: the orders and customers of one shop, by REST v3."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.core.addresses import SafeAddress
from connectors.core.auth import Basic, plain
from connectors.core.http import Budget, Http, Limit
from connectors.core.oauth1 import Signer
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import swept
from connectors.core.vendor_clock import VendorClock
from connectors.woocommerce import mapping
from connectors.woocommerce.api import Shop, classify
from connectors.woocommerce.hooks import ShopHooks
from connectors.woocommerce.reads import MOST, Customers, Orders
from mapping.contract import Account


class WooCommerceConfig(BaseModel):
    """How a connection logs in to a WooCommerce shop, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[SafeAddress, AfterValidator(lambda url: url.removesuffix("/wp-json"))] = Field(
        description="Address of the shop."
    )
    consumer_key: SecretStr = Field(description="Consumer key of a REST API key that may read (ck_…).")
    consumer_secret: SecretStr = Field(description="Consumer secret of that key (cs_…).")
    login: Literal["auto", "basic", "signed"] = Field(
        "auto", description="How to log in: auto signs on this machine only; signed helps where servers drop passwords."
    )
    webhook_secret: SecretStr | None = Field(None, description="Secret of the shop's webhooks that call us.")
    refund_dates: bool = Field(
        True, description="Whether to ask when refunds were made: a request for each such order."
    )
    customer_hours: float = Field(6, ge=0, description="Hours after which all customers are read anew; 0: every time.")
    lookback_minutes: float = Field(5, ge=1, description="How late a changed order may show up and still be met.")
    page_size: int = Field(MOST, ge=2, le=MOST, description="Records asked for at a time.")
    requests_per_minute: int = Field(240, ge=1, description="Requests sent in a minute at most.")


class WooCommerceConnector:
    """One connection to a shop."""

    writes = None

    def __init__(self, config: WooCommerceConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        key, secret = plain(config.consumer_key).strip(), plain(config.consumer_secret).strip()
        # WooCommerce takes a password over TLS only, and a signature over both.
        signs = config.login == "signed" or (config.login == "auto" and config.url.startswith("http:"))
        clock = VendorClock(runtime)
        signer = Signer(clock.now, key, secret) if signs else None
        http = Http(
            runtime,
            config.url,
            auth=signer or Basic(key, secret),
            sign=signer,
            budget=Budget(Limit(config.requests_per_minute, 60.0, "requests in a minute")),
            classify=partial(classify, clock),
            timeout=60.0,
        )
        self._shop = Shop(http, clock)
        self.hooks = ShopHooks(plain(config.webhook_secret)) if config.webhook_secret else None

    def check(self) -> Account:
        """The shop, by its address: a copy of it for trying things out has all its numbers, too.

        Raises AuthError or ForbiddenError, or ContractError where no WooCommerce answers.
        """
        self._shop.rows("/orders", {"status": "any", "per_page": 1, "_fields": "id"})
        here = self._config.url.partition("://")[2].lower().removeprefix("www.")
        return Account(here, here)

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        config = self._config
        lookback = timedelta(minutes=config.lookback_minutes)
        orders = Orders(self._shop, self._runtime, lookback, config.page_size, config.refund_dates)
        customers = Customers(self._shop, self._runtime, timedelta(hours=config.customer_hours), config.page_size)
        return [
            swept("customers", mapping.CUSTOMERS, mapping.CUSTOMER_FIELDS, customers),
            swept("orders", mapping.ORDERS, mapping.ORDER_FIELDS, orders, orders.window),
        ]


VENDOR = Vendor("woocommerce", "WooCommerce", WooCommerceConfig, WooCommerceConnector, streams=("customers", "orders"))
