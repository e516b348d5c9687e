"""Medusa: customers, orders and draft orders, read over the Admin API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.core import shops
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.rounds import Beneath, Rounds, Row
from connectors.medusa import mapping
from connectors.medusa.api import MOST, Api, Listing
from mapping.contract import Account, RawRecord
from mapping.errors import ContractError
from mapping.rules import EntityRules


class MedusaConfig(BaseModel):
    """How a connection logs in to a Medusa, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", description="Address of the Medusa server.")
    email: str = Field("", description="E-mail address of an admin user.")
    password: SecretStr | None = Field(None, description="The user's password.")
    api_key: SecretStr | None = Field(None, description="Secret API key, in place of an address and a password.")
    page_size: int = Field(100, ge=1, le=MOST - 1, description="Records asked for at a time.")
    lookback_minutes: float = Field(5, ge=0, description="How far an increment looks back for what was committed late.")
    payment_check_minutes: float = Field(60, ge=0, description="Minutes between two looks for payments.")

    @model_validator(mode="after")
    def _one_login(self) -> MedusaConfig:
        if bool(self.api_key) == bool(self.email and self.password):
            raise ValueError("give either email and password, or api_key")
        return self


class MedusaConnector:
    """One connection to a shop. It is read from only."""

    writes = None
    hooks = None

    def __init__(self, config: MedusaConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        login = {"email": config.email, "password": _secret(config.password), "api_key": _secret(config.api_key)}
        self._api = Api(runtime, tokens, config.url.rstrip("/"), **login)

    def check(self) -> Account:
        """The shop. Raises AuthError."""
        stores = self._api.get("/admin/stores", {"fields": "id,name", "limit": 1}).get("stores")
        if not isinstance(stores, list) or not stores or not stores[0].get("id"):
            raise ContractError("Medusa does not say which shop this is")
        return Account(str(stores[0]["id"]), str(stores[0].get("name") or ""))

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        size = self._config.page_size
        customers = Listing(self._api, "customers", mapping.CUSTOMER, size)
        orders = Listing(self._api, "orders", mapping.ORDER, size)
        drafts = Listing(self._api, "draft_orders", mapping.DRAFT, size, skipped=True)
        paid = Beneath(timedelta(minutes=self._config.payment_check_minutes), orders.paid_since)
        return [
            self._stream(customers, mapping.CUSTOMERS, mapping.customer),
            self._stream(orders, shops.ORDERS, mapping.order, paid),
            self._stream(drafts, shops.ORDERS, mapping.draft),
        ]

    def _stream(
        self,
        listing: Listing,
        rules: tuple[EntityRules, ...],
        record: Callable[[Row], RawRecord],
        beneath: Beneath | None = None,
    ) -> Stream:
        lookback = timedelta(minutes=self._config.lookback_minutes)
        rounds = Rounds(listing.batches, record, self._api.clock, lookback, beneath)
        known = replace(listing, fields="id", size=MOST - 1)
        return rounds.stream(listing.name, rules, mapping.schema(listing.name), known.batches, listing.get)


def _secret(given: SecretStr | None) -> str:
    return given.get_secret_value() if given else ""


VENDOR = Vendor(
    name="medusa",
    title="Medusa",
    config=MedusaConfig,
    build=MedusaConnector,
    docs="docs/connectors/medusa.md",
)
