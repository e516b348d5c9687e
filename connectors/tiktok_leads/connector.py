"""TikTok lead generation: the leads of an advertiser's instant forms, by export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core import arrivals
from connectors.core.arrivals import Arrival
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.signatures import is_signed
from connectors.tiktok_leads import mapping
from connectors.tiktok_leads.exports import Row, TikTok
from mapping.contract import Account, Cursor, Deletes, Page, RawRecord, RemoteId, Slice
from mapping.errors import AuthError, ContractError, RecordError

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


class TikTokHooks:
    """Lead notifications of the Subscription API ("Validate payloads", as quoted by others, read 2026-11-23)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless ``X-Open-Signature`` is right, over the body as it came or with what is not ASCII
        written as ``\\u…``: TikTok signs the latter and does not say which of them it sends."""
        if not is_signed(headers, "X-Open-Signature", self._secret, body, _escaped(body)):
            raise AuthError("the notification is not signed with the app_secret of this connection")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The leads by form. Raises ContractError for what is no notification of TikTok's."""
        found: dict[str, list[RemoteId]] = {}
        try:
            told = orjson.loads(body)
            for entry in told["entry"] if told["object"] == 1 else ():
                found.setdefault(str(entry["page_id"]), []).append(RemoteId(str(entry["id"])))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise ContractError("a notification's body is not what TikTok sends") from None
        return [("leads", Slice(form), ids) for form, ids in found.items()]


class TikTokLeadsConnector:
    """One connection: the instant forms of one advertiser."""

    writes = None

    def __init__(self, config: TikTokLeadsConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        token = config.access_token.get_secret_value()
        self._tiktok = TikTok(runtime, config.base_url, token, config.advertiser_id)
        self.hooks = TikTokHooks(config.app_secret.get_secret_value()) if config.app_secret else None

    def check(self) -> Account:
        """The advertiser. Raises AuthError or ForbiddenError."""
        return Account(self._config.advertiser_id, self._tiktok.name())

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        leads = Stream(
            name="leads",
            rules=mapping.RULES,
            read=lambda slice_, cursor: self._pages(slice_, cursor, lambda since: self._since(slice_, since)),
            describe=mapping.schema,
            slices=self._slices,
            window=self._window,
            get=self._get,
            deletes=Deletes.EXPIRY,
        )
        return [leads]

    def _slices(self) -> Sequence[Slice]:
        if self._config.forms:
            return [Slice(form, form) for form in dict.fromkeys(self._config.forms)]
        return [Slice(form, title) for form, title in self._tiktok.forms()]

    def _window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        def source(since: str) -> Iterator[Arrival]:
            return (one for one in self._since(slice_, since) if one.instant and start <= one.instant < end)

        return self._pages(slice_, cursor, source, bounded=True)

    def _pages(
        self, slice_: Slice, cursor: Cursor | None, source: arrivals.Source, *, bounded: bool = False
    ) -> Iterator[Page]:
        now = arrivals.clock(self._runtime.now())
        return arrivals.pages(slice_, cursor, self._config.page_size, source, now, bounded=bounded)

    def _get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """There is no reading by id: the form is exported as a whole."""
        return arrivals.records(slice_, [one for one in self._since(slice_, "") if one.id in ids])

    def _since(self, slice_: Slice, since: str) -> Iterator[Arrival]:
        """An export has all that TikTok keeps, so it lies in the memory until it is sorted. Those of all regions are
        begun before the first is waited for.
        """
        begun = [self._tiktok.begin(slice_.key, region.removeprefix(OTHER)) for region in self._config.regions]
        rows = (row for export in begun for row in self._tiktok.rows(export))
        found = {one.id or str(at): one for at, one in enumerate(_arrival(row, slice_.title) for row in rows)}
        wanted = (one for one in found.values() if not one.at or one.at >= since)
        yield from sorted(wanted, key=lambda one: (not one.at, one.at, one.id))


def _arrival(row: Row, form: str) -> Arrival:
    lead, instant = mapping.lead_id(row), mapping.created(row)
    at = arrivals.clock(instant) if instant else ""
    try:
        return Arrival(at, lead, mapping.body(row, form), instant)
    except RecordError as error:
        return Arrival(at, lead, error)


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
    docs="docs/connectors/tiktok_leads.md",
)
