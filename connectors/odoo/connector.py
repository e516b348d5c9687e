"""Odoo: partners, orders, invoices, leads and meetings read, over JSON-2 or JSON-RPC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.core.http import Budget, Limit
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.odoo.api import Api
from connectors.odoo.reads import Reader
from connectors.odoo.sources import sources
from mapping.contract import Account, Deletes

STREAMS = tuple(each.stream for each in sources(supplier_bills=False))


def _address(value: str) -> str:
    place = urlsplit(value)
    more = place.path.strip("/") or place.query or place.fragment
    if place.scheme not in ("http", "https") or not place.hostname or more:
        raise ValueError("it must be http:// or https:// and the name of the server, with nothing after it")
    return value.rstrip("/")


def _of_a_stream(value: str) -> str:
    stream, _, name = value.partition(".")
    if stream not in STREAMS or not name.isidentifier():
        raise ValueError(f"it must be a stream and a field, such as partners.credit; streams are {', '.join(STREAMS)}")
    return value


class OdooConfig(BaseModel):
    """How a connection logs in to Odoo, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_address)] = Field(description="Address of the server, without a path.")
    database: str = Field("", description="Name of the database; not needed from 19 on where the server has only one.")
    user: str = Field("", description="Login of the user; not needed from 19 on, where the key says who it is.")
    api_key: SecretStr = Field(description="API key of the user; before 19 a password will do.")
    dialect: Literal["auto", "json2", "jsonrpc"] = Field(
        "auto", description="Which API to use: by the server's release, or one of the two."
    )
    supplier_bills: bool = Field(False, description="Whether bills from suppliers are read beside customers' invoices.")
    extra_fields: tuple[Annotated[str, AfterValidator(_of_a_stream)], ...] = Field(
        (), description="Computed fields to read beside the stored ones, as stream and field: partners.credit."
    )
    page_size: int = Field(200, ge=1, le=2_000, description="Records asked for at a time.")
    lookback_minutes: float = Field(
        10, ge=0, description="For how long a transaction may stay open in Odoo without its changes being missed."
    )
    requests_per_minute: int = Field(120, ge=1, description="Requests sent in a minute at most.")


class OdooConnector:
    """One connection to a database."""

    hooks = None
    writes = None

    def __init__(self, config: OdooConfig, runtime: Runtime) -> None:
        self._config, self._runtime = config, runtime

    @cached_property
    def _api(self) -> Api:
        config = self._config
        return Api(
            self._runtime,
            config.url,
            database=config.database,
            user=config.user,
            secret=config.api_key.get_secret_value(),
            dialect=config.dialect,
            budget=Budget(Limit(config.requests_per_minute, 60.0, "requests in a minute")),
        )

    def check(self) -> Account:
        """The database, once the login proved good. Raises AuthError, or ContractError where no Odoo answers.

        A copy of a database carries the same ids and even the same ``database.uuid``, so the account is the place.
        """
        self._api.login()
        place = urlsplit(self._config.url).netloc.rpartition("@")[2].lower()
        database = self._config.database
        name = f"{database or place} (Odoo {self._api.release()})"
        return Account(id=f"{database}@{place}", name=name)

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
                deletes=Deletes.SWEEP,
            )
            for source in sources(self._config.supplier_bills)
            for reader in [
                Reader(
                    self._api,
                    source,
                    self._extra(source.stream),
                    timedelta(minutes=self._config.lookback_minutes),
                    self._config.page_size,
                )
            ]
        ]

    def _extra(self, stream: str) -> tuple[str, ...]:
        given = (each.partition(".") for each in self._config.extra_fields)
        return tuple(name for of, _, name in given if of == stream)


def build(config: OdooConfig, runtime: Runtime, tokens: TokenStore) -> OdooConnector:
    """The connector of one connection."""
    return OdooConnector(config, runtime)


VENDOR = Vendor(
    name="odoo",
    title="Odoo",
    config=OdooConfig,
    build=build,
    streams=STREAMS,
)
