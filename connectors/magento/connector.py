"""Magento, which is Adobe Commerce as well: customers, orders with their refunds, invoices and carts of a shop."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core.addresses import SafeAddress
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.magento.reads import Reader
from connectors.magento.search import LARGEST, Search
from connectors.magento.sources import SOURCES, Source
from mapping.contract import Account, Deletes


class MagentoConfig(BaseModel):
    """How a connection logs in to a shop, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: SafeAddress = Field(description="Address of the shop.")
    access_token: SecretStr = Field(description="Access token of an integration.")
    store: str = Field("default", pattern=r"^\w+$", description="Code of the store view whose API is asked.")
    lookback_seconds: int = Field(60, ge=0, description="How late a change may be stored and still be met.")
    page_size: int = Field(LARGEST, ge=1, le=LARGEST, description="Records asked for at a time.")


class MagentoConnector:
    """One connection to a shop."""

    writes = None
    hooks = None

    def __init__(self, config: MagentoConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        token = config.access_token.get_secret_value().strip()
        self._search = Search(runtime, config.base_url, token, config.store)

    def check(self) -> Account:
        """The shop, by the address of its first store view. Raises AuthError or ForbiddenError."""
        first = self._search.stores()[0]
        return Account(first.secure_base_url.rstrip("/"), first.code)

    def streams(self) -> Sequence[Stream]:
        """Customers, orders, invoices and carts."""
        return [self._stream(name, source) for name, source in SOURCES.items()]

    def _stream(self, name: str, source: Source) -> Stream:
        reader = Reader(self._search, source, self._runtime, self._config.page_size, self._config.lookback_seconds)
        return Stream(
            name=name,
            rules=source.rules,
            read=lambda slice_, cursor: reader.read(cursor),
            describe=source.schema,
            window=lambda slice_, start, end, cursor: reader.window(start, end, cursor),
            ids=lambda slice_: reader.ids(),
            get=lambda slice_, ids: reader.get(ids),
            deletes=Deletes.SWEEP,
        )


VENDOR = Vendor("magento", "Magento / Adobe Commerce", MagentoConfig, MagentoConnector, streams=tuple(SOURCES))
