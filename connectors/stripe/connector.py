"""Stripe: customers, payments, invoices and subscriptions of an account, or of one that is connected to it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.stripe.api import Api
from connectors.stripe.hooks import EventHooks
from connectors.stripe.reads import Reader
from connectors.stripe.sources import SOURCES, Source
from mapping.contract import Account, Deletes
from mapping.errors import AuthError


class StripeConfig(BaseModel):
    """How a connection logs in to Stripe, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = Field(description="Restricted or secret key, of live or of test mode.")
    account: str = Field("", pattern=r"^(acct_\w+)?$", description="Connected account to read instead of your own.")
    webhook_secrets: tuple[SecretStr, ...] = Field((), description="Signing secrets of the webhook endpoint.")
    lookback_seconds: int = Field(60, ge=0, description="How late an event may show up and still be met.")
    kept_days: int = Field(30, ge=1, description="How many days Stripe keeps events.")
    page_size: int = Field(100, ge=1, le=100, description="Objects asked for at a time.")
    base_url: str = Field("https://api.stripe.com", description="Address of the API.")


class StripeConnector:
    """One connection: an account in the mode of the key."""

    writes = None

    def __init__(self, config: StripeConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._api = Api(runtime, config.base_url, config.api_key.get_secret_value().strip(), config.account)
        secrets = tuple(one.get_secret_value().strip() for one in config.webhook_secrets)
        self.hooks = EventHooks(secrets, runtime.now, config.account) if secrets else None

    def check(self) -> Account:
        """The account that is read. Raises AuthError or ForbiddenError."""
        found = self._api.one("account")
        if found is None:
            raise AuthError("the account is no longer there")
        profile, settings = found.get("business_profile") or {}, found.get("settings") or {}
        shown = (settings.get("dashboard") or {}).get("display_name")
        return Account(str(found["id"]), str(profile.get("name") or shown or ""))

    def streams(self) -> Sequence[Stream]:
        """Customers, charges, invoices and subscriptions."""
        return [self._stream(name, source) for name, source in SOURCES.items()]

    def _stream(self, name: str, source: Source) -> Stream:
        config = self._config
        reader = Reader(self._api, source, self._runtime, config.page_size, config.lookback_seconds, config.kept_days)
        return Stream(
            name=name,
            rules=source.rules,
            read=lambda slice_, cursor: reader.read(cursor),
            describe=source.schema,
            window=lambda slice_, start, end, cursor: reader.window(start, end, cursor),
            get=lambda slice_, ids: reader.get(ids),
            deletes=Deletes.NATIVE if source.deleted else Deletes.NONE,
        )


VENDOR = Vendor("stripe", "Stripe", StripeConfig, StripeConnector, unique_ids=True, streams=tuple(SOURCES))
