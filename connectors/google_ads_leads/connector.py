"""Google Ads: the leads of one account's lead forms, by query (GAQL)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.core import arrivals
from connectors.core.arrivals import Arrival, Feed
from connectors.core.auth import plain
from connectors.core.google_login import GoogleConfig, Login
from connectors.core.lead_hooks import LeadHooks
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor, one_slice
from connectors.core.streams import sliced
from connectors.google_ads_leads import mapping
from connectors.google_ads_leads.queries import Ads, Json
from mapping.contract import Account, Deletes, RemoteId, Slice
from mapping.errors import AuthError, ContractError, ForbiddenError

SCOPE = "https://www.googleapis.com/auth/adwords"
BATCH = 10_000
"""Rows asked for at a time; so many lie in the memory at once."""
AHEAD = timedelta(hours=14)
ZONES = timedelta(hours=26)
"""How far the clocks of two places may be apart."""
_ID = re.compile(r"[\w\-.=+/]{1,200}")


class GoogleAdsLeadsConfig(GoogleConfig):
    """How a connection logs in to Google Ads, and whose leads it reads."""

    developer_token: SecretStr = Field(description="Developer token, from the API Center of a manager account.")
    customer_id: str = Field(pattern=r"^\d{10}$", description="Number of the account with the lead forms.")
    login_customer_id: str = Field(
        "", pattern=r"^(\d{10})?$", description="Number of the manager account through which the login has access."
    )
    google_key: SecretStr | None = Field(None, description="Key that the lead forms send along with their webhooks.")
    page_size: int = Field(500, ge=1, le=1000, description="Leads stored at a time.")
    version: str = Field("v26", pattern=r"^v\d+$", description="Version of the API.")
    base_url: str = Field("https://googleads.googleapis.com", description="Address of the API.")

    @field_validator("customer_id", "login_customer_id", mode="before")
    @classmethod
    def _as_shown_in_google_ads(cls, given: object) -> object:
        """Google Ads shows numbers as 123-456-7890."""
        return str(given).replace("-", "").strip()

    @model_validator(mode="after")
    def _speaks_for_one(self) -> GoogleAdsLeadsConfig:
        if len(self.users) > 1:
            raise ValueError("users must name one person at most: the one that the service account speaks for")
        return self


class GoogleAdsHooks(LeadHooks):
    """The webhooks of lead forms ("Implementation", Google Ads lead form webhooks, read 2026-11-23)."""

    vendor = "Google Ads"

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the body holds the key that was agreed on, which is all the proof there is."""
        try:
            given = str(orjson.loads(body).get("google_key") or "")
        except (orjson.JSONDecodeError, AttributeError):
            raise AuthError("the webhook's body is no JSON object: it is not Google that sent it") from None
        if not hmac.compare_digest(self.secret.encode(), given.encode()):
            raise AuthError("the webhook does not hold the google_key of this connection")

    def leads(self, told: Any) -> Iterable[tuple[str, str]]:
        """The one lead; nothing for a lead that only tries the webhook out."""
        lead = str(told.get("lead_id") or "")
        return [("", lead)] if lead and told.get("is_test") is not True else []


class GoogleAdsLeadsConnector:
    """One connection: the lead forms of one account."""

    writes = None

    def __init__(self, config: GoogleAdsLeadsConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._size, self._runtime = config.page_size, runtime
        login = Login(config, runtime, tokens, SCOPE)
        self._ads = Ads(
            runtime,
            config.base_url,
            login.auth(login.users[0]),
            version=config.version,
            customer=config.customer_id,
            manager=config.login_customer_id,
            developer_token=plain(config.developer_token),
        )
        self.hooks = GoogleAdsHooks(plain(config.google_key)) if config.google_key else None

    def check(self) -> Account:
        """The account. Raises AuthError or ForbiddenError, the latter for a manager account too: it has no leads."""
        rows = list(self._ads.rows("SELECT customer.id, customer.descriptive_name, customer.manager FROM customer"))
        customer = rows[0].get("customer", {}) if rows else {}
        if customer.get("manager"):
            raise ForbiddenError("customer_id is a manager account's: name the account that has the lead forms")
        number = str(customer.get("id") or "")
        if not number:
            raise ForbiddenError("the account cannot be seen through this login")
        return Account(number, str(customer.get("descriptiveName") or number))

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        return [sliced("leads", mapping.RULES, mapping.SCHEMA, one_slice, self._feed, Deletes.EXPIRY)]

    def _feed(self, slice_: Slice) -> Feed:
        """The API compares by the account's own clock; the present is that of the clock which is furthest ahead."""
        return Feed(self._size, self._between, self._find, arrivals.clock(self._runtime.now() + AHEAD), ZONES)

    def _find(self, ids: Sequence[RemoteId]) -> Iterator[Arrival]:
        good = [one for one in dict.fromkeys(ids) if _ID.fullmatch(one)]
        for at in range(0, len(good), self._size):
            wanted = ", ".join(f"'{one}'" for one in good[at : at + self._size])
            yield from map(_arrival, self._ads.rows(_query(f"{mapping.RESOURCE}.id IN ({wanted})")))

    def _between(self, since: str, until: str) -> Iterator[Arrival]:
        """Sorted by the account's clock, BATCH rows at a time.

        The last second of a full batch is asked for again, since there may be more of it; where it is all there is,
        with a larger batch.
        """
        limit = BATCH
        while True:
            conditions = [f"{mapping.SUBMITTED} >= '{since}'"] if since else []
            conditions += [f"{mapping.SUBMITTED} <= '{until}'"] if until else []
            rows = list(self._ads.rows(f"{_query(*conditions)} ORDER BY {mapping.SUBMITTED} LIMIT {limit}"))
            border = max(map(mapping.local_time, rows)) if len(rows) >= limit else ""
            if len(rows) >= limit and not border:
                raise ContractError("the leads bear no time by which the next ones could be asked for")
            found = (_arrival(row) for row in rows)
            known = [one for one in found if not border or one.at != border]
            yield from arrivals.in_order(known)
            if not border:
                return
            limit = BATCH if known else limit * 2
            since = border


def _query(*conditions: str) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(mapping.SELECTED)} FROM {mapping.RESOURCE}{where}"  # noqa: S608 - GAQL reads only


def _arrival(row: Json) -> Arrival:
    at, instant = mapping.local_time(row), mapping.instant(row)
    return arrivals.arrival(at, mapping.lead_id(row), instant, lambda: mapping.body(row))


VENDOR = Vendor(
    name="google_ads_leads",
    title="Google Ads lead forms",
    config=GoogleAdsLeadsConfig,
    build=GoogleAdsLeadsConnector,
    streams=("leads",),
)
