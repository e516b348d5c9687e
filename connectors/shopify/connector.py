"""Shopify: customers, orders with their refunds and payments, draft orders and abandoned checkouts, read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.core.auth import Auth, HeaderToken, plain
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.shopify import queries
from connectors.shopify.bodies import number
from connectors.shopify.graph import Graph
from connectors.shopify.hooks import ShopifyHooks
from connectors.shopify.reads import Reader
from mapping.contract import Account, Deletes
from mapping.errors import ConfigError, ContractError

HEADER, ALL_ORDERS = "X-Shopify-Access-Token", "read_all_orders"


class ShopifyConfig(BaseModel):
    """How a connection logs in to a shop, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: str = Field(description="The shop, as acme or acme.myshopify.com.")
    client_id: str = Field("", description="Client id of an app of your own, from the Dev Dashboard.")
    client_secret: SecretStr | None = Field(
        None, description="Client secret of that app: logs in where there is no access_token, and checks webhooks."
    )
    access_token: SecretStr | None = Field(
        None, description="Admin API access token of an app that was made in the shop's own admin."
    )
    page_size: int = Field(250, ge=1, le=250, description="Records asked for at a time at most; cost may allow fewer.")
    bulk_above: int | None = Field(
        2_000, ge=0, description="Records above which the first full read goes by a bulk operation; null for never."
    )
    all_orders: bool = Field(
        False,
        description="Whether the app has read_all_orders, so that an order that is no longer listed has been deleted.",
    )
    lookback_minutes: float = Field(10, ge=1, description="How late a change may show up and still be met.")
    version: str = Field("2026-10", pattern=r"^(\d{4}-\d{2}|unstable)$", description="Version of the API.")
    base_url: str = Field("", description="Address of the API, where it is not the shop's own.")

    @field_validator("shop")
    @classmethod
    def _handle(cls, given: str) -> str:
        """The shop's handle; its address in the admin and its myshopify.com name are understood too."""
        bare = re.sub(r"^https://(admin\.shopify\.com/store/)?", "", given.strip().lower()).rstrip("/")
        handle = bare.removesuffix(".myshopify.com")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", handle):
            raise ValueError("it must be the shop's name before .myshopify.com; its own domain will not do")
        return handle

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> ShopifyConfig:
        if self.access_token is None and not (self.client_id and self.client_secret):
            raise ValueError("either access_token, or client_id and client_secret must be given")
        return self


class AskedToken:
    """Shopify's own header around a token that the app asks for every day."""

    def __init__(self, asked: RefreshingToken) -> None:
        self._asked = asked

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {HEADER: self._asked.headers()["Authorization"].removeprefix("Bearer ")}

    def refresh(self) -> bool:
        """Asks for a new token."""
        return self._asked.refresh()


class ShopifyConnector:
    """One connection to a shop."""

    writes = None

    def __init__(self, config: ShopifyConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        base_url = config.base_url or f"https://{config.shop}.myshopify.com"
        secret = plain(config.client_secret).strip()
        self._graph = Graph(runtime, base_url, config.version, _auth(config, runtime, tokens, base_url, secret))
        self.hooks = ShopifyHooks(secret) if secret else None

    def check(self) -> Account:
        """The shop. Raises AuthError, ForbiddenError, and ConfigError where ``all_orders`` is more than the app may."""
        told = self._graph.ask(queries.SHOP).data
        shop, app = told.get("shop") or {}, told.get("currentAppInstallation") or {}
        if not number(shop.get("id")):
            raise ContractError("Shopify does not say which shop this is")
        scopes = {scope["handle"] for scope in app.get("accessScopes") or ()}
        if self._config.all_orders and ALL_ORDERS not in scopes:
            raise ConfigError(
                f"all_orders is set and the app lacks {ALL_ORDERS}: old orders would be taken for deleted"
            )
        return Account(number(shop["id"]), f"{shop.get('name')} ({shop.get('myshopifyDomain')})")

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        return [
            Stream(
                name=source.stream,
                rules=source.rules,
                read=reader.read,
                describe=reader.describe,
                window=reader.window,
                ids=reader.ids,
                get=reader.get,
                deletes=Deletes.SWEEP if self._config.all_orders and source.type == "Order" else source.deletes,
            )
            for source in queries.SOURCES
            for reader in [
                Reader(
                    self._graph,
                    source,
                    self._config.page_size,
                    self._config.bulk_above,
                    timedelta(minutes=self._config.lookback_minutes),
                )
            ]
        ]


def _auth(config: ShopifyConfig, runtime: Runtime, tokens: TokenStore, base_url: str, secret: str) -> Auth:
    if config.access_token:
        return HeaderToken(HEADER, plain(config.access_token).strip())
    app = App(config.client_id, f"{base_url}/admin/oauth/access_token", client_secret=secret, basic=False)
    return AskedToken(RefreshingToken(runtime, tokens, TokenEndpoint(runtime, app).client_credentials))


VENDOR = Vendor("shopify", "Shopify", ShopifyConfig, ShopifyConnector, streams=tuple(queries.BY_STREAM))
