"""Medusa: customers, orders and draft orders, read over the Admin API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core import shops
from connectors.core.addresses import SafeAddress
from connectors.core.auth import one_login, plain
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.rounds import Beneath, Rounds
from connectors.medusa import mapping
from connectors.medusa.api import MOST, Api, Listing
from mapping.contract import Account
from mapping.errors import ContractError
from mapping.rules import EntityRules


class MedusaConfig(BaseModel):
    """How a connection logs in to a Medusa, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SafeAddress = Field(description="Address of the Medusa server.")
    email: str = Field("", description="E-mail address of an admin user.")
    password: SecretStr | None = Field(None, description="The user's password.")
    api_key: SecretStr | None = Field(None, description="Secret API key, in place of an address and a password.")
    page_size: int = Field(100, ge=1, le=MOST - 1, description="Records asked for at a time.")
    lookback_minutes: float = Field(5, ge=0, description="How far an increment looks back for what was committed late.")
    payment_check_minutes: float = Field(60, ge=0, description="Minutes between two looks for payments.")

    _one_login = one_login(("email", "password"), ("api_key",))


class MedusaConnector:
    """One connection to a shop. It is read from only."""

    writes = hooks = None

    def __init__(self, config: MedusaConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        login = {"email": config.email, "password": plain(config.password), "api_key": plain(config.api_key)}
        self._api = Api(runtime, tokens, config.url, **login)

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
        rounds = partial(Rounds, clock=self._api.clock, lookback=timedelta(minutes=self._config.lookback_minutes))
        return [
            _stream(customers, mapping.CUSTOMERS, rounds(customers.batches, mapping.customer)),
            _stream(orders, shops.ORDERS, rounds(orders.batches, mapping.order, beneath=paid)),
            _stream(drafts, shops.ORDERS, rounds(drafts.batches, mapping.draft)),
        ]


def _stream(listing: Listing, rules: tuple[EntityRules, ...], rounds: Rounds) -> Stream:
    ids = replace(listing, fields="id", size=MOST - 1)
    return rounds.stream(listing.name, rules, mapping.schema(listing.fields), ids.batches, listing.get)


VENDOR = Vendor("medusa", "Medusa", MedusaConfig, MedusaConnector, streams=("customers", "orders", "draft_orders"))
