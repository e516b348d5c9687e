"""Vendure: customers and orders, read over the Admin API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from connectors.core import shops
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.rounds import Beneath, Rounds
from connectors.vendure import mapping
from connectors.vendure.api import Api, Json
from connectors.vendure.reads import MOST, Listing
from mapping.contract import Account, RawRecord
from mapping.rules import EntityRules

CustomField = Annotated[str, StringConstraints(pattern=r"^[_A-Za-z][_0-9A-Za-z]*$")]


class VendureConfig(BaseModel):
    """How a connection logs in to a Vendure, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Address of the Admin API, such as https://HOST/admin-api.",
    )
    username: str = Field("", description="Login name of an administrator that may read customers and orders.")
    password: SecretStr | None = Field(None, description="The administrator's password.")
    api_key: SecretStr | None = Field(None, description="API key, in place of a name and a password (since 3.6).")
    channel: str = Field("", description="Token of the channel to read; empty: the default channel.")
    page_size: int = Field(100, ge=1, le=MOST - 1, description="Records asked for at a time.")
    list_limit: int = Field(MOST, ge=2, description="The shop's adminListQueryLimit: records allowed in one list.")
    lookback_minutes: float = Field(5, ge=0, description="How far an increment looks back for what was committed late.")
    refund_days: int = Field(60, ge=0, description="Days after an order for which its refunds are looked for.")
    refund_check_minutes: float = Field(60, ge=0, description="Minutes between two looks for refunds.")
    customer_fields: tuple[CustomField, ...] = Field((), description="Custom fields of customers to read besides.")
    order_fields: tuple[CustomField, ...] = Field((), description="Custom fields of orders to read besides.")

    @model_validator(mode="after")
    def _one_login(self) -> VendureConfig:
        if bool(self.api_key) == bool(self.username and self.password):
            raise ValueError("give either username and password, or api_key")
        return self


class VendureConnector:
    """One connection to a channel of a shop. It is read from only."""

    writes = None
    hooks = None

    def __init__(self, config: VendureConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._api = Api(
            runtime,
            tokens,
            config.url.rstrip("/"),
            username=config.username,
            password=_secret(config.password),
            api_key=_secret(config.api_key),
            channel=config.channel,
        )

    def check(self) -> Account:
        """The channel, by its token: ids begin with 1 in every shop. Raises AuthError."""
        channel = self._api.who()
        return Account(f"{channel['id']}:{channel['token']}", str(channel.get("code") or ""))

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        config = self._config
        customers = self._listing("Customer", mapping.CUSTOMER, config.customer_fields)
        orders = self._listing("Order", mapping.ORDER, config.order_fields, money=True)
        late = Beneath(timedelta(minutes=config.refund_check_minutes), partial(self._late, orders))
        return [
            self._stream("customers", customers, mapping.CUSTOMERS, mapping.customer),
            self._stream("orders", orders, shops.ORDERS, mapping.order, late if config.refund_days else None),
        ]

    def _stream(
        self,
        name: str,
        listing: Listing,
        rules: tuple[EntityRules, ...],
        record: Callable[[Json], RawRecord],
        beneath: Beneath | None = None,
    ) -> Stream:
        lookback = timedelta(minutes=self._config.lookback_minutes)
        rounds = Rounds(listing.batches, record, self._api.clock, lookback, beneath)
        known = replace(listing, fields=mapping.IDS, size=self._config.list_limit - 1, money=False)
        return rounds.stream(name, rules, mapping.schema(name), known.batches, listing.get)

    def _listing(self, kind: str, fields: str, custom: Sequence[str], *, money: bool = False) -> Listing:
        wanted = f"{fields} customFields {{ {' '.join(custom)} }}" if custom else fields
        size = min(self._config.page_size, self._config.list_limit - 1)  # one more is asked for
        return Listing(self._api, kind, wanted, size, money=money)

    def _late(self, orders: Listing, since: datetime) -> Iterator[Sequence[Json]]:
        """Orders of which a part changed since, placed so many days ago at most."""
        placed = self._api.clock.now() - timedelta(days=self._config.refund_days)
        return orders.beneath(since, placed, self._config.list_limit - 1)


def _secret(given: SecretStr | None) -> str:
    return given.get_secret_value() if given else ""


VENDOR = Vendor(
    name="vendure",
    title="Vendure",
    config=VendureConfig,
    build=VendureConnector,
    docs="docs/connectors/vendure.md",
)
