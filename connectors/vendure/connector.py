"""Vendure: customers and orders, read over the Admin API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from connectors.core import shops
from connectors.core.addresses import SafeAddress
from connectors.core.auth import one_login, plain
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.rounds import Beneath, Rounds
from connectors.vendure import mapping
from connectors.vendure.api import Api, Json
from connectors.vendure.reads import MOST, Listing
from mapping.contract import Account, Schema
from mapping.rules import EntityRules

CustomField = Annotated[str, StringConstraints(pattern=r"^[_A-Za-z][_0-9A-Za-z]*$")]


class VendureConfig(BaseModel):
    """How a connection logs in to a Vendure, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SafeAddress = Field(description="Address of the Admin API, such as https://HOST/admin-api.")
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

    _one_login = one_login(("username", "password"), ("api_key",))


class VendureConnector:
    """One connection to a channel of a shop. It is read from only."""

    writes = hooks = None

    def __init__(self, config: VendureConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        login = {"username": config.username, "password": plain(config.password), "api_key": plain(config.api_key)}
        self._api = Api(runtime, tokens, config.url, **login, channel=config.channel)

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
        rounds = partial(Rounds, clock=self._api.clock, lookback=timedelta(minutes=config.lookback_minutes))
        placed = rounds(orders.batches, mapping.order, beneath=late if config.refund_days else None)
        return [
            self._stream("customers", customers, mapping.CUSTOMERS, rounds(customers.batches, mapping.customer)),
            self._stream("orders", orders, shops.ORDERS, placed),
        ]

    def _stream(self, name: str, listing: Listing, rules: tuple[EntityRules, ...], rounds: Rounds) -> Stream:
        ids = replace(listing, fields=mapping.IDS, size=self._config.list_limit - 1, money=False)
        schema = Schema.read_only(*mapping.NAMES[name].split(), "customFields")
        return rounds.stream(name, rules, schema, ids.batches, listing.get)

    def _listing(self, kind: str, fields: str, custom: Sequence[str], *, money: bool = False) -> Listing:
        wanted = f"{fields} customFields {{ {' '.join(custom)} }}" if custom else fields
        size = min(self._config.page_size, self._config.list_limit - 1)  # one more is asked for
        return Listing(self._api, kind, wanted, size, money=money)

    def _late(self, orders: Listing, since: datetime) -> Iterator[Sequence[Json]]:
        """Orders of which a part changed since, placed so many days ago at most."""
        placed = self._api.clock.now() - timedelta(days=self._config.refund_days)
        return orders.beneath(since, placed, self._config.list_limit - 1)


VENDOR = Vendor("vendure", "Vendure", VendureConfig, VendureConnector, streams=("customers", "orders"))
