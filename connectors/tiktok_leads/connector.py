"""TikTok lead generation: the leads of an advertiser's instant forms, by export."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core import arrivals
from connectors.core.arrivals import Arrival, Feed
from connectors.core.auth import plain
from connectors.core.lead_hooks import LeadHooks
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.tiktok_leads import mapping
from connectors.tiktok_leads.exports import Row, TikTok
from mapping.contract import Account, Deletes, RemoteId, Slice

OTHER = "other"
Region = Literal["eu", "us", "other"]
_PLAIN = re.compile(r"[^\x00-\x7f]")


class TikTokLeadsConfig(BaseModel):
    """How a connection logs in to TikTok for Business, and whose leads it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_token: SecretStr = Field(description="Long-term access token that the advertiser has authorized.")
    advertiser_id: str = Field(pattern=r"^\d{5,25}$", description="Number of the advertiser (ad account).")
    forms: tuple[str, ...] = Field((), description="Numbers of the instant forms to read; without any, all.")
    regions: tuple[Region, ...] = Field(
        ("eu", "us", "other"), min_length=1, description="Where leads are kept that are read: eu, us, other."
    )
    app_secret: SecretStr | None = Field(None, description="Secret of the app, by which webhooks are proven.")
    page_size: int = Field(500, ge=1, le=1000, description="Leads stored at a time.")
    base_url: str = Field("https://business-api.tiktok.com", description="Address of the API.")


class TikTokHooks(LeadHooks):
    """Lead notifications of the Subscription API ("Validate payloads", as quoted by others, read 2026-11-23)."""

    vendor, setting, header = "TikTok", "app_secret", "X-Open-Signature"

    def signed(self, body: bytes) -> Sequence[bytes]:
        """The body as it came, or with what is not ASCII written as ``\\u…``: TikTok signs the latter and does not say
        which of them it sends."""
        return [body, _escaped(body)]

    def leads(self, told: Any) -> Iterable[tuple[str, str]]:
        """The leads by form."""
        return [(str(one["page_id"]), str(one["id"])) for one in told["entry"]] if told["object"] == 1 else []


class TikTokLeadsConnector:
    """One connection: the instant forms of one advertiser."""

    writes = None

    def __init__(self, config: TikTokLeadsConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._tiktok = TikTok(runtime, config.base_url, plain(config.access_token), config.advertiser_id)
        self.hooks = TikTokHooks(plain(config.app_secret)) if config.app_secret else None

    def check(self) -> Account:
        """The advertiser. Raises AuthError or ForbiddenError."""
        return Account(self._config.advertiser_id, self._tiktok.name())

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        return [sliced("leads", mapping.RULES, mapping.SCHEMA, self._slices, self._feed, Deletes.EXPIRY)]

    def _slices(self) -> Sequence[Slice]:
        if self._config.forms:
            return [Slice(form, form) for form in dict.fromkeys(self._config.forms)]
        return [Slice(form, title) for form, title in self._tiktok.forms()]

    def _feed(self, slice_: Slice) -> Feed:
        """There is no reading by id: the form is exported as a whole."""

        def find(ids: Sequence[RemoteId]) -> Iterable[Arrival]:
            return (one for one in self._since(slice_, "") if one.id in ids)

        now = arrivals.clock(self._runtime.now())
        return Feed(self._config.page_size, lambda since, _: self._since(slice_, since), find, now)

    def _since(self, slice_: Slice, since: str) -> Sequence[Arrival]:
        """An export has all that TikTok keeps, so it lies in the memory until it is sorted. Those of all regions are
        begun before the first is waited for.
        """
        begun = [self._tiktok.begin(slice_.key, region.removeprefix(OTHER)) for region in self._config.regions]
        rows = (row for export in begun for row in self._tiktok.rows(export))
        found = {one.id or str(at): one for at, one in enumerate(_arrival(row, slice_.title) for row in rows)}
        return arrivals.in_order(one for one in found.values() if not one.at or one.at >= since)


def _arrival(row: Row, form: str) -> Arrival:
    instant = mapping.created(row)
    at = arrivals.clock(instant) if instant else ""
    return arrivals.arrival(at, mapping.lead_id(row), instant, lambda: mapping.body(row, form))


def _escaped(body: bytes) -> bytes:
    def escape(found: re.Match[str]) -> str:
        pair = found[0].encode("utf-16-be")
        return "".join(f"\\u{pair[at : at + 2].hex()}" for at in range(0, len(pair), 2))

    return _PLAIN.sub(escape, body.decode("utf-8", "replace")).encode()


VENDOR = Vendor(
    name="tiktok_leads",
    title="TikTok lead generation",
    config=TikTokLeadsConfig,
    build=TikTokLeadsConnector,
    streams=("leads",),
)
